// Package plan compares what a tenant should have with what it has. It is pure, so that the same code can tell a person
// what would change, and why, before anything does.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// Action is what is done about an object.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// Change is one object that differs, and why it is written.
type Change struct {
	Action Action
	// Object holds the owned fields, with the hash of what is wanted; of one to be deleted its kind, name and UID.
	Object *unstructured.Unstructured
	// AtCreation holds all the fields of an object that is created once and by create, not by apply; else nil.
	AtCreation *unstructured.Unstructured
	// Live holds what is there now, for an update; it must not be changed.
	Live *unstructured.Unstructured
	// Once means that the object may be there already and is then left alone.
	Once bool
	// Fields are the dotted paths that differ, sorted; for an update only.
	Fields []string
	// Reason says what the object is for.
	Reason string
}

// String tells a change in one line.
func (c Change) String() string {
	line := fmt.Sprintf("%s %s %s", c.Action, c.Object.GetKind(), c.Object.GetName())
	if len(c.Fields) > 0 {
		line += fmt.Sprintf(" %v", c.Fields)
	}
	return line
}

// Changes returns what has to be written, in the order of the items. live returns the object in the place of a wanted
// one, or nil.
func Changes(items []desired.Item, live func(client.Object) client.Object) ([]Change, error) {
	var changes []Change
	for _, item := range items {
		change, err := changeOf(item, live(item.Object))
		if err != nil {
			return nil, fmt.Errorf("comparing %s %s: %w", item.Object.GetObjectKind().GroupVersionKind().Kind, item.Object.GetName(), err)
		}
		if change != nil {
			changes = append(changes, *change)
		}
	}
	return changes, nil
}

func changeOf(item desired.Item, live client.Object) (*Change, error) {
	if item.Absent {
		return deletionOf(item, live), nil
	}
	if live != nil && (item.Once || live.GetDeletionTimestamp() != nil) {
		return nil, nil
	}
	hash, err := hashOf(item.Object)
	if err != nil {
		return nil, err
	}
	if live != nil && live.GetAnnotations()[naming.AnnotationAppliedHash] == hash && same(item.Object, live) {
		return nil, nil
	}
	wanted, err := plain(item.Object)
	if err != nil {
		return nil, err
	}
	annotate(wanted, hash)
	change := &Change{Action: Update, Object: wanted, Once: item.Once, Reason: item.Reason}
	if live == nil {
		change.Action = Create
		if item.AtCreation == nil {
			return change, nil
		}
		if change.AtCreation, err = plain(item.AtCreation); err != nil {
			return nil, err
		}
		annotate(change.AtCreation, hash)
		return change, nil
	}
	present, err := plain(live)
	if err != nil {
		return nil, err
	}
	change.Live = present
	change.Fields = differences("", wanted.Object, present.Object)
	if len(change.Fields) == 0 {
		return nil, nil
	}
	return change, nil
}

// deletionOf removes an object by its UID: one that takes its place is not meant.
func deletionOf(item desired.Item, live client.Object) *Change {
	if live == nil || live.GetDeletionTimestamp() != nil {
		return nil
	}
	gone := &unstructured.Unstructured{}
	gone.SetGroupVersionKind(item.Object.GetObjectKind().GroupVersionKind())
	gone.SetNamespace(live.GetNamespace())
	gone.SetName(live.GetName())
	gone.SetUID(live.GetUID())
	return &Change{Action: Delete, Object: gone, Reason: item.Reason}
}

// plain turns an object into its JSON shape without what only the API server writes.
func plain(object client.Object) (*unstructured.Unstructured, error) {
	if untyped, ok := object.(*unstructured.Unstructured); ok {
		object = untyped.DeepCopy() // the converter hands out such an object's own content
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("reading its fields: %w", err)
	}
	content, _ = dropNulls(content).(map[string]any)
	delete(content, "status")
	result := &unstructured.Unstructured{Object: content}
	unstructured.RemoveNestedField(content, "metadata", "managedFields")
	unstructured.RemoveNestedField(content, "metadata", "resourceVersion")
	return result, nil
}

func dropNulls(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		for key, child := range typed {
			if child == nil {
				delete(typed, key)
				continue
			}
			typed[key] = dropNulls(child)
		}
	case []any:
		for i := range typed {
			typed[i] = dropNulls(typed[i])
		}
	}
	return value
}

// hashOf tells what is wanted by a few letters, which are written into the object. A field that is no longer wanted shows
// only by them: a comparison of the wanted fields cannot see what was dropped.
func hashOf(object client.Object) (string, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return "", fmt.Errorf("hashing its fields: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}

func annotate(object *unstructured.Unstructured, hash string) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[naming.AnnotationAppliedHash] = hash
	object.SetAnnotations(annotations)
}

// Differences returns the dotted paths, sorted, at which two objects' contents are not the same, whichever has more.
func Differences(one, other map[string]any) []string {
	paths := append(differences("", one, other), differences("", other, one)...)
	slices.Sort(paths)
	return slices.Compact(paths)
}

// differences returns the paths of wanted that present does not have with the same value. What present has beyond
// wanted (defaults, other owners' fields) does not count; a list counts as one value of a certain length.
func differences(path string, wanted, present map[string]any) []string {
	var paths []string
	for key, want := range wanted {
		here := key
		if path != "" {
			here = path + "." + key
		}
		if path == "" && (key == "apiVersion" || key == "kind") {
			continue
		}
		paths = append(paths, valueDifferences(here, want, present[key])...)
	}
	slices.Sort(paths)
	return paths
}

func valueDifferences(path string, want, have any) []string {
	switch wanted := want.(type) {
	case map[string]any:
		present, ok := have.(map[string]any)
		if !ok {
			return []string{path}
		}
		return differences(path, wanted, present)
	case []any:
		present, ok := have.([]any)
		if !ok || len(present) != len(wanted) {
			return []string{path}
		}
		var paths []string
		for i := range wanted {
			paths = append(paths, valueDifferences(fmt.Sprintf("%s[%d]", path, i), wanted[i], present[i])...)
		}
		return paths
	}
	if reflect.DeepEqual(want, have) {
		return nil
	}
	return []string{path}
}
