package plan_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/internal/plan"
	"halo.dev/halo/test/sample"
)

// objectsOfATenant are all that the sample tenant has.
func objectsOfATenant(t testing.TB) []client.Object {
	t.Helper()
	class, tenant := sample.Tenant(t)
	objects := sample.Objects(t, class, tenant)
	for _, object := range objects {
		object.SetResourceVersion("") // which nobody wants
	}
	return objects
}

// edits returns copies of a JSON value that each differ in one place: something is changed, taken away or added.
func edits(value any) []any {
	var copies []any
	switch typed := value.(type) {
	case map[string]any:
		for key, child := range typed {
			for _, edited := range edits(child) {
				copies = append(copies, with(typed, key, edited))
			}
			without := with(typed, key, nil)
			delete(without, key)
			copies = append(copies, without)
		}
	case []any:
		for i, child := range typed {
			for _, edited := range edits(child) {
				list := append([]any{}, typed...)
				list[i] = edited
				copies = append(copies, list)
			}
		}
		copies = append(copies, typed[:0], append(append([]any{}, typed...), typed...))
	case string:
		copies = append(copies, typed+"x", "7", "")
	case bool:
		copies = append(copies, !typed)
	case float64:
		copies = append(copies, typed+1, 0.0)
	}
	return copies
}

func with(object map[string]any, key string, value any) map[string]any {
	copied := map[string]any{}
	for name, child := range object {
		copied[name] = child
	}
	copied[key] = value
	return copied
}

// TestSameIsWhatTheComparisonOfFieldsFinds edits every object of a tenant in every place, both ways round.
func TestSameIsWhatTheComparisonOfFieldsFinds(t *testing.T) {
	compared, differing := 0, 0
	for _, object := range objectsOfATenant(t) {
		kind := reflect.TypeOf(object).Elem()
		if !plan.Same(object, object) {
			t.Errorf("%s %s is not the same as itself", kind, object.GetName())
		}
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		var content any
		if err := json.Unmarshal(text, &content); err != nil {
			t.Fatal(err)
		}
		for _, edit := range edits(content) {
			text, err := json.Marshal(edit)
			if err != nil {
				t.Fatal(err)
			}
			edited, ok := reflect.New(kind).Interface().(client.Object)
			if !ok || json.Unmarshal(text, edited) != nil {
				continue // a field of this kind cannot have this value
			}
			for _, pair := range [][2]client.Object{{object, edited}, {edited, object}} {
				want, err := plan.SameByJSON(pair[0], pair[1])
				if err != nil {
					t.Fatal(err)
				}
				compared++
				if !want {
					differing++
				}
				if got := plan.Same(pair[0], pair[1]); got != want {
					t.Errorf("%s %s: %t and not %t after an edit to\n%s", kind, object.GetName(), got, want, text)
				}
			}
		}
	}
	if compared < 4000 || differing < compared/3 || differing == compared {
		t.Errorf("%d comparisons, %d of them of objects that differ", compared, differing)
	}
}

func TestWhatHasNoGoTypeIsNeverCalledTheSame(t *testing.T) {
	route := &unstructured.Unstructured{Object: map[string]any{"kind": "HTTPRoute"}}
	if plan.Same(route, route) {
		t.Error("its fields were not looked at")
	}
}

func BenchmarkChanges(b *testing.B) {
	objects := objectsOfATenant(b)
	b.Run("same", func(b *testing.B) {
		for b.Loop() {
			for _, object := range objects {
				plan.Same(object, object)
			}
		}
	})
	b.Run("by JSON", func(b *testing.B) {
		for b.Loop() {
			for _, object := range objects {
				if _, err := plan.SameByJSON(object, object); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
