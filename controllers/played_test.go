package controllers_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/test/apiserver"
)

func newTestLog() slog.Handler { return slog.NewTextHandler(os.Stderr, nil) }

// world plays ACK, RDS and Kubernetes' own controllers for one tenant, one step at a time and by hand.
type world struct {
	t         *testing.T
	tenant    string
	namespace string
}

func (w world) key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: w.namespace, Name: name}
}

// eventually waits until a check has nothing more to say.
func eventually(t *testing.T, what string, check func() string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	said := ""
	for time.Now().Before(deadline) {
		if said = check(); said == "" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s: %s", what, said)
}

func (w world) get(object client.Object, name string) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("%T %s", object, name), func() string {
		if err := cluster.Get(context.Background(), w.key(name), object); err != nil {
			return err.Error()
		}
		return ""
	})
}

func (w world) exists(object client.Object, name string) bool {
	w.t.Helper()
	err := cluster.Get(context.Background(), w.key(name), object)
	if err != nil && !apierrors.IsNotFound(err) {
		w.t.Fatal(err)
	}
	return err == nil
}

// edit changes an object's status the way a controller does.
func (w world) editStatus(object client.Object, name string, change func()) {
	w.t.Helper()
	eventually(w.t, "status of "+name, func() string {
		if err := cluster.Get(context.Background(), w.key(name), object); err != nil {
			return err.Error()
		}
		before := object.DeepCopyObject().(client.Object)
		change()
		if err := cluster.Status().Patch(context.Background(), object, client.MergeFrom(before)); err != nil {
			return err.Error()
		}
		return ""
	})
}

func synced(status corev1.ConditionStatus, message string) []rds.Condition {
	now := metav1.Now()
	return []rds.Condition{{Type: rds.ConditionSynced, Status: status, Message: &message, LastTransitionTime: &now}}
}

func (w world) cluster(state string) {
	w.t.Helper()
	object := &rds.DBCluster{}
	w.editStatus(object, naming.Database(w.tenant), func() {
		endpoint, arn := w.tenant+".cluster-x.us-east-1.rds.example", "arn:aws:rds:us-east-1:123456789012:cluster:"+object.Name
		object.Status.Status = &state
		object.Status.Endpoint = &endpoint
		id := "cluster-" + strings.ToUpper(w.tenant)
		object.Status.DBClusterResourceID = &id
		object.Status.ACKResourceMetadata = &rds.ResourceMetadata{ARN: &arn, OwnerAccountID: "123456789012", Region: "us-east-1"}
		if state == "available" {
			object.Status.Conditions = synced(corev1.ConditionTrue, "Resource synced successfully")
		} else {
			object.Status.Conditions = synced(corev1.ConditionFalse, "DBCluster is in "+state+" state")
		}
	})
}

func (w world) instance(number int, state string) {
	w.t.Helper()
	object := &rds.DBInstance{}
	w.editStatus(object, naming.Instance(w.tenant, number), func() { object.Status.DBInstanceStatus = &state })
}

// finishMigration ends the newest Job.
func (w world) finishMigration(condition batchv1.JobConditionType) string {
	w.t.Helper()
	jobs := &batchv1.JobList{}
	eventually(w.t, "the migration's Job", func() string {
		if err := cluster.List(context.Background(), jobs, client.InNamespace(w.namespace)); err != nil {
			return err.Error()
		}
		for i := range jobs.Items {
			if len(jobs.Items[i].Status.Conditions) == 0 {
				return ""
			}
		}
		return fmt.Sprintf("%d Jobs, none of them running", len(jobs.Items))
	})
	for i := range jobs.Items {
		if job := &jobs.Items[i]; len(job.Status.Conditions) == 0 {
			w.endJob(job, condition)
			return job.Name
		}
	}
	return ""
}

