package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/apply"
	"halo.dev/halo/internal/conditions"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
	"halo.dev/halo/internal/plan"
)

// work is one reconcile of one tenant: what was read, what was decided, and what will be reported.
type work struct {
	tenant   *halo.HaloTenant
	class    *halo.HaloTenantClass
	state    observe.State
	backups  []halo.HaloBackup
	decision decide.Decision
	// managerNamespace is where the manager runs, if that is known.
	managerNamespace string
	// lost names recorded Secrets that turned out to be gone.
	lost     []string
	settings desired.Settings
	status   *halo.HaloTenantStatus
	report   *conditions.Set
	changes  []plan.Change
	// config is what pods should serve; nil until it is built.
	config *corev1.ConfigMap
	now    time.Time
	// wake is the earliest time that something is due without an event; zero for never.
	wake time.Time
}

// Reconcile brings one tenant a step further. Waits are watches; only time itself is asked for by RequeueAfter.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	tenant := &halo.HaloTenant{}
	if err := r.Client.Get(ctx, request.NamespacedName, tenant); err != nil {
		if apierrors.IsNotFound(err) {
			r.Served.Want(request.Name, "", nil) // nobody is asked for a tenant that is gone
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	tenant = tenant.DeepCopy()
	now := r.Now()
	w := &work{tenant: tenant, now: now, status: tenant.Status.DeepCopy(), managerNamespace: r.Namespace,
		report: conditions.Start(tenant.Status.Conditions, tenant.Generation, now)}
	var err error
	if tenant.DeletionTimestamp != nil {
		err = r.tearDown(ctx, w)
	} else {
		err = r.bringUp(ctx, w)
	}
	if reportError := r.writeStatus(ctx, w, err == nil); reportError != nil {
		err = errors.Join(err, reportError)
	}
	if apierrors.IsConflict(err) || errors.Is(err, apply.ErrExists) {
		return ctrl.Result{RequeueAfter: 200 * time.Millisecond}, nil // the cache is behind
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: w.untilWake()}, nil
}

func (w *work) untilWake() time.Duration {
	if w.wake.IsZero() {
		return 0
	}
	return max(w.wake.Sub(w.now), 100*time.Millisecond)
}

// wakeAt asks for a reconcile at a time; zero asks for none.
func (w *work) wakeAt(at time.Time) {
	if !at.IsZero() && (w.wake.IsZero() || at.Before(w.wake)) {
		w.wake = at
	}
}

// bringUp is the life of a tenant: each step either goes on, or has said in the report what is awaited.
func (r *Reconciler) bringUp(ctx context.Context, w *work) error {
	if err := r.ensureFinalizer(ctx, w.tenant); err != nil {
		return err
	}
	problem, err := r.validate(ctx, w)
	if err != nil {
		return err
	}
	if problem != nil {
		report(problem, w.report)
		return r.keepCopying(ctx, w)
	}
	if err := r.look(ctx, w); err != nil {
		return err
	}
	restore, problem, err := r.restoreSource(ctx, w)
	if err != nil {
		return err
	}
	if problem != nil {
		report(problem, w.report)
		return nil
	}
	if w.tenant.Spec.Suspend {
		w.decide(restore, r.authorityPEM())
		return w.reportSuspended()
	}
	if err := r.findLost(ctx, w); err != nil {
		return err
	}
	w.decide(restore, r.authorityPEM())
	if problem := w.decision.Refused(); problem != nil {
		report(problem, w.report)
		return nil
	}
	if problem, err := r.change(ctx, w); problem != nil || err != nil {
		if problem != nil {
			report(problem, w.report)
		}
		return err
	}
	w.summarize()
	r.reportServed(w)
	return nil
}

// keepCopying goes on with the schedule of a tenant that stalls: a mistake in its spec is no reason to lose a day's copy.
func (r *Reconciler) keepCopying(ctx context.Context, w *work) error {
	if w.class == nil || w.tenant.Spec.Suspend || decide.CheckSchedule(w.tenant, w.class) != nil {
		return nil
	}
	if err := r.look(ctx, w); err != nil {
		return err
	}
	w.decide("", r.authorityPEM())
	if w.decision.Refused() != nil {
		return nil // a copy of another database would take the place of the tenant's own
	}
	if err := r.scheduleBackup(ctx, w); err != nil {
		return err
	}
	w.reportBackups()
	return nil
}

func (r *Reconciler) ensureFinalizer(ctx context.Context, tenant *halo.HaloTenant) error {
	if controllerutil.ContainsFinalizer(tenant, naming.FinalizerTenant) {
		return nil
	}
	before := tenant.DeepCopy()
	controllerutil.AddFinalizer(tenant, naming.FinalizerTenant)
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, tenant, patch, client.FieldOwner(naming.ManagedBy)); err != nil {
		return fmt.Errorf("adding the finalizer of tenant %s: %w", tenant.Name, err)
	}
	return nil
}

