package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

const undeleteHelp = `Makes a deleted tenant again, with a database from its final copy: the newest HaloBackup of source Final that is Ready, or
the one that --backup names. The tenant is as it was when it was deleted, as the copy remembers it, or as -f FILE has it.
It needs the right to read HaloBackups and to create HaloTenants.`

func runUndelete(ctx context.Context, arguments []string, std streams) (int, error) {
	f := newFlags("undelete", "NAME", undeleteHelp, std)
	file := f.StringP("filename", "f", "", "manifest of the HaloTenant, in place of what the copy remembers; - for the standard input")
	backup := f.String("backup", "", "name of the HaloBackup, in place of the newest final one")
	if err := f.parse(arguments); err != nil {
		return exitTrouble, err
	}
	name, err := f.one()
	if err != nil {
		return exitTrouble, err
	}
	var manifest *unstructured.Unstructured
	if *file != "" {
		if manifest, err = manifestOf(*file, name, std); err != nil {
			return exitTrouble, err
		}
	}
	connection, err := f.connect()
	if err != nil {
		return exitTrouble, err
	}
	from, err := undelete(ctx, connection, name, *backup, manifest)
	if err != nil {
		return exitTrouble, err
	}
	fmt.Fprintf(std.out, "HaloTenant %s is made again from HaloBackup %s; kubectl halo why %s tells what it waits for.\n", name, from, name)
	return exitSame, nil
}

func manifestOf(file, name string, std streams) (*unstructured.Unstructured, error) {
	manifests, _, err := readManifests(file, std)
	if err != nil {
		return nil, err
	}
	for _, manifest := range manifests {
		if manifest.GetKind() == "HaloTenant" && manifest.GetName() == name {
			return manifest, nil
		}
	}
	return nil, fmt.Errorf("-f %s: it holds no HaloTenant %s", file, name)
}

// undelete creates the tenant and returns the name of the copy that its database is made from.
func undelete(ctx context.Context, connection client.Client, name, wanted string, manifest *unstructured.Unstructured) (string, error) {
	present := &halo.HaloTenant{}
	err := connection.Get(ctx, client.ObjectKey{Name: name}, present)
	switch {
	case err == nil && present.DeletionTimestamp != nil:
		return "", fmt.Errorf("HaloTenant %s is still being deleted: %s", name, message(present.Status.Conditions))
	case err == nil:
		return "", fmt.Errorf("HaloTenant %s is there", name)
	case !apierrors.IsNotFound(err):
		return "", fmt.Errorf("reading HaloTenant %s: %w", name, err)
	}
	backup, err := copyOf(ctx, connection, name, wanted)
	if err != nil {
		return "", err
	}
	if manifest == nil {
		if manifest, err = remembered(backup, name); err != nil {
			return "", err
		}
	}
	manifest = manifest.DeepCopy()
	if err := unstructured.SetNestedField(manifest.Object, backup.Name, "spec", "bootstrap", "backupName"); err != nil {
		return "", fmt.Errorf("spec.bootstrap: %w", err)
	}
	if err := connection.Create(ctx, manifest); err != nil {
		return "", fmt.Errorf("creating HaloTenant %s: %w", name, err)
	}
	return backup.Name, nil
}

// copyOf finds the copy and makes sure that it can be restored.
func copyOf(ctx context.Context, connection client.Client, tenant, wanted string) (*halo.HaloBackup, error) {
	backups := &halo.HaloBackupList{}
	if err := connection.List(ctx, backups); err != nil {
		return nil, fmt.Errorf("listing HaloBackups: %w", err)
	}
	candidates := slices.DeleteFunc(backups.Items, func(b halo.HaloBackup) bool {
		if wanted != "" {
			return b.Name != wanted
		}
		return b.Spec.TenantName != tenant || b.Spec.Source != halo.SourceFinal
	})
	if len(candidates) == 0 && wanted != "" {
		return nil, fmt.Errorf("--backup: there is no HaloBackup %s; see kubectl get halobackups", wanted)
	}
	if len(candidates) == 0 {
		return nil, fmt.Errorf("there is no final HaloBackup of a tenant %s; see kubectl get halobackups, and name another with --backup", tenant)
	}
	slices.SortFunc(candidates, func(a, b halo.HaloBackup) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	newest := candidates[0]
	if newest.Spec.TenantName != tenant {
		return nil, fmt.Errorf("--backup: HaloBackup %s is a copy of tenant %s, not of %s; apply a HaloTenant with spec.bootstrap to make another tenant of it",
			newest.Name, newest.Spec.TenantName, tenant)
	}
	if !meta.IsStatusConditionTrue(newest.Status.Conditions, halo.ConditionReady) {
		return nil, fmt.Errorf("HaloBackup %s cannot be restored yet: %s", newest.Name, message(newest.Status.Conditions))
	}
	return &newest, nil
}

// remembered is the tenant as the manager noted it on its final copy.
func remembered(backup *halo.HaloBackup, name string) (*unstructured.Unstructured, error) {
	note := backup.Annotations[naming.AnnotationTenantSpec]
	if note == "" {
		return nil, fmt.Errorf("HaloBackup %s does not remember the tenant's spec; give its manifest with -f", backup.Name)
	}
	var spec map[string]any
	if err := json.Unmarshal([]byte(note), &spec); err != nil || spec == nil {
		return nil, errors.Join(fmt.Errorf("metadata.annotations[%s] of HaloBackup %s holds no spec; give the tenant's manifest with -f",
			naming.AnnotationTenantSpec, backup.Name), err)
	}
	tenant := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	tenant.SetGroupVersionKind(halo.GroupVersion.WithKind("HaloTenant"))
	tenant.SetName(name)
	return tenant, nil
}
