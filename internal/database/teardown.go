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
	// StepStopServer deletes what serves visitors and waits until no pod is left that could write.
	StepStopServer Step = "StopServer"
	// StepWaitDatabase waits until RDS can take orders for the cluster.
	StepWaitDatabase Step = "WaitDatabase"
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
	Cluster       *rds.DBCluster
	Instances     int
	Groups        int
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
	if t.Cluster == nil {
		return t.afterCluster()
	}
	if !assessCluster(t.Cluster).Exists {
		return StepDeleteCluster, "Deleting: waiting for the DBCluster, which RDS never had, to go"
	}
	return t.nextForCluster()
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
	case t.Cluster.DeletionTimestamp != nil:
		return StepDeleteCluster, "Deleting: RDS is deleting the cluster" + awaited(t.Cluster.Status.Conditions)
	case !t.Unprotected && word != "available":
		return StepWaitDatabase, "Deleting: waiting for DBCluster " + t.Cluster.Name + " to be available, it is " + word +
			"; set spec.deletionPolicy to Retain to leave it as it is"
	case !t.Unprotected:
		return StepUnprotect, "Deleting: turning deletion protection off"
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
