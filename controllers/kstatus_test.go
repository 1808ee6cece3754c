package controllers_test

import (
	"fmt"
	"slices"
	"testing"

	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	halo "halo.dev/halo/api/v1alpha1"
)

// TestKstatusReadsATenantAsWhatItIs follows one tenant. What is wrong in any state of any object, of this test and of
// all others of this package, is told at the end of the package's tests.
func TestKstatusReadsATenantAsWhatItIs(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "read", nil)
	w.toReady()
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Backup = &halo.TenantBackup{Schedule: "every day"} })
	w.condition(halo.ConditionStalled, "True", "spec.backup.schedule")
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Backup = nil })
	w.condition(halo.ConditionReady, "True", "")
	w.delete()
	// An edit is read as InProgress until the operator has seen it.
	want := []status.Status{status.InProgressStatus, status.CurrentStatus, status.InProgressStatus, status.FailedStatus,
		status.InProgressStatus, status.CurrentStatus, status.TerminatingStatus}
	eventually(t, "what kstatus read", func() string {
		if seen := states.Seen("HaloTenant", w.tenant); !slices.Equal(seen, want) {
			return fmt.Sprint(seen)
		}
		return ""
	})
	eventually(t, "what kstatus read of the class", func() string {
		if seen := states.Seen("HaloTenantClass", "development"); !slices.Contains(seen, status.CurrentStatus) {
			return fmt.Sprint(seen)
		}
		return ""
	})
}
