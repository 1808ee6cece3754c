package scale_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers"
	"halo.dev/halo/controllers/rehearsal"
	"halo.dev/halo/test/apiserver"
)

// mostCached is how much of the heap a tenant's objects may take in the caches.
const mostCached = 17 << 10

// TestWhatATenantTakesInTheCaches decodes the objects of many tenants, as an informer does, and keeps what the caches keep
// of them: without an API server, so that nothing else counts.
func TestWhatATenantTakesInTheCaches(t *testing.T) {
	scheme, err := controllers.NewScheme()
	if err != nil {
		t.Fatal(err)
	}
	class, tenant := &halo.HaloTenantClass{}, &halo.HaloTenant{}
	for file, into := range map[string]any{"halotenantclass": class, "halotenant": tenant} {
		text, err := os.ReadFile(apiserver.Path("config/samples/" + file + ".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, into); err != nil {
			t.Fatal(err)
		}
	}
	tenant.Name, tenant.UID, tenant.CreationTimestamp, tenant.Spec.DeletionPolicy = placeholder, placeholder, metav1.Now(), halo.DeletionSnapshot
	played, err := rehearsal.Run(context.Background(), scheme, []client.Object{class, tenant}, placeholder, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	objects := slices.DeleteFunc(played.Objects, func(object client.Object) bool {
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
