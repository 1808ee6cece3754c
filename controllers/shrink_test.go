package controllers

import (
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
)

func shrunk[T client.Object](t *testing.T, s *shrinker, object T) T {
	t.Helper()
	result, err := s.shrink(object)
	if err != nil {
		t.Fatal(err)
	}
	return result.(T)
}

// again is a text of the same letters elsewhere in memory.
func again(text string) string { return string([]byte(text)) }

func TestWhatTheCachesKeepIsWhatCame(t *testing.T) {
	s, seconds := &shrinker{}, int64(3600)
	for name, object := range map[string]client.Object{
		"a config": &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"x": "y", "z": ""}, OwnerReferences: []metav1.OwnerReference{{UID: "1", Controller: new(bool)}}},
			Data: map[string]string{"f": "g"}, BinaryData: map[string][]byte{"h": {1, 2}}},
		"a quota":    &corev1.ResourceQuota{Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"pods": resource.MustParse("10"), "limits.cpu": resource.MustParse("1500m")}}},
		"an account": &corev1.ServiceAccount{Secrets: []corev1.ObjectReference{{Name: "b"}}},
		"a database": &rds.DBCluster{Spec: rds.DBClusterSpec{DBClusterIdentifier: "c", Port: &seconds, Tags: []rds.Tag{{Key: "k", Value: "v"}}}},
		"a kind without a type": &unstructured.Unstructured{Object: map[string]any{"kind": "K", "apiVersion": "v1", "metadata": map[string]any{"name": "d"},
			"spec": map[string]any{"list": []any{"one", int64(2), map[string]any{"deep": "e"}, nil}, "yes": true, "nothing": nil, "number": 1.5}}},
	} {
		want := object.DeepCopyObject()
		if diff := cmp.Diff(want, any(shrunk(t, s, object)), cmp.AllowUnexported(resource.Quantity{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWhatIsAlikeIsKeptOnce(t *testing.T) {
	s := &shrinker{}
	configMap := func(name string) *corev1.ConfigMap {
		return shrunk(t, s, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{again("tenant"): again("acme")}, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "x"}},
				OwnerReferences: []metav1.OwnerReference{{UID: types.UID(again("1"))}}},
			Data: map[string]string{again("ca.pem"): again("-----BEGIN CERTIFICATE-----")},
		})
	}
	one, other := configMap("one"), configMap("other")
	if unsafe.StringData(one.Data["ca.pem"]) != unsafe.StringData(other.Data["ca.pem"]) {
		t.Error("the same certificate is kept twice")
	}
	one.Labels["probe"] = "x"
	if other.Labels["probe"] != "x" {
		t.Error("the same labels are kept twice")
	}
	if &one.OwnerReferences[0] != &other.OwnerReferences[0] {
		t.Error("the same owner is kept twice")
	}
	if one.ManagedFields != nil {
		t.Error("who wrote which field is kept")
	}
	for i := range 3 * mostShared {
		s.texts.one(string(rune(i)), string(rune(i)))
	}
	if kept := len(s.texts.recent) + len(s.texts.former); kept > 2*mostShared {
		t.Errorf("%d texts are kept", kept)
	}
}

func TestPartsAreSharedByWhatTheyAre(t *testing.T) {
	s, udp := &shrinker{}, corev1.ProtocolUDP
	server := func(host string, seconds int32) corev1.PodSpec {
		probe := &corev1.Probe{PeriodSeconds: seconds}
		return shrunk(t, s, &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Args: []string{host}, LivenessProbe: probe, VolumeMounts: []corev1.VolumeMount{{Name: "config"}}}},
			Volumes:    []corev1.Volume{{Name: "config"}},
		}}}}).Spec.Template.Spec
	}
	one, other, slow := server("one", 5), server("other", 5), server("one", 6)
	if &one.Volumes[0] != &other.Volumes[0] || &one.Containers[0].VolumeMounts[0] != &other.Containers[0].VolumeMounts[0] || one.Containers[0].LivenessProbe != other.Containers[0].LivenessProbe {
		t.Error("what two tenants have alike is kept twice")
	}
	if other.Containers[0].Args[0] != "other" || slow.Containers[0].LivenessProbe.PeriodSeconds != 6 {
		t.Error("one tenant has what is another's")
	}
	policy := shrunk(t, s, &networkingv1.NetworkPolicy{Spec: networkingv1.NetworkPolicySpec{
		Ingress: []networkingv1.NetworkPolicyIngressRule{{Ports: []networkingv1.NetworkPolicyPort{{Protocol: &udp}}}},
		Egress:  []networkingv1.NetworkPolicyEgressRule{{Ports: []networkingv1.NetworkPolicyPort{{Protocol: &udp}}}},
	}})
	if len(policy.Spec.Ingress) != 1 || len(policy.Spec.Egress) != 1 || *policy.Spec.Egress[0].Ports[0].Protocol != udp {
		t.Errorf("rules of the same text and another direction: %+v", policy.Spec)
	}
}

func TestOfPodsAndJobsOnlyWhatIsAskedStays(t *testing.T) {
	s := &shrinker{}
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "server", Image: "image"}}, Volumes: []corev1.Volume{
		{Name: "users", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "database-users-2"}}}, {Name: "scratch"}}}
	waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
	pod := shrunk(t, s, &corev1.Pod{Spec: spec, Status: corev1.PodStatus{PodIP: "10.0.0.1",
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady}}, ContainerStatuses: []corev1.ContainerStatus{{Name: "server", ImageID: "sha", State: waiting}}}})
	if len(pod.Spec.Containers) != 0 || len(pod.Spec.Volumes) != 1 || pod.Status.PodIP != "10.0.0.1" || len(pod.Status.Conditions) != 1 || pod.Status.ContainerStatuses[0].State != waiting {
		t.Errorf("%+v", pod)
	}
	job := shrunk(t, s, &batchv1.Job{Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: spec}}, Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: batchv1.JobComplete}}}})
	if len(job.Spec.Template.Spec.Volumes) != 1 || job.Spec.Template.Spec.Containers != nil || len(job.Status.Conditions) != 1 {
		t.Errorf("%+v", job)
	}
}
