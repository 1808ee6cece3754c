package database

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
)

// Step is one step of a tenant's teardown. Each can be done again: a manager that restarts between any two goes on.
type Step string

// The steps, in their order.
const (
	// StepConfirm waits for a person to confirm the deletion of a production tenant.
	StepConfirm Step = "Confirm"
	// StepCloseEntrance deletes what leads visitors and staff to the pods, which still run.
	StepCloseEntrance Step = "CloseEntrance"
	// StepCollectErasures asks the pods, while they can answer, whom they erased last.
	StepCollectErasures Step = "CollectErasures"
	// StepStopServer deletes what serves visitors and waits until no pod is left that could write.
	StepStopServer Step = "StopServer"
	// StepWaitDatabase waits until RDS can take orders for the cluster.
	StepWaitDatabase Step = "WaitDatabase"
	// StepClaim makes the DBCluster of a database again that RDS still has: only what ACK manages can be deleted properly.
	StepClaim Step = "Claim"
	// StepClaimInstances does the same for instances: RDS deletes no cluster that has any.
	StepClaimInstances Step = "ClaimInstances"
	// StepRescue marks a DBCluster that somebody else has deleted as retained, so that RDS keeps the database.
	StepRescue Step = "Rescue"
	// StepWaitPerson waits until a person has said which database is the tenant's.
	StepWaitPerson Step = "WaitPerson"
	// StepRetain marks every ACK object so that its deletion leaves AWS alone.
	StepRetain Step = "Retain"
	// StepRecordFinalBackup creates the HaloBackup of the final copy, before anything is deleted.
	StepRecordFinalBackup Step = "RecordFinalBackup"
	// StepUnprotect turns deletion protection off and sets the annotations of the final snapshot.
	StepUnprotect Step = "Unprotect"
	// StepWaitUnprotected waits until ACK has told RDS so: a protected cluster cannot be deleted.
	StepWaitUnprotected Step = "WaitUnprotected"
	// StepDeleteInstances deletes the instances.
	StepDeleteInstances Step = "DeleteInstances"
	// StepDeleteCluster deletes the cluster.
	StepDeleteCluster Step = "DeleteCluster"
	// StepWaitFinalBackup waits until the final copy can be restored: ACK's finalizer goes before RDS is done.
	StepWaitFinalBackup Step = "WaitFinalBackup"
	// StepDeleteGroups deletes the subnet group and the parameter group.
	StepDeleteGroups Step = "DeleteGroups"
	// StepDeleteNamespace deletes what is left.
	StepDeleteNamespace Step = "DeleteNamespace"
	// StepDone lets the HaloTenant go.
	StepDone Step = "Done"
)

// Teardown is all that the next step depends on, as read from the API server itself and not from a cache.
type Teardown struct {
	Policy halo.DeletionPolicy
	// Production and Confirmed: a production tenant goes only when its name was given as confirmation.
	Production, Confirmed bool
	// ServerObjects counts Deployments, Jobs, Ingresses and pods that are left.
	ServerObjects int
	// Entrances counts Ingresses and routes whose deletion was not asked for.
	Entrances int
	// ToAsk is true while pods run that could tell of an erasure that is not noted outside of the database.
	ToAsk   bool
	Cluster *rds.DBCluster
	// Claim says whether Cluster is the tenant's database, and whether RDS should have one.
	Claim Claim
	// Leaving is true when the status tells that the database's end was ordered, or that RDS has none.
	Leaving   bool
	Instances int
	// Unclaimed counts instances that RDS has of the cluster and that no DBInstance stands for.
	Unclaimed int
	Groups    int
	// Retained is true when every ACK object carries deletion-policy retain.
	Retained bool
	// Unprotected is true when the cluster's spec has deletion protection off and the annotations of its end.
	Unprotected bool
	// UnprotectedAt is when that was written.
	UnprotectedAt time.Time
	// SyncedBefore is the time of ACK's synced condition before that; zero when there was none.
	SyncedBefore time.Time
	// FinalBackup is the record of the final copy, or nil.
	FinalBackup *halo.HaloBackup
	// FinalBackupReady is true when it can be restored.
	FinalBackupReady bool
	Namespace        *corev1.Namespace
	Now              time.Time
}

// Next says which step to take now, and in one sentence why.
func (t Teardown) Next() (Step, string) {
	if t.Production && !t.Confirmed {
		return StepConfirm, "Deletion waits for its confirmation"
	}
	if t.Entrances > 0 {
		return StepCloseEntrance, "Deleting: closing the entrance"
	}
	if t.ToAsk {
		return StepCollectErasures, "Deleting: asking the server's pods whom they erased last"
	}
	if t.ServerObjects > 0 {
		return StepStopServer, "Deleting: waiting for the server's pods to end"
	}
	if step, message := t.nextForDatabase(); step != StepDone {
		return step, message
	}
	switch {
	case t.Groups > 0:
		return StepDeleteGroups, "Deleting: waiting for the database's subnet and parameter groups to go"
	case t.Namespace != nil:
		return StepDeleteNamespace, "Deleting: waiting for the namespace to go"
	}
	return StepDone, "Deleted"
}

