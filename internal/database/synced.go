package database

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	rds "halo.dev/halo/api/rds/v1alpha1"
)

// SyncGrace is how long a change may take to show in ACK's synced condition; after that a condition that never moved
// counts.
const SyncGrace = 5 * time.Minute

// SyncedSince tells whether ACK has brought a cluster in step since a change of its spec. ACK's conditions have no
// generation, so that one from before the change must not count: after a change ACK turns the condition to False and
// back, and its time moves. before is that time at the moment of the change, and changed is that moment.
func SyncedSince(cluster *rds.DBCluster, before, changed, now time.Time) bool {
	synced := rds.FindCondition(cluster.Status.Conditions, rds.ConditionSynced)
	if synced == nil || synced.Status != corev1.ConditionTrue {
		return false
	}
	moved := synced.LastTransitionTime != nil && !synced.LastTransitionTime.Time.Equal(before)
	return moved || now.Sub(changed) >= SyncGrace
}

// SyncedAt is the time of a cluster's synced condition; zero when it has none.
func SyncedAt(cluster *rds.DBCluster) time.Time {
	synced := rds.FindCondition(cluster.Status.Conditions, rds.ConditionSynced)
	if synced == nil || synced.LastTransitionTime == nil {
		return time.Time{}
	}
	return synced.LastTransitionTime.Time
}
