package tenant

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

type ownerReference = metav1.OwnerReference

// Numbers of the master password. A restored cluster has the password of its origin: it is created with the first
// reference, and the second makes ACK set one that only this tenant has.
const (
	masterAtCreation   = 1
	masterAfterRestore = 2
)

// Children returns an empty object of each kind whose changes wake their tenant.
func Children() []client.Object {
	return []client.Object{
		&corev1.ServiceAccount{}, &corev1.ConfigMap{}, &corev1.Service{}, &corev1.Pod{},
		&networkingv1.NetworkPolicy{}, &networkingv1.Ingress{}, &policyv1.PodDisruptionBudget{},
		&appsv1.Deployment{}, &batchv1.Job{},
		&rds.DBSubnetGroup{}, &rds.DBClusterParameterGroup{}, &rds.DBCluster{}, &rds.DBInstance{},
	}
}

// decide works out, from what was seen, what the objects are made from.
func (w *work) decide(restoreFrom string) {
	cluster := w.state.Cluster(w.tenant.Name)
	w.input = desired.Input{Tenant: w.tenant, Class: w.class, MasterNumber: w.masterNumber(cluster), RestoreFrom: restoreFrom, MigrationAttempt: 1}
	if w.status.Database == nil {
		w.status.Database = &halo.DatabaseStatus{}
	}
	w.rememberPasswordSwitch(cluster)
	var wanted []string
	for _, instance := range desired.Instances(w.input) {
		wanted = append(wanted, instance.Name)
	}
	w.database = database.Assess(cluster, w.state.Instances(), wanted)
	w.input.DatabaseHost = w.database.Endpoint
	if w.database.Endpoint == "" {
		return
	}
	target := desired.MigrationTarget(w.input)
	w.migration = database.NextMigration(target, w.tenant.Status.Migration, func(attempt int32) *batchv1.Job {
		return w.state.Job(naming.Migration(target, attempt))
	}, w.now)
	w.input.MigrationAttempt = w.migration.Status.Attempt
}

// masterNumber is 1, and 2 from the moment that a restored cluster can be given a password of its own.
func (w *work) masterNumber(cluster *rds.DBCluster) int {
	if w.tenant.Spec.Bootstrap == nil || cluster == nil {
		return masterAtCreation
	}
	reference := cluster.Spec.MasterUserPassword
	switched := reference != nil && reference.Name == naming.DatabaseMaster(masterAfterRestore)
	available := cluster.Status.Status != nil && *cluster.Status.Status == "available"
	if switched || available {
		return masterAfterRestore
	}
	return masterAtCreation
}

// rememberPasswordSwitch notes the moment at which a restored cluster is first asked to take a password of its own.
func (w *work) rememberPasswordSwitch(cluster *rds.DBCluster) {
	if w.input.MasterNumber != masterAfterRestore || w.status.Database.PasswordSwitch != nil {
		return
	}
	w.status.Database.PasswordSwitch = &halo.PasswordSwitch{
		AskedAt: metav1.NewTime(w.now.Truncate(time.Second)), SyncedBefore: metav1.NewTime(database.SyncedAt(cluster)),
	}
}

// passwordSet tells whether the cluster has the password that the migration will use.
func (w *work) passwordSet() bool {
	if w.tenant.Spec.Bootstrap == nil {
		return true
	}
	cluster, asked := w.state.Cluster(w.tenant.Name), w.status.Database.PasswordSwitch
	if cluster == nil || asked == nil || cluster.Spec.MasterUserPassword == nil ||
		cluster.Spec.MasterUserPassword.Name != naming.DatabaseMaster(masterAfterRestore) {
		return false
	}
	if database.SyncedSince(cluster, asked.SyncedBefore.Time, asked.AskedAt.Time, w.now) {
		return true
	}
	w.wakeAt(asked.AskedAt.Add(database.SyncGrace))
	return false
}

// items lists what the tenant should have now, in the order in which it is made.
func (w *work) items() ([]desired.Item, *corev1.ConfigMap, error) {
	in := w.input
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
	if w.database.CanTakeInstances {
		for _, instance := range desired.Instances(in) {
			items = append(items, desired.Item{Object: instance, Reason: "runs the database"})
		}
	}
	if w.migration.Start && w.database.Serving && w.passwordSet() {
		items = append(items, desired.Item{Object: desired.Migration(in), Once: true, Reason: "makes schemas and users"})
	}
	if deployment := desired.Deployment(in); deployment != nil && w.migration.Status.Done {
		items = append(items, desired.Item{Object: deployment, Reason: "serves the visitors"})
	}
	return items, config, nil
}
