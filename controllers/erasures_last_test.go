package controllers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// serveUnready lets a pod answer that no round of the collector asks, because it is not ready.
func (w world) serveUnready(p *people, as string) {
	w.t.Helper()
	w.serve(p, as)
	pod := &corev1.Pod{}
	w.editStatus(pod, "server-asked", func() {
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}
	})
}

// endPod plays the kubelet's and the Deployment controller's part.
func (w world) endPod() {
	w.t.Helper()
	pod := &corev1.Pod{}
	w.get(pod, "server-asked")
	if err := cluster.Delete(context.Background(), pod, client.GracePeriodSeconds(0)); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) noLedger() {
	w.t.Helper()
	if (world{t: w.t, namespace: naming.BackupsNamespace}).exists(&corev1.ConfigMap{}, naming.Erasures(w.uid(), 1)) {
		w.t.Fatal("a round of the collector has noted it already: this test shows nothing")
	}
}

func TestPodsTellWhomTheyErasedLastBeforeTheirTenantEnds(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "ending", nil)
	w.toReady()
	w.hold(&appsv1.Deployment{}, naming.Server)
	held := &people{}
	w.serveUnready(held, w.tenant)
	held.erase(13)
	w.noLedger()
	w.delete()
	w.ledgerBecomes("13\n")
	w.condition(halo.ConditionErasuresNoted, "True", "noted outside")
	w.release(&appsv1.Deployment{}, naming.Server)
	w.condition(halo.ConditionReady, "False", "waiting for the server's pods")
	w.endPod()
}

func TestPodsThatDoNotTellHoldUpTheEndForAMinute(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "mute", nil)
	w.toReady()
	w.hold(&appsv1.Deployment{}, naming.Server)
	w.serveUnready(&people{}, "somebody-else")
	w.delete()
	w.condition(halo.ConditionErasuresNoted, "False", "Waiting at most a minute")
	deployment := &appsv1.Deployment{}
	if w.get(deployment, naming.Server); deployment.DeletionTimestamp != nil {
		t.Fatal("the pods were stopped before they were given up")
	}
	if w.exists(&networkingv1.Ingress{}, naming.Server) {
		t.Error("the entrance is open while the pods are asked")
	}
	clock.Add(int64(2 * time.Minute))
	defer clock.Add(-int64(2 * time.Minute))
	w.change(func(tenant *halo.HaloTenant) {
		metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, "example.com/touched", "1") // a real clock wakes it
	})
	w.condition(halo.ConditionErasuresNoted, "False", "add the numbers of the lines")
	w.release(&appsv1.Deployment{}, naming.Server)
	w.endPod()
	eventually(t, "the warning", func() string {
		list := &eventsv1.EventList{}
		if err := cluster.List(context.Background(), list); err != nil {
			return err.Error()
		}
		for _, event := range list.Items {
			if event.Regarding.Name == w.tenant && event.Reason == halo.EventErasuresUnnoted {
				return ""
			}
		}
		return "is not there"
	})
}

func TestPodsTellWhomTheyErasedLastBeforeTheirTenantSleeps(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "dozing", nil)
	w.toReady()
	held := &people{}
	w.serveUnready(held, "somebody-else")
	held.erase(17)
	w.noLedger()
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Hibernate = true })
	w.condition(halo.ConditionErasuresNoted, "False", "Waiting at most a minute")
	deployment := &appsv1.Deployment{}
	if w.get(deployment, naming.Server); *deployment.Spec.Replicas == 0 {
		t.Fatal("the pods were stopped before they told")
	}
	w.endPod()
	w.serveUnready(held, w.tenant)
	w.ledgerBecomes("17\n")
	eventually(t, "no pods", func() string {
		if w.get(deployment, naming.Server); *deployment.Spec.Replicas != 0 {
			return fmt.Sprintf("%d are wanted", *deployment.Spec.Replicas)
		}
		return ""
	})
	w.endPod()
	w.rollOut()
	w.condition(halo.ConditionReady, "False", "Hibernating")
	w.condition(halo.ConditionErasuresNoted, "True", "noted outside")
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Hibernate = false })
	eventually(t, "the condition", func() string {
		tenant := &halo.HaloTenant{}
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
			return err.Error()
		}
		if left := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionErasuresNoted); left != nil {
			return "is still there: " + left.Message
		}
		return ""
	})
}
