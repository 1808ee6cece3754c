package decide_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/yaml"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func samples(t *testing.T) (*halo.HaloTenant, *halo.HaloTenantClass) {
	t.Helper()
	class, tenant := &halo.HaloTenantClass{}, &halo.HaloTenant{}
	for file, object := range map[string]any{"halotenantclass.yaml": class, "halotenant.yaml": tenant} {
		text, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, object); err != nil {
			t.Fatal(err)
		}
	}
	tenant.UID = "0a1b2c3d-0000-4000-8000-000000000001"
	return tenant, class
}

// seen is what a cluster with these objects shows of acme.
func seen(t *testing.T, objects ...client.Object) observe.State {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, halo.AddToScheme, rds.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: naming.Namespace("acme")}})
	state, err := observe.Read(context.Background(), fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(), scheme, "acme")
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// database is acme's DBCluster as ACK shows it, with the password of a number.
func database(number int, synced corev1.ConditionStatus, at time.Time) *rds.DBCluster {
	word, endpoint, moved := "available", "db.example", metav1.NewTime(at)
	return &rds.DBCluster{
		ObjectMeta: metav1.ObjectMeta{Name: naming.Database("acme"), Namespace: naming.Namespace("acme"), Labels: naming.TenantLabels("acme")},
		Spec:       rds.DBClusterSpec{MasterUserPassword: &rds.SecretKeyReference{Name: naming.DatabaseMaster(number), Key: "password"}},
		Status: rds.DBClusterStatus{Status: &word, Endpoint: &endpoint,
			Conditions: []rds.Condition{{Type: rds.ConditionSynced, Status: synced, LastTransitionTime: &moved}}},
	}
}

func instance(number int) *rds.DBInstance {
	word := "available"
	return &rds.DBInstance{
		ObjectMeta: metav1.ObjectMeta{Name: naming.Instance("acme", number), Namespace: naming.Namespace("acme"), Labels: naming.TenantLabels("acme")},
		Status:     rds.DBInstanceStatus{DBInstanceStatus: &word},
	}
}

func kinds(t *testing.T, decision decide.Decision) map[string]int {
	t.Helper()
	items, config, err := decision.Items()
	if err != nil || config == nil {
		t.Fatal(config, err)
	}
	count := map[string]int{}
	for _, item := range items {
		count[item.Object.GetObjectKind().GroupVersionKind().Kind]++
	}
	return count
}

func TestWhatNeedsTheDatabaseComesAfterIt(t *testing.T) {
	tenant, class := samples(t)
	none := decide.Tenant(decide.Facts{Tenant: tenant, Class: class, State: seen(t), Now: now})
	if count := kinds(t, none); count["DBCluster"] != 1 || count["DBInstance"]+count["Job"]+count["Deployment"] != 0 {
		t.Errorf("without a database: %v", count)
	}
	state := seen(t, database(1, corev1.ConditionTrue, now))
	if count := kinds(t, decide.Tenant(decide.Facts{Tenant: tenant, Class: class, State: state, Now: now})); count["DBInstance"] != 2 || count["Job"] != 0 {
		t.Errorf("with a cluster: %v", count)
	}
	state = seen(t, database(1, corev1.ConditionTrue, now), instance(1), instance(2))
	if count := kinds(t, decide.Tenant(decide.Facts{Tenant: tenant, Class: class, State: state, Now: now})); count["Job"] != 0 {
		t.Errorf("before the status says that the database is the tenant's: %v", count)
	}
	tenant.Status.Database = &halo.DatabaseStatus{Created: true}
	serving := decide.Tenant(decide.Facts{Tenant: tenant, Class: class, State: state, Now: now})
	if count := kinds(t, serving); count["Job"] != 1 || count["Deployment"] != 0 {
		t.Errorf("with instances: %v", count)
	}
	tenant.Status.Migration = &halo.MigrationStatus{Target: desired.MigrationTarget(serving.Input), Attempt: 1, Done: true}
	if count := kinds(t, decide.Tenant(decide.Facts{Tenant: tenant, Class: class, State: state, Now: now})); count["Job"] != 0 || count["Deployment"] != 1 {
		t.Errorf("after the migration: %v", count)
	}
}

