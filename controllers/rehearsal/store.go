package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"halo.dev/halo/internal/naming"
)

// key names one object of a store.
type key struct {
	kind schema.GroupVersionKind
	client.ObjectKey
}

// store stands in the place of an API server: a few objects in memory, with as much of an API server's manners as the
// manager relies on. Nothing that is done to it is done to a cluster.
type store struct {
	scheme  *runtime.Scheme
	objects map[key]client.Object
	// made lists the keys in the order in which they were written first.
	made []key
	// written holds what was written since it was last emptied.
	written map[key]bool
	indexes map[string]client.IndexerFunc
}

// errUnsupported is returned for what the manager does not do.
var errUnsupported = errors.New("a rehearsal does not know this request")

func newStore(scheme *runtime.Scheme, objects []client.Object) (*store, error) {
	s := &store{scheme: scheme, objects: map[key]client.Object{}, written: map[key]bool{}, indexes: map[string]client.IndexerFunc{}}
	for _, object := range objects {
		at, err := s.keyOf(object)
		if err != nil {
			return nil, err
		}
		copied, err := s.typed(object)
		if err != nil {
			return nil, err
		}
		if copied.GetResourceVersion() == "" {
			copied.SetResourceVersion("1") // of a manifest; an optimistic lock needs one
		}
		s.objects[at] = copied
	}
	return s, nil
}

// IndexField remembers by what lists of a kind are asked for.
func (s *store) IndexField(_ context.Context, object client.Object, field string, value client.IndexerFunc) error {
	kind, err := apiutil.GVKForObject(object, s.scheme)
	if err != nil {
		return fmt.Errorf("indexing %s: %w", field, err)
	}
	s.indexes[kind.Kind+" "+field] = value
	return nil
}

func (s *store) keyOf(object client.Object) (key, error) {
	kind, err := apiutil.GVKForObject(object, s.scheme)
	if err != nil {
		return key{}, fmt.Errorf("naming the kind of %s: %w", object.GetName(), err)
	}
	return key{kind: kind, ObjectKey: client.ObjectKeyFromObject(object)}, nil
}

// typed copies an object into the type that the scheme has for its kind, as an API server's client returns it.
func (s *store) typed(object client.Object) (client.Object, error) {
	kind, err := apiutil.GVKForObject(object, s.scheme)
	if err != nil {
		return nil, fmt.Errorf("naming the kind of %s: %w", object.GetName(), err)
	}
	if _, untyped := object.(*unstructured.Unstructured); !untyped {
		copied, ok := object.DeepCopyObject().(client.Object)
		if !ok {
			return nil, fmt.Errorf("copying %s %s: it has no metadata", kind.Kind, object.GetName())
		}
		copied.GetObjectKind().SetGroupVersionKind(kind)
		return copied, nil
	}
	content, err := contentOfObject(object)
	if err != nil {
		return nil, err
	}
	return s.fromContent(kind, content)
}

// contentOfObject is a copy of an object's fields.
func contentOfObject(object client.Object) (map[string]any, error) {
	if untyped, ok := object.(*unstructured.Unstructured); ok {
		object = untyped.DeepCopy() // the converter hands out such an object's own content
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("reading %s %s: %w", object.GetObjectKind().GroupVersionKind().Kind, object.GetName(), err)
	}
	return content, nil
}

// fromContent makes an object of the type that the scheme has for its kind, and of none for a kind that it does not
// have: those that a cluster may lack.
func (s *store) fromContent(kind schema.GroupVersionKind, content map[string]any) (client.Object, error) {
	if !s.scheme.Recognizes(kind) {
		result := &unstructured.Unstructured{Object: content}
		result.SetGroupVersionKind(kind)
		return result, nil
	}
	empty, err := s.scheme.New(kind)
	if err != nil {
		return nil, fmt.Errorf("making a %s: %w", kind.Kind, err)
	}
	result, ok := empty.(client.Object)
	if !ok {
		return nil, fmt.Errorf("making a %s: it has no metadata", kind.Kind)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content, result); err != nil {
		return nil, fmt.Errorf("reading a %s: %w", kind.Kind, err)
	}
	result.GetObjectKind().SetGroupVersionKind(kind)
	return result, nil
}

