package controllers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

const ackFinalizer = "finalizers.rds.services.k8s.aws/played"

// hold puts ACK's finalizer on an object, so that it goes only when ACK lets it.
func (w world) hold(object client.Object, name string) {
	w.t.Helper()
	w.get(object, name)
	before := object.DeepCopyObject().(client.Object)
	controllerutil.AddFinalizer(object, ackFinalizer)
	if err := cluster.Patch(context.Background(), object, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
}

// release is ACK after AWS has accepted the deletion. It returns the object as it was at its end.
func (w world) release(object client.Object, name string) {
	w.t.Helper()
	eventually(w.t, "the deletion of "+name, func() string {
		w.get(object, name)
		if object.GetDeletionTimestamp() == nil {
			return "has not been asked for"
		}
		return ""
	})
	before := object.DeepCopyObject().(client.Object)
	controllerutil.RemoveFinalizer(object, ackFinalizer)
	if err := cluster.Patch(context.Background(), object, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) holdDatabase() {
	w.hold(&rds.DBCluster{}, naming.Database(w.tenant))
	w.hold(&rds.DBInstance{}, naming.Instance(w.tenant, 1))
	w.hold(&rds.DBInstance{}, naming.Instance(w.tenant, 2))
	w.hold(&rds.DBSubnetGroup{}, naming.Database(w.tenant))
}

func (w world) delete() {
	w.t.Helper()
	if err := cluster.Delete(context.Background(), &halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Name: w.tenant}}); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) deleting(object client.Object, name string) bool {
	w.t.Helper()
	return !w.exists(object, name) || object.GetDeletionTimestamp() != nil
}

// unprotected waits for deletion protection to be off, and plays ACK bringing RDS in step.
func (w world) unprotected() *rds.DBCluster {
	w.t.Helper()
	object := &rds.DBCluster{}
	eventually(w.t, "deletion protection", func() string {
		w.get(object, naming.Database(w.tenant))
		if *object.Spec.DeletionProtection {
			return "is on"
		}
		return ""
	})
	return object
}

// syncLater gives ACK's condition another time than it had.
func (w world) syncLater() {
	w.t.Helper()
	object := &rds.DBCluster{}
	w.editStatus(object, naming.Database(w.tenant), func() {
		later := metav1.NewTime(time.Now().Add(time.Minute))
		object.Status.Conditions = synced(corev1.ConditionTrue, "Resource synced successfully")
		object.Status.Conditions[0].LastTransitionTime = &later
	})
}

// snapshot waits for a DBClusterSnapshot and plays RDS's word for it.
func snapshotBecomes(t *testing.T, name, word string) *rds.DBClusterSnapshot {
	t.Helper()
	backups := world{t: t, namespace: naming.BackupsNamespace}
	object := &rds.DBClusterSnapshot{}
	backups.editStatus(object, name, func() {
		size, arn := int64(7), "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:"+name
		object.Status.Status, object.Status.AllocatedStorage = &word, &size
		object.Status.ACKResourceMetadata = &rds.ResourceMetadata{ARN: &arn, OwnerAccountID: "123456789012", Region: "us-east-1"}
	})
	return object
}

// endNamespace plays the namespace controller, which the test's control plane does not have.
func (w world) endNamespace() {
	w.t.Helper()
	namespace := &corev1.Namespace{}
	eventually(w.t, "the namespace's deletion", func() string {
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.namespace}, namespace); err != nil {
			return err.Error()
		}
		if namespace.DeletionTimestamp == nil {
			return "has not been asked for"
		}
		return ""
	})
	namespace.Spec.Finalizers = nil
	if err := cluster.SubResource("finalize").Update(context.Background(), namespace); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) gone() {
	w.t.Helper()
	eventually(w.t, "the tenant", func() string {
		err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, &halo.HaloTenant{})
		if !apierrors.IsNotFound(err) {
			return "is still there"
		}
		return ""
	})
}

