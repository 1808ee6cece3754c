package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	clienttesting "k8s.io/client-go/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	rdsapi "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/tenant"
	"halo.dev/halo/internal/observe"
)

// weather is what comes between the operator and the API server. Each is how likely it is, at each occasion.
type weather struct {
	// stale is that a kind's cache stays as it was: kinds fall behind each on its own, and skip what was in between.
	stale float64
	// repeated is that an event comes once more although nothing has changed.
	repeated float64
	// conflict is that a write meets a newer object.
	conflict float64
	// timeout is that etcd takes too long: the operator is told that its write failed, and half of such writes were done.
	timeout float64
	// outage is that the API server goes away, for one to three minutes.
	outage float64
}

// climate is a weather at work. In a world with one, the operator reads from caches, and acts only when an event has come
// or when it has asked to be woken: a wait that nothing ends shows as a life that comes to a halt.
type climate struct {
	weather
	random *rand.Rand
	cache  client.WithWatch
	store  clienttesting.ObjectTracker
	// seen are the versions of what the caches hold.
	seen map[string]string
	// blind is true when the caches of what a tenant has in its namespace stay as they are.
	blind bool
	// away is for how many further steps nobody reaches the API server.
	away int
	// tenants and backups are true when an event or an error asks for another look, and wake when time does.
	tenants, backups bool
	wake             time.Time
	wakes            map[string]time.Time
}

func newClimate(w *world, weather weather, seed uint64) *climate {
	scheme := w.base.Scheme()
	c := &climate{weather: weather, random: rand.New(rand.NewPCG(seed, 1)), seen: map[string]string{}, wakes: map[string]time.Time{}}
	c.store = clienttesting.NewObjectTracker(scheme, serializer.NewCodecFactory(scheme).UniversalDecoder())
	builder := fake.NewClientBuilder().WithScheme(scheme).WithObjectTracker(c.store).WithRESTMapper(w.base.RESTMapper())
	for _, index := range tenant.Indexes() {
		builder = builder.WithIndex(index.Object, index.Field, index.Value)
	}
	c.cache = builder.Build()
	return c
}

func (c *climate) is(likelihood float64) bool { return c.random.Float64() < likelihood }

var errAway = &url.Error{Op: "Get", URL: "https://10.96.0.1:443", Err: syscall.ECONNREFUSED}

// write passes a write on to the API server, or not.
func (c *climate) write(what func() error) error {
	switch {
	case c == nil:
		return what()
	case c.away > 0:
		return errAway
	case c.is(c.conflict):
		return apierrors.NewConflict(schema.GroupResource{Resource: "anything"}, "anything", errors.New("the object has been modified"))
	case c.is(c.timeout):
		if c.is(0.5) {
			if err := what(); err != nil {
				return err
			}
		}
		return apierrors.NewTimeoutError("etcdserver: request timed out", 1)
	}
	return what()
}

// read asks the API server itself.
func (c *climate) read(what func() error) error {
	if c != nil && c.away > 0 {
		return errAway
	}
	return what()
}

// cached are the kinds that the operator watches.
func cached() []client.ObjectList {
	return append(observe.Lists(), &halo.HaloTenantList{}, &halo.HaloTenantClassList{}, &halo.HaloBackupList{}, &corev1.NamespaceList{}, &rdsapi.DBClusterSnapshotList{})
}

// refresh brings the caches forward, but for those that stay behind.
func (c *climate) refresh(ctx context.Context, w *world) {
	w.t.Helper()
	lists := cached()
	if c.blind {
		lists = []client.ObjectList{&halo.HaloTenantList{}, &halo.HaloTenantClassList{}, &halo.HaloBackupList{}, &rdsapi.DBClusterSnapshotList{}}
	}
	for _, list := range lists {
		if c.is(c.stale) {
			continue
		}
		if c.copyKind(ctx, w, list) || c.is(c.repeated/4) {
			c.tenants, c.backups = true, true
		}
	}
}

