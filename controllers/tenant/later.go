package tenant

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/plan"
)

// laterAtMost is when a status that was left to the next look is written although nothing brought that look.
const laterAtMost = time.Second

// mayWait is true when the status would only say how far things are, and a Job has just been made whose own event brings
// the next look, which says so too. Among a thousand tenants that come up at once that look is long in coming, and has
// more to say by then: one of five writes of a status is spared, the dearest of a tenant's requests (docs/adr/0127).
func (w *work) mayWait() bool {
	starts := slices.ContainsFunc(w.changes, func(change plan.Change) bool {
		return change.Action == plan.Create && change.Object.GetKind() == "Job"
	})
	return starts && equality.Semantic.DeepEqual(record(&w.tenant.Status), record(w.status))
}

// record is what a status remembers and what its summary is, without what each look reads off the objects again.
func record(status *halo.HaloTenantStatus) *halo.HaloTenantStatus {
	kept := status.DeepCopy()
	kept.Conditions = slices.DeleteFunc(kept.Conditions, func(condition metav1.Condition) bool {
		return !slices.Contains([]string{halo.ConditionReady, halo.ConditionReconciling, halo.ConditionStalled}, condition.Type)
	})
	for i := range kept.Conditions {
		kept.Conditions[i].Message = ""
	}
	if kept.Credentials != nil {
		kept.Credentials.MasterShown = 0 // the Job itself shows that it was given one
	}
	if kept.Database != nil {
		kept.Database.State, kept.Database.Endpoint = "", ""
	}
	return kept
}