// look reads the tenant's children and copies from the cache.
func (r *Reconciler) look(ctx context.Context, w *work) error {
	var err error
	if w.state, err = observe.Read(ctx, r.Client, r.Client.Scheme(), w.tenant.Name, r.Kinds.Watched()...); err != nil {
		return err
	}
	list := &halo.HaloBackupList{}
	if err := r.Client.List(ctx, list, client.MatchingFields{indexTenant: w.tenant.Name}); err != nil {
		return fmt.Errorf("listing the copies of tenant %s: %w", w.tenant.Name, err)
	}
	w.backups = list.Items
	return nil
}

// change writes what differs: the namespace and the Secrets first, because what follows refers to them.
func (r *Reconciler) change(ctx context.Context, w *work) (*decide.Problem, error) {
	if problem, err := r.applyNamespace(ctx, w, []desired.Item{w.decision.Namespace()}); problem != nil || err != nil {
		return problem, err
	}
	if err := r.rescue(ctx, w); err != nil {
		return nil, err
	}
	if namespace := w.state.Namespace; namespace != nil && namespace.DeletionTimestamp != nil {
		return goingNamespace(namespace), nil
	}
	if err := r.annotateDatabase(ctx, w); err != nil {
		return nil, err
	}
	w.rememberCredentials()
	if problem, err := r.writeSecrets(ctx, w); problem != nil || err != nil {
		return problem, err
	}
	w.decision.Input.Sealing = w.status.Sealing
	if err := r.handOverScale(ctx, w); err != nil {
		return nil, err
	}
	if problem := r.restAfterTheLast(ctx, w); problem != nil {
		return problem, nil
	}
	if err := r.readErasures(ctx, w); err != nil {
		return nil, err
	}
	items, config, err := w.decision.Items()
	if err != nil {
		return nil, err
	}
	w.config = config
	if w.changes, err = plan.Changes(items, w.state.Live); err != nil {
		return nil, err
	}
	if err := r.executor().Execute(ctx, w.changes); err != nil {
		w.report.Waiting(halo.ReasonFailed, short(err))
		return nil, err
	}
	if err := r.refreshPods(ctx, w, config); err != nil {
		return nil, err
	}
	if err := r.removeSurplus(ctx, w); err != nil {
		return nil, err
	}
	if err := r.scheduleBackup(ctx, w); err != nil {
		return nil, err
	}
	r.removeRetired(ctx, w)
	return nil, nil
}

// removeSurplus deletes instances beyond those wanted, which the decision has chosen.
func (r *Reconciler) removeSurplus(ctx context.Context, w *work) error {
	objects := make([]client.Object, 0, len(w.decision.Surplus))
	for _, instance := range w.decision.Surplus {
		objects = append(objects, instance)
	}
	return r.deleteAll(ctx, objects)
}

// applyNamespace refuses a namespace of that name that somebody else made: server-side apply would take it over.
func (r *Reconciler) applyNamespace(ctx context.Context, w *work, items []desired.Item) (*decide.Problem, error) {
	changes, err := plan.Changes(items, w.state.Live)
	if err != nil {
		return nil, err
	}
	err = r.executor().Execute(ctx, changes)
	if err == nil {
		w.status.NamespaceUID = namespaceUID(w.state, changes)
		return nil, nil
	}
	if !errors.Is(err, apply.ErrExists) {
		return nil, err
	}
	live := desired.Namespace(w.decision.Input)
	if getError := r.APIReader.Get(ctx, client.ObjectKeyFromObject(live), live); getError != nil {
		return nil, fmt.Errorf("reading namespace %s: %w", live.Name, getError)
	}
	ours := slices.ContainsFunc(live.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == w.tenant.UID })
	if ours {
		return nil, err
	}
	w.wakeAt(w.now.Add(time.Minute))
	return decide.Stalled(halo.ReasonNamespaceInUse,
		"metadata.name: namespace %s exists and does not belong to this tenant; remove it, or choose another name for the tenant", live.Name), nil
}

// namespaceUID is that of the namespace that was there, or of the one just made.
func namespaceUID(state observe.State, changes []plan.Change) types.UID {
	if state.Namespace != nil {
		return state.Namespace.UID
	}
	return changes[0].AtCreation.GetUID()
}
