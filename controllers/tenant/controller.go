// Package tenant turns each HaloTenant into a service: it observes, lets the pure packages decide, applies the plan and
// reports. Files are by role: controller (wiring), reconcile (the order of things), validate, decide, secrets, backups,
// status, delete.
package tenant

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/erasures"
	"halo.dev/halo/controllers/prerequisites"
	"halo.dev/halo/controllers/served"
	"halo.dev/halo/internal/apply"
	"halo.dev/halo/internal/certificate"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/plan"
)

// The rights of this controller; on Secrets it has none that would show it one.
//
// +kubebuilder:rbac:groups=halo.dev,resources=halotenants,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=halo.dev,resources=halotenants/status,verbs=update
// +kubebuilder:rbac:groups=halo.dev,resources=halotenants/finalizers,verbs=update
// +kubebuilder:rbac:groups=halo.dev,resources=halotenantclasses,verbs=get;list;watch
// +kubebuilder:rbac:groups=halo.dev,resources=halobackups,verbs=get;list;watch;create
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=configmaps;serviceaccounts,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=resourcequotas;limitranges,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=create;patch;delete
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes;backendtlspolicies,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=traefik.io,resources=serverstransports,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=cert-manager.io,resources=certificates,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=rds.services.k8s.aws,resources=dbclusters;dbinstances;dbsubnetgroups;dbclusterparametergroups,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Names of the cache's indexes.
const (
	indexClass     = "spec.className"
	indexHostname  = "spec.hostname"
	indexDomain    = "spec.hostname domain"
	indexCluster   = "spec.database.clusterIdentifier"
	indexBootstrap = "spec.bootstrap.backupName"
	indexTenant    = "spec.tenantName"
)

// Reconciler holds what the controller works with. Now is the clock; Authority issues servers' certificates;
// PlatformSecrets is the folder with the mail relay's credentials and the root of the sealing keys.
type Reconciler struct {
	Client          client.Client
	APIReader       client.Reader
	Recorder        events.EventRecorder
	Authority       *certificate.Authority
	PlatformSecrets string
	// Namespace is the manager's own; empty when it runs outside of the cluster.
	Namespace string
	// Kinds says which of the kinds that a cluster may lack are watched, and can be read.
	Kinds *prerequisites.Kinds
	// Erasures asks pods that are about to end whom they erased; nil asks none.
	Erasures *erasures.Collector
	// Served asks pods what they serve; nil for nobody, and then the status keeps what it says of that.
	Served      *served.Asker
	Now         func() time.Time
	Concurrency int

	// execute carries out a plan in a rehearsal; nil for a manager, which writes to its Client.
	execute executor
	// rehearsal is true when nothing is to be done in truth; see NewRehearsal.
	rehearsal bool
}

// authorityPEM is the CA's certificate; a rehearsal has none.
func (r *Reconciler) authorityPEM() string {
	if r.Authority == nil {
		return ""
	}
	return r.Authority.PEM()
}

// executor carries out a plan.
type executor interface {
	Execute(ctx context.Context, changes []plan.Change) error
}

func (r *Reconciler) executor() executor {
	if r.execute != nil {
		return r.execute
	}
	return apply.New(r.Client)
}

// SetupWithManager registers the watches.
func (r *Reconciler) SetupWithManager(manager ctrl.Manager) error {
	byLabel := handler.EnqueueRequestsFromMapFunc(tenantOfLabel)
	asked := predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
	warm := true
	// A tenant's own status wakes it too: a reconcile that read the tenant before the last write of its status was in
	// the cache takes the older one for what is there, and may skip the write that was needed.
	setup := ctrl.NewControllerManagedBy(manager).Named("halotenant").
		For(&halo.HaloTenant{}).
		// A replica that does not lead keeps its caches warm, so that it can begin at once.
		WithOptions(controller.Options{MaxConcurrentReconciles: r.Concurrency, EnableWarmup: &warm}).
		Watches(&halo.HaloTenant{}, handler.Funcs{CreateFunc: unfinishedFirst}).
		Watches(&halo.HaloTenant{}, handler.EnqueueRequestsFromMapFunc(r.tenantsOfHostname), builder.WithPredicates(asked)).
		Watches(&halo.HaloTenantClass{}, handler.EnqueueRequestsFromMapFunc(r.tenantsOfClass),
			builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, prerequisitesChanged))).
		Watches(&halo.HaloBackup{}, handler.EnqueueRequestsFromMapFunc(r.tenantsOfBackup)).
		Watches(&corev1.Namespace{}, byLabel)
	for _, child := range Children() {
		setup = setup.Watches(child, byLabel)
	}
	if r.Served != nil {
		setup = setup.WatchesRawSource(source.TypedChannel(r.Served.Changed(), &handler.TypedEnqueueRequestForObject[*halo.HaloTenant]{}))
	}
	built, err := setup.Build(r)
	if err != nil {
		return fmt.Errorf("registering the tenant controller: %w", err)
	}
	r.Kinds.OnFound(func(kind schema.GroupVersionKind) error {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(kind)
		return built.Watch(source.Kind[client.Object](manager.GetCache(), object, byLabel))
	})
	if _, err := r.Kinds.Watch(desired.OptionalKinds()); err != nil {
		return fmt.Errorf("registering the tenant controller: %w", err)
	}
	return nil
}

