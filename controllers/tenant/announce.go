package tenant

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// occurrence is an event to be: its type, its reason and what it says.
type occurrence struct{ eventType, reason, note string }

// announce makes events of what a status that was just written is the first to say. A status is written over the one
// that was read and over no other, so that nothing is announced twice.
func (r *Reconciler) announce(tenant *halo.HaloTenant, written *halo.HaloTenantStatus) {
	if said := readiness(tenant.Status.Conditions, written.Conditions); said != nil {
		r.Recorder.Eventf(tenant, nil, said.eventType, said.reason, "Reconcile", "%s", said.note)
	}
	if said := unnoted(tenant.Status.Conditions, written.Conditions); said != nil {
		r.Recorder.Eventf(tenant, nil, said.eventType, said.reason, "Collect", "%s", said.note)
	}
	for _, said := range rotation(&tenant.Status, written) {
		r.Recorder.Eventf(tenant, nil, said.eventType, said.reason, "Rotate", "%s", said.note)
	}
}

// readiness is what a person would want to be told: the tenant became ready, stopped being ready, or needs somebody.
// That a new tenant is not ready yet is no news.
func readiness(before, after []metav1.Condition) *occurrence {
	wasReady, isReady := meta.IsStatusConditionTrue(before, halo.ConditionReady), meta.FindStatusCondition(after, halo.ConditionReady)
	stalled := meta.FindStatusCondition(after, halo.ConditionStalled)
	nowStalled := stalled != nil && stalled.Status == metav1.ConditionTrue
	switch {
	case nowStalled && !meta.IsStatusConditionTrue(before, halo.ConditionStalled):
		return &occurrence{corev1.EventTypeWarning, stalled.Reason, stalled.Message}
	case isReady == nil:
	case isReady.Status == metav1.ConditionTrue && !wasReady:
		return &occurrence{corev1.EventTypeNormal, isReady.Reason, isReady.Message}
	case isReady.Status != metav1.ConditionTrue && wasReady:
		return &occurrence{corev1.EventTypeWarning, isReady.Reason, isReady.Message}
	}
	return nil
}

// unnoted warns when the pods of a tenant that ends or goes to rest were given up. A later end is another occasion.
func unnoted(before, after []metav1.Condition) *occurrence {
	former, present := meta.FindStatusCondition(before, halo.ConditionErasuresNoted), meta.FindStatusCondition(after, halo.ConditionErasuresNoted)
	if present == nil || present.Reason != halo.ReasonFailed ||
		former != nil && former.Reason == halo.ReasonFailed && former.ObservedGeneration == present.ObservedGeneration {
		return nil
	}
	return &occurrence{corev1.EventTypeWarning, halo.EventErasuresUnnoted, present.Message}
}

// rotation is how far a rotation of the database's credentials has come since the last status: it began, every pod has
// the new users, the former ones are dropped, or an attempt failed. A status without any credentials before, which is a
// new tenant's or one that was lost, tells of no rotation.
func rotation(before, after *halo.HaloTenantStatus) []occurrence {
	former, present := before.Credentials, after.Credentials
	if former == nil || present == nil {
		return nil
	}
	var said []occurrence
	normal := func(reason, note string) { said = append(said, occurrence{corev1.EventTypeNormal, reason, note}) }
	users := naming.DatabaseUsers(int(present.Users))
	if former.Previous != 0 && present.Previous == 0 {
		normal(halo.EventRotationFinished, "The database's previous users are dropped; "+naming.DatabaseUsers(int(former.Users))+" are in force")
	}
	if present.Users > former.Users {
		normal(halo.EventRotationBegan, users+" are to take the place of "+naming.DatabaseUsers(int(former.Users)))
	}
	if present.Previous != 0 && present.Retirement != nil && (former.Retirement == nil || former.Users != present.Users) {
		normal(halo.EventRotationSwitched, "Every pod has "+users+"; the previous users are being dropped")
	}
	if failed := failure(after.Conditions); failed != nil && failure(before.Conditions) == nil {
		said = append(said, occurrence{corev1.EventTypeWarning, halo.EventRotationFailed, failed.Message})
	}
	return said
}

// failure is the word of the last attempt while it has failed and the next waits.
func failure(conditions []metav1.Condition) *metav1.Condition {
	credentials := meta.FindStatusCondition(conditions, halo.ConditionCredentialsReady)
	if credentials == nil || credentials.Reason != halo.ReasonFailed {
		return nil
	}
	return credentials
}
