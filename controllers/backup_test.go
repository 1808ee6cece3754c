package controllers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

func backupCondition(t *testing.T, name, conditionType, status string) *halo.HaloBackup {
	t.Helper()
	backup := &halo.HaloBackup{}
	eventually(t, "HaloBackup "+name, func() string {
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: name}, backup); err != nil {
			return err.Error()
		}
		found := meta.FindStatusCondition(backup.Status.Conditions, conditionType)
		if found == nil || string(found.Status) != status {
			return fmt.Sprintf("%s is %v", conditionType, found)
		}
		return ""
	})
	return backup
}

func newBackup(t *testing.T, name, tenant string, source halo.BackupSource, days int32) {
	t.Helper()
	backup := &halo.HaloBackup{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: halo.HaloBackupSpec{TenantName: tenant, Source: source}}
	if days > 0 {
		backup.Spec.RetentionDays = &days
	}
	if err := cluster.Create(context.Background(), backup); err != nil {
		t.Fatal(err)
	}
}

func backupGone(t *testing.T, name string) bool {
	t.Helper()
	err := cluster.Get(context.Background(), client.ObjectKey{Name: name}, &halo.HaloBackup{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return err != nil
}

func TestACopyByHandWaitsForTheClusterAndIsTaken(t *testing.T) {
	newClass(t, "development", nil)
	newBackup(t, "by-hand-1", "by-hand", halo.SourceManual, 0)
	backupCondition(t, "by-hand-1", halo.ConditionStalled, "True")
	w := newTenant(t, "by-hand", nil)
	backupCondition(t, "by-hand-1", halo.ConditionStalled, "False")
	w.cluster("creating")
	backups := world{t: t, namespace: naming.BackupsNamespace}
	quiet(t)
	if backups.exists(&rds.DBClusterSnapshot{}, "halo-by-hand-1") {
		t.Error("a snapshot was asked for while the cluster was not available")
	}
	w.cluster("available")
	snapshot := snapshotBecomes(t, "halo-by-hand-1", "available")
	if snapshot.Annotations[rds.AnnotationDeletionPolicy] != rds.DeletionPolicyRetain || len(snapshot.OwnerReferences) != 0 {
		t.Errorf("the copy would go with its object or its tenant: %v %v", snapshot.Annotations, snapshot.OwnerReferences)
	}
	backup := backupCondition(t, "by-hand-1", halo.ConditionReady, "True")
	if backup.Status.SnapshotIdentifier != "halo-by-hand-1" || backup.Status.ARN == "" || backup.Status.SizeGiB != 7 || backup.Status.Region != "us-east-1" || backup.Status.Environment == "" {
		t.Errorf("status %+v", backup.Status)
	}
}

func TestTheScheduleTakesOneCopyForEachTick(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "daily", func(tenant *halo.HaloTenant) { tenant.Spec.Backup = &halo.TenantBackup{Schedule: "17 3 * * *"} })
	w.toReady()
	w.condition(halo.ConditionBackupReady, "Unknown", "the first is due at")
	clock.Add(int64(25 * time.Hour))
	defer clock.Add(-int64(25 * time.Hour))
	w.change(func(tenant *halo.HaloTenant) { tenant.Annotations = map[string]string{"example.com/woken": "yes"} })
	backups := &halo.HaloBackupList{}
	eventually(t, "the copy", func() string {
		if err := cluster.List(context.Background(), backups, client.MatchingLabels(naming.TenantLabels(w.tenant))); err != nil {
			return err.Error()
		}
		return map[bool]string{true: "", false: fmt.Sprintf("%d copies", len(backups.Items))}[len(backups.Items) == 1]
	})
	name := backups.Items[0].Name
	w.condition(halo.ConditionBackupReady, "False", name)
	snapshotBecomes(t, naming.Snapshot(name), "available")
	w.condition(halo.ConditionBackupReady, "True", name+" can be restored")
	quiet(t)
	if err := cluster.List(context.Background(), backups, client.MatchingLabels(naming.TenantLabels(w.tenant))); err != nil || len(backups.Items) != 1 {
		t.Errorf("%d copies of one tick, %v", len(backups.Items), err)
	}
}

func TestOldScheduledCopiesGoWhenANewerCanBeRestored(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "pruned", nil)
	w.cluster("available")
	newBackup(t, "pruned-old", w.tenant, halo.SourceSchedule, 36)
	newBackup(t, "pruned-kept", w.tenant, halo.SourceManual, 0)
	for _, name := range []string{"pruned-kept", "pruned-old"} { // the one by hand is never the newer, by which the other could go
		snapshotBecomes(t, naming.Snapshot(name), "available")
		backupCondition(t, name, halo.ConditionReady, "True")
	}
	backups := world{t: t, namespace: naming.BackupsNamespace}
	backups.hold(&rds.DBClusterSnapshot{}, "halo-pruned-old")

	clock.Add(int64(37 * 24 * time.Hour))
	defer clock.Add(-int64(37 * 24 * time.Hour))
	newBackup(t, "pruned-new", w.tenant, halo.SourceSchedule, 36)
	snapshotBecomes(t, "halo-pruned-new", "creating")
	quiet(t)
	if backups.deleting(&rds.DBClusterSnapshot{}, "halo-pruned-old") {
		t.Fatal("the old copy went while the new one could not be restored")
	}
	snapshotBecomes(t, "halo-pruned-new", "available")
	old := &rds.DBClusterSnapshot{}
	backups.release(old, "halo-pruned-old")
	if old.Annotations[rds.AnnotationDeletionPolicy] != rds.DeletionPolicyDelete {
		t.Error("RDS would keep the pruned copy for ever")
	}
	eventually(t, "the pruned copy", func() string {
		if !backupGone(t, "pruned-old") {
			return "is still there"
		}
		return ""
	})
	if backupGone(t, "pruned-kept") || backupGone(t, "pruned-new") {
		t.Error("a copy that should be kept has gone")
	}
}

