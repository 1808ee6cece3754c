package tenant

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/internal/naming"
)

// handOverScale gives the number of pods another owner before the operator lets go of it. Without that, Kubernetes would
// take the field away with its last owner, and its default is one pod.
func (r *Reconciler) handOverScale(ctx context.Context, w *work) error {
	deployment := w.state.Deployment()
	if w.class.Spec.Server.Autoscaling == nil || !w.decision.Input.Scaled || w.state.Autoscaler() != nil {
		return nil
	}
	if r.rehearsal {
		return nil // nothing that is wanted changes by it
	}
	scale := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"replicas": int64(*deployment.Spec.Replicas)}}}
	scale.SetAPIVersion("apps/v1")
	scale.SetKind("Deployment")
	scale.SetNamespace(deployment.Namespace)
	scale.SetName(deployment.Name)
	if err := r.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(scale), client.FieldOwner(naming.ScaleOwner)); err != nil {
		return fmt.Errorf("handing the number of pods of tenant %s to its autoscaler: %w", w.tenant.Name, err)
	}
	return nil
}