func (w world) endJob(job *batchv1.Job, condition batchv1.JobConditionType) {
	w.t.Helper()
	now := metav1.Now()
	before := job.DeepCopy()
	interim := batchv1.JobSuccessCriteriaMet
	if condition == batchv1.JobFailed {
		interim = batchv1.JobFailureTarget
		job.Status.Failed = 1
	} else {
		job.Status.Succeeded = 1
		job.Status.CompletionTime = &now
	}
	job.Status.StartTime = &now
	for _, conditionType := range []batchv1.JobConditionType{interim, condition} {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
			Type: conditionType, Status: corev1.ConditionTrue, LastTransitionTime: now, LastProbeTime: now,
		})
	}
	if err := cluster.Status().Patch(context.Background(), job, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) rollOut() {
	w.t.Helper()
	object := &appsv1.Deployment{}
	w.editStatus(object, naming.Server, func() {
		replicas := *object.Spec.Replicas
		object.Status = appsv1.DeploymentStatus{ObservedGeneration: object.Generation, Replicas: replicas,
			UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas}
	})
}

// toReady plays everybody until the tenant is Ready.
func (w world) toReady() {
	w.t.Helper()
	w.cluster("creating")
	w.cluster("available")
	w.instance(1, "available")
	w.instance(2, "available")
	w.finishMigration(batchv1.JobComplete)
	w.get(&appsv1.Deployment{}, naming.Server)
	w.rollOut()
	w.condition(halo.ConditionReady, "True", "Serving https://")
}

// condition waits for a status and a part of the message of a tenant's condition that speaks of its present spec.
func (w world) condition(conditionType, status, message string) {
	w.t.Helper()
	tenant := &halo.HaloTenant{}
	eventually(w.t, "condition "+conditionType, func() string {
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
			return err.Error()
		}
		found := meta.FindStatusCondition(tenant.Status.Conditions, conditionType)
		switch {
		case found == nil:
			return "is missing"
		case string(found.Status) != status || !strings.Contains(found.Message, message) || found.ObservedGeneration != tenant.Generation:
			return fmt.Sprintf("is %s %q of generation %d, want %s %q of %d", found.Status, found.Message, found.ObservedGeneration, status, message, tenant.Generation)
		}
		return ""
	})
}

func readSample(t *testing.T, file string, into client.Object) {
	t.Helper()
	text, err := os.ReadFile(apiserver.Path("config/samples/" + file))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatal(err)
	}
}

// newClass creates a class from the sample, unless a test has.
func newClass(t *testing.T, name string, change func(*halo.HaloTenantClass)) {
	t.Helper()
	class := &halo.HaloTenantClass{}
	readSample(t, "halotenantclass.yaml", class)
	class.Name = name
	if change != nil {
		change(class)
	}
	if err := cluster.Create(context.Background(), class); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// newTenant creates a tenant of a class of its own from the sample.
func newTenant(t *testing.T, name string, change func(*halo.HaloTenant)) world {
	t.Helper()
	tenant := &halo.HaloTenant{}
	readSample(t, "halotenant.yaml", tenant)
	tenant.Name = name
	tenant.Spec.ClassName = "development"
	tenant.Spec.Hostname = "halo." + name + ".example"
	if change != nil {
		change(tenant)
	}
	if err := cluster.Create(context.Background(), tenant); err != nil {
		t.Fatal(err)
	}
	return world{t: t, tenant: name, namespace: naming.Namespace(name)}
}

// change edits a tenant's spec or metadata.
func (w world) change(edit func(*halo.HaloTenant)) {
	w.t.Helper()
	tenant := &halo.HaloTenant{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
		w.t.Fatal(err)
	}
	before := tenant.DeepCopy()
	edit(tenant)
	if err := cluster.Patch(context.Background(), tenant, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
}

// touch makes the manager look again, without another generation: the clock of these tests wakes nobody.
func (w world) touch(value string) {
	w.t.Helper()
	w.change(func(tenant *halo.HaloTenant) {
		metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, "example.com/touched", value)
	})
}
