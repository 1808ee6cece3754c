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

func TestAnAutoscalersPodsAreNoReasonNotToBeReady(t *testing.T) {
	newClass(t, "scaling-out", nil)
	w := newTenant(t, "scaled-out", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "scaling-out" })
	w.toReady()
	w.masterBecomes(2)
	changeClass(t, "scaling-out", func(spec *halo.HaloTenantClassSpec) { spec.Server.Autoscaling = &halo.Autoscaling{MaxReplicas: 6} })
	w.get(&autoscalingv2.HorizontalPodAutoscaler{}, naming.Server)
	quiet(t)
	w.rollOut()
	w.condition(halo.ConditionReady, "True", "")
	quiet(t)
	ready := w.readySince()
	w.scale(4) // which Kubernetes has not seen
	w.replicas(4)
	w.pods(func(status *appsv1.DeploymentStatus) { status.Replicas, status.UpdatedReplicas = 4, 4 }) // two of them starting
	w.condition(halo.ConditionServerReady, "True", "2 of 4 pods serve")
	quiet(t)
	if now := w.readySince(); now != ready {
		t.Errorf("scaling out changed Ready: %s, and before it %s", now, ready)
	}
	w.pods(func(status *appsv1.DeploymentStatus) { status.AvailableReplicas = 1 })
	w.condition(halo.ConditionReady, "False", "1 of 2 pods are available")
}

// pods changes what Kubernetes tells of the server's pods, as of its present template.
func (w world) pods(change func(*appsv1.DeploymentStatus)) {
	w.t.Helper()
	object := &appsv1.Deployment{}
	w.editStatus(object, naming.Server, func() {
		object.Status.ObservedGeneration = object.Generation
		change(&object.Status)
	})
}
