package tenant

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/schedule"
)

// scheduleBackup creates the HaloBackup of the newest tick that has passed. Its name is made of the tick, so that no
// restart and no second manager takes a copy twice. A copy still under way is waited for.
// A tenant at rest writes nothing that a copy could miss, and somebody else's database is copied by them.
func (r *Reconciler) scheduleBackup(ctx context.Context, w *work) error {
	if w.tenant.Spec.Hibernate || desired.External(w.tenant) != nil {
		w.status.Backup = nil
		return nil
	}
	times, err := schedule.Parse(w.settings.Schedule, w.settings.TimeZone)
	if err != nil {
		return fmt.Errorf("reading the schedule of tenant %s: %w", w.tenant.Name, err)
	}
	next := times.Next(w.now)
	w.status.Backup = &halo.BackupStatus{}
	if !next.IsZero() {
		w.status.Backup.NextTime = &metav1.Time{Time: next}
	}
	w.wakeAt(next)
	tick, due := times.Due(w.tenant.CreationTimestamp.Time, w.now)
	if !due || !w.decision.Migration.Status.Done || !w.decision.Database.Serving || w.backupUnderWay() {
		return nil
	}
	name := naming.ScheduledBackup(w.tenant.Name, tick)
	for i := range w.backups {
		if w.backups[i].Name == name {
			return nil
		}
	}
	backup := &halo.HaloBackup{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: naming.TenantLabels(w.tenant.Name)},
		Spec:       halo.HaloBackupSpec{TenantName: w.tenant.Name, Source: halo.SourceSchedule, RetentionDays: &w.settings.RetentionDays},
	}
	err = r.Client.Create(ctx, backup, client.FieldOwner(naming.ManagedBy))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating HaloBackup %s: %w", name, err)
	}
	return nil
}

func (w *work) backupUnderWay() bool {
	for i := range w.backups {
		backup := &w.backups[i]
		waiting := !meta.IsStatusConditionTrue(backup.Status.Conditions, halo.ConditionReady) &&
			!meta.IsStatusConditionTrue(backup.Status.Conditions, halo.ConditionStalled)
		if backup.Spec.Source == halo.SourceSchedule && waiting && backup.DeletionTimestamp == nil {
			return true
		}
	}
	return false
}

// reportBackups says how the newest scheduled copy fares, and which copy is the newest that can be restored.
func (w *work) reportBackups() {
	if w.status.Backup == nil {
		w.status.Backup = &halo.BackupStatus{}
	}
	if desired.External(w.tenant) != nil {
		w.report.Unknown(halo.ConditionBackupReady, halo.ReasonNoBackupYet, "The database is copied by those who run it")
		return
	}
	status := w.status.Backup
	var newest *halo.HaloBackup
	for i := range w.backups {
		backup := &w.backups[i]
		ready := backup.Status.ReadyTime
		if ready != nil && (status.LastReadyTime == nil || status.LastReadyTime.Before(ready)) {
			status.LastReadyTime, status.LastName = ready, backup.Name
		}
		if backup.Spec.Source == halo.SourceSchedule && (newest == nil || newest.Name < backup.Name) {
			newest = backup
		}
	}
	if newest == nil {
		message := "No copy has been due yet"
		if status.NextTime != nil {
			message += "; the first is due at " + status.NextTime.UTC().Format("2006-01-02 15:04 MST")
		}
		w.report.Unknown(halo.ConditionBackupReady, halo.ReasonNoBackupYet, message)
		return
	}
	condition := meta.FindStatusCondition(newest.Status.Conditions, halo.ConditionReady)
	switch {
	case condition == nil:
		w.report.Unknown(halo.ConditionBackupReady, halo.ReasonProgressing, "HaloBackup "+newest.Name+" has just been created")
	case condition.Status == metav1.ConditionTrue:
		w.report.True(halo.ConditionBackupReady, halo.ReasonReady, "HaloBackup "+newest.Name+" can be restored")
	case meta.IsStatusConditionTrue(newest.Status.Conditions, halo.ConditionStalled):
		w.report.False(halo.ConditionBackupReady, halo.ReasonBackupFailed, "HaloBackup "+newest.Name+": "+condition.Message)
	default:
		w.report.False(halo.ConditionBackupReady, halo.ReasonProgressing, "HaloBackup "+newest.Name+": "+condition.Message)
	}
}