func TestDeletingARecordKeepsTheCopyUnlessItIsConfirmed(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "forgetful", nil)
	w.cluster("available")
	backups := world{t: t, namespace: naming.BackupsNamespace}
	for name, policy := range map[string]string{"forgetful-kept": rds.DeletionPolicyRetain, "forgetful-gone": rds.DeletionPolicyDelete} {
		newBackup(t, name, w.tenant, halo.SourceManual, 0)
		snapshotBecomes(t, naming.Snapshot(name), "available")
		backup := backupCondition(t, name, halo.ConditionReady, "True")
		backups.hold(&rds.DBClusterSnapshot{}, naming.Snapshot(name))
		if policy == rds.DeletionPolicyDelete {
			before := backup.DeepCopy()
			backup.Annotations = map[string]string{naming.AnnotationConfirmDeletion: name}
			if err := cluster.Patch(context.Background(), backup, client.MergeFrom(before)); err != nil {
				t.Fatal(err)
			}
		}
		if err := cluster.Delete(context.Background(), backup); err != nil {
			t.Fatal(err)
		}
		snapshot := &rds.DBClusterSnapshot{}
		backups.release(snapshot, naming.Snapshot(name))
		if snapshot.Annotations[rds.AnnotationDeletionPolicy] != policy {
			t.Errorf("%s: policy %q, want %q", name, snapshot.Annotations[rds.AnnotationDeletionPolicy], policy)
		}
	}
}

func TestARestoredDatabaseGetsAPasswordOfItsOwnBeforeItIsMigrated(t *testing.T) {
	newClass(t, "development", nil)
	origin := newTenant(t, "origin", nil)
	origin.cluster("available")
	newBackup(t, "origin-copy", origin.tenant, halo.SourceManual, 0)
	w := newTenant(t, "restored", func(tenant *halo.HaloTenant) { tenant.Spec.Bootstrap = &halo.Bootstrap{BackupName: "origin-copy"} })
	w.condition(halo.ConditionReady, "False", "Waiting for spec.bootstrap.backupName")
	if w.exists(&rds.DBCluster{}, naming.Database(w.tenant)) {
		t.Fatal("a database was made before the copy could be restored")
	}
	snapshotBecomes(t, "halo-origin-copy", "available")
	database := &rds.DBCluster{}
	w.get(database, naming.Database(w.tenant))
	if database.Spec.SnapshotIdentifier == nil || *database.Spec.SnapshotIdentifier != "halo-origin-copy" || database.Spec.MasterUserPassword.Name != "database-master-1" {
		t.Fatalf("created with %+v", database.Spec)
	}
	w.cluster("creating")
	w.cluster("available")
	eventually(t, "the password's reference", func() string {
		w.get(database, naming.Database(w.tenant))
		return map[bool]string{true: "", false: "is " + database.Spec.MasterUserPassword.Name}[database.Spec.MasterUserPassword.Name == "database-master-2"]
	})
	w.get(&corev1.Secret{}, "database-master-2")
	w.instance(1, "available")
	w.instance(2, "available")
	w.condition(halo.ConditionMigrationReady, "False", "Waiting for ACK to give the database its newest master password")
	w.syncLater()
	w.condition(halo.ConditionMigrationReady, "False", "is running")
	if database.Spec.SnapshotIdentifier == nil {
		t.Error("the snapshot's identifier was dropped, which ACK would read as another database")
	}
}

func TestATenantThatStallsIsStillCopied(t *testing.T) {
	newClass(t, "development", nil)
	holder := newTenant(t, "copied-holder", func(tenant *halo.HaloTenant) { tenant.Spec.Hostname = "halo.taken.example" })
	w := newTenant(t, "copied", nil)
	w.toReady()
	holder.get(&rds.DBCluster{}, naming.Database(holder.tenant))
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Hostname = "halo.taken.example" })
	w.condition(halo.ConditionStalled, "True", "spec.hostname")
	clock.Add(int64(25 * time.Hour))
	defer clock.Add(-int64(25 * time.Hour))
	w.change(func(tenant *halo.HaloTenant) { tenant.Annotations = map[string]string{"example.com/woken": "yes"} })
	backups := &halo.HaloBackupList{}
	eventually(t, "the copy", func() string {
		if err := cluster.List(context.Background(), backups, client.MatchingLabels(naming.TenantLabels(w.tenant))); err != nil {
			return err.Error()
		}
		if len(backups.Items) == 0 {
			return "has not been asked for"
		}
		return ""
	})
	w.condition(halo.ConditionStalled, "True", "spec.hostname")
}