// put stores an object and remembers that it was written.
func (s *store) put(at key, object client.Object) {
	if _, there := s.objects[at]; !there {
		s.made = append(s.made, at)
	}
	s.objects[at] = object
	s.written[at] = true
}

func (s *store) notFound(at key) error {
	return apierrors.NewNotFound(schema.GroupResource{Group: at.kind.Group, Resource: strings.ToLower(at.kind.Kind)}, at.Name)
}

// Get copies an object out.
func (s *store) Get(_ context.Context, name client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	kind, err := apiutil.GVKForObject(into, s.scheme)
	if err != nil {
		return fmt.Errorf("naming the kind of %s: %w", name, err)
	}
	at := key{kind: kind, ObjectKey: name}
	found := s.objects[at]
	if found == nil {
		return s.notFound(at)
	}
	return assign(into, found)
}

// assign copies one object into another of the same type.
func assign(into, from client.Object) error {
	copied, ok := from.DeepCopyObject().(client.Object)
	target, source := reflect.ValueOf(into), reflect.ValueOf(copied)
	if !ok || target.Type() != source.Type() {
		return fmt.Errorf("%w: %T as %T", errUnsupported, from, into)
	}
	target.Elem().Set(source.Elem())
	return nil
}

// List copies out the objects of a kind that the options ask for, by name.
func (s *store) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	kind, err := apiutil.GVKForObject(list, s.scheme)
	if err != nil {
		return fmt.Errorf("naming the kind of a list: %w", err)
	}
	kind.Kind = strings.TrimSuffix(kind.Kind, "List")
	asked := (&client.ListOptions{}).ApplyOptions(options)
	var found []runtime.Object
	for _, at := range s.keys() {
		object := s.objects[at]
		if at.kind != kind || (asked.Namespace != "" && at.Namespace != asked.Namespace) {
			continue
		}
		if asked.LabelSelector != nil && !asked.LabelSelector.Matches(labels.Set(object.GetLabels())) {
			continue
		}
		matches, err := s.matches(kind.Kind, object, asked.FieldSelector)
		if err != nil {
			return err
		}
		if matches {
			found = append(found, object.DeepCopyObject())
		}
	}
	return meta.SetList(list, found)
}

func (s *store) matches(kind string, object client.Object, selector fields.Selector) (bool, error) {
	if selector == nil {
		return true, nil
	}
	for _, requirement := range selector.Requirements() {
		value := s.indexes[kind+" "+requirement.Field]
		if value == nil {
			return false, fmt.Errorf("%w: a list of %s by %s", errUnsupported, kind, requirement.Field)
		}
		if !slices.Contains(value(object), requirement.Value) {
			return false, nil
		}
	}
	return true, nil
}

// keys are sorted, so that a rehearsal is the same each time.
func (s *store) keys() []key {
	keys := make([]key, 0, len(s.objects))
	for at := range s.objects {
		keys = append(keys, at)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return strings.Compare(a.kind.String()+a.String(), b.kind.String()+b.String())
	})
	return keys
}

// ours tells whether the manager's caches show an object: of its children they hold only labelled ones.
func ours(at key, object client.Object) bool {
	return at.kind.Group == "halo.dev" || object.GetLabels()[naming.LabelManagedBy] == naming.ManagedBy
}

// Create adds an object that must not be there.
func (s *store) Create(_ context.Context, object client.Object, _ ...client.CreateOption) error {
	at, err := s.keyOf(object)
	if err != nil {
		return err
	}
	if s.objects[at] != nil {
		return apierrors.NewAlreadyExists(schema.GroupResource{Group: at.kind.Group, Resource: strings.ToLower(at.kind.Kind)}, at.Name)
	}
	created, err := s.typed(object)
	if err != nil {
		return err
	}
	created.SetGeneration(1)
	created.SetResourceVersion("1")
	if created.GetUID() == "" {
		created.SetUID(types.UID("rehearsed-" + strings.ToLower(at.kind.Kind) + "-" + at.Name))
	}
	s.put(at, created)
	object.SetUID(created.GetUID())
	object.SetResourceVersion(created.GetResourceVersion())
	return nil
}

