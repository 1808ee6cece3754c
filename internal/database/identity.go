package database

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	rds "halo.dev/halo/api/rds/v1alpha1"
)

// Claim says how a tenant may come by its database. There is never a second one: what was made once is only ever taken
// over again.
type Claim string

// The claims.
const (
	// ClaimNew is a tenant that never had a database: one may be created.
	ClaimNew Claim = "New"
	// ClaimKnown is a tenant that has, or had, a database: it may be adopted, and none may be created.
	ClaimKnown Claim = "Known"
	// ClaimReplaced is a tenant whose DBCluster is of another database than its data are in: nothing may be done to it.
	ClaimReplaced Claim = "Replaced"
)

// Identity is what is known of which database is the tenant's, from places that are not lost together.
type Identity struct {
	// Recorded and Annotated are RDS's own names of the database, from the status and the metadata of the tenant.
	Recorded, Annotated string
	// Created is true when a DBCluster was seen before.
	Created bool
	// Accepted is another database that a person has said to be the tenant's.
	Accepted string
	// Adopts is true when the tenant was made to take over a database.
	Adopts bool
	// Present is the DBCluster, or nil.
	Present *rds.DBCluster
}

// Claim decides.
func (i Identity) Claim() Claim {
	present := i.present()
	known := i.Recorded != "" || i.Annotated != ""
	switch {
	case known && present != "" && present != i.Recorded && present != i.Annotated && present != i.Accepted:
		return ClaimReplaced
	case known || i.Created || i.Adopts || i.Present != nil:
		return ClaimKnown
	}
	return ClaimNew
}

// ResourceID is the name to remember: of the database that is there, else of the one that was.
func (i Identity) ResourceID() string {
	if i.Present != nil && i.Claim() != ClaimReplaced {
		return first(i.present(), first(i.Recorded, i.Annotated))
	}
	return first(i.Recorded, i.Annotated)
}

// present is RDS's own name of the database that ACK manages by the DBCluster. Of one that it does not manage ACK shows a
// status all the same, and that is somebody else's.
func (i Identity) present() string {
	if i.Present == nil || Unmanaged(i.Present) {
		return ""
	}
	return text(i.Present.Status.DBClusterResourceID)
}

// Unmanaged tells whether ACK has found a database under the cluster's identifier that it was not asked to take over.
func Unmanaged(cluster *rds.DBCluster) bool {
	if cluster == nil || Adopts(cluster) || !rds.IsTrue(cluster.Status.Conditions, rds.ConditionTerminal) {
		return false
	}
	words := strings.ToLower(rds.FindCondition(cluster.Status.Conditions, rds.ConditionTerminal).Words())
	return strings.Contains(words, "already exists") && strings.Contains(words, "not managed")
}

// Refusal tells why ACK does not come to terms with RDS about which database this is: LostAtRDS when there is none to
// adopt, TakenAtRDS when there is one that nobody asked to adopt, and nothing else.
type Refusal string

// The refusals.
const (
	LostAtRDS  Refusal = "Lost"
	TakenAtRDS Refusal = "Taken"
)

// Refused reads ACK's words about a cluster that it does not manage yet.
func Refused(cluster *rds.DBCluster) Refusal {
	if Unmanaged(cluster) {
		return TakenAtRDS
	}
	if cluster == nil || createdAtAWS(cluster.Status.ACKResourceMetadata) || text(cluster.Status.Status) != "" {
		return ""
	}
	adopts := Adopts(cluster)
	for _, condition := range cluster.Status.Conditions {
		words := strings.ToLower(condition.Words())
		switch {
		case condition.Status == corev1.ConditionUnknown && words == "":
		case !adopts && strings.Contains(words, "already exists"):
			return TakenAtRDS
		case adopts && (strings.Contains(words, "does not exist") || strings.Contains(words, "not found") || strings.Contains(words, "notfound")):
			return LostAtRDS
		}
	}
	return ""
}

// Adopts tells whether ACK may take over what RDS has for a cluster.
func Adopts(cluster *rds.DBCluster) bool {
	return cluster.Annotations[rds.AnnotationAdoptionPolicy] != ""
}
