package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/yaml"

	rdsapi "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers"
	"halo.dev/halo/controllers/backup"
	"halo.dev/halo/controllers/tenant"
	"halo.dev/halo/internal/certificate"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
	"halo.dev/halo/test/apiserver"
	"halo.dev/halo/test/awslocal/ack"
	"halo.dev/halo/test/awslocal/rds"
	"halo.dev/halo/test/kstatus"
)

const acme = "acme"

// world is one tenant's: the API server, ACK, RDS, Kubernetes' own controllers, and the operator.
type world struct {
	t         *testing.T
	base      client.WithWatch
	account   *rds.Account
	ack       *ack.Stepper
	authority *certificate.Authority
	secrets   string
	now       time.Time
	operator  *operator
	// again is the number of writes that every further process of the operator has; 0 is any.
	again int
	// seen are RDS's own names of every cluster that there ever was.
	seen map[string]bool
	// passwords are those of every numbered Secret that there ever was.
	passwords map[string]string
	// refuse is a namespace in which nothing can be created.
	refuse string
	// climate is nil where the operator sees everything at once and every call succeeds.
	climate *climate
}

// operator is one process: it ends when its writes are used up.
type operator struct {
	tenants *tenant.Reconciler
	backups *backup.Reconciler
	writes  int
	// limit is after how many writes the process ends; 0 is never.
	limit int
	// ended is true once a write was asked for beyond that.
	ended bool
}

var errKilled = errors.New("killed")

func newWorld(t *testing.T, authority *certificate.Authority, secrets string) *world {
	t.Helper()
	scheme, err := controllers.NewScheme()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, authority: authority, secrets: secrets, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), seen: map[string]bool{}, passwords: map[string]string{}}
	// The plain tracker knows no owners of fields: nothing here asks for them, and they take most of the time.
	tracker := clienttesting.NewObjectTracker(scheme, serializer.NewCodecFactory(scheme).UniversalDecoder())
	builder := fake.NewClientBuilder().WithScheme(scheme).WithObjectTracker(tracker).WithRESTMapper(mapper(scheme)).WithInterceptorFuncs(interceptor.Funcs{Create: w.create, Update: w.update, Apply: w.apply}).
		WithStatusSubresource(&halo.HaloTenant{}, &halo.HaloBackup{}, &halo.HaloTenantClass{}, &rdsapi.DBCluster{}, &rdsapi.DBInstance{},
			&rdsapi.DBSubnetGroup{}, &rdsapi.DBClusterParameterGroup{}, &rdsapi.DBClusterSnapshot{}, &appsv1.Deployment{}, &batchv1.Job{})
	for _, index := range tenant.Indexes() {
		builder = builder.WithIndex(index.Object, index.Field, index.Value)
	}
	w.base = builder.Build()
	number := 0
	w.account = rds.NewAccount(rds.Settings{Region: "us-east-1", AccountID: "123456789012", ManualSnapshots: 10,
		Address: func([]string) (string, error) { return "10.250.1.10", nil },
		Random:  func(n int) string { number++; return fmt.Sprintf("%0*d", n, number) },
	})
	w.ack = ack.NewStepper(w.base, ack.Options{Account: w, DeletionPolicy: ack.PolicyDelete, Now: w.clock})
	w.start(0)
	return w
}

func (w *world) clock() time.Time { return w.now }

// Do is package ack's way to the account. Physical work is done at once.
func (w *world) Do(call func(*rds.Account, time.Time) error) error {
	err := call(w.account, w.now)
	for identifier, cluster := range w.account.Clusters {
		cluster.Running = true
		w.seen[cluster.ResourceID] = true
		for len(cluster.Work) > 0 {
			w.account.Finish(identifier, cluster.Work[0], nil)
		}
	}
	w.account.Advance(w.now)
	return err
}

