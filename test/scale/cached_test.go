package scale_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/controllers"
	"halo.dev/halo/test/sample"
)

// mostCached is how much of the heap a tenant's objects may take in the caches.
const mostCached = 17 << 10

// TestWhatATenantTakesInTheCaches decodes the objects of many tenants, as an informer does, and keeps what the caches keep
// of them: without an API server, so that nothing else counts.
func TestWhatATenantTakesInTheCaches(t *testing.T) {
	class, tenant := sample.Tenant(t)
	tenant.Name = placeholder
	objects := slices.DeleteFunc(sample.Objects(t, class, tenant), func(object client.Object) bool {
		return reflect.TypeOf(object) == reflect.TypeFor[*corev1.Secret]() // no cache has any
	})
	plain := heapOf(t, objects, func(object any) (any, error) { return object, nil })
	kept := heapOf(t, objects, controllers.CacheOptions().DefaultTransform)
	t.Logf("%d objects of a tenant: %.1f KiB as they come, %.1f KiB as they are kept", len(objects), float64(plain)/1024, float64(kept)/1024)
	if kept > mostCached {
		t.Errorf("a tenant takes %d bytes in the caches, and %d are enough", kept, mostCached)
	}
}

// heapOf is how much of the heap one of many tenants takes.
func heapOf(t *testing.T, objects []client.Object, transform func(any) (any, error)) int {
	t.Helper()
	const count = 300
	texts := make([]string, 0, len(objects))
	for _, object := range objects {
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	kept := make([]any, 0, count*len(objects))
	before := inUse()
	for i := range count {
		for number, text := range texts {
			object := reflect.New(reflect.TypeOf(objects[number]).Elem()).Interface()
			if err := json.Unmarshal([]byte(strings.ReplaceAll(text, placeholder, fmt.Sprintf("firm-%d", i))), object); err != nil {
				t.Fatal(err)
			}
			object, err := transform(object)
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, object)
		}
	}
	after := inUse()
	runtime.KeepAlive(kept)
	return int(after-before) / count
}

func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return int64(memory.HeapAlloc)
}
