//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// revival is made from a copy of acme's database.
const revival = `
apiVersion: halo.dev/v1alpha1
kind: HaloTenant
metadata: {name: revival}
spec:
  className: development
  hostname: ` + restoreHost + `
  allowedOrigins: ["https://www.acme.example"]
  advisors: [{id: planning, name: Planning Desk, email: planning@acme.example}]
  bootstrap: {backupName: %s}
`

// snapshotIsRestored waits for a copy that the schedule made after the
// visitor's assessment, erases a person who is in the copy, restores it, and
// looks for the assessment, and that the person has not come back.
func snapshotIsRestored(ctx context.Context, t *testing.T, s *story) {
	origin := connect(ctx, t, s, "acme")
	copied := personsIn(ctx, t, origin)
	assessment := origin.query(ctx, t, "SELECT CONCAT(id, ' ', SHA2(result, 256)) FROM halo_assessment.assessment WHERE result LIKE '%longevity%' ORDER BY created_at LIMIT 1")
	backup := awaitScheduledBackup(ctx, t, s, "acme", time.Now())
	erased := eraseNewest(ctx, t, s, "acme")
	t.Logf("restoring from HaloBackup %s", backup)
	if err := s.platform.Apply(ctx, fmt.Sprintf(revival, backup)); err != nil {
		t.Fatal(err)
	}
	patience, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := s.platform.WaitForReady(patience, "halotenant/revival", func(wait string) { t.Log(wait) }); err != nil {
		t.Fatal(err)
	}
	restored := connect(ctx, t, s, "revival").query(ctx, t, "SELECT CONCAT(id, ' ', SHA2(result, 256)) FROM halo_assessment.assessment WHERE result LIKE '%longevity%' ORDER BY created_at LIMIT 1")
	if restored != assessment {
		t.Errorf("the restored assessment is %s; want %s", restored, assessment)
	}
	erasedIsNotRestored(ctx, t, s, "revival", erased, copied)
	if status, err := sessionStatus(ctx, s, restoreHost, acmeOrigin); err != nil || status != 200 {
		t.Errorf("the restored tenant answers %d (%v); want 200", status, err)
	}
}

// awaitScheduledBackup gives the name of a ready copy of the tenant that was asked for after a time.
func awaitScheduledBackup(ctx context.Context, t *testing.T, s *story, tenant string, after time.Time) string {
	t.Helper()
	patience, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	found := await(patience, t, func(ctx context.Context) (string, bool) {
		output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "halobackups", "-o",
			`jsonpath={range .items[?(@.spec.tenantName=="`+tenant+`")]}{.metadata.creationTimestamp} {.spec.source} {.status.conditions[?(@.type=="Ready")].status} {.metadata.name}{"\n"}{end}`)
		if err != nil {
			return err.Error(), false
		}
		for line := range strings.Lines(output) {
			fields := strings.Fields(line)
			if len(fields) != 4 {
				continue
			}
			created, err := time.Parse(time.RFC3339, fields[0])
			if err == nil && created.After(after) && fields[1] == "Schedule" && fields[2] == "True" {
				return fields[3], true
			}
		}
		return output, false
	})
	return found
}

// deletionLeavesOnlySnapshots deletes the tenants and looks at everything that could be left.
func deletionLeavesOnlySnapshots(ctx context.Context, t *testing.T, s *story) {
	kubectl := func(args ...string) string {
		t.Helper()
		output, err := s.platform.Cluster.Kubectl(ctx, "", args...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(output)
	}
	scheduled := awaitScheduledBackup(ctx, t, s, "acme", time.Time{})
	kubectl("annotate", "--overwrite", "halotenant", orchard, "halo.dev/confirm-deletion="+orchard)
	begun := time.Now()
	kubectl("delete", "halotenants", "--all", "--timeout=4m")
	t.Logf("all tenants were gone %s after kubectl delete", time.Since(begun).Round(100*time.Millisecond))
	for _, kind := range []string{"halotenants", "dbclusters -A", "dbinstances -A", "dbsubnetgroups -A", "dbclusterparametergroups -A", "ingresses -A"} {
		if left := kubectl(append([]string{"get", "-o", "name"}, strings.Fields(kind)...)...); left != "" {
			t.Errorf("%s that are left: %s", kind, left)
		}
	}
	if left := kubectl("get", "namespaces", "-l", "halo.dev/tenant", "-o", "name"); left != "" {
		t.Errorf("namespaces that are left:\n%s", left)
	}
	if databases, err := s.platform.RunningDatabases(ctx); err != nil || len(databases) != 0 {
		t.Errorf("databases that still run: %v (%v)", databases, err)
	}
	backups := kubectl("get", "halobackups", "-o", `jsonpath={range .items[?(@.spec.tenantName=="acme")]}{.metadata.name} {.spec.source} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}`)
	t.Logf("copies of acme that outlive it:\n%s", backups)
	if !strings.Contains(backups, " Final True") {
		t.Error("no final copy can be restored")
	}
	if !strings.Contains(backups, scheduled+" Schedule True") {
		t.Errorf("the scheduled copy %s has gone with its tenant", scheduled)
	}
}
