package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/prerequisites"
	"halo.dev/halo/controllers/rehearsal"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/plan"
)

const planHelp = `Asks the API server what FILE would make of the tenants and classes in it, and tells what the manager would then do:
for each tenant in FILE, and for each tenant of a class in FILE. Nothing is changed. It needs the right to write what is
in FILE, as kubectl diff does, and to read tenants, classes, copies and the objects in the tenants' namespaces.
Exits 0 when nothing would change, 1 when something would, 2 when it cannot be told.`

func runPlan(ctx context.Context, arguments []string, std streams) (int, error) {
	f := newFlags("plan", "-f FILE", planHelp, std)
	file := f.StringP("filename", "f", "", "manifest with HaloTenants and HaloTenantClasses; - for the standard input")
	if err := f.parse(arguments); err != nil {
		return exitTrouble, err
	}
	manifests, others, err := readManifests(*file, std)
	if err != nil {
		return exitTrouble, err
	}
	for _, other := range others {
		fmt.Fprintf(std.err, "left out: %s is not of halo.dev/v1alpha1\n", other)
	}
	connection, err := f.connect()
	if err != nil {
		return exitTrouble, err
	}
	plans, err := planOf(ctx, connection, manifests, std)
	if err != nil {
		return exitTrouble, err
	}
	return tell(plans, std), nil
}

// subject is a tenant or a class, and what becomes of it.
type subject struct {
	kind, name string
	// own is how the object itself changes; nil when it does not.
	own *plan.Change
	// rehearsed is nil for what is not a tenant.
	rehearsed *rehearsal.Result
}

// planOf tries out the manifests and rehearses every tenant that they are about.
func planOf(ctx context.Context, connection client.Client, manifests []*unstructured.Unstructured, std streams) ([]subject, error) {
	shared, err := rehearsal.LoadShared(ctx, connection)
	if err != nil {
		return nil, err
	}
	lacking, err := prerequisites.New(connection.RESTMapper()).Missing(desired.OptionalKinds())
	if err != nil {
		return nil, err
	}
	var subjects []subject
	for _, manifest := range manifests {
		before, after, err := tryOut(ctx, connection, manifest)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, subject{kind: manifest.GetKind(), name: manifest.GetName(), own: ownChange(before, after)})
		typed, err := typedOf(connection.Scheme(), after)
		if err != nil {
			return nil, err
		}
		shared = replace(shared, typed)
	}
	subjects = withTenantsOfClasses(subjects, shared)
	return subjects, rehearseAll(ctx, connection, subjects, shared, lacking, std.now())
}

// atOnce is how many tenants are read and rehearsed at a time.
const atOnce = 8

// rehearseAll fills in what becomes of each tenant.
func rehearseAll(ctx context.Context, connection client.Client, subjects []subject, shared []client.Object, lacking []schema.GroupVersionKind, now time.Time) error {
	present := slices.DeleteFunc(desired.OptionalKinds(), func(kind schema.GroupVersionKind) bool { return slices.Contains(lacking, kind) })
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range subjects {
		if subjects[i].kind != "HaloTenant" {
			continue
		}
		group.Go(func() error {
			inside, err := rehearsal.LoadTenant(ctx, connection, subjects[i].name, present)
			if err != nil {
				return err
			}
			concerning := rehearsal.Concerning(shared, subjects[i].name)
			result, err := rehearsal.Run(ctx, connection.Scheme(), append(concerning, inside...), subjects[i].name, now, lacking...)
			subjects[i].rehearsed = &result
			return err
		})
	}
	return group.Wait()
}

// typedOf gives an object that the API server has answered with its Go type.
func typedOf(scheme *runtime.Scheme, object *unstructured.Unstructured) (client.Object, error) {
	empty, err := scheme.New(object.GroupVersionKind())
	if err != nil {
		return nil, fmt.Errorf("reading %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, empty); err != nil {
		return nil, fmt.Errorf("reading %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	typed, ok := empty.(client.Object)
	if !ok {
		return nil, fmt.Errorf("reading %s %s: it has no metadata", object.GetKind(), object.GetName())
	}
	return typed, nil
}

// replace puts an object in the place of the one of its kind and name, or adds it.
func replace(objects []client.Object, with client.Object) []client.Object {
	result := make([]client.Object, 0, len(objects)+1)
	for _, object := range objects {
		if object.GetName() == with.GetName() && kindOf(object) == kindOf(with) {
			continue
		}
		result = append(result, object)
	}
	return append(result, with)
}

func kindOf(object client.Object) string {
	switch object.(type) {
	case *halo.HaloTenant:
		return "HaloTenant"
	case *halo.HaloTenantClass:
		return "HaloTenantClass"
	case *halo.HaloBackup:
		return "HaloBackup"
	}
	return object.GetObjectKind().GroupVersionKind().Kind
}

// withTenantsOfClasses adds the tenants whose class is among the subjects.
func withTenantsOfClasses(subjects []subject, shared []client.Object) []subject {
	named := map[string]bool{}
	for _, s := range subjects {
		named[s.kind+" "+s.name] = true
	}
	var added []subject
	for _, object := range shared {
		tenant, ok := object.(*halo.HaloTenant)
		if !ok || named["HaloTenant "+tenant.Name] || !named["HaloTenantClass "+tenant.Spec.ClassName] {
			continue
		}
		added = append(added, subject{kind: "HaloTenant", name: tenant.Name})
	}
	slices.SortFunc(added, func(a, b subject) int { return strings.Compare(a.name, b.name) })
	return append(subjects, added...)
}

// ownChange tells how the applied object itself differs; nil for not at all.
func ownChange(before, after *unstructured.Unstructured) *plan.Change {
	if before == nil {
		return &plan.Change{Action: plan.Create, Object: after, Reason: "what you apply"}
	}
	change := &plan.Change{Action: plan.Update, Object: after, Live: before, Reason: "what you apply"}
	for _, part := range []string{"metadata.labels", "metadata.annotations", "spec"} {
		path := strings.Split(part, ".")
		is, _, _ := unstructured.NestedMap(after.Object, path...)
		was, _, _ := unstructured.NestedMap(before.Object, path...)
		for _, field := range plan.Differences(is, was) {
			if !strings.HasPrefix(field, "kubectl.kubernetes.io/") {
				change.Fields = append(change.Fields, part+"."+field)
			}
		}
	}
	if len(change.Fields) == 0 {
		return nil
	}
	return change
}