func TestARestoredDatabaseIsUsedOnceItHasAPasswordOfItsOwn(t *testing.T) {
	tenant, class := samples(t)
	tenant.Spec.Bootstrap = &halo.Bootstrap{BackupName: "acme-before-move"}
	asked, before := now, now.Add(-time.Hour)
	recorded := &halo.DatabaseStatus{PasswordSwitch: &halo.PasswordSwitch{Number: 2, AskedAt: metav1.NewTime(asked), SyncedBefore: metav1.NewTime(before)}}
	ahead := recorded.DeepCopy()
	ahead.PasswordSwitch.AskedAt = metav1.NewTime(asked.Add(24 * time.Hour))
	cases := map[string]struct {
		cluster *rds.DBCluster
		status  *halo.DatabaseStatus
		at      time.Time
		number  int
		set     bool
		wake    time.Time
	}{
		"just restored":                  {database(1, corev1.ConditionTrue, before), nil, asked, 2, false, time.Time{}},
		"asked, condition has not moved": {database(2, corev1.ConditionTrue, before), recorded, asked.Add(time.Minute), 2, false, asked.Add(5 * time.Minute)},
		"asked, condition has moved":     {database(2, corev1.ConditionTrue, asked.Add(time.Second)), recorded, asked.Add(time.Minute), 2, true, time.Time{}},
		"asked, never moved":             {database(2, corev1.ConditionTrue, before), recorded, asked.Add(time.Hour), 2, true, time.Time{}},
		"asked by a clock ahead":         {database(2, corev1.ConditionTrue, before), ahead, asked, 2, false, asked.Add(5 * time.Minute)},
		"out of step long after":         {database(2, corev1.ConditionFalse, asked.Add(time.Second)), recorded, asked.Add(time.Hour), 2, false, time.Time{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tenant.Status.Database = c.status
			got := decide.Tenant(decide.Facts{Tenant: tenant, Class: class, State: seen(t, c.cluster), Now: c.at})
			if got.Input.MasterNumber != c.number || got.PasswordSet != c.set || !got.Wake.Equal(c.wake) {
				t.Errorf("number %d, set %t, wake %s", got.Input.MasterNumber, got.PasswordSet, got.Wake)
			}
			if got.PasswordSwitch == nil || !got.PasswordSwitch.AskedAt.Time.Equal(asked) || !got.PasswordSwitch.SyncedBefore.Time.Equal(before) {
				t.Errorf("remembers %+v", got.PasswordSwitch)
			}
		})
	}
}

func TestAHostnameIsForTheOneThatServesItElseForTheOldest(t *testing.T) {
	tenant, _ := samples(t)
	tenant.CreationTimestamp = metav1.NewTime(now)
	other := func(age time.Duration, hostname string, serves bool) halo.HaloTenant {
		result := halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Name: "other", UID: "other", CreationTimestamp: metav1.NewTime(now.Add(-age))}}
		result.Spec.Hostname = hostname
		if serves {
			result.Status.Certificate = &halo.CertificateStatus{Hostname: hostname}
		}
		return result
	}
	cases := map[string]struct {
		other   halo.HaloTenant
		refused bool
	}{
		"an older one":                {other(time.Hour, tenant.Spec.Hostname, false), true},
		"a younger one":               {other(-time.Hour, tenant.Spec.Hostname, false), false},
		"a younger one that serves":   {other(-time.Hour, tenant.Spec.Hostname, true), true},
		"an older one, another name":  {other(time.Hour, "halo.other.example", true), false},
		"as old, later in the A to Z": {other(0, tenant.Spec.Hostname, false), false},
	}
	for name, c := range cases {
		if problem := decide.CheckHostname(tenant, []halo.HaloTenant{*tenant, c.other}); (problem != nil) != c.refused {
			t.Errorf("%s: %+v", name, problem)
		}
	}
}

func TestADatabaseIsMadeOnlyFromACopyThatCanBeUsed(t *testing.T) {
	tenant, class := samples(t)
	tenant.Spec.Bootstrap = &halo.Bootstrap{BackupName: "acme-old"}
	backup := func(ready metav1.ConditionStatus, region string) *halo.HaloBackup {
		return &halo.HaloBackup{ObjectMeta: metav1.ObjectMeta{Name: "acme-old"}, Status: halo.HaloBackupStatus{
			Region: region, Conditions: []metav1.Condition{{Type: halo.ConditionReady, Status: ready, Message: "RDS is copying"}}}}
	}
	production, same := backup("True", "us-east-1"), backup("True", "us-east-1")
	production.Status.Environment, same.Status.Environment = halo.EnvironmentProduction, halo.EnvironmentDevelopment
	cases := map[string]struct {
		backup *halo.HaloBackup
		source string
		want   *decide.Problem
	}{
		"there is none": {nil, "", &decide.Problem{Stalled: true, Reason: halo.ReasonUnknownBackup,
			Message: `spec.bootstrap.backupName: there is no HaloBackup "acme-old"; see kubectl get halobackups`}},
		"under way": {backup("False", "us-east-1"), "", &decide.Problem{Reason: halo.ReasonWaiting,
			Message: "Waiting for spec.bootstrap.backupName: HaloBackup acme-old: RDS is copying"}},
		"of another region": {backup("True", "eu-west-1"), "", &decide.Problem{Stalled: true, Reason: halo.ReasonInvalidSpec,
			Message: "spec.bootstrap.backupName: HaloBackup acme-old is in region eu-west-1 and class development in us-east-1; data stay in their region"}},
		"of another environment": {production, "", &decide.Problem{Stalled: true, Reason: halo.ReasonInvalidSpec,
			Message: "spec.bootstrap.backupName: HaloBackup acme-old is of environment production and class development of development; data stay in their environment"}},
		"ready":                      {backup("True", "us-east-1"), "halo-acme-old", nil},
		"ready, of this environment": {same, "halo-acme-old", nil},
	}
	for name, c := range cases {
		source, problem := decide.RestoreSource(tenant, class, c.backup)
		if diff := cmp.Diff(c.want, problem); diff != "" || source != c.source {
			t.Errorf("%s: %q %s", name, source, diff)
		}
	}
	if !decide.NeedsSource(tenant, seen(t)) || decide.NeedsSource(tenant, seen(t, database(1, corev1.ConditionTrue, now))) {
		t.Error("a source is needed until there is a cluster, and no longer")
	}
}

