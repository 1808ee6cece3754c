package naming_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"halo.dev/halo/internal/naming"
)

// identifier is RDS's rule for clusters, instances and cluster snapshots.
var identifier = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)

func TestEveryNameOfTheLongestTenantFits(t *testing.T) {
	tenant := strings.Repeat("a", naming.LongestTenant)
	tick := time.Date(2026, 1, 2, 3, 17, 0, 0, time.UTC)
	final := naming.FinalBackup(tenant, "0a1b2c3d-0000-4000-8000-000000000001")
	for _, name := range []string{
		naming.Namespace(tenant), naming.Database(tenant), naming.Instance(tenant, 15),
		naming.Snapshot(naming.ScheduledBackup(tenant, tick)), naming.Snapshot(final),
		naming.Snapshot(strings.Repeat("b", naming.LongestBackup)),
	} {
		if len(name) > naming.LongestIdentifier || !identifier.MatchString(name) || len(validation.IsDNS1123Label(name)) > 0 {
			t.Errorf("%s (%d characters) is no name for RDS or Kubernetes", name, len(name))
		}
	}
	for _, backup := range []string{naming.ScheduledBackup(tenant, tick), final} {
		if len(backup) > naming.LongestBackup {
			t.Errorf("%s has %d characters", backup, len(backup))
		}
	}
	for key, value := range naming.ComponentLabels(tenant, naming.ComponentMigrate) {
		if problems := append(validation.IsValidLabelValue(value), validation.IsQualifiedName(key)...); len(problems) > 0 {
			t.Errorf("%s=%s: %v", key, value, problems)
		}
	}
}

func TestNamesTellTenantsTicksAndAttemptsApart(t *testing.T) {
	tick := time.Date(2026, 1, 2, 3, 17, 59, 0, time.FixedZone("", 3600))
	cases := map[string]string{
		naming.ScheduledBackup("acme", tick):             "acme-20260102-0217",
		naming.FinalBackup("acme", "0a1b2c3d-4e5f-0000"): "acme-final-0a1b2c3d",
		naming.FinalBackup("acme", types.UID("abc")):     "acme-final-abc",
		naming.Snapshot("acme-20260102-0217"):            "halo-acme-20260102-0217",
		naming.Migration("abc", 1):                       "migrate-abc",
		naming.Migration("abc", 3):                       "migrate-abc-3",
		naming.DatabaseMaster(2):                         "database-master-2",
		naming.DatabaseUsers(1):                          "database-users-1",
		naming.Instance("acme", 2):                       "halo-acme-2",
	}
	for got, want := range cases {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestLabelsAreNotShared(t *testing.T) {
	naming.TenantLabels("acme")["x"] = "y"
	if len(naming.TenantLabels("acme")) != 2 {
		t.Error("one caller's label is another's")
	}
	for key, value := range naming.PodSelector(naming.ComponentServer) {
		if naming.ComponentLabels("acme", naming.ComponentServer)[key] != value {
			t.Errorf("no pod has %s=%s", key, value)
		}
	}
}
