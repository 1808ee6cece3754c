package controllers_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

func TestTheNumberOfPodsChangesHandsWithoutATenantLosingOne(t *testing.T) {
	newClass(t, "scaling", nil)
	w := newTenant(t, "scaled", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "scaling" })
	w.toReady()
	changeClass(t, "scaling", func(spec *halo.HaloTenantClassSpec) { spec.Server.Autoscaling = &halo.Autoscaling{MaxReplicas: 6} })
	w.get(&autoscalingv2.HorizontalPodAutoscaler{}, naming.Server)
	w.replicas(2)
	w.scale(4)
	changeClass(t, "scaling", func(spec *halo.HaloTenantClassSpec) { spec.ImagePullPolicy = corev1.PullIfNotPresent })
	w.replicas(4)
	changeClass(t, "scaling", func(spec *halo.HaloTenantClassSpec) { spec.Server.Autoscaling = nil })
	w.removed(&autoscalingv2.HorizontalPodAutoscaler{}, naming.Server)
	w.replicas(2)
}

func TestATenantOfAScalingClassBeginsWithTheLeastPods(t *testing.T) {
	newClass(t, "scaling-first", func(class *halo.HaloTenantClass) {
		class.Spec.Server.Replicas, class.Spec.Server.Autoscaling = 3, &halo.Autoscaling{MaxReplicas: 6}
	})
	w := newTenant(t, "scaled-first", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "scaling-first" })
	w.cluster("available")
	w.instance(1, "available")
	w.instance(2, "available")
	w.finishMigration(batchv1.JobComplete)
	w.get(&appsv1.Deployment{}, naming.Server)
	quiet(t)
	w.get(&autoscalingv2.HorizontalPodAutoscaler{}, naming.Server)
	w.replicas(3)
}
