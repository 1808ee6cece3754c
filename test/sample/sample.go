// Package sample gives tests the tenant and the class of config/samples, and what such a tenant has when it is Ready.
package sample

import (
	"context"
	"os"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers"
	"halo.dev/halo/controllers/rehearsal"
	"halo.dev/halo/test/apiserver"
)

// Tenant reads the class and the tenant.
func Tenant(t testing.TB) (*halo.HaloTenantClass, *halo.HaloTenant) {
	t.Helper()
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
	return class, tenant
}

// Objects are all that a tenant has when it is Ready, as a rehearsal tells.
func Objects(t testing.TB, class *halo.HaloTenantClass, tenant *halo.HaloTenant) []client.Object {
	t.Helper()
	scheme, err := controllers.NewScheme()
	if err != nil {
		t.Fatal(err)
	}
	stored := tenant.DeepCopy()
	stored.UID, stored.CreationTimestamp, stored.Spec.DeletionPolicy = types.UID(stored.Name), metav1.Now(), halo.DeletionSnapshot
	result, err := rehearsal.Run(context.Background(), scheme, []client.Object{class, stored}, stored.Name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return result.Objects
}
