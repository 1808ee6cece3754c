package ack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"halo.dev/halo/test/awslocal/rds"
)

// Account is the AWS side: calls to it are serialised and kept.
type Account interface {
	Do(call func(account *rds.Account, now time.Time) error) error
}

// Timings are how soon ACK looks again. The real one takes 30 s while unsynced and 10 h when synced.
type Timings struct {
	Unsynced time.Duration
	Retry    time.Duration // after a recoverable error
	Synced   time.Duration
}

// reconciler plays one kind.
type reconciler struct {
	kind    kind
	client  client.Client // reads go to the API server: nothing is cached
	account Account
	timings Timings
	policy  Policy
	faults  *faults
	now     func() time.Time
}

// result is how a reconciliation ended.
type result struct {
	observed   *observation
	err        error
	references bool
	adopted    bool
	overwrite  bool // observed values replace what the spec says, as after a create
}

// Reconcile brings the account to what the object says, and the object to what the account says.
func (r *reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(groupVersion.WithKind(r.kind.name))
	if err := r.client.Get(ctx, request.NamespacedName, object); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	original := object.DeepCopy()
	var ended result
	if object.GetDeletionTimestamp() != nil {
		ended.err = r.finalize(ctx, object)
		if ended.err == nil {
			return reconcile.Result{}, nil
		}
	} else {
		ended = r.sync(ctx, object)
	}
	if err := r.write(ctx, original, object, ended); err != nil {
		if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
			return reconcile.Result{RequeueAfter: r.timings.Unsynced}, nil
		}
		return reconcile.Result{}, err
	}
	return reconcile.Result{RequeueAfter: r.lookAgain(ended.err)}, nil
}

// lookAgain is when ACK looks again. After a terminal error it does not until the object changes.
func (r *reconciler) lookAgain(err error) time.Duration {
	switch {
	case err == nil, isTerminal(err):
		return r.timings.Synced
	case isWait(err):
		return r.timings.Unsynced
	}
	return r.timings.Retry
}

func (r *reconciler) sync(ctx context.Context, object *unstructured.Unstructured) result {
	ended := result{references: usesReferences(object)}
	fault, err := r.faults.of(r.kind.name, object)
	if err != nil || fault.Kind == FaultTerminal {
		ended.err = err
		if err == nil {
			ended.err = terminal("%s", fault.Message)
		}
		return ended
	}
	adopting, err := parseAdoption(object.GetAnnotations())
	if err != nil {
		ended.err = err
		return ended
	}
	if identifier := adopting.fields[r.kind.identifier]; identifier != "" {
		_ = unstructured.SetNestedField(object.Object, identifier, "spec", r.kind.identifier)
	}
	wanted, err := r.kind.read(ctx, access{r.client}, object, true)
	if err != nil {
		ended.err = err
		return ended
	}
	return r.act(ctx, object, wanted, fault, adopting, ended)
}

// act makes the one call that ACK makes in a turn.
func (r *reconciler) act(ctx context.Context, object *unstructured.Unstructured, wanted target, fault Fault, adopting adoption, ended result) result {
	ended.observed = r.observe(wanted)
	managed := slices.Contains(object.GetFinalizers(), r.finalizer())
	exists := ended.observed != nil
	ended.adopted = adopting.wanted && exists
	switch {
	case isReadOnly(object):
		if ended.overwrite = exists; !exists {
			ended.err = errors.New("the read-only resource does not exist in AWS")
		}
		return ended
	case adopting.wanted && !managed && !exists && !adopting.orCreate:
		ended.err = errors.New("the resource to adopt does not exist in AWS")
		return ended
	case exists && !managed && !adopting.wanted:
		ended.err = terminal("This resource already exists but is not managed by ACK. To bring the resource under ACK management, you should explicitly adopt the resource by using the adoption-policy annotation")
		return ended
	}
	ended.overwrite = !exists || (ended.adopted && !managed && !adopting.orCreate)
	if ended.err = r.manage(ctx, object); ended.err != nil {
		return ended
	}
	if ended.adopted && !managed {
		ended.err = wait("adopted")
		return ended
	}
	if ended.err = wanted.credentials(ctx, exists); ended.err != nil {
		return ended
	}
	ended.err = r.call(wanted, fault, exists)
	ended.observed = r.observe(wanted)
	return ended
}

