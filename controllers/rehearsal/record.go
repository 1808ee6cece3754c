package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/internal/apply"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/plan"
)

// cached is what the manager sees of a store and does to it: reads show what its caches would hold, and every write is
// recorded as a change.
type cached struct {
	*store
	record func(plan.Change)
}

// Get hides what the caches do not hold.
func (c cached) Get(ctx context.Context, name client.ObjectKey, into client.Object, options ...client.GetOption) error {
	if err := c.store.Get(ctx, name, into, options...); err != nil {
		return err
	}
	at, err := c.keyOf(into)
	if err != nil {
		return err
	}
	if !ours(at, into) {
		return c.notFound(at)
	}
	return nil
}

// execute carries out a plan as the manager does, on the store.
func (c cached) execute(ctx context.Context, changes []plan.Change) error {
	for _, change := range changes {
		at, err := c.keyOf(change.Object)
		if err != nil {
			return err
		}
		if change.Once && c.objects[at] != nil {
			continue
		}
		if at.kind.Kind == "Secret" && change.Reason == "" {
			change.Reason = secretReason(at.Name)
		}
		if err := apply.New(c.store).Execute(ctx, []plan.Change{change}); err != nil {
			return err
		}
		c.record(change)
	}
	return nil
}

// Create records and creates.
func (c cached) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	if err := c.store.Create(ctx, object, options...); err != nil {
		return err
	}
	return c.tell(plan.Create, object, nil)
}

// Patch records the fields of a patch, and patches.
func (c cached) Patch(ctx context.Context, object client.Object, patch client.Patch, options ...client.PatchOption) error {
	data, err := patch.Data(object)
	if err != nil {
		return fmt.Errorf("reading a patch of %s: %w", object.GetName(), err)
	}
	changes, err := decode(data)
	if err != nil {
		return fmt.Errorf("reading a patch of %s: %w", object.GetName(), err)
	}
	if err := c.store.Patch(ctx, object, patch, options...); err != nil {
		return err
	}
	paths := leaves("", changes)
	paths = slices.DeleteFunc(paths, func(path string) bool { return path == "metadata.resourceVersion" })
	slices.Sort(paths)
	return c.tell(plan.Update, object, paths)
}

// Update records and replaces.
func (c cached) Update(ctx context.Context, object client.Object, options ...client.UpdateOption) error {
	if err := c.store.Update(ctx, object, options...); err != nil {
		return err
	}
	return c.tell(plan.Update, object, nil)
}

// Delete records and removes. A Secret need not be in the store: those of a cluster are never loaded.
func (c cached) Delete(ctx context.Context, object client.Object, options ...client.DeleteOption) error {
	_, secret := object.(*corev1.Secret)
	if err := c.store.Delete(ctx, object, options...); err != nil && (!secret || !apierrors.IsNotFound(err)) {
		return err
	}
	return c.tell(plan.Delete, object, nil)
}

func (c cached) tell(action plan.Action, object client.Object, fields []string) error {
	at, err := c.keyOf(object)
	if err != nil {
		return err
	}
	named := &unstructured.Unstructured{}
	named.SetGroupVersionKind(at.kind)
	named.SetNamespace(at.Namespace)
	named.SetName(at.Name)
	reason := reasons[string(action)+" "+at.kind.Kind]
	if slices.Contains(fields, "metadata.annotations."+naming.AnnotationDatabase) {
		reason = "remembers which database is its own"
	}
	c.record(plan.Change{Action: action, Object: named, Fields: fields, Reason: reason})
	return nil
}

// reasons are those of what the manager writes without a plan.
var reasons = map[string]string{
	"update HaloTenant": "holds the tenant until its database is safe",
	"update Pod":        "makes the kubelet refresh the configuration at once",
	"create HaloBackup": "a copy is due",
	"delete DBInstance": "fewer instances are wanted",
	"delete Secret":     "its passwords open nothing any more",
}

// secretReason says what one of the Secrets is for.
func secretReason(name string) string {
	for _, secret := range []struct{ prefix, reason string }{
		{"database-master", "the database's administrator, for migrations"},
		{"database-users", "whom the server's pods work as in the database"},
		{naming.SealingKeys, "seal visitors' personal data"},
		{naming.TokenKeys, "sign visitors' sessions"},
		{naming.ServerTLS, "the server's certificate"},
		{naming.MailRelay, "the sign-in at the mail relay"},
	} {
		if strings.HasPrefix(name, secret.prefix) {
			return secret.reason
		}
	}
	return ""
}

// leaves lists the dotted paths of a patch's values.
func leaves(path string, value map[string]any) []string {
	var paths []string
	for name, child := range value {
		here := name
		if path != "" {
			here = path + "." + name
		}
		if inner, ok := child.(map[string]any); ok {
			paths = append(paths, leaves(here, inner)...)
			continue
		}
		paths = append(paths, here)
	}
	return paths
}

// decode reads whole numbers as whole numbers.
func decode(data []byte) (map[string]any, error) {
	var content map[string]any
	err := utiljson.Unmarshal(data, &content)
	return content, err
}

// mergeInto does what RFC 7396 says, in place.
func mergeInto(present, changes map[string]any) map[string]any {
	for name, change := range changes {
		inner, isMap := change.(map[string]any)
		switch {
		case change == nil:
			delete(present, name)
		case isMap:
			below, ok := present[name].(map[string]any)
			if !ok {
				below = map[string]any{}
			}
			present[name] = mergeInto(below, inner)
		default:
			present[name] = runtime.DeepCopyJSONValue(change)
		}
	}
	return present
}

func contentOf(configuration runtime.ApplyConfiguration) (map[string]any, error) {
	data, err := json.Marshal(configuration)
	if err != nil {
		return nil, fmt.Errorf("reading what is applied: %w", err)
	}
	return decode(data)
}
