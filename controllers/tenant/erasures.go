package tenant

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/erasures"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/naming"
)

const (
	// lastPatience is how long pods that do not tell whom they erased hold up their tenant's end, or its rest.
	lastPatience = time.Minute
	// lastPause is how soon they are asked again: asking takes one of the few that work on tenants.
	lastPause = 10 * time.Second
)

// asksForTheLast tells whether pods of the tenant could tell of an erasure that is not noted outside of the database. It
// is false once they have told or were given up, and where none runs: a tenant that never came up is not held up. One
// that was asked and is gone since is waited for, since the next one knows what it knew.
func (r *Reconciler) asksForTheLast(w *work) bool {
	deployment := w.state.Deployment()
	if r.Erasures == nil || deployment == nil || deployment.DeletionTimestamp != nil || erasures.Family(&w.tenant.Status) == "" {
		return false
	}
	known := meta.FindStatusCondition(w.tenant.Status.Conditions, halo.ConditionErasuresNoted)
	if known != nil {
		return known.Status == metav1.ConditionFalse && known.Reason == halo.ReasonWaiting
	}
	return len(w.askable()) > 0
}

// askable are the pods that run. Those that are not ready are asked too: their database may answer all the same.
func (w *work) askable() []*corev1.Pod { return decide.Askable(w.state.Pods(naming.ComponentServer)) }

// askForTheLast asks pods that are about to end. The condition remembers what came of it, and since when none answers.
func (r *Reconciler) askForTheLast(ctx context.Context, w *work) {
	err := r.Erasures.Last(ctx, w.tenant, w.askable())
	if err == nil {
		w.report.True(halo.ConditionErasuresNoted, halo.ReasonReady, "Whoever was erased is noted outside of the database")
		w.wakeAt(w.now)
		return
	}
	since := w.now
	if known := meta.FindStatusCondition(w.tenant.Status.Conditions, halo.ConditionErasuresNoted); known != nil {
		since = known.LastTransitionTime.Time
	}
	if w.now.Sub(since) < lastPatience {
		w.report.False(halo.ConditionErasuresNoted, halo.ReasonWaiting, "Waiting at most a minute for a pod to tell whom it erased: "+short(err))
		w.wakeAt(w.now.Add(lastPause))
		return
	}
	w.report.False(halo.ConditionErasuresNoted, halo.ReasonFailed, "No pod told whom it erased last: before an older copy of this tenant is restored, add the numbers of the "+
		"lines \"erased\" in the logs of its last minutes to its ledger of erasures: "+short(err))
	w.wakeAt(w.now)
}

// restOnlyAfterTheLast holds a tenant that is to hibernate awake until its pods have told whom they erased.
func (r *Reconciler) restOnlyAfterTheLast(ctx context.Context, w *work) *decide.Problem {
	if !w.tenant.Spec.Hibernate {
		w.report.Remove(halo.ConditionErasuresNoted)
		return nil
	}
	if deployment := w.state.Deployment(); !r.asksForTheLast(w) || deployment.Spec.Replicas != nil && *deployment.Spec.Replicas == 0 {
		return nil
	}
	r.askForTheLast(ctx, w)
	return &decide.Problem{Reason: halo.ReasonHibernating, Message: "Going to rest: asking the server's pods whom they erased last"}
}

// readErasures gives the migration of a restored database the ledger of the family that the copy comes from. It is read
// when the Job is about to be made, from the API server itself, and without it there is no Job.
func (r *Reconciler) readErasures(ctx context.Context, w *work) error {
	w.status.Erasures = w.decision.ErasuresApplied()
	if r.rehearsal || !w.decision.StartsMigration() || !w.decision.AppliesErasures() {
		return nil
	}
	origin := erasures.Family(w.status)
	if origin == "" {
		return nil // it never had a person: it never had a key
	}
	ledger, err := erasures.Read(ctx, r.APIReader, origin)
	if err != nil {
		return fmt.Errorf("preparing the migration of tenant %s: %w", w.tenant.Name, err)
	}
	w.decision.Input.Erasures = ledger.Texts()
	return nil
}
