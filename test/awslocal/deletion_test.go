package awslocal_test

import (
	"testing"
	"time"
)

func TestDeletionProtectionHoldsTheResource(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	w.apply(clusterYAML+"  deletionProtection: true\n", "safe", "master-1", "")
	w.awaitSynced("DBCluster", "safe")
	w.delete("DBCluster", "safe")
	object := w.awaitCondition("DBCluster", "safe", "ACK.Terminal", "True", "InvalidParameterCombination: Cannot delete protected Cluster")
	if finalizers := object.GetFinalizers(); len(finalizers) != 1 || finalizers[0] != "finalizers.rds.services.k8s.aws/DBCluster" {
		t.Errorf("finalizers are %v", finalizers)
	}
}

func TestInstancesHoldTheirClusterAndNothingHoldsTheData(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	cluster := w.cluster("acme", "master-1")
	w.exec(w.open(cluster, "first-password", "tls"), "CREATE TABLE note (id INT)")
	w.delete("DBCluster", "acme")
	w.awaitCondition("DBCluster", "acme", "ACK.Recoverable", "True", "still contains DB instances")
	w.delete("DBInstance", "acme-1")
	w.awaitGone("DBCluster", "acme")

	// Without annotations there was no final snapshot. A cluster of the same name is a new and empty one.
	w.eventually("the name is free", func() string {
		w.apply(clusterYAML, "acme", "master-1", "")
		w.eventually("an answer", func() string { return missingStatus(w, "acme") })
		if message := refusalThatStays(w, "acme"); message != "" {
			w.delete("DBCluster", "acme")
			w.awaitGone("DBCluster", "acme")
			return message
		}
		return ""
	})
	w.instance("acme")
	w.awaitSynced("DBInstance", "acme-1")
	empty := w.open(w.awaitSynced("DBCluster", "acme"), "first-password", "tls")
	if tables := w.count(empty, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'halo'"); tables != 0 {
		t.Errorf("the new cluster has %d tables of the old one", tables)
	}
}

// refusalThatStays is ACK's terminal word once it has stood for two seconds: an ACK whose cache has not seen its own
// finalizer yet says it for a moment, also of a cluster that it has just made.
func refusalThatStays(w *world, name string) (message string) {
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if _, message = conditionOf(w.get("DBCluster", name), "ACK.Terminal"); message == "" {
			return ""
		}
	}
	return message
}

func missingStatus(w *world, name string) string {
	if status, _ := conditionOf(w.get("DBCluster", name), "ACK.ResourceSynced"); status == "" {
		return "no conditions"
	}
	return ""
}

func TestRetainLeavesTheDatabaseAndAdoptionTakesItBack(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	cluster := w.cluster("kept", "master-1")
	database := w.open(cluster, "first-password", "tls")
	w.exec(database, "CREATE TABLE note (id INT)")

	w.apply(clusterYAML, "kept", "master-1", "services.k8s.aws/deletion-policy: retain")
	w.delete("DBCluster", "kept")
	w.awaitGone("DBCluster", "kept")
	w.exec(database, "INSERT INTO note VALUES (1)")

	// Its name alone does not give it back.
	w.apply(clusterYAML, "kept", "master-1", "")
	w.awaitCondition("DBCluster", "kept", "ACK.Terminal", "True", "already exists but is not managed by ACK")
	w.delete("DBCluster", "kept")
	w.awaitGone("DBCluster", "kept")
	w.exec(database, "INSERT INTO note VALUES (2)")

	w.apply(`{kind: DBCluster, metadata: {name: back, annotations: {services.k8s.aws/adoption-policy: adopt,
		services.k8s.aws/adoption-fields: '{"dbClusterIdentifier": "kept"}'}}, spec: {dbClusterIdentifier: "", engine: aurora-mysql}}`)
	adopted := w.awaitSynced("DBCluster", "back")
	if text(adopted, "spec", "dbClusterIdentifier") != "kept" || text(adopted, "spec", "backupRetentionPeriod") != "35" || text(adopted, "spec", "masterUsername") != "halo_master" {
		t.Errorf("the adopted spec is %v", adopted.Object["spec"])
	}
	if status, _ := conditionOf(adopted, "ACK.Adopted"); status != "True" || len(adopted.GetFinalizers()) != 1 {
		t.Errorf("adopted %q, finalizers %v", status, adopted.GetFinalizers())
	}
	if rows := w.count(database, "SELECT COUNT(*) FROM note"); rows != 2 {
		t.Errorf("the adopted cluster has %d of 2 rows", rows)
	}

	w.apply(`{kind: DBCluster, metadata: {name: none, annotations: {services.k8s.aws/adoption-policy: adopt,
		services.k8s.aws/adoption-fields: '{"dbClusterIdentifier": "nothing"}'}}, spec: {dbClusterIdentifier: "", engine: aurora-mysql}}`)
	w.awaitCondition("DBCluster", "none", "ACK.Recoverable", "True", "does not exist")
}

func TestAReadOnlyResourceOnlyLooks(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	database := w.open(w.cluster("seen", "master-1"), "first-password", "tls")
	w.apply(`{kind: DBCluster, metadata: {name: viewer, annotations: {services.k8s.aws/read-only: "true"}},
		spec: {dbClusterIdentifier: seen, engine: aurora-mysql, backupRetentionPeriod: 7}}`)
	viewer := w.awaitSynced("DBCluster", "viewer")
	if text(viewer, "spec", "backupRetentionPeriod") != "35" {
		t.Error("a read-only resource does not show what there is")
	}
	w.delete("DBCluster", "viewer")
	w.awaitGone("DBCluster", "viewer")
	w.exec(database, "DO 1")
}
