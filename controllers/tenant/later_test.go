package tenant

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/conditions"
	"halo.dev/halo/internal/plan"
)

// TestWhatAStatusMayWaitWith holds a status to being written at once when it remembers anything that is read nowhere else,
// or when Ready, Reconciling or Stalled are no longer what they were.
func TestWhatAStatusMayWaitWith(t *testing.T) {
	job, pods := change(plan.Create, "Job"), change(plan.Create, "Deployment")
	for name, c := range map[string]struct {
		changes []plan.Change
		now     func(*halo.HaloTenantStatus, *conditions.Set)
		want    bool
	}{
		"a Job and its words": {[]plan.Change{pods, job}, func(_ *halo.HaloTenantStatus, report *conditions.Set) {
			report.False(halo.ConditionMigrationReady, halo.ReasonProgressing, "Job migrate-1 is running")
			report.Waiting(halo.ReasonProgressing, "Migration: Job migrate-1 is running")
		}, true},
		"what the Job and the database tell": {[]plan.Change{job}, func(status *halo.HaloTenantStatus, _ *conditions.Set) {
			status.Credentials.MasterShown, status.Database.State, status.Database.Endpoint = 1, "available", "acme.example"
		}, true},
		"no Job":           {[]plan.Change{pods}, func(*halo.HaloTenantStatus, *conditions.Set) {}, false},
		"a Job that goes":  {[]plan.Change{change(plan.Delete, "Job")}, func(*halo.HaloTenantStatus, *conditions.Set) {}, false},
		"a Secret is made": {[]plan.Change{job}, func(status *halo.HaloTenantStatus, _ *conditions.Set) { status.Secrets = []string{"sealing-keys"} }, false},
		"the database was seen": {[]plan.Change{job}, func(status *halo.HaloTenantStatus, _ *conditions.Set) {
			status.Database.ResourceID, status.Database.Created = "cluster-1", true
		}, false},
		"a rotation begins":          {[]plan.Change{job}, func(status *halo.HaloTenantStatus, _ *conditions.Set) { status.Credentials.Users = 2 }, false},
		"the migration is done":      {[]plan.Change{job}, func(status *halo.HaloTenantStatus, _ *conditions.Set) { status.Migration.Done = true }, false},
		"another generation is seen": {[]plan.Change{job}, func(status *halo.HaloTenantStatus, _ *conditions.Set) { status.ObservedGeneration = 2 }, false},
		"it is ready":                {[]plan.Change{job}, func(_ *halo.HaloTenantStatus, report *conditions.Set) { report.Ready("Serving") }, false},
		"it stalls":                  {[]plan.Change{job}, func(_ *halo.HaloTenantStatus, report *conditions.Set) { report.Stalled(halo.ReasonProgressing, "spec") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			begun := conditions.Start(nil, 1, time.Unix(0, 0))
			begun.Waiting(halo.ReasonProgressing, "Database: DBInstance acme-1 is creating")
			tenant := &halo.HaloTenant{Status: halo.HaloTenantStatus{ObservedGeneration: 1, Conditions: begun.List(),
				Database: &halo.DatabaseStatus{}, Credentials: &halo.CredentialsStatus{Users: 1, Master: 1}, Migration: &halo.MigrationStatus{Attempt: 1}}}
			w := &work{tenant: tenant, status: tenant.Status.DeepCopy(), changes: c.changes}
			report := conditions.Start(tenant.Status.Conditions, 1, time.Unix(9, 0))
			c.now(w.status, report)
			w.report, w.status.Conditions = report, report.List()
			if got := w.mayWait(); got != c.want {
				t.Fatalf("may wait: %v", got)
			}
			if !c.want {
				return
			}
			// Without a client, to write it would be a panic.
			if err := (&Reconciler{}).writeStatus(t.Context(), w, true); err != nil || w.untilWake() != time.Second {
				t.Errorf("the next look comes within %s (%v)", w.untilWake(), err)
			}
		})
	}
}

func change(action plan.Action, kind string) plan.Change {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetKind(kind)
	return plan.Change{Action: action, Object: object}
}
