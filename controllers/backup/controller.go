// Package backup takes each HaloBackup's snapshot through ACK, tells when it can be restored, and prunes scheduled
// copies that are older than their retention when a newer one can be restored.
package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/conditions"
	"halo.dev/halo/internal/naming"
)

// +kubebuilder:rbac:groups=halo.dev,resources=halobackups,verbs=get;list;watch;patch;delete
// +kubebuilder:rbac:groups=halo.dev,resources=halobackups/status,verbs=update
// +kubebuilder:rbac:groups=halo.dev,resources=halotenants;halotenantclasses,verbs=get;list;watch
// +kubebuilder:rbac:groups=rds.services.k8s.aws,resources=dbclusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=rds.services.k8s.aws,resources=dbclustersnapshots,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// indexTenant is registered by the tenant controller.
const indexTenant = "spec.tenantName"

// Reconciler holds what the controller works with. Now is the clock.
type Reconciler struct {
	Client    client.Client
	APIReader client.Reader
	Recorder  events.EventRecorder
	Now       func() time.Time
}

// work is one reconcile of one copy.
type work struct {
	backup   *halo.HaloBackup
	tenant   *halo.HaloTenant // nil when it is gone
	snapshot *rds.DBClusterSnapshot
	status   *halo.HaloBackupStatus
	report   *conditions.Set
	now      time.Time
	wake     time.Time
}

// SetupWithManager registers the watches: a copy is looked at when it, its snapshot or its tenant's cluster changes.
func (r *Reconciler) SetupWithManager(manager ctrl.Manager) error {
	warm := true
	err := ctrl.NewControllerManagedBy(manager).Named("halobackup").
		WithOptions(controller.Options{EnableWarmup: &warm}).
		For(&halo.HaloBackup{}). // its status too: one written before the cache saw the last is looked at again
		Watches(&rds.DBClusterSnapshot{}, handler.EnqueueRequestsFromMapFunc(backupOfSnapshot)).
		Watches(&rds.DBCluster{}, handler.EnqueueRequestsFromMapFunc(r.backupsOfObject)).
		Watches(&halo.HaloTenant{}, handler.EnqueueRequestsFromMapFunc(r.backupsOfTenant),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(r)
	if err != nil {
		return fmt.Errorf("registering the backup controller: %w", err)
	}
	return nil
}

func backupOfSnapshot(_ context.Context, object client.Object) []reconcile.Request {
	name := object.GetLabels()[naming.LabelBackup]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Name: name}}}
}

// backupsOfObject wakes the copies of the tenant that an object is labelled with.
func (r *Reconciler) backupsOfObject(ctx context.Context, object client.Object) []reconcile.Request {
	return r.backupsOf(ctx, object.GetLabels()[naming.LabelTenant])
}

func (r *Reconciler) backupsOfTenant(ctx context.Context, object client.Object) []reconcile.Request {
	return r.backupsOf(ctx, object.GetName())
}

func (r *Reconciler) backupsOf(ctx context.Context, tenant string) []reconcile.Request {
	list := &halo.HaloBackupList{}
	if err := r.Client.List(ctx, list, client.MatchingFields{indexTenant: tenant}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "looking up copies", "tenant", tenant)
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if list.Items[i].Status.ReadyTime == nil { // what is taken no longer depends on its tenant
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return requests
}

// Reconcile brings one copy a step further.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	backup := &halo.HaloBackup{}
	if err := r.Client.Get(ctx, request.NamespacedName, backup); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	backup = backup.DeepCopy()
	now := r.Now()
	w := &work{backup: backup, now: now, status: backup.Status.DeepCopy(),
		report: conditions.Start(backup.Status.Conditions, backup.Generation, now)}
	err := r.look(ctx, w)
	switch {
	case err != nil:
	case backup.DeletionTimestamp != nil:
		err = r.remove(ctx, w)
	default:
		err = r.take(ctx, w)
	}
	if reportError := r.writeStatus(ctx, w); reportError != nil {
		err = errors.Join(err, reportError)
	}
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return ctrl.Result{RequeueAfter: 200 * time.Millisecond}, nil // the cache is behind
	}
	if err != nil || w.wake.IsZero() {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: max(w.wake.Sub(now), 100*time.Millisecond)}, nil
}

func (r *Reconciler) look(ctx context.Context, w *work) error {
	tenant := &halo.HaloTenant{}
	err := r.Client.Get(ctx, client.ObjectKey{Name: w.backup.Spec.TenantName}, tenant)
	switch {
	case err == nil:
		w.tenant = tenant
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("reading tenant %s: %w", w.backup.Spec.TenantName, err)
	}
	snapshot := &rds.DBClusterSnapshot{}
	err = r.Client.Get(ctx, client.ObjectKey{Namespace: naming.BackupsNamespace, Name: naming.Snapshot(w.backup.Name)}, snapshot)
	switch {
	case err == nil:
		w.snapshot = snapshot
	case !apierrors.IsNotFound(err):
		return fmt.Errorf("reading DBClusterSnapshot %s: %w", naming.Snapshot(w.backup.Name), err)
	}
	return nil
}

func (r *Reconciler) ensureFinalizer(ctx context.Context, backup *halo.HaloBackup) error {
	if controllerutil.ContainsFinalizer(backup, naming.FinalizerBackup) {
		return nil
	}
	before := backup.DeepCopy()
	controllerutil.AddFinalizer(backup, naming.FinalizerBackup)
	if err := r.Client.Patch(ctx, backup, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(naming.ManagedBy)); err != nil {
		return fmt.Errorf("adding the finalizer of HaloBackup %s: %w", backup.Name, err)
	}
	return nil
}

func (r *Reconciler) writeStatus(ctx context.Context, w *work) error {
	w.status.Conditions = w.report.List()
	w.status.ObservedGeneration = w.report.Observed(w.status.ObservedGeneration)
	if equality.Semantic.DeepEqual(&w.backup.Status, w.status) {
		return nil
	}
	wasReady := w.backup.Status.ReadyTime != nil
	written := w.backup.DeepCopy()
	written.Status = *w.status
	err := r.Client.Status().Update(ctx, written, client.FieldOwner(naming.ManagedBy))
	if apierrors.IsNotFound(err) {
		return nil // the last finalizer has gone
	}
	if err != nil {
		return fmt.Errorf("writing the status of HaloBackup %s: %w", w.backup.Name, err)
	}
	if !wasReady && w.status.ReadyTime != nil {
		r.Recorder.Eventf(w.backup, nil, corev1.EventTypeNormal, halo.ReasonReady, "Backup", "Can be restored")
	}
	return nil
}
