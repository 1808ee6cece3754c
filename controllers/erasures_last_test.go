package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// askedPod is the one that serve and answer make.
const askedPod = "server-asked"

// endPod plays the kubelet's part.
func (w world) endPod() {
	w.t.Helper()
	pod := &corev1.Pod{}
	w.get(pod, askedPod)
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

// wants waits for pods to be wanted, or none.
func (w world) wants(pods bool) {
	w.t.Helper()
	eventually(w.t, "the pods", func() string {
		deployment := &appsv1.Deployment{}
		if w.get(deployment, naming.Server); (*deployment.Spec.Replicas > 0) != pods {
			return fmt.Sprintf("%d are wanted", *deployment.Spec.Replicas)
		}
		return ""
	})
}

func TestPodsTellWhomTheyErasedLastBeforeTheirTenantEnds(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "ending", nil)
	w.toReady()
	w.hold(&appsv1.Deployment{}, naming.Server)
	held := &people{}
	w.answer(held, w.tenant, corev1.ConditionFalse) // no round of the collector asks a pod that is not ready
	w.hold(&corev1.Pod{}, askedPod)
	held.erase(13)
	w.noLedger()
	w.delete()
	w.condition(halo.ConditionErasuresNoted, "True", "noted outside")
	w.ledgerBecomes("13\n")
	w.condition(halo.ConditionReady, "False", "waiting for the server's pods")
	if w.exists(&networkingv1.Ingress{}, naming.Server) {
		t.Error("the entrance is open after the last question")
	}

	// A request that had begun erases somebody while the pod drains.
	pod := &corev1.Pod{}
	w.get(pod, askedPod)
	if err := cluster.Delete(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	held.erase(19)
	w.ledgerBecomes("13\n19\n")
	w.release(&corev1.Pod{}, askedPod)
	w.release(&appsv1.Deployment{}, naming.Server)
	w.unprotected() // the teardown is past the server
	w.condition(halo.ConditionErasuresNoted, "True", "noted outside")
}

func TestPodsThatDoNotTellHoldUpTheEndForAMinute(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "mute", nil)
	w.toReady()
	w.hold(&appsv1.Deployment{}, naming.Server)
	w.answer(&people{}, "somebody-else", corev1.ConditionFalse) // no round of the collector asks a pod that is not ready
	w.delete()
	w.condition(halo.ConditionErasuresNoted, "False", "Waiting at most a minute")
	w.condition(halo.ConditionReady, "False", "asking the server's pods whom they erased last")
	if w.exists(&networkingv1.Ingress{}, naming.Server) {
		t.Error("the entrance is open while the pods are asked")
	}
	clock.Add(int64(30 * time.Second))
	w.touch("early")
	quiet(t)
	if w.deleting(&appsv1.Deployment{}, naming.Server) {
		t.Fatal("the pods were stopped before a minute had passed")
	}
	clock.Add(int64(time.Minute))
	defer clock.Add(-int64(90 * time.Second))
	w.touch("late")
	w.condition(halo.ConditionErasuresNoted, "False", "add the numbers of the lines")
	w.release(&appsv1.Deployment{}, naming.Server)
	eventually(t, "the warning", func() string {
		list := &eventsv1.EventList{}
		if err := cluster.List(context.Background(), list); err != nil {
			return err.Error()
		}
		for _, event := range list.Items {
			if event.Regarding.Name == w.tenant && event.Reason == halo.EventErasuresUnnoted {
				if event.Type != corev1.EventTypeWarning || event.Series != nil || !strings.Contains(event.Note, "No pod told whom it erased last") {
					t.Fatalf("%s %q, series %v", event.Type, event.Note, event.Series)
				}
				return ""
			}
		}
		return "is not there"
	})
	w.endPod()
	w.unprotected() // the teardown is past the server
	w.condition(halo.ConditionErasuresNoted, "False", "add the numbers of the lines")
}

func TestPodsTellWhomTheyErasedLastBeforeTheirTenantRests(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "dozing", nil)
	w.toReady()
	held := &people{}
	w.answer(held, "somebody-else", corev1.ConditionFalse) // no round of the collector asks a pod that is not ready
	held.erase(17)
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Hibernate = true })
	w.condition(halo.ConditionErasuresNoted, "False", "Waiting at most a minute")
	w.condition(halo.ConditionReady, "False", "Going to rest: asking")
	deployment := &appsv1.Deployment{}
	if w.get(deployment, naming.Server); *deployment.Spec.Replicas == 0 {
		t.Fatal("the pods were stopped before they told")
	}
	w.noLedger()
	w.endPod()
	w.answer(held, w.tenant, corev1.ConditionFalse) // no round of the collector asks a pod that is not ready
	w.wants(false)
	w.ledgerBecomes("17\n")
	held.erase(19)
	w.ledgerBecomes("17\n19\n")
	w.endPod()
	w.rollOut()
	w.condition(halo.ConditionReady, "False", "Hibernating")
	w.condition(halo.ConditionReconciling, "False", "At rest")
	w.condition(halo.ConditionErasuresNoted, "True", "noted outside")
	quiet(t)
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Hibernate = false })
	w.wants(true)
	eventually(t, "the condition", func() string {
		tenant := &halo.HaloTenant{}
		w.getTenant(tenant)
		if known := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionErasuresNoted); known != nil {
			return "is still there: " + known.Message
		}
		return ""
	})
}
