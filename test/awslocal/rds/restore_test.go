package rds_test

import (
	"testing"
	"time"

	"halo.dev/halo/test/awslocal/rds"
)

// snapshotted has the available snapshot "one" of the cluster "acme".
func snapshotted(t *testing.T) *rds.Account {
	t.Helper()
	a := account(t)
	available(t, a, "acme")
	must(t, a.CreateSnapshot("one", "acme", nil, start))
	finishWork(t, a, "acme", nil)
	a.Advance(start.Add(time.Minute))
	return a
}

func TestARestoreInheritsWhatTheCallDoesNotCarry(t *testing.T) {
	a := snapshotted(t)
	r := request("copy")
	r.MasterUsername, r.BackupWindow, r.Password = ptr("somebody_else"), ptr("01:00-02:00"), ""
	must(t, a.RestoreFromSnapshot(r, "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:one", start))
	source, c := a.Clusters["acme"], a.Clusters["copy"]
	if *c.MasterUsername != "halo_master" || c.PasswordHash != "" {
		t.Errorf("the master user is %s with hash %q, want the snapshot's, and nothing to set", *c.MasterUsername, c.PasswordHash)
	}
	if *c.BackupRetentionPeriod != 1 || *c.BackupWindow != "05:10-05:40" {
		t.Errorf("retention %d and window %s, want the defaults", *c.BackupRetentionPeriod, *c.BackupWindow)
	}
	if c.DataKey != source.DataKey || c.Origin.Snapshot != a.Snapshots["one"].Folder {
		t.Error("the copy is not of the snapshot's data, or has another key")
	}
	if c.Address == source.Address || c.ResourceID == source.ResourceID {
		t.Error("the copy shares its source's address or folder")
	}
}

func TestAnEncryptedSnapshotCannotBecomeAnUnencryptedCluster(t *testing.T) {
	a := snapshotted(t)
	r := request("copy")
	r.StorageEncrypted = ptr(false)
	must(t, a.RestoreFromSnapshot(r, "one", start))
	if c := a.Clusters["copy"]; !*c.StorageEncrypted || c.DataKey == "" {
		t.Error("the restored cluster is not encrypted")
	}
}

func TestSnapshotsTakeTagsFromTheirClusterOnlyWhenToldTo(t *testing.T) {
	for _, copyTags := range []bool{true, false} {
		a := account(t)
		c := available(t, a, "acme")
		c.Tags, c.CopyTagsToSnapshot = map[string]string{"tenant": "acme"}, &copyTags
		must(t, a.CreateSnapshot("one", "acme", map[string]string{"own": "yes"}, start))
		tags := a.Snapshots["one"].Tags
		if (tags["tenant"] == "acme") != copyTags || tags["own"] != "yes" {
			t.Errorf("with copyTagsToSnapshot %v the tags are %v", copyTags, tags)
		}
	}
}

func TestASnapshotIsAvailableWhenCopiedAndItsTimeHasCome(t *testing.T) {
	a := account(t)
	c := available(t, a, "acme")
	must(t, a.CreateSnapshot("one", "acme", nil, start))
	s := a.Snapshots["one"]
	if c.Status != rds.BackingUp || s.Progress() != 0 {
		t.Errorf("at once: cluster %s, progress %d", c.Status, s.Progress())
	}
	finishWork(t, a, "acme", nil)
	if a.Advance(start.Add(time.Second)); s.Status != rds.Creating || s.Progress() != 90 {
		t.Errorf("copied before its time: %s, %d%%", s.Status, s.Progress())
	}
	if a.Advance(start.Add(2 * time.Second)); s.Status != rds.Available || s.Progress() != 100 || c.Status != rds.Available {
		t.Errorf("at its time: %s, %d%%, cluster %s", s.Status, s.Progress(), c.Status)
	}
}

func TestRestoringToAPointInTimeIsRefusedInPlainWords(t *testing.T) {
	a := snapshotted(t)
	refusedWith(t, a.RestoreToTime(request("copy"), "acme", start, start), rds.NotPlayed, "not played by the stand-in")
	refusedWith(t, a.RestoreToTime(request("copy"), "gone", start, start), rds.ClusterNotFound, "gone")
	if a.Clusters["copy"] != nil {
		t.Error("a refused restore made a cluster")
	}
}
