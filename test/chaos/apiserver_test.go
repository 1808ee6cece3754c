package chaos_test

import (
	"context"
	"encoding/json"
	"errors"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rdsapi "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
)

// mapper knows the operator's own kinds and those that a tenant has.
func mapper(scheme *runtime.Scheme) meta.RESTMapper {
	made := meta.NewDefaultRESTMapper(scheme.PrioritizedVersionsAllGroups())
	for kind := range scheme.AllKnownTypes() {
		scope := meta.RESTScopeNamespace
		if kind.Group == halo.GroupVersion.Group || kind.Kind == "Namespace" {
			scope = meta.RESTScopeRoot
		}
		if wanted(kind) {
			made.Add(kind, scope)
		}
	}
	return made
}

func wanted(kind schema.GroupVersionKind) bool {
	switch kind.GroupVersion().String() {
	case "v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1", "autoscaling/v2", halo.GroupVersion.String(), rdsapi.GroupVersion.String():
		return true
	}
	return false
}

// create gives every object a UID and a generation, as an API server does.
func (w *world) create(ctx context.Context, next client.WithWatch, object client.Object, options ...client.CreateOption) error {
	if w.refuse != "" && object.GetNamespace() == w.refuse {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "anything"}, object.GetName(), errors.New("the namespace is being terminated"))
	}
	object.SetUID(types.UID(uuid.NewUUID()))
	object.SetCreationTimestamp(metav1.NewTime(w.now))
	object.SetGeneration(1)
	if tenant, ok := object.(*halo.HaloTenant); ok { // what the schema's default says
		tenant.Status = halo.HaloTenantStatus{ObservedGeneration: -1, Conditions: []metav1.Condition{
			{Type: halo.ConditionReady, Status: metav1.ConditionUnknown}, {Type: halo.ConditionReconciling, Status: metav1.ConditionTrue}}}
	}
	return next.Create(ctx, object, options...)
}

// update gives an edited tenant another generation, as an API server does.
func (w *world) update(ctx context.Context, next client.WithWatch, object client.Object, options ...client.UpdateOption) error {
	if edited, ok := object.(*halo.HaloTenant); ok {
		present := &halo.HaloTenant{}
		if err := next.Get(ctx, client.ObjectKeyFromObject(edited), present); err != nil {
			return err
		}
		if !equality.Semantic.DeepEqual(present.Spec, edited.Spec) {
			edited.Generation = present.Generation + 1
		}
	}
	return next.Update(ctx, object, options...)
}

// apply is server-side apply as far as it matters here: the fake's own mixes the kinds' schemas up.
func (w *world) apply(ctx context.Context, next client.WithWatch, wanted runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
	text, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		return err
	}
	present := object.DeepCopy()
	err = next.Get(ctx, client.ObjectKeyFromObject(object), present)
	if apierrors.IsNotFound(err) {
		return w.create(ctx, next, object)
	}
	if err != nil {
		return err
	}
	return next.Patch(ctx, present, client.RawPatch(types.MergePatchType, text))
}
