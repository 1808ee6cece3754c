// Package apply is the only writer of a tenant's objects. It uses server-side apply with one field owner, creates what
// must never be taken over, and writes nothing that is not in the plan.
package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/plan"
)

// ErrExists says that an object which had to be new is there already: the reader was behind, or it is somebody else's.
var ErrExists = errors.New("it exists already")

// Applier executes plans.
type Applier struct{ client client.Client }

// New returns an Applier that writes through a client.
func New(writer client.Client) Applier { return Applier{client: writer} }

// Execute writes the changes in their order and stops at the first failure. An error names the object; it wraps
// ErrExists or the API server's error.
func (a Applier) Execute(ctx context.Context, changes []plan.Change) error {
	for _, change := range changes {
		if err := a.execute(ctx, change); err != nil {
			return fmt.Errorf("%s %s %s: %w", change.Action, change.Object.GetKind(), change.Object.GetName(), err)
		}
	}
	return nil
}

func (a Applier) execute(ctx context.Context, change plan.Change) error {
	switch {
	case change.Action == plan.Delete:
		uid := change.Object.GetUID()
		err := a.client.Delete(ctx, change.Object, client.Preconditions{UID: &uid})
		return client.IgnoreNotFound(err)
	case change.Action == plan.Create && change.Once:
		err := a.client.Create(ctx, change.Object, client.FieldOwner(naming.ManagedBy))
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	case change.Action == plan.Create && change.AtCreation != nil:
		err := a.client.Create(ctx, change.AtCreation, client.FieldOwner(naming.CreateOwner))
		if !apierrors.IsAlreadyExists(err) {
			return err
		}
		return errors.Join(fmt.Errorf("%w: %w", ErrExists, err), a.reclaim(ctx, change))
	}
	return a.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(change.Object),
		client.FieldOwner(naming.ManagedBy), client.ForceOwnership)
}

// reclaim puts the labels back onto an object in a tenant's own namespace, where every name is the operator's: without
// them the caches do not show it. A cluster-scoped object may be somebody else's and is left alone.
func (a Applier) reclaim(ctx context.Context, change plan.Change) error {
	if change.Object.GetNamespace() == "" {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": change.Object.GetLabels()}})
	if err != nil {
		return fmt.Errorf("writing its labels: %w", err)
	}
	target := &unstructured.Unstructured{}
	target.SetGroupVersionKind(change.Object.GroupVersionKind())
	target.SetNamespace(change.Object.GetNamespace())
	target.SetName(change.Object.GetName())
	return a.client.Patch(ctx, target, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(naming.ManagedBy))
}