// prerequisitesChanged passes a class whose prerequisites have come or gone: its tenants wait for that.
var prerequisitesChanged = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	before, isClass := e.ObjectOld.(*halo.HaloTenantClass)
	after, isClassToo := e.ObjectNew.(*halo.HaloTenantClass)
	return isClass && isClassToo && meta.IsStatusConditionTrue(before.Status.Conditions, halo.ConditionPrerequisitesReady) !=
		meta.IsStatusConditionTrue(after.Status.Conditions, halo.ConditionPrerequisitesReady)
}}

// Index is a field by which the cache finds objects.
type Index struct {
	Object client.Object
	Field  string
	Value  client.IndexerFunc
}

// Indexes are what the controllers look objects up by.
func Indexes() []Index {
	return []Index{
		{&halo.HaloTenant{}, indexClass, func(o client.Object) []string { return []string{o.(*halo.HaloTenant).Spec.ClassName} }},
		{&halo.HaloTenant{}, indexHostname, func(o client.Object) []string { return []string{o.(*halo.HaloTenant).Spec.Hostname} }},
		{&halo.HaloTenant{}, indexDomain, func(o client.Object) []string { return []string{decide.HostnameDomain(o.(*halo.HaloTenant))} }},
		{&halo.HaloTenant{}, indexCluster, func(o client.Object) []string {
			return []string{desired.ClusterIdentifier(o.(*halo.HaloTenant))}
		}},
		{&halo.HaloTenant{}, indexBootstrap, func(o client.Object) []string {
			if bootstrap := o.(*halo.HaloTenant).Spec.Bootstrap; bootstrap != nil {
				return []string{bootstrap.BackupName}
			}
			return nil
		}},
		{&halo.HaloBackup{}, indexTenant, func(o client.Object) []string { return []string{o.(*halo.HaloBackup).Spec.TenantName} }},
	}
}

// unfinishedFirst lets tenants that are not ready be worked on before those that are, when the manager has just started:
// what it finds then has the lowest priority, and of the priorities of a tenant the highest counts.
func unfinishedFirst(_ context.Context, created event.CreateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	tenant, ok := created.Object.(*halo.HaloTenant)
	if !ok || tenant.Status.ObservedGeneration == tenant.Generation && meta.IsStatusConditionTrue(tenant.Status.Conditions, halo.ConditionReady) {
		return
	}
	request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(tenant)}
	if byPriority, ok := queue.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		byPriority.AddWithOpts(priorityqueue.AddOpts{Priority: new(0)}, request) // Add would give the lowest
	}
}

func tenantOfLabel(_ context.Context, object client.Object) []reconcile.Request {
	tenant := object.GetLabels()[naming.LabelTenant]
	if tenant == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Name: tenant}}}
}

// tenantsOfHostname wakes the others that want the same hostname: one may be free to have it now.
func (r *Reconciler) tenantsOfHostname(ctx context.Context, object client.Object) []reconcile.Request {
	tenant, ok := object.(*halo.HaloTenant)
	if !ok {
		return nil
	}
	var requests []reconcile.Request
	for _, request := range r.tenantsBy(ctx, indexHostname, tenant.Spec.Hostname) {
		if request.Name != tenant.Name {
			requests = append(requests, request)
		}
	}
	return requests
}

// tenantsOfClass wakes the tenants of a class, and those whose hostname is in the domain of its consoles.
func (r *Reconciler) tenantsOfClass(ctx context.Context, object client.Object) []reconcile.Request {
	requests := r.tenantsBy(ctx, indexClass, object.GetName())
	if class, ok := object.(*halo.HaloTenantClass); ok && class.Spec.Console != nil {
		requests = append(requests, r.tenantsBy(ctx, indexDomain, class.Spec.Console.Domain)...)
	}
	return requests
}

// tenantsOfBackup wakes the tenant that a copy is of, and those that wait to be made from it.
func (r *Reconciler) tenantsOfBackup(ctx context.Context, object client.Object) []reconcile.Request {
	backup, ok := object.(*halo.HaloBackup)
	if !ok {
		return nil
	}
	own := reconcile.Request{NamespacedName: client.ObjectKey{Name: backup.Spec.TenantName}}
	return append(r.tenantsBy(ctx, indexBootstrap, backup.Name), own)
}

func (r *Reconciler) tenantsBy(ctx context.Context, index, value string) []reconcile.Request {
	tenants := &halo.HaloTenantList{}
	if err := r.Client.List(ctx, tenants, client.MatchingFields{index: value}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "looking up tenants", "index", index)
		return nil
	}
	var requests []reconcile.Request
	for i := range tenants.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&tenants.Items[i])})
	}
	return requests
}
