// Package decide works out, from what was seen of a tenant and its class, what the tenant should have now. It is pure:
// the manager acts on its decisions, and a person can look at the same decisions before anything is done.
package decide

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
)

// MasterAtCreation is the number of the master password that a database is created with.
const MasterAtCreation = 1

// Facts is all that a decision rests on.
type Facts struct {
	Tenant *halo.HaloTenant
	Class  *halo.HaloTenantClass
	State  observe.State
	// RestoreFrom is the snapshot that a new cluster is made from; see RestoreSource.
	RestoreFrom string
	// Lost names Secrets that were written and are not there any more. Their content is unknown.
	Lost []string
	// ManagerNamespace is where the manager's pods are; empty for one who does not know, and then whom the tenant's pods
	// let in counts.
	ManagerNamespace string
	// AuthorityPEM is the certificate of the operator's own CA; empty for one who does not have it, and then what the
	// tenant's entrance has counts.
	AuthorityPEM string
	Now          time.Time
}

// Decision is what a tenant should have, and what that follows from.
type Decision struct {
	// Input is what the objects are made from.
	Input    desired.Input
	Database database.State
	// Identity tells which database is the tenant's, and Claim how the tenant may come by it.
	Identity database.Identity
	Claim    database.Claim
	// Credentials is what to remember about the database's users and master password.
	Credentials halo.CredentialsStatus
	// Migration is the zero value until the database can take one; Retirement until previous users may be dropped.
	Migration, Retirement database.Migration
	// PasswordSwitch is what to remember about the newest master password; nil when there is none to switch.
	PasswordSwitch *halo.PasswordSwitch
	// PasswordSet is true when the database has the password that a Job will use.
	PasswordSet bool
	// Surplus are instances that go because fewer are wanted; never the one that writes.
	Surplus []*rds.DBInstance
	// Retired names Secrets of former credentials that nothing needs any more, as far as was seen.
	Retired []string
	// Wake is when to decide again although nothing was seen to change; zero for never.
	Wake time.Time

	// recorded is true when the tenant's status tells that its database was seen.
	recorded bool
}

// Tenant decides about one tenant.
func Tenant(facts Facts) Decision {
	cluster := facts.State.Cluster(facts.Tenant.Name)
	identity := IdentityOf(facts.Tenant, cluster)
	decision := Decision{Identity: identity, Claim: identity.Claim(), Input: desired.Input{
		Tenant: facts.Tenant, Class: facts.Class, RestoreFrom: facts.RestoreFrom,
		Known: identity.Claim() == database.ClaimKnown, Accepted: accepted(facts.Tenant),
		MigrationAttempt: 1, RetirementAttempt: 1,
		AuthorityPEM: authorityPEM(facts), Scaled: scaled(facts), ManagerNamespace: managerNamespace(facts),
	}}
	decision.Input.Sealing, _, _ = decision.SealingSoFar()
	recorded := facts.Tenant.Status.Database
	decision.recorded = (recorded != nil && recorded.Created) || desired.External(facts.Tenant) != nil
	decision.assess(facts, cluster)
	decision.number(facts, cluster)
	decision.Retired = decision.retired(facts, cluster)
	return decision
}

// scaled tells whether an autoscaler may have the number of pods: none wakes a Deployment that is at rest.
func scaled(facts Facts) bool {
	deployment := facts.State.Deployment()
	return !facts.Tenant.Spec.Hibernate && deployment != nil && deployment.Spec.Replicas != nil && *deployment.Spec.Replicas > 0
}

func authorityPEM(facts Facts) string {
	if facts.AuthorityPEM != "" {
		return facts.AuthorityPEM
	}
	return facts.State.ServerCA()
}

func managerNamespace(facts Facts) string {
	if facts.ManagerNamespace != "" {
		return facts.ManagerNamespace
	}
	for _, object := range facts.State.Of("NetworkPolicy") {
		if policy, ok := object.(*networkingv1.NetworkPolicy); ok && policy.Name == naming.PolicyServer {
			return desired.ManagerNamespace(policy)
		}
	}
	return ""
}

// assess says what the database can be used for, and which instances it should have.
func (d *Decision) assess(facts Facts, cluster *rds.DBCluster) {
	if external := desired.External(facts.Tenant); external != nil {
		d.Database = database.State{Exists: true, Serving: true, Ready: true, Endpoint: external.Host,
			Message: "The database " + external.Host + " is run by somebody else"}
		d.Input.DatabaseHost = external.Host
		return
	}
	instances := facts.State.Instances()
	writer := writerNumber(facts.Tenant, cluster, instances)
	wanted := desired.WantedInstances(facts.Tenant, facts.Class)
	d.Input.Instances = database.Numbers(wanted, writer)
	names := make([]string, 0, len(d.Input.Instances))
	for _, number := range d.Input.Instances {
		names = append(names, naming.Instance(facts.Tenant.Name, number))
	}
	d.Database = database.Assess(cluster, instances, names)
	d.Input.DatabaseHost = d.Database.Endpoint
	if d.Database.Ready && !d.Database.Changing && d.Claim == database.ClaimKnown {
		d.Surplus = surplus(facts.Tenant.Name, instances, wanted, writer)
	}
}

