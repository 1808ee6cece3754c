package controllers_test

import (
	"context"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

func TestAnUnknownClassStallsUntilItAppears(t *testing.T) {
	w := newTenant(t, "early", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "later" })
	w.condition(halo.ConditionStalled, "True", `spec.className: there is no HaloTenantClass "later"`)
	newClass(t, "later", nil)
	w.condition(halo.ConditionStalled, "False", "")
	w.get(&rds.DBCluster{}, naming.Database(w.tenant))
}

func TestAHostnameBelongsToTheOldestUntilItIsFree(t *testing.T) {
	newClass(t, "development", nil)
	first := newTenant(t, "host-first", func(tenant *halo.HaloTenant) { tenant.Spec.Hostname = "halo.shared.example" })
	first.get(&rds.DBCluster{}, naming.Database(first.tenant))
	second := newTenant(t, "host-second", func(tenant *halo.HaloTenant) { tenant.Spec.Hostname = "halo.shared.example" })
	second.condition(halo.ConditionStalled, "True", "spec.hostname: halo.shared.example is in use by HaloTenant host-first")
	if second.exists(&rds.DBCluster{}, naming.Database(second.tenant)) {
		t.Error("a database was made for a tenant that cannot be")
	}
	first.condition(halo.ConditionStalled, "False", "")
	first.change(func(tenant *halo.HaloTenant) { tenant.Spec.Hostname = "halo.moved.example" })
	second.condition(halo.ConditionStalled, "False", "")
}

func TestAnOlderTenantCannotTakeAHostnameThatIsServed(t *testing.T) {
	newClass(t, "development", nil)
	older := newTenant(t, "host-older", nil)
	older.get(&rds.DBCluster{}, naming.Database(older.tenant))
	newer := newTenant(t, "host-newer", nil)
	newer.get(&rds.DBCluster{}, naming.Database(newer.tenant))
	quiet(t)
	older.change(func(tenant *halo.HaloTenant) { tenant.Spec.Hostname = "halo.host-newer.example" })
	older.condition(halo.ConditionStalled, "True", "is in use by HaloTenant host-newer")
	newer.condition(halo.ConditionStalled, "False", "")
}

func TestWhatTheSchemaCannotSeeIsNamed(t *testing.T) {
	newClass(t, "development", nil)
	cases := map[string]struct {
		change func(*halo.HaloTenant)
		says   string
	}{
		"a schedule that is none": {
			func(tenant *halo.HaloTenant) { tenant.Spec.Backup = &halo.TenantBackup{Schedule: "every day"} },
			`spec.backup.schedule: schedule "every day" is not a cron expression`},
		"a port that there is not": {
			func(tenant *halo.HaloTenant) { tenant.Spec.AllowedOrigins[0] = "https://www.acme.example:70000" },
			"spec.allowedOrigins[0]: "},
		"a copy that is not there": {
			func(tenant *halo.HaloTenant) { tenant.Spec.Bootstrap = &halo.Bootstrap{BackupName: "lost"} },
			`spec.bootstrap.backupName: there is no HaloBackup "lost"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newTenant(t, strings.ReplaceAll(name, " ", "-"), c.change)
			w.condition(halo.ConditionStalled, "True", c.says)
			w.condition(halo.ConditionReady, "False", c.says)
		})
	}
}

func TestANamespaceOfSomebodyElseIsNotTakenOver(t *testing.T) {
	newClass(t, "development", nil)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "halo-squatted"}}
	if err := cluster.Create(context.Background(), namespace); err != nil {
		t.Fatal(err)
	}
	w := newTenant(t, "squatted", nil)
	w.condition(halo.ConditionStalled, "True", "namespace halo-squatted exists and does not belong to this tenant")
	if err := cluster.Get(context.Background(), client.ObjectKeyFromObject(namespace), namespace); err != nil || len(namespace.Labels) > 1 {
		t.Errorf("the namespace was written: %v, %v", namespace.Labels, err)
	}
}

func TestASuspendedTenantIsNotWritten(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "paused", nil)
	w.toReady()
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Suspend = true })
	w.condition(halo.ConditionReady, "False", "Suspended")
	before := quiet(t)
	w.change(func(tenant *halo.HaloTenant) {
		tenant.Spec.AllowedOrigins = append(tenant.Spec.AllowedOrigins, "https://new.example")
	})
	w.condition(halo.ConditionReady, "False", "Suspended")
	if after := quiet(t); after-before > 1 { // the status alone
		t.Errorf("%d writes while suspended", after-before)
	}
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Suspend = false })
	w.condition(halo.ConditionReady, "True", "Serving")
}

func TestAFailedMigrationIsTriedAgainUnderANewName(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "migrating", nil)
	w.cluster("available")
	w.instance(1, "available")
	w.instance(2, "available")
	first := w.finishMigration(batchv1.JobFailed)
	w.condition(halo.ConditionMigrationReady, "False", "Attempt 1 failed; trying again at ")
	second := w.finishMigration(batchv1.JobComplete)
	if second != first+"-2" {
		t.Errorf("the attempts are %s and %s", first, second)
	}
	w.condition(halo.ConditionMigrationReady, "True", "")
}
