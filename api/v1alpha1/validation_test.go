package v1alpha1_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"halo.dev/halo/test/apiserver"
)

var apiServer client.Client

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	config, stop, err := apiserver.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	if apiServer, err = client.New(config, client.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// sample reads one of config/samples and gives it a name of its own.
func sample(t *testing.T, file, name string) *unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(apiserver.Path("config/samples/" + file))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(text, &object.Object); err != nil {
		t.Fatal(err)
	}
	object.SetName(name)
	return object
}

// set puts a value at a dotted path.
func set(t *testing.T, object *unstructured.Unstructured, path string, value any) {
	t.Helper()
	fields := strings.Split(path, ".")
	if value == nil {
		unstructured.RemoveNestedField(object.Object, fields...)
		return
	}
	if err := unstructured.SetNestedField(object.Object, value, fields...); err != nil {
		t.Fatal(err)
	}
}

func list(values ...any) []any { return values }

type validationCase struct {
	name    string
	path    string
	value   any
	refusal string // a part of the API server's message; empty means accepted
}

func checkCreation(t *testing.T, file string, cases []validationCase) {
	t.Helper()
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			object := sample(t, file, fmt.Sprintf("case-%d", i))
			set(t, object, c.path, c.value)
			err := apiServer.Create(context.Background(), object)
			switch {
			case c.refusal == "" && err != nil:
				t.Fatalf("refused: %v", err)
			case c.refusal != "" && err == nil:
				t.Fatal("accepted")
			case c.refusal != "" && !strings.Contains(err.Error(), c.refusal):
				t.Fatalf("refused with %q, want a message with %q", err, c.refusal)
			}
		})
	}
}

func TestSamplesAreAccepted(t *testing.T) {
	for _, file := range []string{"halotenantclass.yaml", "halotenant.yaml", "halotenant-all-fields.yaml", "halobackup.yaml"} {
		object := sample(t, file, "sample")
		if err := apiServer.Create(context.Background(), object, client.FieldValidation("Strict")); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if file != "halotenant.yaml" {
			continue
		}
		if err := apiServer.Delete(context.Background(), object); err != nil {
			t.Error(err)
		}
	}
}

func TestABrandNewObjectNeverReadsAsCurrent(t *testing.T) {
	for _, file := range []string{"halotenantclass.yaml", "halotenant.yaml", "halobackup.yaml"} {
		object := sample(t, file, "brand-new")
		if err := apiServer.Create(context.Background(), object); err != nil {
			t.Fatal(err)
		}
		if err := apiServer.Get(context.Background(), client.ObjectKeyFromObject(object), object); err != nil {
			t.Fatal(err)
		}
		if generation, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration"); generation != -1 {
			t.Errorf("%s: observedGeneration %d, want -1", file, generation)
		}
		conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
		text := fmt.Sprint(conditions)
		if !strings.Contains(text, "status:Unknown type:Ready") || !strings.Contains(text, "status:True type:Reconciling") {
			t.Errorf("%s: conditions %s", file, text)
		}
	}
}
