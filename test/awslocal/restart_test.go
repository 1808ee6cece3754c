package awslocal_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"halo.dev/halo/test/awslocal"
	"halo.dev/halo/test/awslocal/cloud"
)

// servers are the process IDs of the MariaDB servers of a state folder.
func servers(t *testing.T, state string) []string {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range lines {
		if content, err := os.ReadFile(file); err == nil && strings.Contains(string(content), "--defaults-file="+state+"/") && strings.Contains(string(content), "mariadbd") {
			found = append(found, filepath.Base(filepath.Dir(file)))
		}
	}
	return found
}

func TestARestartKeepsClustersAndSnapshots(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	cluster := w.cluster("acme", "master-1")
	w.exec(w.open(cluster, "first-password", "tls"), "CREATE TABLE note (id INT)")
	w.apply("{kind: DBClusterSnapshot, metadata: {name: s}, spec: {dbClusterSnapshotIdentifier: s, dbClusterIdentifier: acme}}")
	w.awaitSynced("DBClusterSnapshot", "s")

	_, err := awslocal.Open(t.Context(), awslocal.Options{Config: apiServer, StateFolder: w.state, TemplateFolder: templates})
	if !errors.Is(err, cloud.ErrLocked) {
		t.Errorf("a second stand-in on one state folder: %v, want %v", err, cloud.ErrLocked)
	}
	w.stop()
	if left := servers(t, w.state); len(left) != 0 {
		t.Errorf("servers %v still run", left)
	}

	w.start(func(options *awslocal.Options) { options.Detach, options.Speed = true, 10 })
	answers := func() string {
		if err := w.open(cluster, "first-password", "tls").PingContext(t.Context()); err != nil {
			return err.Error()
		}
		return ""
	}
	w.eventually("the database answers after a restart", answers)
	w.count(w.open(cluster, "first-password", "tls"), "SELECT COUNT(*) FROM note")

	// Detached, the server is left running and found again.
	before := servers(t, w.state)
	w.stop()
	if missing := answers(); missing != "" {
		t.Errorf("the detached server: %s", missing)
	}
	w.start(nil)
	if after := servers(t, w.state); len(before) != 1 || len(after) != 1 || before[0] != after[0] {
		t.Errorf("servers were %v and are %v", before, after)
	}
	w.apply(clusterYAML+"  snapshotIdentifier: s\n", "again", "master-1", "")
	w.instance("again")
	w.awaitSynced("DBInstance", "again-1")
	w.count(w.open(w.awaitSynced("DBCluster", "again"), "first-password", "tls"), "SELECT COUNT(*) FROM note")
}

func TestAServerThatDiesIsStartedAgain(t *testing.T) {
	w := newWorld(t, nil)
	w.groups("ON")
	w.secret("master-1", "first-password")
	cluster := w.cluster("acme", "master-1")
	database := w.open(cluster, "first-password", "tls")
	w.exec(database, "CREATE TABLE note (id INT)")
	w.exec(database, "INSERT INTO note VALUES (1)")
	for _, file := range must(filepath.Glob(filepath.Join(w.state, "clusters", "*", "pid"))) {
		var pid int
		for _, digit := range strings.TrimSpace(string(must(os.ReadFile(file)))) {
			pid = 10*pid + int(digit-'0')
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	w.eventually("the row is there", func() string {
		var rows int
		if err := database.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM note").Scan(&rows); err != nil {
			return err.Error()
		}
		if rows != 1 {
			t.Fatalf("%d rows", rows)
		}
		return ""
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