func (t Teardown) nextForDatabase() (Step, string) {
	if t.Policy == halo.DeletionRetain {
		return t.nextForRetained()
	}
	switch {
	case t.Claim == ClaimReplaced:
		return StepWaitPerson, "Deleting: DBCluster " + t.Cluster.Name + " is another database than the tenant's data are in; confirm it with the annotation " +
			"halo.dev/accept-database, or set spec.deletionPolicy to Retain to leave it as it is"
	case t.Cluster == nil && t.Claim == ClaimKnown && !t.Leaving:
		return StepClaim, "Deleting: taking the database over again, so that it ends properly"
	case t.Cluster == nil:
		return t.afterCluster()
	case Unmanaged(t.Cluster) && !t.Leaving:
		return StepWaitDatabase, "Deleting: recording that the database of this name at RDS is not the tenant's"
	case Unmanaged(t.Cluster):
		return StepDeleteCluster, "Deleting: waiting for the DBCluster to go; the database of this name at RDS is not the tenant's and stays"
	case assessCluster(t.Cluster).Exists:
		return t.nextForCluster()
	case Adopts(t.Cluster) && Refused(t.Cluster) != LostAtRDS:
		return StepWaitDatabase, "Deleting: waiting for ACK to take DBCluster " + t.Cluster.Name + " over" + awaited(t.Cluster.Status.Conditions) +
			"; set spec.deletionPolicy to Retain to leave it as it is"
	case Adopts(t.Cluster) && !t.Leaving:
		return StepWaitDatabase, "Deleting: RDS has no database of this tenant"
	}
	return StepDeleteCluster, "Deleting: waiting for the DBCluster, which RDS never had, to go"
}

// Leaves tells whether the status should say, before the next step, that the database is not to be taken over again.
func (t Teardown) Leaves() bool {
	if t.Leaving || t.Policy == halo.DeletionRetain || t.Cluster == nil || t.Claim == ClaimReplaced {
		return t.Leaving
	}
	return t.Unprotected || Unmanaged(t.Cluster) || Refused(t.Cluster) == LostAtRDS || (!assessCluster(t.Cluster).Exists && !Adopts(t.Cluster))
}

func (t Teardown) nextForRetained() (Step, string) {
	switch {
	case (t.Cluster != nil || t.Instances > 0 || t.Groups > 0) && !t.Retained:
		return StepRetain, "Deleting: marking the database as retained"
	case t.Instances > 0:
		return StepDeleteInstances, "Deleting: waiting for ACK to let the retained instances go"
	case t.Cluster != nil:
		return StepDeleteCluster, "Deleting: waiting for ACK to let the retained cluster go"
	}
	return StepDone, ""
}

// nextForCluster leads from a cluster at work to one that RDS is deleting.
func (t Teardown) nextForCluster() (Step, string) {
	word := text(t.Cluster.Status.Status)
	switch {
	case t.Policy != halo.DeletionDelete && t.FinalBackup == nil:
		return StepRecordFinalBackup, "Deleting: recording the final copy"
	case t.Cluster.DeletionTimestamp != nil && t.Leaving:
		return StepDeleteCluster, "Deleting: RDS is deleting the cluster" + awaited(t.Cluster.Status.Conditions)
	case t.Cluster.DeletionTimestamp != nil && t.Cluster.Annotations[rds.AnnotationDeletionPolicy] != rds.DeletionPolicyRetain:
		return StepRescue, "Deleting: somebody else has deleted the DBCluster; keeping the database"
	case t.Cluster.DeletionTimestamp != nil:
		return StepWaitDatabase, "Deleting: waiting for ACK to let go of the DBCluster that somebody else has deleted"
	case !t.Unprotected && word != "available":
		return StepWaitDatabase, "Deleting: waiting for DBCluster " + t.Cluster.Name + " to be available, it is " + word +
			"; set spec.deletionPolicy to Retain to leave it as it is"
	case !t.Leaving && t.Unclaimed > 0:
		return StepClaimInstances, "Deleting: taking the database's instances over again, so that they end properly"
	case !t.Unprotected:
		return StepUnprotect, "Deleting: turning deletion protection off"
	case !t.Leaving:
		return StepWaitUnprotected, "Deleting: recording that the database goes"
	case !t.unprotectionSynced():
		return StepWaitUnprotected, "Deleting: waiting for ACK to turn deletion protection off" + awaited(t.Cluster.Status.Conditions)
	case t.Instances > 0:
		return StepDeleteInstances, "Deleting: waiting for the database's instances to go"
	}
	return StepDeleteCluster, "Deleting: waiting for the database's cluster to go"
}

// unprotectionSynced tells whether ACK has told RDS: a protected cluster cannot be deleted, and once its deletion has
// been asked for, ACK would never turn the protection off.
func (t Teardown) unprotectionSynced() bool {
	return SyncedSince(t.Cluster, t.SyncedBefore, t.UnprotectedAt, t.Now)
}

func (t Teardown) afterCluster() (Step, string) {
	switch {
	case t.Instances > 0:
		return StepDeleteInstances, "Deleting: waiting for the database's instances to go"
	case t.FinalBackup != nil && !t.FinalBackupReady:
		return StepWaitFinalBackup, "Deleting: waiting for the final copy " + t.FinalBackup.Name + " to be restorable"
	}
	return StepDone, ""
}
