package tenant

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/erasures"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/naming"
)

const (
	// longestHold is how long pods that do not tell whom they erased hold up their tenant's end, or its rest.
	longestHold = time.Minute
	// holdPause is how soon they are asked again, endPause how soon pods that drain are: they go on for 5 s at least.
	holdPause, endPause = 5 * time.Second, 2 * time.Second
)

// asksForTheLast is true while pods run that could tell of an erasure that is not noted outside of the database, until
// they have told on this occasion, or were given up. The status remembers, by the generation: every deletion and every
// edit of spec.hibernate begins another, so that what was told before an earlier rest does not count. Pods that are not
// ready are asked too: their database may answer all the same. Pods that end meanwhile are waited for as those that do
// not answer are: others may take their place.
func (r *Reconciler) asksForTheLast(w *work) bool {
	deployment := w.state.Deployment()
	if r.Erasures == nil || deployment == nil || deployment.DeletionTimestamp != nil || erasures.Family(&w.tenant.Status) == "" {
		return false
	}
	if known := w.toldOfTheLast(); known != nil {
		return known.Status != metav1.ConditionTrue && known.Reason != halo.ReasonFailed
	}
	return len(decide.Askable(w.state.Pods(naming.ComponentServer))) > 0
}

// toldOfTheLast is what the status says of this occasion; nil for nothing.
func (w *work) toldOfTheLast() *metav1.Condition {
	known := meta.FindStatusCondition(w.tenant.Status.Conditions, halo.ConditionErasuresNoted)
	if known == nil || known.ObservedGeneration != w.tenant.Generation {
		return nil
	}
	return known
}

// askForTheLast asks pods that are about to end. The condition remembers what came of it, and since when none answers;
// nothing is stopped before it is written.
func (r *Reconciler) askForTheLast(ctx context.Context, w *work) {
	known := w.toldOfTheLast()
	if known == nil {
		w.report.Remove(halo.ConditionErasuresNoted) // an earlier occasion's time must not shorten this one's
	}
	err := r.Erasures.Last(ctx, w.tenant, decide.Askable(w.state.Pods(naming.ComponentServer)), true)
	if err == nil {
		w.report.True(halo.ConditionErasuresNoted, halo.ReasonReady, "Whoever was erased is noted outside of the database")
		w.wakeAt(w.now)
		return
	}
	if known == nil || w.now.Sub(known.LastTransitionTime.Time) < longestHold {
		w.report.False(halo.ConditionErasuresNoted, halo.ReasonWaiting, "Waiting at most a minute for a pod to tell whom it erased: "+short(err))
		w.wakeAt(w.now.Add(holdPause))
		return
	}
	const words = `No pod told whom it erased last: before an older copy of this tenant is restored, add the numbers of the lines "erased" in ` +
		"the logs of its last minutes to its ledger of erasures in namespace " + naming.BackupsNamespace
	ctrl.LoggerFrom(ctx).Error(err, words, "tenant", w.tenant.Name)
	w.report.False(halo.ConditionErasuresNoted, halo.ReasonFailed, words+": "+short(err))
	w.wakeAt(w.now)
}

// askWhileTheyEnd goes on asking pods that drain: a request that had begun, or that an entrance let through, may have
// erased somebody since they told. It holds up nothing, and what fails was told of before or comes again. A pod that is
// still there a minute after its time, as on a node that is lost, is let be.
func (r *Reconciler) askWhileTheyEnd(ctx context.Context, w *work) {
	var pods []*corev1.Pod
	for _, pod := range w.state.Pods(naming.ComponentServer) {
		late := pod.DeletionTimestamp != nil && w.now.Sub(pod.DeletionTimestamp.Time) > longestHold
		if pod.Status.Phase == corev1.PodRunning && pod.Status.PodIP != "" && !late {
			pods = append(pods, pod)
		}
	}
	if r.Erasures == nil || len(pods) == 0 || erasures.Family(&w.tenant.Status) == "" {
		return
	}
	if err := r.Erasures.Last(ctx, w.tenant, pods, false); err != nil {
		ctrl.LoggerFrom(ctx).V(1).Info("asking pods that end for their erasures: "+err.Error(), "tenant", w.tenant.Name)
	}
	w.wakeAt(w.now.Add(endPause))
}

// restAfterTheLast keeps a tenant that is to hibernate awake until its pods have told whom they erased.
func (r *Reconciler) restAfterTheLast(ctx context.Context, w *work) *decide.Problem {
	if !w.tenant.Spec.Hibernate {
		w.report.Remove(halo.ConditionErasuresNoted)
		return nil
	}
	deployment := w.state.Deployment()
	if deployment != nil && deployment.Spec.Replicas != nil && *deployment.Spec.Replicas == 0 {
		r.askWhileTheyEnd(ctx, w)
		return nil
	}
	if !r.asksForTheLast(w) {
		return nil
	}
	r.askForTheLast(ctx, w)
	return &decide.Problem{Reason: halo.ReasonHibernating, Message: "Going to rest: asking the server's pods whom they erased last"}
}