// start begins an operator's process that ends after a number of writes.
func (w *world) start(limit int) {
	process := &operator{limit: limit}
	count := func() error {
		if process.limit > 0 && process.writes >= process.limit {
			process.ended = true
			return errKilled
		}
		process.writes++
		return nil
	}
	write := func(what func() error) error {
		return w.climate.write(func() error {
			if err := count(); err != nil {
				return err
			}
			return what()
		})
	}
	c := interceptor.NewClient(w.base, interceptor.Funcs{
		Get: func(ctx context.Context, next client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			return w.cached(next).Get(ctx, key, object, options...)
		},
		List: func(ctx context.Context, next client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			return w.cached(next).List(ctx, list, options...)
		},
		Create: func(ctx context.Context, next client.WithWatch, object client.Object, options ...client.CreateOption) error {
			return write(func() error {
				err := next.Create(ctx, object, options...)
				if apierrors.IsAlreadyExists(err) {
					process.writes-- // nothing was written
				}
				return err
			})
		},
		Patch: func(ctx context.Context, next client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
			return write(func() error { return next.Patch(ctx, object, patch, options...) })
		},
		Apply: func(ctx context.Context, next client.WithWatch, object runtime.ApplyConfiguration, options ...client.ApplyOption) error {
			return write(func() error { return next.Apply(ctx, object, options...) })
		},
		Delete: func(ctx context.Context, next client.WithWatch, object client.Object, options ...client.DeleteOption) error {
			return write(func() error {
				w.checkDeletion(ctx, object)
				return next.Delete(ctx, object, options...)
			})
		},
		SubResourceUpdate: func(ctx context.Context, next client.Client, name string, object client.Object, options ...client.SubResourceUpdateOption) error {
			return write(func() error {
				err := next.SubResource(name).Update(ctx, object, options...)
				if read, wrong := kstatus.Check(object); err == nil && wrong != "" {
					w.t.Errorf("kstatus reads %T %s as %s: %s", object, object.GetName(), read, wrong)
				}
				return err
			})
		},
	})
	direct := interceptor.NewClient(w.base, interceptor.Funcs{
		Get: func(ctx context.Context, next client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			return w.climate.read(func() error { return next.Get(ctx, key, object, options...) })
		},
		List: func(ctx context.Context, next client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			return w.climate.read(func() error { return next.List(ctx, list, options...) })
		},
	})
	recorder := events.NewFakeRecorder(1000)
	process.tenants = &tenant.Reconciler{Client: c, APIReader: direct, Recorder: recorder, Authority: w.authority, PlatformSecrets: w.secrets, Now: w.clock}
	process.backups = &backup.Reconciler{Client: c, APIReader: direct, Recorder: recorder, Now: w.clock}
	w.operator = process
}

// cached is what the operator reads from.
func (w *world) cached(truth client.WithWatch) client.WithWatch {
	if w.climate == nil {
		return truth
	}
	return w.climate.cache
}

// weather puts caches and faults between the operator and the API server.
func (w *world) weather(weather weather, seed uint64) {
	w.t.Helper()
	w.climate = newClimate(w, weather, seed)
	w.now = w.now.Add(time.Hour) // the schedule's tick is a day away: how long a life lasts decides about no copy
	w.start(0)
}

// step lets everybody act once, and starts the operator again when it has ended. While the API server is away, only RDS
// and the time go on.
func (w *world) step(ctx context.Context) {
	w.t.Helper()
	reached := true
	if w.climate != nil {
		reached = w.climate.pass(ctx, w)
		w.climate.operate(ctx, w)
	} else if err := w.operate(ctx); w.operator.ended { // whatever it would still have said
		w.start(w.again)
	} else if err != nil {
		w.t.Fatalf("the operator: %v", err)
	}
	if reached {
		if err := w.ack.Step(ctx); err != nil {
			w.t.Fatalf("ACK: %v", err)
		}
		w.kubernetes(ctx)
	}
	w.now = w.now.Add(20 * time.Second)
	w.account.Advance(w.now)
	w.check(ctx)
}

func (w *world) operate(ctx context.Context) error {
	result, err := w.operator.tenants.Reconcile(ctx, requestOf(acme))
	if err != nil {
		return err
	}
	w.checkNextLook(ctx, result)
	backups := &halo.HaloBackupList{}
	if err := w.base.List(ctx, backups); err != nil {
		return err
	}
	for i := range backups.Items {
		if _, err := w.operator.backups.Reconcile(ctx, requestOf(backups.Items[i].Name)); err != nil {
			return err
		}
	}
	return nil
}

