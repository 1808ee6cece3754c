package controllers_test

import (
	"context"
	"fmt"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// TestAClassThatChangesInARotationIsWaitedFor changes a class while the credentials of a tenant change, which by itself
// leaves Ready alone: by status.classGeneration and Ready one can wait for the change all the same.
func TestAClassThatChangesInARotationIsWaitedFor(t *testing.T) {
	newClass(t, "turning", nil)
	w := newTenant(t, "turned", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "turning" })
	w.toReady()
	w.classGeneration(1)
	w.masterBecomes(2)
	w.change(func(tenant *halo.HaloTenant) {
		metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, naming.AnnotationRotate, "2026-11-29")
	})
	w.condition(halo.ConditionCredentialsReady, "False", "The migration makes database-users-2")
	w.condition(halo.ConditionReady, "True", "Serving https://")

	class := &halo.HaloTenantClass{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: "turning"}, class); err != nil {
		t.Fatal(err)
	}
	before := class.DeepCopy()
	class.Spec.Server.Resources.Requests = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("123Mi")}
	if err := cluster.Patch(context.Background(), class, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	w.classGeneration(2)
	w.condition(halo.ConditionReady, "False", "Migration: ")
	w.finishMigration(batchv1.JobComplete)
	w.condition(halo.ConditionReady, "False", "Server: ")
	w.rollOut()
	w.finishMigration(batchv1.JobComplete)
	w.masterBecomes(3)
	w.condition(halo.ConditionReady, "True", "Serving https://")
	w.classGeneration(2)
}

// classGeneration waits until a tenant's status is of this generation of its class.
func (w world) classGeneration(want int64) {
	w.t.Helper()
	eventually(w.t, "the class's generation", func() string {
		tenant := &halo.HaloTenant{}
		w.getTenant(tenant)
		if got := tenant.Status.ClassGeneration; got != want {
			return fmt.Sprintf("is %d, want %d", got, want)
		}
		return ""
	})
}