// copyKind makes the cache of a kind as the API server is, and tells whether that was news.
func (c *climate) copyKind(ctx context.Context, w *world, list client.ObjectList) bool {
	w.t.Helper()
	kind := fmt.Sprintf("%T", list)
	must(w.t, w.base.List(ctx, list))
	news, there := false, map[string]bool{}
	must(w.t, meta.EachListItem(list, func(item runtime.Object) error {
		object := item.(client.Object)
		key := kind + client.ObjectKeyFromObject(object).String()
		there[key] = true
		version := string(object.GetUID()) + object.GetResourceVersion()
		if c.seen[key] == version {
			return nil
		}
		_, before := c.seen[key]
		news, c.seen[key] = true, version
		if !before {
			return c.store.Add(object)
		}
		return c.store.Update(w.resource(object), object, object.GetNamespace())
	}))
	gone := list.DeepCopyObject().(client.ObjectList)
	must(w.t, c.cache.List(ctx, gone))
	must(w.t, meta.EachListItem(gone, func(item runtime.Object) error {
		object := item.(client.Object)
		key := kind + client.ObjectKeyFromObject(object).String()
		if there[key] {
			return nil
		}
		news = true
		delete(c.seen, key)
		return c.store.Delete(w.resource(object), object.GetNamespace(), object.GetName())
	}))
	return news
}

func (w *world) resource(object client.Object) schema.GroupVersionResource {
	w.t.Helper()
	kinds, _, err := w.base.Scheme().ObjectKinds(object)
	must(w.t, err)
	resource, _ := meta.UnsafeGuessKindToResource(kinds[0])
	return resource
}

// pass lets a step's time pass: the caches move, and the API server may go away or come back. It tells whether it is there.
func (c *climate) pass(ctx context.Context, w *world) bool {
	w.t.Helper()
	switch {
	case c.away > 0:
		c.away--
	case c.is(c.outage):
		c.away = 3 + c.random.IntN(7)
	}
	if c.away > 0 {
		return false
	}
	c.refresh(ctx, w)
	return true
}

// operate lets the operator act on what has come to its notice.
func (c *climate) operate(ctx context.Context, w *world) {
	w.t.Helper()
	if c.tenants || (!c.wake.IsZero() && !w.now.Before(c.wake)) {
		c.tenants, c.wake = false, time.Time{}
		for again := true; again; again = c.is(c.repeated) {
			result, err := w.operator.tenants.Reconcile(ctx, requestOf(acme))
			c.note(w, result, err, &c.tenants, &c.wake)
		}
	}
	backups := &halo.HaloBackupList{}
	must(w.t, c.cache.List(ctx, backups))
	all := c.backups
	c.backups = false
	for i := range backups.Items {
		name := backups.Items[i].Name
		wake := c.wakes[name]
		if !all && (wake.IsZero() || w.now.Before(wake)) {
			continue
		}
		c.wakes[name] = time.Time{}
		result, err := w.operator.backups.Reconcile(ctx, requestOf(name))
		c.note(w, result, err, &c.backups, &wake)
		c.wakes[name] = wake
	}
}

// note remembers what a reconcile has asked for. An error is tried again, as the queue does.
func (c *climate) note(w *world, result ctrl.Result, err error, again *bool, wake *time.Time) {
	if err != nil {
		*again = true
		return
	}
	if result.RequeueAfter > 0 {
		*wake = w.now.Add(result.RequeueAfter)
	}
}

// TestWhateverTheWeather lives a whole life in every weather and comes to the same end.
func TestWhateverTheWeather(t *testing.T) {
	authority, secrets := platform(t)
	sunny := newWorld(t, authority, secrets)
	sunny.live(t.Context(), life())
	want := sunny.end(t.Context())
	for name, weather := range map[string]weather{
		"caches that are behind":       {stale: 0.6},
		"caches that are far behind":   {stale: 0.8},
		"events that come again":       {repeated: 0.7},
		"conflicts":                    {conflict: 0.4},
		"a slow etcd":                  {timeout: 0.4},
		"an API server that goes away": {outage: 0.15},
		"all of it at once":            {stale: 0.5, repeated: 0.3, conflict: 0.15, timeout: 0.15, outage: 0.05},
	} {
		for seed := range seeds {
			t.Run(fmt.Sprintf("%s, %d", name, seed), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, authority, secrets)
				w.weather(weather, uint64(seed))
				w.live(t.Context(), life())
				if got := w.end(t.Context()); got != want {
					t.Errorf("another end:\n%swant:\n%s", got, want)
				}
			})
		}
	}
}

// TestATenantWhoseCachesShowNothingGoesInOrder deletes a tenant while the caches show neither its namespace nor its
// database: its end is decided by what the API server itself has.
func TestATenantWhoseCachesShowNothingGoesInOrder(t *testing.T) {
	authority, secrets := platform(t)
	ctx, w := t.Context(), newWorld(t, authority, secrets)
	w.live(ctx, life()[:1])
	w.weather(weather{}, 1)
	w.climate.blind = true
	w.live(ctx, life()[4:])
	if !w.finalSnapshot() || len(w.account.Clusters) != 0 || len(w.account.Instances) != 0 {
		t.Errorf("at the end:\n%s", w.end(ctx))
	}
}
