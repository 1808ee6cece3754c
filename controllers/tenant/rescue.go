package tenant

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/naming"
)

// rescue marks what somebody else has deleted of a living tenant's database as retained: ACK lets the object go and
// leaves RDS alone, and the object is then made again and takes the same database over.
func (r *Reconciler) rescue(ctx context.Context, w *work) error {
	var endangered []client.Object
	for _, object := range w.state.Of(rdsKinds...) {
		going := object.GetDeletionTimestamp() != nil && object.GetAnnotations()[rds.AnnotationDeletionPolicy] != rds.DeletionPolicyRetain
		if instance, ok := object.(*rds.DBInstance); ok && going {
			going = w.wanted(instance)
		}
		if copied, ok := object.DeepCopyObject().(client.Object); ok && going {
			endangered = append(endangered, copied)
		}
	}
	if len(endangered) == 0 {
		return nil
	}
	if err := r.edit(ctx, endangered, retain); err != nil {
		return fmt.Errorf("keeping the database of tenant %s: %w", w.tenant.Name, err)
	}
	return nil
}

// goingNamespace waits for the end of a namespace that somebody else deletes: nothing can be made in it any more, and
// what it held is made again in the next one.
func goingNamespace(namespace *corev1.Namespace) *decide.Problem {
	return &decide.Problem{Reason: halo.ReasonNamespaceGoing, Message: fmt.Sprintf(
		"Namespace %s is being deleted, and not by the operator; waiting for it to go%s. The database is kept and taken over again",
		namespace.Name, wordsOf(namespace))}
}

func (w *work) wanted(instance *rds.DBInstance) bool {
	return slices.ContainsFunc(w.decision.Input.Instances, func(number int) bool {
		return instance.Name == naming.Instance(w.tenant.Name, number)
	})
}

// annotateDatabase writes RDS's name of the database into the tenant's metadata: a second place, which is not lost
// together with the status.
func (r *Reconciler) annotateDatabase(ctx context.Context, w *work) error {
	id := w.decision.Identity.ResourceID()
	if id == "" || w.tenant.Annotations[naming.AnnotationDatabase] == id {
		return nil
	}
	edited := &halo.HaloTenant{ObjectMeta: *w.tenant.ObjectMeta.DeepCopy()}
	before := edited.DeepCopy()
	metav1.SetMetaDataAnnotation(&edited.ObjectMeta, naming.AnnotationDatabase, id)
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, edited, patch, client.FieldOwner(naming.ManagedBy)); err != nil {
		return fmt.Errorf("annotating tenant %s with its database: %w", w.tenant.Name, err)
	}
	w.tenant.Annotations, w.tenant.ResourceVersion = edited.Annotations, edited.ResourceVersion
	return nil
}
