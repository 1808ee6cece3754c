package rds

import "time"

// DeleteCluster accepts the deletion of a cluster without instances. With skipFinal the data goes; otherwise it becomes
// the snapshot finalSnapshot first. Work goes on after the call.
func (a *Account) DeleteCluster(identifier string, skipFinal bool, finalSnapshot string, now time.Time) error {
	cluster := a.Clusters[identifier]
	if cluster == nil {
		return refuse(ClusterNotFound, "DBCluster %s not found.", identifier)
	}
	if err := a.checkDeletion(cluster, skipFinal, finalSnapshot); err != nil {
		return err
	}
	if !skipFinal {
		snapshot := a.newSnapshot(finalSnapshot, cluster, now)
		a.Snapshots[finalSnapshot] = snapshot
	}
	cluster.Status = Deleting
	cluster.Until = now.Add(cluster.stretch(a.Settings.Timings.Delete))
	cluster.Work = []Work{{Kind: Destroy, Snapshot: finalSnapshot}}
	return nil
}

func (a *Account) checkDeletion(cluster *Cluster, skipFinal bool, finalSnapshot string) error {
	if *cluster.DeletionProtection {
		return refuse(InvalidParameterCombination, "Cannot delete protected Cluster, please disable deletion protection and try again.")
	}
	if skipFinal && finalSnapshot != "" {
		return refuse(InvalidParameterCombination, "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true.")
	}
	if !skipFinal && finalSnapshot == "" {
		return refuse(InvalidParameterCombination, "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
	}
	for _, identifier := range a.Members(cluster.Identifier) {
		if a.Instances[identifier].Status != Deleting {
			return refuse(InvalidClusterState, "Cluster cannot be deleted, it still contains DB instances in non-deleting state.")
		}
	}
	deletable := cluster.Status == Available || (skipFinal && (cluster.Status == Failed || cluster.Status == InaccessibleKey))
	if !deletable {
		return refuse(InvalidClusterState, "DB cluster %s is not available for deletion with status %s.", cluster.Identifier, cluster.Status)
	}
	if skipFinal {
		return nil
	}
	return a.checkNewSnapshot(finalSnapshot)
}