// writerNumber is the number of the instance that writes; 0 when it is not known.
func writerNumber(tenant *halo.HaloTenant, cluster *rds.DBCluster, instances map[string]*rds.DBInstance) int {
	writer := database.Writer(cluster)
	if writer == "" {
		return 0
	}
	for name := range instances {
		number := instanceNumber(tenant.Name, name)
		if number != 0 && desired.InstanceIdentifier(tenant, number) == writer {
			return number
		}
	}
	return 0
}

func instanceNumber(tenant, name string) int {
	return int(naming.Number(naming.Database(tenant), name))
}

func surplus(tenant string, instances map[string]*rds.DBInstance, wanted, writer int) []*rds.DBInstance {
	var present []int
	for name, instance := range instances {
		if number := instanceNumber(tenant, name); number != 0 && instance.DeletionTimestamp == nil {
			present = append(present, number)
		}
	}
	var leaving []*rds.DBInstance
	for _, number := range database.Surplus(present, wanted, writer) {
		leaving = append(leaving, instances[naming.Instance(tenant, number)])
	}
	return leaving
}

// migrate decides about the migration that the numbers in force ask for.
func (d *Decision) migrate(facts Facts) {
	d.Migration = database.Migration{}
	if d.Input.DatabaseHost == "" {
		return
	}
	target := desired.MigrationTarget(d.Input)
	d.Migration = database.NextMigration(target, facts.Tenant.Status.Migration, func(attempt int32) *batchv1.Job {
		return facts.State.Job(naming.Migration(target, attempt))
	}, facts.Now)
	d.Input.MigrationAttempt = max(d.Migration.Status.Attempt, 1)
}

// StartsMigration and StartsRetirement tell whether the Job is among the items. A database at rest is left asleep, and
// nothing is written into one before the status says that it is the tenant's.
func (d Decision) StartsMigration() bool { return d.Migration.Start && d.mayRunJobs() }

// StartsRetirement is as StartsMigration, for the Job that drops the previous users.
func (d Decision) StartsRetirement() bool { return d.Retirement.Start && d.mayRunJobs() }

// AppliesErasures is true while the database was restored and the ledger of erasures was not applied to it: the
// migration does that, once. Siblings that live on do not erase each other's persons.
func (d Decision) AppliesErasures() bool {
	recorded := d.Input.Tenant.Status.Erasures
	return desired.RestoredFrom(d.Input.Tenant) != "" && (recorded == nil || recorded.AppliedTo != d.restoredDatabase())
}

// ErasuresApplied is what to remember of the ledger once the migration is done.
func (d Decision) ErasuresApplied() *halo.ErasuresStatus {
	if !d.Migration.Status.Done || desired.RestoredFrom(d.Input.Tenant) == "" {
		return d.Input.Tenant.Status.Erasures
	}
	return &halo.ErasuresStatus{AppliedTo: d.restoredDatabase()}
}

// restoredDatabase names the database, and the claim that it is the tenant's.
func (d Decision) restoredDatabase() string {
	return desired.RestoredFrom(d.Input.Tenant) + " in " + d.Identity.ResourceID()
}

func (d Decision) mayRunJobs() bool {
	return d.Database.Serving && d.PasswordSet && d.recorded && !d.Input.Tenant.Spec.Hibernate
}

func (d *Decision) wakeAt(at time.Time) {
	if !at.IsZero() && (d.Wake.IsZero() || at.Before(d.Wake)) {
		d.Wake = at
	}
}

// Namespace is the item that all others need.
func (d Decision) Namespace() desired.Item {
	return desired.Item{Object: desired.Namespace(d.Input), AtCreation: desired.Namespace(d.Input), Reason: "holds all of the tenant's objects"}
}

// Items lists what the tenant should have in its namespace now, in the order in which it is made. The second result is
// the configuration among them, which running pods reload.
func (d Decision) Items() ([]desired.Item, *corev1.ConfigMap, error) {
	in := d.Input
	config, err := desired.ServerConfig(in)
	if err != nil {
		return nil, nil, err
	}
	items := append(desired.Objects(in), desired.Item{Object: config, Reason: "what running pods reload"})
	items = append(items, d.databaseItems()...)
	if d.StartsMigration() {
		items = append(items, desired.Erasures(in)...)
		items = append(items, desired.Item{Object: desired.Migration(in), Once: true, Reason: "makes schemas and users"})
	}
	if d.Migration.Status.Done || in.Tenant.Spec.Hibernate {
		items = append(items, desired.Serving(in)...)
	}
	if d.StartsRetirement() {
		items = append(items, desired.Item{Object: desired.Retirement(in), Once: true, Reason: "drops the users whose turn is over"})
	}
	return items, config, nil
}

func (d Decision) databaseItems() []desired.Item {
	in := d.Input
	if desired.External(in.Tenant) != nil {
		return nil
	}
	subnets, parameters := desired.SubnetGroup(in), desired.ParameterGroup(in)
	items := []desired.Item{
		{Object: subnets, AtCreation: desired.AtCreation(in, subnets), Reason: "where the database lives"},
		{Object: parameters, AtCreation: desired.AtCreation(in, parameters), Reason: "makes TLS a must for the database"},
		{Object: desired.Cluster(in), AtCreation: desired.ClusterAtCreation(in), Reason: "the tenant's database"},
	}
	if !d.Database.CanTakeInstances {
		return items
	}
	for _, instance := range desired.Instances(in) {
		items = append(items, desired.Item{Object: instance, AtCreation: desired.InstanceAtCreation(in, instance), Reason: "runs the database"})
	}
	return items
}
