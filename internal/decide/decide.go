// Package decide works out, from what was seen of a tenant and its class, what the tenant should have now. It is pure:
// the manager acts on its decisions, and a person can look at the same decisions before anything is done.
package decide

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
)

// Numbers of the master password. A restored cluster has the password of its origin: it is created with the first
// reference, and the second makes ACK set one that only this tenant has.
const (
	MasterAtCreation   = 1
	MasterAfterRestore = 2
)

// Facts is all that a decision rests on.
type Facts struct {
	Tenant *halo.HaloTenant
	Class  *halo.HaloTenantClass
	State  observe.State
	// RestoreFrom is the snapshot that a new cluster is made from; see RestoreSource.
	RestoreFrom string
	Now         time.Time
}

// Decision is what a tenant should have, and what that follows from.
type Decision struct {
	// Input is what the objects are made from.
	Input    desired.Input
	Database database.State
	// Migration is the zero value until the database can take one.
	Migration database.Migration
	// PasswordSwitch is what to remember about a restored database's own password; nil when there is none to switch.
	PasswordSwitch *halo.PasswordSwitch
	// PasswordSet is true when the database has the password that the migration will use.
	PasswordSet bool
	// Wake is when to decide again although nothing was seen to change; zero for never.
	Wake time.Time
}

// Tenant decides about one tenant.
func Tenant(facts Facts) Decision {
	cluster := facts.State.Cluster(facts.Tenant.Name)
	decision := Decision{Input: desired.Input{
		Tenant: facts.Tenant, Class: facts.Class, MasterNumber: masterNumber(facts.Tenant, cluster),
		RestoreFrom: facts.RestoreFrom, MigrationAttempt: 1,
	}}
	decision.PasswordSwitch = passwordSwitch(facts, decision.Input.MasterNumber, cluster)
	decision.PasswordSet, decision.Wake = passwordSet(facts, decision.PasswordSwitch, cluster)
	var wanted []string
	for _, instance := range desired.Instances(decision.Input) {
		wanted = append(wanted, instance.Name)
	}
	decision.Database = database.Assess(cluster, facts.State.Instances(), wanted)
	decision.Input.DatabaseHost = decision.Database.Endpoint
	if decision.Database.Endpoint == "" {
		return decision
	}
	target := desired.MigrationTarget(decision.Input)
	decision.Migration = database.NextMigration(target, facts.Tenant.Status.Migration, func(attempt int32) *batchv1.Job {
		return facts.State.Job(naming.Migration(target, attempt))
	}, facts.Now)
	decision.Input.MigrationAttempt = decision.Migration.Status.Attempt
	return decision
}

// masterNumber is 1, and 2 from the moment that a restored cluster can be given a password of its own.
func masterNumber(tenant *halo.HaloTenant, cluster *rds.DBCluster) int {
	if tenant.Spec.Bootstrap == nil || cluster == nil {
		return MasterAtCreation
	}
	reference := cluster.Spec.MasterUserPassword
	switched := reference != nil && reference.Name == naming.DatabaseMaster(MasterAfterRestore)
	available := cluster.Status.Status != nil && *cluster.Status.Status == "available"
	if switched || available {
		return MasterAfterRestore
	}
	return MasterAtCreation
}

// passwordSwitch notes the moment at which a restored cluster is first asked to take a password of its own.
func passwordSwitch(facts Facts, number int, cluster *rds.DBCluster) *halo.PasswordSwitch {
	if recorded := facts.Tenant.Status.Database; recorded != nil && recorded.PasswordSwitch != nil {
		return recorded.PasswordSwitch.DeepCopy()
	}
	if number != MasterAfterRestore {
		return nil
	}
	return &halo.PasswordSwitch{
		AskedAt: metav1.NewTime(facts.Now.Truncate(time.Second)), SyncedBefore: metav1.NewTime(database.SyncedAt(cluster)),
	}
}

// passwordSet tells whether the cluster has the password that the migration will use, and else when to look again.
func passwordSet(facts Facts, asked *halo.PasswordSwitch, cluster *rds.DBCluster) (bool, time.Time) {
	if facts.Tenant.Spec.Bootstrap == nil {
		return true, time.Time{}
	}
	if cluster == nil || asked == nil || cluster.Spec.MasterUserPassword == nil ||
		cluster.Spec.MasterUserPassword.Name != naming.DatabaseMaster(MasterAfterRestore) {
		return false, time.Time{}
	}
	if database.SyncedSince(cluster, asked.SyncedBefore.Time, asked.AskedAt.Time, facts.Now) {
		return true, time.Time{}
	}
	if grace := asked.AskedAt.Add(database.SyncGrace); facts.Now.Before(grace) {
		return false, grace
	}
	return false, time.Time{} // ACK is out of step: its next word is an event
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
	items := []desired.Item{
		{Object: desired.ServiceAccount(in), Reason: "what the pods run as"},
		{Object: desired.DefaultDeny(in), Reason: "shuts every pod off"},
		{Object: desired.ServerPolicy(in), Reason: "lets the server talk to exactly what it needs"},
		{Object: desired.MigratePolicy(in), Reason: "lets the migration talk to the database"},
		{Object: config, Reason: "what running pods reload"},
		{Object: desired.Service(in), Reason: "what the entrance connects to"},
		{Object: desired.DisruptionBudget(in), Reason: "keeps pods while nodes are drained"},
		{Object: desired.Ingress(in), Reason: "gives the hostname to the entrance"},
		{Object: desired.SubnetGroup(in), Reason: "where the database lives"},
		{Object: desired.ParameterGroup(in), Reason: "makes TLS a must for the database"},
		{Object: desired.Cluster(in), AtCreation: desired.ClusterAtCreation(in), Reason: "the tenant's database"},
	}
	if d.Database.CanTakeInstances {
		for _, instance := range desired.Instances(in) {
			items = append(items, desired.Item{Object: instance, Reason: "runs the database"})
		}
	}
	if d.Migration.Start && d.Database.Serving && d.PasswordSet {
		items = append(items, desired.Item{Object: desired.Migration(in), Once: true, Reason: "makes schemas and users"})
	}
	if deployment := desired.Deployment(in); deployment != nil && d.Migration.Status.Done {
		items = append(items, desired.Item{Object: deployment, Reason: "serves the visitors"})
	}
	return items, config, nil
}