func TestDeletionTakesAFinalCopyAndWaitsForIt(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "leaving", nil)
	w.toReady()
	w.holdDatabase()
	w.hold(&appsv1.Deployment{}, naming.Server)
	tenant := &halo.HaloTenant{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
		t.Fatal(err)
	}
	final := naming.FinalBackup(w.tenant, tenant.UID)

	w.delete()
	w.condition(halo.ConditionReady, "False", "waiting for the server's pods")
	if w.deleting(&rds.DBCluster{}, naming.Database(w.tenant)) || w.deleting(&rds.DBInstance{}, naming.Instance(w.tenant, 1)) {
		t.Fatal("the database was touched while the server still ran")
	}
	w.release(&appsv1.Deployment{}, naming.Server)

	database := w.unprotected()
	if database.Annotations[rds.AnnotationSkipFinalSnapshot] != "false" ||
		database.Annotations[rds.AnnotationFinalSnapshotIdentifier] != naming.Snapshot(final) ||
		database.Annotations[rds.AnnotationDeleteAutomatedBackups] != "false" {
		t.Fatalf("the cluster's end would lose data: %v", database.Annotations)
	}
	recorded := &halo.HaloBackup{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: final}, recorded); err != nil {
		t.Fatal(err)
	}
	if note := recorded.Annotations[naming.AnnotationTenantSpec]; !strings.Contains(note, tenant.Spec.Hostname) {
		t.Errorf("the final copy does not remember its tenant: %d bytes", len(note))
	}
	w.condition(halo.ConditionReady, "False", "waiting for ACK to turn deletion protection off")
	quiet(t)
	if w.deleting(&rds.DBInstance{}, naming.Instance(w.tenant, 1)) {
		t.Fatal("an instance was deleted before RDS knew that protection is off")
	}
	if (world{t: t, namespace: naming.BackupsNamespace}).exists(&rds.DBClusterSnapshot{}, naming.Snapshot(final)) {
		t.Fatal("the final snapshot was to be adopted before RDS could have taken it")
	}
	w.syncLater()

	w.release(&rds.DBInstance{}, naming.Instance(w.tenant, 1))
	quiet(t)
	if w.deleting(&rds.DBCluster{}, naming.Database(w.tenant)) {
		t.Fatal("the cluster was deleted before its last instance had gone")
	}
	w.release(&rds.DBInstance{}, naming.Instance(w.tenant, 2))
	w.release(&rds.DBCluster{}, naming.Database(w.tenant))

	w.condition(halo.ConditionReady, "False", "waiting for the final copy "+final)
	snapshot := snapshotBecomes(t, naming.Snapshot(final), "creating")
	if snapshot.Annotations[rds.AnnotationAdoptionPolicy] != "adopt" || !strings.Contains(snapshot.Annotations[rds.AnnotationAdoptionFields], naming.Snapshot(final)) {
		t.Errorf("the final snapshot would be taken anew, not adopted: %v", snapshot.Annotations)
	}
	quiet(t)
	if w.deleting(&rds.DBSubnetGroup{}, naming.Database(w.tenant)) {
		t.Fatal("the groups went before the final copy could be restored")
	}
	snapshotBecomes(t, naming.Snapshot(final), "available")
	w.release(&rds.DBSubnetGroup{}, naming.Database(w.tenant))
	w.endNamespace()
	w.gone()
	backup := &halo.HaloBackup{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: final}, backup); err != nil || backup.Status.ReadyTime == nil {
		t.Errorf("the final copy's record: %v, %v", backup.Status, err)
	}
}

func TestDeletionOfAProductionTenantNeedsItsName(t *testing.T) {
	newClass(t, "production", func(class *halo.HaloTenantClass) { class.Spec.Environment = halo.EnvironmentProduction })
	w := newTenant(t, "precious", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "production" })
	w.get(&rds.DBCluster{}, naming.Database(w.tenant))
	object := &halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Name: w.tenant}}
	eventually(t, "the refusal", func() string {
		err := cluster.Delete(context.Background(), object, client.DryRunAll)
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "halo.dev/confirm-deletion=precious") {
			return "the API server says: " + errorText(err)
		}
		return ""
	})
	for value, allowed := range map[string]bool{"yes": false, "precious": true} {
		w.change(func(tenant *halo.HaloTenant) {
			tenant.Annotations = map[string]string{naming.AnnotationConfirmDeletion: value}
		})
		err := cluster.Delete(context.Background(), object, client.DryRunAll)
		if (err == nil) != allowed {
			t.Errorf("confirmed with %q: %v", value, err)
		}
	}
}

func TestARetainedDatabaseIsLeftToAWS(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "retained", func(tenant *halo.HaloTenant) { tenant.Spec.DeletionPolicy = halo.DeletionRetain })
	w.toReady()
	w.holdDatabase()
	w.delete()
	w.release(&rds.DBInstance{}, naming.Instance(w.tenant, 1))
	w.release(&rds.DBInstance{}, naming.Instance(w.tenant, 2))
	database := &rds.DBCluster{}
	w.release(database, naming.Database(w.tenant))
	if database.Annotations[rds.AnnotationDeletionPolicy] != rds.DeletionPolicyRetain || !*database.Spec.DeletionProtection {
		t.Errorf("policy %q, protection %t", database.Annotations[rds.AnnotationDeletionPolicy], *database.Spec.DeletionProtection)
	}
	group := &rds.DBSubnetGroup{}
	w.release(group, naming.Database(w.tenant))
	if group.Annotations[rds.AnnotationDeletionPolicy] != rds.DeletionPolicyRetain {
		t.Error("the subnet group of a retained database would be deleted in AWS")
	}
	w.endNamespace()
	w.gone()
}

func TestATenantThatNeverHadADatabaseGoesAtOnce(t *testing.T) {
	w := newTenant(t, "stillborn", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "nowhere" })
	w.condition(halo.ConditionStalled, "True", "spec.className")
	w.delete()
	w.gone()
}
