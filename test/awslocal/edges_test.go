package awslocal_test

import (
	"strings"
	"testing"

	"halo.dev/halo/test/awslocal/ack"
)

func TestRefusalsShowInConditions(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	w.secret("short", "short")
	w.apply("{apiVersion: v1, kind: Secret, metadata: {name: typed}, type: kubernetes.io/basic-auth, stringData: {username: u, password: first-password}}")
	plain := "{kind: DBCluster, metadata: {name: %[1]s}, spec: {dbClusterIdentifier: %[1]s, engine: aurora-mysql, masterUsername: m, masterUserPassword: {name: %[2]s, key: password}, %[3]s}}"
	for name, test := range map[string]struct{ secret, spec, condition, says string }{
		"no-secret":   {"absent", "port: 3306", "ACK.Terminal", "absent not found"},
		"typed":       {"typed", "port: 3306", "ACK.Terminal", "must be Opaque"},
		"short":       {"short", "port: 3306", "ACK.Terminal", "shorter than 8"},
		"elsewhere":   {"master-1, namespace: default", "port: 3306", "ACK.Terminal", "namespace default"},
		"retention":   {"master-1", "backupRetentionPeriod: 36", "ACK.Terminal", "between 1 and 35"},
		"version":     {"master-1", `engineVersion: "5.7"`, "ACK.Terminal", "Cannot find version 5.7"},
		"subnets":     {"master-1", "dbSubnetGroupName: gone", "ACK.Recoverable", "DBSubnetGroupNotFoundFault"},
		"parameters":  {"master-1", "dbClusterParameterGroupName: gone", "ACK.Recoverable", "DBParameterGroupNotFound"},
		"managed":     {"master-1", "manageMasterUserPassword: true", "ACK.Terminal", "not played"},
		"to-a-moment": {"master-1", "sourceDBClusterIdentifier: gone, useLatestRestorableTime: true", "ACK.Recoverable", "DBClusterNotFoundFault"},
	} {
		w.apply(plain, name, test.secret, test.spec)
		object := w.awaitCondition("DBCluster", name, test.condition, "True", test.says)
		for _, condition := range []string{"Ready", "ACK.ResourceSynced"} {
			if status, _ := conditionOf(object, condition); status == "True" || status == "" {
				t.Errorf("%s: %s is %q beside a refusal", name, condition, status)
			}
		}
	}
	w.apply("{kind: DBClusterParameterGroup, metadata: {name: typo}, spec: {name: typo, family: aurora-mysql8.0, description: d, parameterOverrides: {require_tls: 'ON'}}}")
	w.awaitCondition("DBClusterParameterGroup", "typo", "ACK.Terminal", "True", "Could not find parameter with name: require_tls")
	w.apply("{kind: DBInstance, metadata: {name: rich}, spec: {dbInstanceIdentifier: rich, dbClusterIdentifier: acme, dbInstanceClass: db.serverless, engine: aurora-mysql, storageEncrypted: true}}")
	w.awaitCondition("DBInstance", "rich", "ACK.Terminal", "True", "storageEncrypted for the DB Cluster")
	w.apply("{kind: DBCluster, metadata: {name: refers}, spec: {dbClusterIdentifier: refers, engine: aurora-mysql, dbSubnetGroupRef: {from: {name: nowhere}}}}")
	w.awaitCondition("DBCluster", "refers", "ACK.ReferencesResolved", "Unknown", "Reference resolution failed")
}

func TestAChangedIdentifierIsASecondCluster(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	first := w.cluster("one", "master-1")
	database := w.open(first, "first-password", "tls")
	w.exec(database, "CREATE TABLE note (id INT)")
	w.apply(strings.Replace(clusterYAML, "dbClusterIdentifier: %[1]s", "dbClusterIdentifier: two", 1), "one", "master-1", "")
	w.eventually("the second cluster", func() string {
		object := w.get("DBCluster", "one")
		if text(object, "status", "status") != "available" || !strings.HasPrefix(text(object, "status", "endpoint"), "two.") {
			return text(object, "status")
		}
		return ""
	})
	w.exec(database, "INSERT INTO note VALUES (1)") // the first is still there, and nobody's
}

func TestWhatCannotBeModifiedIsTriedForEver(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	w.apply(clusterYAML+"  kmsKeyID: alias/halo\n", "loops", "master-1", "")
	object := w.awaitSynced("DBCluster", "loops")
	if key := text(object, "spec", "kmsKeyID"); key != "arn:aws:kms:us-east-1:111122223333:key/halo" {
		t.Errorf("the key was written back as %s", key)
	}
	// The operator asserts its alias again, and from then on every look finds a difference.
	w.apply(clusterYAML+"  kmsKeyID: alias/halo\n", "loops", "master-1", "")
	for range 3 {
		w.awaitCondition("DBCluster", "loops", "ACK.ResourceSynced", "False", "'modifying'")
		w.eventually("modifying begins anew", func() string {
			if latest := w.get("DBCluster", "loops"); text(latest, "status", "status") == "modifying" {
				return ""
			}
			return "not modifying"
		})
	}
	w.apply(clusterYAML+"  kmsKeyID: arn:aws:kms:us-east-1:111122223333:key/halo\n", "loops", "master-1", "")
	w.awaitSynced("DBCluster", "loops")
}

func TestFaultsArePlayed(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	cluster := w.cluster("acme", "master-1")
	reachable := func() error { return w.open(cluster, "first-password", "tls").PingContext(t.Context()) }
	for _, fault := range []string{"failed", "inaccessible-encryption-credentials"} {
		w.apply(clusterYAML, "acme", "master-1", "awslocal.halo.dev/fault: "+fault)
		w.eventually(fault, func() string {
			if status := text(w.get("DBCluster", "acme"), "status", "status"); status != fault {
				return "status is " + status
			}
			if reachable() == nil {
				return "the database answers"
			}
			return ""
		})
		object := w.awaitCondition("DBCluster", "acme", "ACK.ResourceSynced", "False", fault)
		if status, _ := conditionOf(object, "ACK.Terminal"); status == "True" {
			t.Errorf("%s is terminal; ACK shows it only as not synced", fault)
		}
	}
	w.apply(clusterYAML, "acme", "master-1", "awslocal.halo.dev/fault: 'terminal:no such thing'")
	w.awaitCondition("DBCluster", "acme", "ACK.Terminal", "True", "no such thing")
	w.apply(clusterYAML, "acme", "master-1", "")
	w.awaitSynced("DBCluster", "acme")
	w.eventually("the database answers again", func() string {
		if err := reachable(); err != nil {
			return err.Error()
		}
		return ""
	})

	w.inject("DBInstance", "acme-1", ack.Fault{Kind: ack.FaultFailed})
	w.eventually("the instance fails", func() string {
		if status := text(w.get("DBInstance", "acme-1"), "status", "dbInstanceStatus"); status != "failed" {
			return status
		}
		return ""
	})
	w.inject("DBInstance", "acme-1", ack.Fault{})
	w.awaitSynced("DBInstance", "acme-1")
	if err := w.standIn.InjectFault("Pod", keyOf("x"), ack.Fault{}); err == nil {
		t.Error("a fault on a kind that is not played was taken")
	}
	w.apply(clusterYAML, "acme", "master-1", "awslocal.halo.dev/fault: fire")
	w.awaitCondition("DBCluster", "acme", "ACK.Terminal", "True", "must be failed")
}
