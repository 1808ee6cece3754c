package rds

import "time"

// RestoreToTime makes a cluster from another one as it was at a moment; the zero moment is the latest possible.
func (a *Account) RestoreToTime(request ClusterRequest, source string, moment, now time.Time) error {
	if a.Clusters[source] == nil {
		return refuse(ClusterNotFound, "DBCluster %s not found.", source)
	}
	return refuse(NotPlayed, "restoring %s to a point in time is not played by the stand-in: restore a snapshot", source)
}
