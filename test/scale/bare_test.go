package scale_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/test/sample"
)

// placeholder stands for a tenant's name in the objects that the bare loop applies.
const placeholder = "placeholder"

// sameObjects are a tenant and what the manager makes for it, as a rehearsal tells.
func sameObjects(t *testing.T, e *environment) []string {
	t.Helper()
	tenant := e.tenant(placeholder)
	var texts []string
	for _, object := range append([]client.Object{tenant}, sample.Objects(t, e.class, tenant)...) {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			t.Fatal(err)
		}
		plain := &unstructured.Unstructured{Object: content}
		delete(plain.Object, "status")
		plain.SetUID("")
		plain.SetResourceVersion("")
		plain.SetGeneration(0)
		plain.SetOwnerReferences(nil)
		unstructured.RemoveNestedField(plain.Object, "metadata", "creationTimestamp")
		text, err := json.Marshal(plain.Object)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// applyBare applies the objects of many tenants by a loop of client-go and nothing else, as many at once as the manager.
func applyBare(t *testing.T, e *environment, count int) lap {
	t.Helper()
	texts := sameObjects(t, e)
	connection, err := dynamic.NewForConfig(e.config)
	if err != nil {
		t.Fatal(err)
	}
	clock := startWatch(t)
	each(t, count, func(i int) error {
		name := fmt.Sprintf("bare-%d", i)
		for _, text := range texts {
			if err := applyOne(connection, strings.ReplaceAll(text, placeholder, name)); err != nil {
				return err
			}
		}
		return nil
	})
	return clock.stop(t)
}

func applyOne(connection dynamic.Interface, text string) error {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON([]byte(text)); err != nil {
		return err
	}
	kind := object.GroupVersionKind()
	plural := map[string]string{"NetworkPolicy": "networkpolicies", "Ingress": "ingresses"}[kind.Kind]
	if plural == "" {
		plural = strings.ToLower(kind.Kind) + "s"
	}
	resource := connection.Resource(schema.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: plural})
	into := dynamic.ResourceInterface(resource)
	if object.GetNamespace() != "" {
		into = resource.Namespace(object.GetNamespace())
	}
	force := true
	_, err := into.Patch(context.Background(), object.GetName(), types.ApplyPatchType, []byte(text), metav1.PatchOptions{FieldManager: "bare", Force: &force})
	if err != nil {
		return fmt.Errorf("applying %s %s: %w", kind.Kind, object.GetName(), err)
	}
	return nil
}

// each runs work for 0 to count-1, as many at a time as the operator.
func each(t *testing.T, count int, work func(int) error) {
	t.Helper()
	numbers, failures := make(chan int), make(chan error, count)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for i := range numbers {
				if err := work(i); err != nil {
					failures <- err
				}
			}
		})
	}
	for i := range count {
		numbers <- i
	}
	close(numbers)
	workers.Wait()
	close(failures)
	for err := range failures {
		t.Fatal(err)
	}
}