func (r *reconciler) observe(wanted target) *observation {
	var observed *observation
	_ = r.account.Do(func(account *rds.Account, now time.Time) error {
		observed = wanted.find(account, now)
		return nil
	})
	return observed
}

func (r *reconciler) call(wanted target, fault Fault, exists bool) error {
	return r.account.Do(func(account *rds.Account, now time.Time) error {
		if !exists {
			if err := wanted.create(account, now); err != nil {
				return err
			}
			wanted.fault(account, fault)
			account.Advance(now)
			return wait("Resource is being created")
		}
		wanted.fault(account, fault)
		account.Advance(now)
		if wanted.find(account, now) == nil {
			return wait("Resource has gone")
		}
		return wanted.update(account, now)
	})
}

// finalize plays the deletion. The finalizer goes as soon as AWS has accepted the call, not when AWS is done.
func (r *reconciler) finalize(ctx context.Context, object *unstructured.Unstructured) error {
	if !slices.Contains(object.GetFinalizers(), r.finalizer()) {
		return nil
	}
	namespace, err := access{r.client}.namespaceAnnotations(ctx, object.GetNamespace())
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if !isReadOnly(object) && resolvePolicy(object.GetAnnotations(), namespace, r.policy) == PolicyDelete {
		if err := r.remove(ctx, object); err != nil {
			return err
		}
	}
	remaining := slices.DeleteFunc(object.GetFinalizers(), func(name string) bool { return name == r.finalizer() })
	return client.IgnoreNotFound(r.patchFinalizers(ctx, object, remaining))
}

func (r *reconciler) remove(ctx context.Context, object *unstructured.Unstructured) error {
	fault, err := r.faults.of(r.kind.name, object)
	if err == nil && fault.Kind == FaultTerminal {
		err = terminal("%s", fault.Message)
	}
	if err != nil {
		return err
	}
	wanted, err := r.kind.read(ctx, access{r.client}, object, false)
	if err != nil {
		return err
	}
	return r.account.Do(func(account *rds.Account, now time.Time) error {
		if wanted.find(account, now) == nil {
			return nil
		}
		return wanted.remove(account, now)
	})
}

func (r *reconciler) finalizer() string { return finalizerPrefix + r.kind.name }

// manage puts ACK's finalizer on the object before anything is created for it.
func (r *reconciler) manage(ctx context.Context, object *unstructured.Unstructured) error {
	if slices.Contains(object.GetFinalizers(), r.finalizer()) {
		return nil
	}
	return r.patchFinalizers(ctx, object, append(object.GetFinalizers(), r.finalizer()))
}

func (r *reconciler) patchFinalizers(ctx context.Context, object *unstructured.Unstructured, finalizers []string) error {
	patched := emptyLike(object)
	err := r.patch(ctx, patched, map[string]any{"metadata": map[string]any{
		"finalizers": finalizers, "resourceVersion": object.GetResourceVersion(),
	}}, false)
	if err != nil {
		return fmt.Errorf("set the finalizers of %s %s: %w", r.kind.name, client.ObjectKeyFromObject(object), err)
	}
	object.SetFinalizers(finalizers)
	object.SetResourceVersion(patched.GetResourceVersion())
	return nil
}

func emptyLike(object *unstructured.Unstructured) *unstructured.Unstructured {
	empty := &unstructured.Unstructured{}
	empty.SetGroupVersionKind(object.GroupVersionKind())
	empty.SetNamespace(object.GetNamespace())
	empty.SetName(object.GetName())
	return empty
}

func annotate(object *unstructured.Unstructured, name, value string) {
	annotations := maps.Clone(object.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[name] = value
	object.SetAnnotations(annotations)
}

func isReadOnly(object *unstructured.Unstructured) bool {
	return object.GetAnnotations()[annotationReadOnly] == "true"
}

// usesReferences says whether a spec names other objects instead of things in the account.
func usesReferences(object *unstructured.Unstructured) bool {
	spec, _, _ := unstructured.NestedMap(object.Object, "spec")
	for _, field := range []string{"dbClusterParameterGroupRef", "dbSubnetGroupRef", "dbClusterIdentifierRef"} {
		if _, given := spec[field]; given {
			return true
		}
	}
	return false
}

func keyOf(object *unstructured.Unstructured) types.NamespacedName {
	return client.ObjectKeyFromObject(object)
}
