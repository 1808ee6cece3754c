package awslocal_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The main path: a cluster is born, holds data, is deleted with a final snapshot, and comes back from it.
func TestAClusterComesBackFromItsFinalSnapshot(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	cluster := w.cluster("acme", "master-1")
	for _, want := range []struct{ path, value string }{
		{"status.status", "available"}, {"spec.engineVersion", "8.0.mysql_aurora.3.08.2"}, {"spec.kmsKeyID", "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000000"},
		{"status.ackResourceMetadata.arn", "arn:aws:rds:us-east-1:111122223333:cluster:acme"}, {"spec.port", "3306"}, {"spec.preferredBackupWindow", "05:10-05:40"},
	} {
		if have := text(cluster, strings.Split(want.path, ".")...); have != want.value {
			t.Errorf("%s is %q, want %q", want.path, have, want.value)
		}
	}

	database := w.open(cluster, "first-password", "tls")
	w.exec(database, "CREATE TABLE note (id INT PRIMARY KEY, words VARCHAR(200))")
	w.exec(database, "INSERT INTO note VALUES (1, 'a-marker-that-must-not-be-on-disk')")
	plainConnectionsFollowTheParameterGroup(w, cluster)
	noPlainText(t, w.state, "a-marker-that-must-not-be-on-disk")
	noPlainText(t, w.state, "first-password")

	w.apply(clusterYAML, "acme", "master-1", `rds.services.k8s.aws/skip-final-snapshot: "false", rds.services.k8s.aws/final-db-snapshot-identifier: acme-final`)
	w.delete("DBInstance", "acme-1")
	w.awaitGone("DBInstance", "acme-1")
	w.delete("DBCluster", "acme")
	w.awaitGone("DBCluster", "acme")

	w.secret("master-2", "second-password")
	w.apply(clusterYAML+"  snapshotIdentifier: acme-final\n", "again", "master-2", "")
	w.instance("again")
	w.awaitSynced("DBInstance", "again-1")
	restored := w.awaitSynced("DBCluster", "again")
	if have := text(restored, "spec", "backupRetentionPeriod"); have != "1" {
		t.Errorf("a restore carries no retention: backupRetentionPeriod is %s, want it written back as 1", have)
	}

	// The password is the snapshot's until the reference (not the data) changes.
	refused(t, w, restored, "second-password")
	old := w.open(restored, "first-password", "tls")
	if rows := w.count(old, "SELECT COUNT(*) FROM note WHERE words = 'a-marker-that-must-not-be-on-disk'"); rows != 1 {
		t.Errorf("the restored cluster has %d of 1 rows", rows)
	}
	w.secret("master-3", "third-password")
	w.apply(clusterYAML+"  snapshotIdentifier: acme-final\n", "again", "master-3", "")
	w.eventually("the new password is valid", func() string {
		if err := w.open(restored, "third-password", "tls").PingContext(t.Context()); err != nil {
			return err.Error()
		}
		return ""
	})
	refused(t, w, restored, "first-password")
	if after := w.awaitSynced("DBCluster", "again"); text(after, "spec", "backupRetentionPeriod") != "35" {
		t.Error("a retention that was applied again did not stay")
	}
}

// plainConnectionsFollowTheParameterGroup turns require_secure_transport off and on again under a running server.
func plainConnectionsFollowTheParameterGroup(w *world, cluster *unstructured.Unstructured) {
	w.t.Helper()
	plain := func() error { return w.open(cluster, "first-password", "plain").PingContext(w.t.Context()) }
	if err := plain(); err == nil {
		w.t.Error("a plain connection was let in although the parameter group requires TLS")
	}
	w.groups("OFF")
	w.eventually("a plain connection is let in", func() string {
		if err := plain(); err != nil {
			return err.Error()
		}
		return ""
	})
	w.groups("ON")
	w.eventually("a plain connection is refused again", func() string {
		if plain() == nil {
			return "it is let in"
		}
		return ""
	})
}

func refused(t *testing.T, w *world, cluster *unstructured.Unstructured, password string) {
	t.Helper()
	err := w.open(cluster, password, "tls").PingContext(t.Context())
	var refusal *mysql.MySQLError
	if !errors.As(err, &refusal) || refusal.Number != 1045 {
		t.Errorf("connecting with a password that is not valid: %v, want error 1045", err)
	}
}

// noPlainText fails when any file of the state folder has marker in it.
func noPlainText(t *testing.T, folder, marker string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(marker)) {
			t.Errorf("%s holds %q in plain text", path, marker)
		}
		return err
	})
	if err != nil || files < 10 {
		t.Errorf("looked at %d files: %v", files, err)
	}
}
