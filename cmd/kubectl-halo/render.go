package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers"
	"halo.dev/halo/controllers/rehearsal"
	"halo.dev/halo/internal/naming"
)

const renderHelp = `Prints every object that the manager makes for the tenants in FILE, in the order in which it makes them. It asks no
cluster when FILE holds the tenants' class; else it reads the class from the cluster, and nothing more. Secrets are named,
and have no content. What is known only later stands as a placeholder: the tenant's uid, and the address that RDS gives.
What the API server would refuse is not all found here: kubectl halo plan asks it.`

// placeholderUID stands for that of a tenant that is not there.
const placeholderUID types.UID = "00000000-0000-0000-0000-000000000000"

func runRender(ctx context.Context, arguments []string, std streams) (int, error) {
	f := newFlags("render", "-f FILE", renderHelp, std)
	file := f.StringP("filename", "f", "", "manifest with HaloTenants and their HaloTenantClass; - for the standard input")
	if err := f.parse(arguments); err != nil {
		return exitTrouble, err
	}
	manifests, _, err := readManifests(*file, std)
	if err != nil {
		return exitTrouble, err
	}
	objects, names, err := offline(manifests, std.now())
	if err != nil {
		return exitTrouble, err
	}
	if len(names) == 0 {
		return exitTrouble, fmt.Errorf("-f %s: it holds no HaloTenant", *file)
	}
	scheme, err := controllers.NewScheme()
	if err != nil {
		return exitTrouble, err
	}
	if objects, err = withClasses(ctx, objects, f.connect); err != nil {
		return exitTrouble, err
	}
	for _, name := range names {
		result, err := rehearsal.Run(ctx, scheme, objects, name, std.now())
		if err != nil {
			return exitTrouble, err
		}
		if !meta.IsStatusConditionTrue(result.Last, halo.ConditionReady) {
			return exitTrouble, fmt.Errorf("HaloTenant %s: %s", name, message(result.Last))
		}
		if err := printObjects(std.out, scheme, name, result.Objects); err != nil {
			return exitTrouble, err
		}
	}
	return exitSame, nil
}

func message(conditions []metav1.Condition) string {
	if ready := meta.FindStatusCondition(conditions, halo.ConditionReady); ready != nil {
		return ready.Message
	}
	return "the manager says nothing of it"
}

// offline reads manifests as the API server would, as far as that goes without one. The second result are the tenants.
func offline(manifests []*unstructured.Unstructured, now time.Time) ([]client.Object, []string, error) {
	var objects, copies []client.Object
	var names []string
	for _, manifest := range manifests {
		filled := manifest.DeepCopy()
		if err := fillIn(filled); err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", manifest.GetKind(), manifest.GetName(), err)
		}
		object := map[string]client.Object{"HaloTenant": &halo.HaloTenant{}, "HaloTenantClass": &halo.HaloTenantClass{}, "HaloBackup": &halo.HaloBackup{}}[manifest.GetKind()]
		if object == nil {
			return nil, nil, fmt.Errorf("kind: there is no %s in halo.dev/v1alpha1", manifest.GetKind())
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(filled.Object, object, true); err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", manifest.GetKind(), manifest.GetName(), err)
		}
		if tenant, ok := object.(*halo.HaloTenant); ok {
			tenant.UID, tenant.Generation, tenant.Spec.Suspend = placeholderUID, 1, false
			tenant.CreationTimestamp = metav1.NewTime(now)
			// One that was read from a cluster is that of a database there.
			tenant.Status = halo.HaloTenantStatus{}
			delete(tenant.Annotations, naming.AnnotationDatabase)
			names = append(names, tenant.Name)
			if tenant.Spec.Bootstrap != nil {
				copies = append(copies, readyCopy(tenant.Spec.Bootstrap.BackupName))
			}
		}
		if _, isCopy := object.(*halo.HaloBackup); !isCopy {
			objects = append(objects, object)
		}
	}
	return append(objects, copies...), names, nil
}

// readyCopy stands for the copy that a tenant is made from.
func readyCopy(name string) client.Object {
	return &halo.HaloBackup{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: halo.HaloBackupStatus{
		Conditions: []metav1.Condition{{Type: halo.ConditionReady, Status: metav1.ConditionTrue}}}}
}

// withClasses reads from the cluster those classes that are named and not there.
func withClasses(ctx context.Context, objects []client.Object, connect func() (client.Client, error)) ([]client.Object, error) {
	have := map[string]bool{}
	for _, object := range objects {
		if _, ok := object.(*halo.HaloTenantClass); ok {
			have[object.GetName()] = true
		}
	}
	for _, object := range objects {
		tenant, ok := object.(*halo.HaloTenant)
		if !ok || have[tenant.Spec.ClassName] {
			continue
		}
		connection, err := connect()
		if err != nil {
			return nil, fmt.Errorf("spec.className of HaloTenant %s: HaloTenantClass %s is not in the file, and there is no cluster to read it from: %w",
				tenant.Name, tenant.Spec.ClassName, err)
		}
		class := &halo.HaloTenantClass{}
		if err := connection.Get(ctx, client.ObjectKey{Name: tenant.Spec.ClassName}, class); err != nil {
			return nil, fmt.Errorf("reading HaloTenantClass %s: %w", tenant.Spec.ClassName, err)
		}
		have[class.Name] = true
		objects = append(objects, class)
	}
	return objects, nil
}

func printObjects(out io.Writer, scheme *runtime.Scheme, tenant string, objects []client.Object) error {
	fmt.Fprintf(out, "# HaloTenant %s: %d objects. Its uid, and %s*%s, stand for what is known only later.\n",
		tenant, len(objects), naming.Database(tenant), rehearsal.UnknownHost)
	for _, object := range objects {
		kinds, _, err := scheme.ObjectKinds(object)
		if err != nil || len(kinds) == 0 {
			return errors.Join(fmt.Errorf("naming the kind of %s", object.GetName()), err)
		}
		if kinds[0].Kind == "Secret" {
			fmt.Fprintf(out, "---\n# Secret %s: made by the manager, and never shown.\n", object.GetName())
			continue
		}
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			return fmt.Errorf("reading %s %s: %w", kinds[0].Kind, object.GetName(), err)
		}
		text, err := yaml.Marshal(bare(content))
		if err != nil {
			return fmt.Errorf("writing %s %s: %w", kinds[0].Kind, object.GetName(), err)
		}
		fmt.Fprintf(out, "---\n%s", text)
	}
	return nil
}

// bare leaves out what only a cluster gives.
func bare(content map[string]any) map[string]any {
	delete(content, "status")
	for _, field := range []string{"uid", "generation", "creationTimestamp", "resourceVersion"} {
		unstructured.RemoveNestedField(content, "metadata", field)
	}
	unstructured.RemoveNestedField(content, "metadata", "annotations", naming.AnnotationAppliedHash)
	if annotations, found, _ := unstructured.NestedMap(content, "metadata", "annotations"); found && len(annotations) == 0 {
		unstructured.RemoveNestedField(content, "metadata", "annotations")
	}
	return content
}