// Update replaces an object.
func (s *store) Update(_ context.Context, object client.Object, _ ...client.UpdateOption) error {
	at, err := s.keyOf(object)
	if err != nil {
		return err
	}
	before := s.objects[at]
	if before == nil {
		return s.notFound(at)
	}
	updated, err := s.typed(object)
	if err != nil {
		return err
	}
	return s.replace(at, before, updated)
}

// replace puts an object in the place of another, and counts its generation on when its spec changed.
func (s *store) replace(at key, before, after client.Object) error {
	old, err := contentOfObject(before)
	if err != nil {
		return err
	}
	fresh, err := contentOfObject(after)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(old["spec"], fresh["spec"]) {
		after.SetGeneration(before.GetGeneration() + 1)
	}
	s.put(at, after)
	return nil
}

// Patch knows merge patches, which are the only ones that the manager sends.
func (s *store) Patch(_ context.Context, object client.Object, patch client.Patch, _ ...client.PatchOption) error {
	data, err := patch.Data(object)
	if err != nil {
		return fmt.Errorf("reading a patch of %s: %w", object.GetName(), err)
	}
	if patch.Type() != types.MergePatchType {
		return fmt.Errorf("%w: a patch of type %s", errUnsupported, patch.Type())
	}
	at, err := s.keyOf(object)
	if err != nil {
		return err
	}
	changes, err := decode(data)
	if err != nil {
		return fmt.Errorf("reading a patch of %s: %w", object.GetName(), err)
	}
	if metadata, ok := changes["metadata"].(map[string]any); ok {
		delete(metadata, "resourceVersion")
	}
	if err := s.merge(at, changes); err != nil {
		return err
	}
	if _, plain := object.(*unstructured.Unstructured); plain {
		return nil // its caller only wanted it done
	}
	return assign(object, s.objects[at])
}

// Apply merges the owned fields of an object into what is there. A list counts as one value, as it does for the plan.
func (s *store) Apply(ctx context.Context, configuration runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
	content, err := contentOf(configuration)
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{Object: content}
	at, err := s.keyOf(object)
	if err != nil {
		return err
	}
	if s.objects[at] == nil {
		return s.Create(ctx, object)
	}
	return s.merge(at, content)
}

func (s *store) merge(at key, changes map[string]any) error {
	before := s.objects[at]
	if before == nil {
		return s.notFound(at)
	}
	present, err := contentOfObject(before)
	if err != nil {
		return err
	}
	after, err := s.fromContent(at.kind, mergeInto(present, changes))
	if err != nil {
		return err
	}
	return s.replace(at, before, after)
}

// Delete removes an object. What has a finalizer of somebody else would stay for a while; a rehearsal does not wait.
func (s *store) Delete(_ context.Context, object client.Object, _ ...client.DeleteOption) error {
	at, err := s.keyOf(object)
	if err != nil {
		return err
	}
	if s.objects[at] == nil {
		return s.notFound(at)
	}
	delete(s.objects, at)
	s.made = slices.DeleteFunc(s.made, func(other key) bool { return other == at })
	return nil
}

// DeleteAllOf is not what the manager does.
func (s *store) DeleteAllOf(context.Context, client.Object, ...client.DeleteAllOfOption) error {
	return errUnsupported
}

// Scheme is the scheme of the objects.
func (s *store) Scheme() *runtime.Scheme { return s.scheme }

// RESTMapper is empty.
func (s *store) RESTMapper() meta.RESTMapper { return meta.NewDefaultRESTMapper(nil) }

// GroupVersionKindFor asks the scheme.
func (s *store) GroupVersionKindFor(object runtime.Object) (schema.GroupVersionKind, error) {
	return apiutil.GVKForObject(object, s.scheme)
}

// IsObjectNamespaced is not asked for.
func (s *store) IsObjectNamespaced(runtime.Object) (bool, error) { return false, errUnsupported }