func TestNamesOfConsolesAreNotForVisitors(t *testing.T) {
	tenant, class := samples(t)
	class.Spec.Console = &halo.ClassConsole{Domain: "staff.firm.example"}
	classes := []halo.HaloTenantClass{{}, *class}
	for hostname, refused := range map[string]bool{
		"other.staff.firm.example": true, tenant.Name + ".staff.firm.example": true,
		"staff.firm.example": false, "a.b.staff.firm.example": false, "other-staff.firm.example": false,
	} {
		tenant.Spec.Hostname = hostname
		if problem := decide.CheckConsoles(tenant, classes); (problem != nil) != refused {
			t.Errorf("%s: %+v", hostname, problem)
		}
	}
}

func TestAProblemNamesItsField(t *testing.T) {
	tenant, class := samples(t)
	if problem := decide.Check(tenant, class); problem != nil {
		t.Fatal(problem.Message)
	}
	class.Spec.Backup.Schedule = "often"
	if problem := decide.Check(tenant, class); problem == nil || !problem.Stalled || !strings.HasPrefix(problem.Message, "spec.backup of HaloTenantClass development") {
		t.Errorf("%+v", problem)
	}
	tenant.Spec.Backup = &halo.TenantBackup{Schedule: "often"}
	if problem := decide.Check(tenant, class); problem == nil || !strings.HasPrefix(problem.Message, "spec.backup.schedule") {
		t.Errorf("%+v", problem)
	}
	tenant.Spec.AllowedOrigins = []halo.Origin{"https://a.example/path"}
	if problem := decide.Check(tenant, class); problem == nil || !strings.HasPrefix(problem.Message, "spec.allowedOrigins[0]") {
		t.Errorf("%+v", problem)
	}
}

func TestTheLedgerOfErasuresIsAppliedOnceToARestoredDatabase(t *testing.T) {
	for name, test := range map[string]struct {
		bootstrap, accepted string
		recorded            string
		done                bool
		applies             bool
		remembers           string
	}{
		"a database that was made empty":     {},
		"before the migration of a copy":     {bootstrap: "acme-1", applies: true},
		"when that is done":                  {bootstrap: "acme-1", done: true, applies: true, remembers: "acme-1 in cluster-A"},
		"after that":                         {bootstrap: "acme-1", recorded: "acme-1 in cluster-A", done: true, remembers: "acme-1 in cluster-A"},
		"a later migration":                  {bootstrap: "acme-1", recorded: "acme-1 in cluster-A", remembers: "acme-1 in cluster-A"},
		"another database in its place":      {accepted: "cluster-A", applies: true},
		"another one in a restored one's":    {bootstrap: "acme-1", accepted: "cluster-A", recorded: "acme-1 in cluster-0", applies: true, remembers: "acme-1 in cluster-0"},
		"another one, when it is rid of all": {accepted: "cluster-A", recorded: "cluster-A in cluster-A", done: true, remembers: "cluster-A in cluster-A"},
	} {
		tenant, class := samples(t)
		tenant.Status.Database = &halo.DatabaseStatus{ResourceID: "cluster-A", Created: true}
		if test.bootstrap != "" {
			tenant.Spec.Bootstrap = &halo.Bootstrap{BackupName: test.bootstrap}
		}
		if test.accepted != "" {
			tenant.Annotations = map[string]string{naming.AnnotationAcceptDatabase: test.accepted}
		}
		if test.recorded != "" {
			tenant.Status.Erasures = &halo.ErasuresStatus{AppliedTo: test.recorded}
		}
		decision := decide.Tenant(decide.Facts{Tenant: tenant, Class: class, State: seen(t), Now: now})
		decision.Migration.Status.Done = test.done
		remembers := ""
		if applied := decision.ErasuresApplied(); applied != nil {
			remembers = applied.AppliedTo
		}
		if decision.AppliesErasures() != test.applies || remembers != test.remembers {
			t.Errorf("%s: applies %t and remembers %q", name, decision.AppliesErasures(), remembers)
		}
	}
}
