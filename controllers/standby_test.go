package controllers_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers"
	"halo.dev/halo/controllers/erasures"
	"halo.dev/halo/internal/naming"
)

// replica is one of two managers that elect a leader.
type replica struct {
	manager  ctrl.Manager
	registry *prometheus.Registry
	lists    *atomic.Int64
	// acts is how often it has looked at the clock, as every reconcile does, has asked a pod, or has written something
	// other than its lease.
	acts  *atomic.Int64
	stop  context.CancelFunc
	ended chan error
}

type countCalls struct {
	next        http.RoundTripper
	lists, acts *atomic.Int64
}

func (c countCalls) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodGet && !strings.Contains(request.URL.Path, "/leases") {
		c.acts.Add(1)
	}
	// An informer lists by a watch that begins with what is there. What a leader reads past its caches is no such list.
	if request.URL.Query().Get("sendInitialEvents") == "true" {
		c.lists.Add(1)
	}
	return c.next.RoundTrip(request)
}

// countedErasures counts how often tenants are asked for erased persons.
type countedErasures struct {
	erasures.Source
	acts *atomic.Int64
}

func (c countedErasures) Unnoted(ctx context.Context, pod *corev1.Pod, tenant string) ([]int64, error) {
	c.acts.Add(1)
	return c.Source.Unnoted(ctx, pod, tenant)
}

func startReplica(t *testing.T) *replica {
	t.Helper()
	scheme, err := controllers.NewScheme()
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{registry: prometheus.NewRegistry(), lists: &atomic.Int64{}, acts: &atomic.Int64{}, ended: make(chan error, 1)}
	counted := rest.CopyConfig(apiConfig)
	counted.Wrap(func(next http.RoundTripper) http.RoundTripper { return countCalls{next, r.lists, r.acts} })
	twice := true // two managers in one process are no mistake here
	r.manager, err = ctrl.NewManager(counted, ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(), Client: controllers.ClientOptions(),
		Metrics: metricsserver.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: &twice},
		LeaderElection: true, LeaderElectionID: "halo-operator.halo.dev", LeaderElectionNamespace: "halo-operator", LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	options := operatorOptions
	options.Metrics = r.registry
	options.Ask = func(ctx context.Context, address string) (string, error) {
		r.acts.Add(1)
		return told.ask(ctx, address)
	}
	options.Now = func() time.Time {
		r.acts.Add(1)
		return operatorOptions.Now()
	}
	options.Erasures = countedErasures{options.Erasures, r.acts}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	if err := controllers.Setup(ctx, r.manager, options); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.manager.Start(ctx) }()
	return r
}

func (r *replica) end(t *testing.T) {
	t.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
}

func leads(t *testing.T, r *replica) {
	t.Helper()
	select {
	case <-r.manager.Elected():
	case <-time.After(30 * time.Second):
		t.Fatal("the replica does not lead")
	}
}

// figures are the values of a metric by tenant.
func (r *replica) figures(t *testing.T, name string) map[string]float64 {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if family.GetName() == name && label.GetName() == "tenant" {
					found[label.GetValue()] = metric.GetGauge().GetValue()
				}
			}
		}
	}
	return found
}

func TestAStandbyTakesOverAtOnceWithWarmCaches(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "measured", nil)
	w.toReady()
	leader := startReplica(t)
	defer leader.stop()
	leads(t, leader)
	standby := startReplica(t)
	defer standby.stop()
	eventually(t, "the standby's caches", func() string {
		if standby.lists.Load() < 10 {
			return "are cold"
		}
		return ""
	})
	eventually(t, "the leader's metrics", func() string {
		if leader.figures(t, "halo_tenant_ready")[w.tenant] != 1 {
			return "do not tell that the tenant is ready"
		}
		return ""
	})
	if len(standby.figures(t, "halo_tenant_ready")) != 0 {
		t.Error("a standby counts tenants too")
	}
	newBackup(t, "measured-1", "nobody", halo.SourceManual, 0)
	newClass(t, "measured", nil)
	newTenant(t, "measured-too", nil).get(&rds.DBCluster{}, naming.Database("measured-too"))
	backupCondition(t, "measured-1", halo.ConditionStalled, "True")
	classSays(t, "measured", halo.ConditionReady, "True", "")
	if acts := standby.acts.Load(); acts != 0 {
		t.Errorf("a standby has acted %d times", acts)
	}
	begun := time.Now()
	leader.end(t)
	leads(t, standby)
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	before := standby.lists.Load()
	eventually(t, "the new leader's metrics", func() string {
		if standby.figures(t, "halo_tenant_ready")[w.tenant] != 1 {
			return "do not tell that the tenant is ready"
		}
		return ""
	})
	eventually(t, "the new leader", func() string {
		return map[bool]string{true: "does nothing"}[standby.acts.Load() == 0]
	})
	if after := standby.lists.Load(); after > before+2 {
		t.Errorf("%d lists after it was elected: its caches were cold", after-before)
	}
	standby.end(t)
}

func TestATenantsMetricsGoWithIt(t *testing.T) {
	leader := startReplica(t)
	defer leader.end(t)
	w := newTenant(t, "fleeting", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "nowhere" })
	eventually(t, "its metrics", func() string {
		if value, there := leader.figures(t, "halo_tenant_stalled")[w.tenant]; !there || value != 1 {
			return "do not tell that it stalls"
		}
		return ""
	})
	w.delete()
	w.gone()
	eventually(t, "its metrics", func() string {
		if _, there := leader.figures(t, "halo_tenant_stalled")[w.tenant]; there {
			return "outlive it"
		}
		return ""
	})
}
