package backup

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/schedule"
)

// remove ends a HaloBackup. RDS keeps the copy unless the annotation of confirmation names it: pruning sets it, a
// person may.
func (r *Reconciler) remove(ctx context.Context, w *work) error {
	if !controllerutil.ContainsFinalizer(w.backup, naming.FinalizerBackup) {
		return nil
	}
	if w.snapshot == nil {
		return r.letGo(ctx, w.backup)
	}
	policy, message := rds.DeletionPolicyRetain, "Forgetting the copy; RDS keeps it"
	if w.backup.Annotations[naming.AnnotationConfirmDeletion] == w.backup.Name {
		policy, message = rds.DeletionPolicyDelete, "Deleting the copy"
	}
	w.report.Waiting(halo.ReasonDeleting, message)
	if w.snapshot.DeletionTimestamp != nil {
		return nil
	}
	if w.snapshot.Annotations[rds.AnnotationDeletionPolicy] != policy {
		edited := w.snapshot.DeepCopy()
		edited.Annotations[rds.AnnotationDeletionPolicy] = policy
		if err := r.Client.Patch(ctx, edited, client.MergeFrom(w.snapshot), client.FieldOwner(naming.ManagedBy)); err != nil {
			return fmt.Errorf("marking DBClusterSnapshot %s: %w", w.snapshot.Name, err)
		}
	}
	uid := w.snapshot.UID
	if err := r.Client.Delete(ctx, w.snapshot, client.Preconditions{UID: &uid}); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting DBClusterSnapshot %s: %w", w.snapshot.Name, err)
	}
	return nil
}

func (r *Reconciler) letGo(ctx context.Context, backup *halo.HaloBackup) error {
	before := backup.DeepCopy()
	controllerutil.RemoveFinalizer(backup, naming.FinalizerBackup)
	err := r.Client.Patch(ctx, backup, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(naming.ManagedBy))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("removing the finalizer of HaloBackup %s: %w", backup.Name, err)
	}
	return nil
}

// prune removes the scheduled copies of the same tenant whose time is over, and asks to be woken for the next.
func (r *Reconciler) prune(ctx context.Context, w *work) error {
	if w.status.ReadyTime == nil {
		return nil
	}
	list := &halo.HaloBackupList{}
	if err := r.Client.List(ctx, list, client.MatchingFields{indexTenant: w.backup.Spec.TenantName}); err != nil {
		return fmt.Errorf("listing the copies of tenant %s: %w", w.backup.Spec.TenantName, err)
	}
	copies := make([]schedule.Copy, 0, len(list.Items))
	byName := map[string]*halo.HaloBackup{}
	for i := range list.Items {
		backup := &list.Items[i]
		byName[backup.Name] = backup
		copies = append(copies, w.copyOf(backup))
	}
	for _, name := range schedule.Prunable(copies, w.now) {
		if err := r.discard(ctx, byName[name]); err != nil {
			return err
		}
	}
	w.wake = schedule.NextExpiry(copies, w.now)
	return nil
}

// copyOf keeps a copy for as long as it was promised, or for as long as its tenant asks for now, whichever is longer.
func (w *work) copyOf(backup *halo.HaloBackup) schedule.Copy {
	result := schedule.Copy{Name: backup.Name, Scheduled: backup.Spec.Source == halo.SourceSchedule}
	status := &backup.Status
	if backup.UID == w.backup.UID {
		seen := *w.status // what is about to be written
		seen.Conditions = w.report.List()
		status = &seen
	}
	if ready := status.ReadyTime; ready != nil && meta.IsStatusConditionTrue(status.Conditions, halo.ConditionReady) {
		result.ReadyAt = ready.Time
	}
	days := int32(0)
	if backup.Spec.RetentionDays != nil {
		days = *backup.Spec.RetentionDays
	}
	if w.tenant != nil && w.tenant.Spec.Backup != nil && w.tenant.Spec.Backup.RetentionDays != nil {
		days = max(days, *w.tenant.Spec.Backup.RetentionDays)
	}
	result.Keep = time.Duration(days) * 24 * time.Hour
	return result
}

func (r *Reconciler) discard(ctx context.Context, backup *halo.HaloBackup) error {
	if backup.DeletionTimestamp != nil {
		return nil
	}
	if backup.Annotations[naming.AnnotationConfirmDeletion] != backup.Name {
		edited := backup.DeepCopy()
		if edited.Annotations == nil {
			edited.Annotations = map[string]string{}
		}
		edited.Annotations[naming.AnnotationConfirmDeletion] = backup.Name
		if err := r.Client.Patch(ctx, edited, client.MergeFrom(backup), client.FieldOwner(naming.ManagedBy)); err != nil {
			return fmt.Errorf("marking HaloBackup %s: %w", backup.Name, err)
		}
	}
	uid := backup.UID
	if err := r.Client.Delete(ctx, backup, client.Preconditions{UID: &uid}); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("pruning HaloBackup %s: %w", backup.Name, err)
	}
	return nil
}
