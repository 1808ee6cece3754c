package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

const rotateHelp = `Asks the manager to make new database users for the tenant, to let its pods use them, and then to drop those of before.
No request fails meanwhile. It needs the right to patch the HaloTenant.`

func runRotate(ctx context.Context, arguments []string, std streams) (int, error) {
	f := newFlags("rotate", "NAME", rotateHelp, std)
	name, connection, err := f.tenantOf(arguments)
	if err != nil {
		return exitTrouble, err
	}
	if err := rotate(ctx, connection, name, std.now()); err != nil {
		return exitTrouble, err
	}
	fmt.Fprintf(std.out, "HaloTenant %s: new credentials have been asked for; kubectl halo why %s tells how far they are.\n", name, name)
	return exitSame, nil
}

// rotate gives the annotation a value that it never had.
func rotate(ctx context.Context, connection client.Client, name string, now time.Time) error {
	tenant := &halo.HaloTenant{}
	if err := connection.Get(ctx, client.ObjectKey{Name: name}, tenant); err != nil {
		return fmt.Errorf("reading HaloTenant %s: %w", name, err)
	}
	if tenant.DeletionTimestamp != nil {
		return fmt.Errorf("HaloTenant %s is being deleted", name)
	}
	before := tenant.DeepCopy()
	metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, naming.AnnotationRotate, now.UTC().Format(time.RFC3339Nano))
	if err := connection.Patch(ctx, tenant, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("annotating HaloTenant %s: %w", name, err)
	}
	return nil
}
