package rehearsal

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
)

// LoadShared reads what the decisions about every tenant rest on: tenants, classes and copies.
func LoadShared(ctx context.Context, reader client.Reader) ([]client.Object, error) {
	var objects []client.Object
	for _, list := range []client.ObjectList{&halo.HaloTenantClassList{}, &halo.HaloTenantList{}, &halo.HaloBackupList{}} {
		found, err := readList(ctx, reader, list)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

// Concerning returns those of the shared objects that bear on one tenant: every class, its own copies and the one that
// it is made from, and of the other tenants those that want a hostname or a database of its.
func Concerning(shared []client.Object, name string) []client.Object {
	self := &halo.HaloTenant{}
	for _, object := range shared {
		if tenant, ok := object.(*halo.HaloTenant); ok && tenant.Name == name {
			self = tenant
		}
	}
	return slices.DeleteFunc(slices.Clone(shared), func(object client.Object) bool {
		switch other := object.(type) {
		case *halo.HaloTenant:
			return other.Name != name && other.Spec.Hostname != self.Spec.Hostname && desired.ClusterIdentifier(other) != desired.ClusterIdentifier(self)
		case *halo.HaloBackup:
			return other.Spec.TenantName != name && (self.Spec.Bootstrap == nil || self.Spec.Bootstrap.BackupName != other.Name)
		}
		return false
	})
}

// LoadTenant reads what one tenant has: the namespace and the database by their names, and the rest by its labels, as
// the manager does. kinds are those of the kinds that a cluster may lack which this one has. It never asks for a Secret.
func LoadTenant(ctx context.Context, reader client.Reader, name string, kinds []schema.GroupVersionKind) ([]client.Object, error) {
	var objects []client.Object
	inside := []client.ListOption{client.InNamespace(naming.Namespace(name)), client.MatchingLabels(naming.TenantLabels(name))}
	for _, list := range append(observe.Lists(), observe.ListsOf(kinds)...) {
		found, err := readList(ctx, reader, list, inside...)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	named := map[client.ObjectKey]client.Object{
		{Name: naming.Namespace(name)}:                                   &corev1.Namespace{},
		{Namespace: naming.Namespace(name), Name: naming.Database(name)}: &rds.DBCluster{},
	}
	for at, object := range named {
		err := reader.Get(ctx, at, object)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return nil, fmt.Errorf("reading %T %s: %w", object, at.Name, err)
		default:
			objects = append(objects, object)
		}
	}
	return objects, nil
}

func readList(ctx context.Context, reader client.Reader, list client.ObjectList, options ...client.ListOption) ([]client.Object, error) {
	if err := reader.List(ctx, list, options...); err != nil {
		return nil, fmt.Errorf("listing %T: %w", list, err)
	}
	var objects []client.Object
	err := meta.EachListItem(list, func(item runtime.Object) error {
		object, ok := item.(client.Object)
		if !ok {
			return fmt.Errorf("listing %T: %T has no metadata", list, item)
		}
		objects = append(objects, object)
		return nil
	})
	return objects, err
}
