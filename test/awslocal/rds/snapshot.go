package rds

import (
	"maps"
	"time"
)

// Snapshot is a manual DB cluster snapshot; a final one is one of these too.
type Snapshot struct {
	Identifier     string            `json:"identifier"`
	Folder         string            `json:"folder"`           // name of its data folder, unique for ever
	Cluster        string            `json:"cluster"`          // identifier of the cluster that it is of
	Source         Identity          `json:"source"`           // of that cluster at that time
	EngineVersion  string            `json:"engineVersion"`    // likewise
	Port           int64             `json:"port"`             // likewise
	Zones          []string          `json:"zones"`            // likewise
	DataKey        string            `json:"dataKey"`          // likewise
	ClusterCreated time.Time         `json:"clusterCreated"`   // likewise
	Created        time.Time         `json:"created"`          // every transaction that ended before is in it
	Tags           map[string]string `json:"tags,omitempty"`   // its own, plus the cluster's if the cluster says so
	Status         Status            `json:"status"`           // creating, available, failed
	Until          time.Time         `json:"until,omitzero"`   // the status does not change before
	Copied         bool              `json:"copied"`           // the files are there
	Reason         string            `json:"reason,omitempty"` // why it failed, for logs
}

// Progress is how much of the snapshot is there, in percent.
func (s *Snapshot) Progress() int64 {
	switch {
	case s.Status == Available:
		return 100
	case s.Copied:
		return 90
	}
	return 0
}

// CreateSnapshot begins a snapshot of an available cluster.
func (a *Account) CreateSnapshot(identifier, clusterIdentifier string, tags map[string]string, now time.Time) error {
	if err := a.checkNewSnapshot(identifier); err != nil {
		return err
	}
	cluster := a.Clusters[clusterIdentifier]
	if cluster == nil {
		return refuse(ClusterNotFound, "DBCluster %s not found.", clusterIdentifier)
	}
	if cluster.Status != Available {
		return refuse(InvalidClusterState, "Cluster %s is not currently in the available state (its status is %s).", clusterIdentifier, cluster.Status)
	}
	snapshot := a.newSnapshot(identifier, cluster, now)
	maps.Copy(snapshot.Tags, tags)
	a.Snapshots[identifier] = snapshot
	cluster.Status = BackingUp
	cluster.Work = append(cluster.Work, Work{Kind: TakeSnapshot, Snapshot: identifier})
	cluster.Until = snapshot.Until
	return nil
}

func (a *Account) checkNewSnapshot(identifier string) error {
	if err := checkIdentifier("DBClusterSnapshotIdentifier", identifier, 255); err != nil {
		return err
	}
	if a.Snapshots[identifier] != nil {
		return refuse(SnapshotAlreadyExists, "Cannot create the cluster snapshot because one with the identifier %s already exists.", identifier)
	}
	if len(a.Snapshots) >= a.Settings.ManualSnapshots {
		return refuse(SnapshotQuotaExceeded, "Cannot create more than %d manual cluster snapshots.", a.Settings.ManualSnapshots)
	}
	return nil
}

func (a *Account) newSnapshot(identifier string, cluster *Cluster, now time.Time) *Snapshot {
	tags := map[string]string{}
	if *cluster.CopyTagsToSnapshot {
		maps.Copy(tags, cluster.Tags)
	}
	return &Snapshot{
		Identifier: identifier, Folder: "snapshot-" + a.Settings.Random(26), Cluster: cluster.Identifier,
		Source: cluster.Identity, EngineVersion: *cluster.EngineVersion, Port: *cluster.Port, Zones: cluster.Zones,
		DataKey: cluster.DataKey, ClusterCreated: cluster.Created, Created: now.UTC(), Tags: tags,
		Status: Creating, Until: now.Add(cluster.stretch(a.Settings.Timings.Snapshot)),
	}
}

// DeleteSnapshot removes an available or failed snapshot at once; its files go soon after.
func (a *Account) DeleteSnapshot(identifier string) error {
	snapshot := a.Snapshots[identifier]
	if snapshot == nil {
		return refuse(SnapshotNotFound, "DBClusterSnapshot not found: %s", identifier)
	}
	if snapshot.Status == Creating {
		return refuse(InvalidSnapshotState, "The DB cluster snapshot %s is not available: its status is %s.", identifier, snapshot.Status)
	}
	delete(a.Snapshots, identifier)
	a.Discarded = append(a.Discarded, snapshot.Folder)
	return nil
}

// FailSnapshot makes a snapshot one that failed, as a storage fault does.
func (a *Account) FailSnapshot(identifier string) {
	if snapshot := a.Snapshots[identifier]; snapshot != nil {
		snapshot.Status, snapshot.Reason = Failed, "asked for"
	}
}
