package observe_test

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/internal/observe"
)

var route = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}

// without is a reader of a cluster that has a namespace with a Service in it, and fails at lists of one kind.
type without struct {
	kind string
	err  error
}

func (w without) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return nil
}

func (w without) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch typed := list.(type) {
	case *unstructured.UnstructuredList:
		if w.kind == "HTTPRoute" {
			return w.err
		}
	case *corev1.ServiceList:
		if w.kind == "Service" {
			return w.err
		}
		typed.Items = []corev1.Service{{}}
		typed.Items[0].Name = "server"
	}
	return nil
}

func TestAKindThatWasUninstalledHidesNothingElse(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	gone := apierrors.NewNotFound(schema.GroupResource{Group: route.Group, Resource: "httproutes"}, "")
	for name, c := range map[string]struct {
		reader without
		fails  bool
	}{
		"a kind that a cluster may lack is gone":           {without{"HTTPRoute", gone}, false},
		"it cannot be read for another reason":             {without{"HTTPRoute", errors.New("away")}, true},
		"a kind that every cluster has is said to be gone": {without{"Service", gone}, true},
	} {
		state, err := observe.Read(t.Context(), c.reader, scheme, "acme", route)
		if (err != nil) != c.fails {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && len(state.Of("Service")) != 1 {
			t.Errorf("%s: the Service was not seen", name)
		}
	}
}