// checkNextLook fails when a step of a tenant's end waits for events alone: one that is missed would be waited for for ever.
func (w *world) checkNextLook(ctx context.Context, result ctrl.Result) {
	w.t.Helper()
	object := &halo.HaloTenant{}
	if err := w.base.Get(ctx, client.ObjectKey{Name: acme}, object); apierrors.IsNotFound(err) {
		return
	} else if err != nil {
		w.t.Fatal(err)
	}
	waitsForPerson := meta.IsStatusConditionTrue(object.Status.Conditions, halo.ConditionStalled)
	if object.DeletionTimestamp != nil && !waitsForPerson && (result.RequeueAfter <= 0 || result.RequeueAfter > 15*time.Second) {
		w.t.Errorf("the tenant goes, and is looked at again in %s: %+v", result.RequeueAfter, object.Status.Conditions)
	}
}

func requestOf(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKey{Name: name}}
}

// kubernetes ends Jobs, rolls Deployments out, and empties a namespace that is being deleted.
func (w *world) kubernetes(ctx context.Context) {
	w.t.Helper()
	jobs, deployments := &batchv1.JobList{}, &appsv1.DeploymentList{}
	must(w.t, w.base.List(ctx, jobs))
	for i := range jobs.Items {
		if job := &jobs.Items[i]; len(job.Status.Conditions) == 0 {
			job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(w.now)}}
			must(w.t, w.base.Status().Update(ctx, job))
		}
	}
	must(w.t, w.base.List(ctx, deployments))
	for i := range deployments.Items {
		d := &deployments.Items[i]
		n := *d.Spec.Replicas
		d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n}
		must(w.t, w.base.Status().Update(ctx, d))
	}
}

// loseDatabaseObjects removes everything of ACK's kinds without ACK being asked.
func (w *world) loseDatabaseObjects(ctx context.Context) {
	w.t.Helper()
	for _, list := range []client.ObjectList{&rdsapi.DBClusterList{}, &rdsapi.DBInstanceList{}, &rdsapi.DBSubnetGroupList{}, &rdsapi.DBClusterParameterGroupList{}} {
		w.lose(ctx, list)
	}
}

func (w *world) loseNamespace(ctx context.Context) {
	w.t.Helper()
	for _, list := range []client.ObjectList{&corev1.SecretList{}, &corev1.ConfigMapList{}, &appsv1.DeploymentList{}, &batchv1.JobList{}, &corev1.NamespaceList{}} {
		w.lose(ctx, list)
	}
	w.passwords = map[string]string{}
}

func (w *world) lose(ctx context.Context, list client.ObjectList) {
	w.t.Helper()
	must(w.t, w.base.List(ctx, list))
	must(w.t, meta.EachListItem(list, func(item runtime.Object) error {
		object := item.(client.Object)
		if object.GetName() == naming.BackupsNamespace || object.GetNamespace() == naming.BackupsNamespace {
			return nil
		}
		if len(object.GetFinalizers()) > 0 {
			object.SetFinalizers(nil)
			if err := w.base.Update(ctx, object); err != nil {
				return err
			}
		}
		return client.IgnoreNotFound(w.base.Delete(ctx, object))
	}))
}

// check looks at what must hold at every moment.
func (w *world) check(ctx context.Context) {
	w.t.Helper()
	if len(w.seen) > 1 {
		w.t.Fatalf("there were %d databases", len(w.seen))
	}
	if len(w.seen) == 1 && len(w.account.Clusters) == 0 && !w.finalSnapshot() {
		w.t.Fatal("the database is gone, and there is no final snapshot")
	}
	w.checkPasswords(ctx)
}

// checkPasswords fails when a number was given to two passwords.
func (w *world) checkPasswords(ctx context.Context) {
	w.t.Helper()
	secrets := &corev1.SecretList{}
	must(w.t, w.base.List(ctx, secrets))
	for i := range secrets.Items {
		name, data := secrets.Items[i].Name, secrets.Items[i].Data
		if naming.Number(naming.PrefixDatabaseMaster, name) == 0 && naming.Number(naming.PrefixDatabaseUsers, name) == 0 {
			continue
		}
		text := string(data["password"]) + string(data["intake-password"])
		if before, known := w.passwords[name]; known && before != text {
			w.t.Fatalf("%s has had two passwords", name)
		}
		w.passwords[name] = text
	}
}

