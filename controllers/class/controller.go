// Package class reports whether a HaloTenantClass can be used and by how many tenants it is, and keeps a class from
// going while a tenant needs it.
package class

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/prerequisites"
	"halo.dev/halo/internal/conditions"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/schedule"
)

// +kubebuilder:rbac:groups=halo.dev,resources=halotenantclasses,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=halo.dev,resources=halotenantclasses/status,verbs=update
// +kubebuilder:rbac:groups=halo.dev,resources=halotenants,verbs=get;list;watch

// indexClass is registered by the tenant controller.
const indexClass = "spec.className"

// Reconciler holds what the controller works with. PlatformSecrets is the folder with the mail relay's credentials.
type Reconciler struct {
	Client          client.Client
	Kinds           *prerequisites.Kinds
	PlatformSecrets string
	// Look is how soon what is missing is looked for again: neither a kind nor a file tells of its coming.
	Look time.Duration
	Now  func() time.Time
}

// SetupWithManager registers the watches.
func (r *Reconciler) SetupWithManager(manager ctrl.Manager) error {
	warm := true
	err := ctrl.NewControllerManagedBy(manager).Named("halotenantclass").
		WithOptions(controller.Options{EnableWarmup: &warm}).
		For(&halo.HaloTenantClass{}). // its status too: one written before the cache saw the last is looked at again
		Watches(&halo.HaloTenant{}, handler.EnqueueRequestsFromMapFunc(classOfTenant),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(r)
	if err != nil {
		return fmt.Errorf("registering the class controller: %w", err)
	}
	return nil
}

func classOfTenant(_ context.Context, object client.Object) []reconcile.Request {
	tenant, ok := object.(*halo.HaloTenant)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Name: tenant.Spec.ClassName}}}
}

// Reconcile checks one class and counts its tenants.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	class := &halo.HaloTenantClass{}
	if err := r.Client.Get(ctx, request.NamespacedName, class); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	tenants := &halo.HaloTenantList{}
	if err := r.Client.List(ctx, tenants, client.MatchingFields{indexClass: class.Name}); err != nil {
		return ctrl.Result{}, fmt.Errorf("listing the tenants of class %s: %w", class.Name, err)
	}
	class = class.DeepCopy()
	if err := r.guard(ctx, class, len(tenants.Items)); err != nil {
		return quietly(err)
	}
	missing, err := r.missing(class)
	if err != nil {
		return ctrl.Result{}, err
	}
	result, err := quietly(r.writeStatus(ctx, class, len(tenants.Items), missing))
	if err == nil && missing != "" && result.RequeueAfter == 0 {
		result.RequeueAfter = r.Look
	}
	return result, err
}

// quietly tries again after a conflict without calling it a failure.
func quietly(err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: 200 * time.Millisecond}, nil
	}
	return ctrl.Result{}, client.IgnoreNotFound(err)
}

// guard holds a finalizer: a class that is deleted goes when its last tenant has gone.
func (r *Reconciler) guard(ctx context.Context, class *halo.HaloTenantClass, tenants int) error {
	before := class.DeepCopy()
	changed := false
	if class.DeletionTimestamp == nil {
		changed = controllerutil.AddFinalizer(class, naming.FinalizerClass)
	} else if tenants == 0 {
		changed = controllerutil.RemoveFinalizer(class, naming.FinalizerClass)
	}
	if !changed {
		return nil
	}
	if err := r.Client.Patch(ctx, class, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(naming.ManagedBy)); err != nil {
		return fmt.Errorf("guarding class %s: %w", class.Name, err)
	}
	return nil
}

func (r *Reconciler) writeStatus(ctx context.Context, class *halo.HaloTenantClass, tenants int, missing string) error {
	report := conditions.Start(class.Status.Conditions, class.Generation, r.Now())
	if missing == "" {
		report.True(halo.ConditionPrerequisitesReady, halo.ReasonReady, "The cluster and the manager have what tenants of this class are made of")
	} else {
		report.False(halo.ConditionPrerequisitesReady, halo.ReasonMissing, missing)
	}
	switch problem := check(class); {
	case problem != "":
		report.Stalled(halo.ReasonInvalidSpec, problem)
	case class.DeletionTimestamp != nil:
		report.Waiting(halo.ReasonClassInUse, fmt.Sprintf("Deletion waits for %d tenants of this class", tenants))
	case missing != "":
		report.Waiting(halo.ReasonMissing, missing)
	default:
		report.Ready("Tenants can use it")
	}
	status := halo.HaloTenantClassStatus{ObservedGeneration: class.Generation, Tenants: int32(tenants), Conditions: report.List()}
	if equality.Semantic.DeepEqual(class.Status, status) {
		return nil
	}
	class.Status = status
	if err := r.Client.Status().Update(ctx, class, client.FieldOwner(naming.ManagedBy)); err != nil {
		return fmt.Errorf("writing the status of class %s: %w", class.Name, err)
	}
	return nil
}

// check finds what the schema cannot see; the answer names the field, or is empty.
func check(class *halo.HaloTenantClass) string {
	if _, err := schedule.Parse(class.Spec.Backup.Schedule, class.Spec.Backup.TimeZone); err != nil {
		return "spec.backup: " + err.Error()
	}
	if !holdsCertificates(class.Spec.Database.CABundle) {
		return "spec.database.caBundle: it holds no certificate that can be read"
	}
	if bundle := class.Spec.Certificate.CABundle; bundle != "" && !holdsCertificates(bundle) {
		return "spec.certificate.caBundle: it holds no certificate that can be read"
	}
	if bundle := class.Spec.Mail.CABundle; bundle != "" && !holdsCertificates(bundle) {
		return "spec.mail.caBundle: it holds no certificate that can be read"
	}
	return ""
}

func holdsCertificates(bundle string) bool {
	found := false
	for rest := []byte(bundle); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return found
		}
		if _, err := x509.ParseCertificate(block.Bytes); block.Type != "CERTIFICATE" || err != nil {
			return false
		}
		found = true
	}
}
