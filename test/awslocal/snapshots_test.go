package awslocal_test

import (
	"context"
	"database/sql"
	"sync/atomic"
	"testing"

	"halo.dev/halo/test/awslocal"
)

// A snapshot that is taken while rows are written has every row that was there before and no half of a transaction.
func TestASnapshotTakenWhileRowsAreWrittenIsConsistent(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	database := w.open(w.cluster("busy", "master-1"), "first-password", "tls")
	w.exec(database, "CREATE TABLE pair (id BIGINT PRIMARY KEY AUTO_INCREMENT, twin INT)")
	w.exec(database, "CREATE TABLE mirror (id BIGINT PRIMARY KEY AUTO_INCREMENT, twin INT)")

	var written atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- writePairs(ctx, database, &written) }()
	w.eventually("rows are written", func() string {
		if written.Load() < 20 {
			return "not yet"
		}
		return ""
	})
	before := written.Load()
	w.apply("{kind: DBClusterSnapshot, metadata: {name: busy-1}, spec: {dbClusterSnapshotIdentifier: busy-1, dbClusterIdentifier: busy}}")
	snapshot := w.awaitSynced("DBClusterSnapshot", "busy-1")
	for path, want := range map[string]string{"status": "available", "percentProgress": "100", "storageEncrypted": "true", "engineVersion": "8.0.mysql_aurora.3.08.2", "snapshotType": "manual"} {
		if have := text(snapshot, "status", path); have != want {
			t.Errorf("status.%s is %s, want %s", path, have, want)
		}
	}
	if text(snapshot, "status", "snapshotCreateTime") == "<nil>" {
		t.Error("the snapshot has no time")
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	w.apply(clusterYAML+"  snapshotIdentifier: busy-1\n", "calm", "master-1", "")
	w.instance("calm")
	w.awaitSynced("DBInstance", "calm-1")
	restored := w.open(w.awaitSynced("DBCluster", "calm"), "first-password", "tls")
	rows, mirrored := w.count(restored, "SELECT COUNT(*) FROM pair"), w.count(restored, "SELECT COUNT(*) FROM mirror")
	if rows != mirrored || rows < int(before) || rows > int(written.Load()) {
		t.Errorf("the copy has %d pairs and %d mirrors; %d were there before, %d in the end", rows, mirrored, before, written.Load())
	}

	// Deleting the resource deletes the snapshot: its name is free, and nothing can be restored from it.
	w.delete("DBClusterSnapshot", "busy-1")
	w.awaitGone("DBClusterSnapshot", "busy-1")
	w.apply(clusterYAML+"  snapshotIdentifier: busy-1\n", "late", "master-1", "")
	w.awaitCondition("DBCluster", "late", "ACK.Recoverable", "True", "DBClusterSnapshotNotFoundFault")
}

// writePairs writes one row into each of two tables per transaction until ctx ends, and counts transactions.
func writePairs(ctx context.Context, database *sql.DB, written *atomic.Int64) error {
	for ctx.Err() == nil {
		transaction, err := database.Begin()
		if err != nil {
			return err
		}
		for _, table := range []string{"pair", "mirror"} {
			if _, err := transaction.Exec("INSERT INTO "+table+" (twin) VALUES (?)", written.Load()); err != nil {
				return err
			}
		}
		if err := transaction.Commit(); err != nil {
			return err
		}
		written.Add(1)
	}
	return nil
}

func TestSnapshotsAreRefusedAsRDSDoes(t *testing.T) {
	w := newWorld(t, func(options *awslocal.Options) { options.ManualSnapshots = 1 })
	w.groups("ON")
	w.secret("master-1", "first-password")
	snapshot := "{kind: DBClusterSnapshot, metadata: {name: %[1]s}, spec: {dbClusterSnapshotIdentifier: %[2]s, dbClusterIdentifier: acme}}"
	w.apply(snapshot, "early", "early")
	w.awaitCondition("DBClusterSnapshot", "early", "ACK.Recoverable", "True", "DBClusterNotFoundFault")

	// Recoverable is tried again: once the cluster is available the snapshot is taken, while it is creating it is not.
	w.apply(clusterYAML, "acme", "master-1", "")
	w.awaitSynced("DBClusterSnapshot", "early")
	if status := text(w.awaitSynced("DBCluster", "acme"), "status", "status"); status != "available" {
		t.Errorf("the cluster is %s", status)
	}
	w.apply(snapshot, "too-many", "too-many")
	w.awaitCondition("DBClusterSnapshot", "too-many", "ACK.Recoverable", "True", "SnapshotQuotaExceeded")
	w.apply(snapshot, "again", "early")
	w.awaitCondition("DBClusterSnapshot", "again", "ACK.Terminal", "True", "already exists but is not managed")
	w.delete("DBClusterSnapshot", "again")
	w.awaitGone("DBClusterSnapshot", "again")
	w.apply(snapshot, "bad", "bad--name")
	w.awaitCondition("DBClusterSnapshot", "bad", "ACK.Terminal", "True", "valid identifier")
	if status := text(w.get("DBClusterSnapshot", "early"), "status", "status"); status != "available" {
		t.Errorf("deleting a resource that never owned the snapshot left it %s", status)
	}
}