// checkDeletion fails when the operator deletes a Secret that somebody needs at that moment.
func (w *world) checkDeletion(ctx context.Context, object client.Object) {
	w.t.Helper()
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return
	}
	pods, jobs, deployments, clusters := &corev1.PodList{}, &batchv1.JobList{}, &appsv1.DeploymentList{}, &rdsapi.DBClusterList{}
	for _, list := range []client.ObjectList{pods, jobs, deployments, clusters} {
		must(w.t, w.base.List(ctx, list, client.InNamespace(secret.Namespace)))
	}
	needs := false
	for i := range pods.Items {
		needs = needs || observe.RefersTo(pods.Items[i].Spec, secret.Name)
	}
	for i := range jobs.Items {
		needs = needs || (len(jobs.Items[i].Status.Conditions) == 0 && observe.RefersTo(jobs.Items[i].Spec.Template.Spec, secret.Name))
	}
	for i := range deployments.Items {
		needs = needs || observe.RefersTo(deployments.Items[i].Spec.Template.Spec, secret.Name)
	}
	for i := range clusters.Items {
		needs = needs || clusters.Items[i].Spec.MasterUserPassword.Name == secret.Name
	}
	if needs {
		w.t.Fatalf("%s is deleted, and somebody needs it", secret.Name)
	}
}

func (w *world) finalSnapshot() bool {
	found := 0
	for name := range w.account.Snapshots {
		if strings.HasPrefix(name, "halo-acme-final-") {
			found++
		}
	}
	if found > 1 {
		w.t.Fatalf("%d final snapshots", found)
	}
	return found == 1
}

// until steps until a check has nothing more to say.
func (w *world) until(ctx context.Context, what string, check func(*halo.HaloTenant) string) {
	w.t.Helper()
	said := ""
	for range w.patience() {
		object := &halo.HaloTenant{}
		err := w.base.Get(ctx, client.ObjectKey{Name: acme}, object)
		if apierrors.IsNotFound(err) {
			object = nil
		} else {
			must(w.t, err)
		}
		if said = check(object); said == "" {
			return
		}
		w.step(ctx)
	}
	w.t.Fatalf("%s: %s", what, said)
}

// patience is for how many steps a chapter may last.
func (w *world) patience() int {
	if w.climate == nil {
		return 200
	}
	return 2000
}

func isReady(object *halo.HaloTenant) string {
	if object == nil {
		return "the tenant is gone"
	}
	ready := meta.FindStatusCondition(object.Status.Conditions, halo.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionTrue {
		return fmt.Sprintf("%+v", ready)
	}
	return ""
}

func isGone(object *halo.HaloTenant) string {
	if object != nil {
		return fmt.Sprintf("it is there: %+v", meta.FindStatusCondition(object.Status.Conditions, halo.ConditionReady))
	}
	return ""
}

func (w *world) edit(ctx context.Context, change func(*halo.HaloTenant)) {
	w.t.Helper()
	object := &halo.HaloTenant{}
	must(w.t, w.base.Get(ctx, client.ObjectKey{Name: acme}, object))
	change(object)
	must(w.t, w.base.Update(ctx, object))
}

func (w *world) addSamples(ctx context.Context) {
	w.t.Helper()
	class, object := &halo.HaloTenantClass{}, &halo.HaloTenant{}
	for file, into := range map[string]client.Object{"halotenantclass.yaml": class, "halotenant.yaml": object} {
		text, err := os.ReadFile(apiserver.Path("config/samples/" + file))
		must(w.t, err)
		must(w.t, yaml.UnmarshalStrict(text, into))
	}
	object.Name, object.Spec.ClassName = acme, class.Name
	object.Spec.DeletionPolicy = halo.DeletionSnapshot
	must(w.t, w.base.Create(ctx, class))
	must(w.t, w.base.Create(ctx, object))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// platform is what every world's operator is given: a CA and the platform's secrets.
func platform(t *testing.T) (*certificate.Authority, string) {
	t.Helper()
	ctrl.SetLogger(discard())
	folder := t.TempDir()
	for name, text := range map[string]string{"mail-relay.username": "u", "mail-relay.password": "p",
		"sealing-root": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"} {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	return newAuthority(t), folder
}
