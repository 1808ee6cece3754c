package ack

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/test/awslocal/rds"
)

// fieldManager is what ACK's writes are known by in managedFields.
const fieldManager = "rds-controller"

// write puts a result into the object: annotations and spec first, then the status.
func (r *reconciler) write(ctx context.Context, original, object *unstructured.Unstructured, ended result) error {
	if err := r.writeSpec(ctx, original, object, ended); err != nil {
		return err
	}
	return r.writeStatus(ctx, original, ended)
}

// writeSpec writes annotations of ACK's own and, as ACK does, observed values into the spec: all of them after a
// create, otherwise only where the spec is silent.
func (r *reconciler) writeSpec(ctx context.Context, original, object *unstructured.Unstructured, ended result) error {
	patch := map[string]any{}
	if value := object.GetAnnotations()[annotationLastSecret]; value != original.GetAnnotations()[annotationLastSecret] {
		patch["metadata"] = map[string]any{"annotations": map[string]any{annotationLastSecret: value}}
	}
	if changes := r.specChanges(original, object, ended); len(changes) > 0 {
		patch["spec"] = changes
	}
	if len(patch) == 0 {
		return nil
	}
	if err := r.patch(ctx, emptyLike(object), patch, false); err != nil {
		return fmt.Errorf("write back %s %s: %w", r.kind.name, keyOf(object), err)
	}
	return nil
}

func (r *reconciler) specChanges(original, object *unstructured.Unstructured, ended result) map[string]any {
	changes := map[string]any{}
	before, _, _ := unstructured.NestedMap(original.Object, "spec")
	if adopted, _, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", r.kind.identifier); ended.adopted && adopted != before[r.kind.identifier] {
		changes[r.kind.identifier] = adopted
	}
	if ended.observed == nil {
		return changes
	}
	for name, value := range ended.observed.spec {
		present, given := before[name]
		if !given || (ended.overwrite && !equality.Semantic.DeepEqual(present, value)) {
			changes[name] = value
		}
	}
	return changes
}

func (r *reconciler) writeStatus(ctx context.Context, original *unstructured.Unstructured, ended result) error {
	before, _, _ := unstructured.NestedMap(original.Object, "status")
	if before == nil {
		before = map[string]any{}
	}
	after, err := r.newStatus(before, ended)
	if err != nil {
		return err
	}
	if equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	patch := maps.Clone(after)
	for name := range before {
		if _, kept := after[name]; !kept {
			patch[name] = nil // a merge patch forgets only what it is told to
		}
	}
	if err := r.patch(ctx, emptyLike(original), map[string]any{"status": patch}, true); err != nil {
		return fmt.Errorf("write the status of %s %s: %w", r.kind.name, keyOf(original), err)
	}
	return nil
}

// newStatus is the observed status with ACK's metadata and conditions. Without an observation what was known stays.
func (r *reconciler) newStatus(before map[string]any, ended result) (map[string]any, error) {
	status := maps.Clone(before)
	var common commonStatus
	if err := decode(before, &common); err != nil {
		return nil, err
	}
	if ended.observed != nil {
		observed, err := encode(ended.observed.status)
		if err != nil {
			return nil, err
		}
		status = observed
		common.Metadata.ARN = ended.observed.arn
	}
	_ = r.account.Do(func(account *rds.Account, _ time.Time) error {
		common.Metadata.OwnerAccountID, common.Metadata.Region = account.Settings.AccountID, account.Settings.Region
		return nil
	})
	common.Conditions = judge(common.Conditions, ended.err, ended.references, ended.adopted, r.now())
	fixed, err := encode(common)
	if err != nil {
		return nil, err
	}
	maps.Copy(status, fixed)
	return normalized(status)
}

// normalized has the number types that an object read from the API server has.
func normalized(values map[string]any) (map[string]any, error) {
	text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Status", "status": values})
	if err != nil {
		return nil, fmt.Errorf("encode a status: %w", err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("decode a status: %w", err)
	}
	status, _, err := unstructured.NestedMap(object.Object, "status")
	return status, err
}

func (r *reconciler) patch(ctx context.Context, object *unstructured.Unstructured, patch map[string]any, status bool) error {
	text, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("encode a patch: %w", err)
	}
	merge := client.RawPatch(types.MergePatchType, text)
	if status {
		return r.client.Status().Patch(ctx, object, merge, client.FieldOwner(fieldManager))
	}
	return r.client.Patch(ctx, object, merge, client.FieldOwner(fieldManager))
}
