package decide

import (
	"slices"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// IdentityOf gathers what is known of which database is a tenant's. cluster is its DBCluster, or nil.
func IdentityOf(tenant *halo.HaloTenant, cluster *rds.DBCluster) database.Identity {
	identity := database.Identity{
		Annotated: tenant.Annotations[naming.AnnotationDatabase], Accepted: tenant.Annotations[naming.AnnotationAcceptDatabase],
		Adopts: desired.Adopted(tenant) != nil || accepted(tenant), Present: cluster,
	}
	if recorded := tenant.Status.Database; recorded != nil {
		identity.Recorded, identity.Created = recorded.ResourceID, recorded.Created
	}
	return identity
}

// accepted is true when a person has said that the database of the tenant's identifier, which RDS has, is the tenant's.
func accepted(tenant *halo.HaloTenant) bool {
	return tenant.Annotations[naming.AnnotationAcceptDatabase] == desired.ClusterIdentifier(tenant)
}

// Refused is why the present DBCluster must not be touched; nil when it may be.
func (d Decision) Refused() *Problem {
	tenant, cluster := d.Input.Tenant.Name, d.Identity.Present
	if d.Claim == database.ClaimReplaced {
		other := *cluster.Status.DBClusterResourceID
		return Stalled(halo.ReasonDatabaseReplaced, "status.database.resourceID: the data of this tenant are in %s, and DBCluster %s is %s, "+
			"another database; nothing is done to it. Restore the newest copy into a new tenant (spec.bootstrap.backupName), or, if this one is right: "+
			"kubectl annotate halotenant %s %s=%s", d.Identity.ResourceID(), cluster.Name, other, tenant, naming.AnnotationAcceptDatabase, other)
	}
	if desired.Adopted(d.Input.Tenant) != nil {
		return d.refusedAdoption()
	}
	return nil
}

// refusedAdoption looks at a cluster that was just taken over, before anything is changed at RDS.
func (d Decision) refusedAdoption() *Problem {
	cluster := d.Identity.Present
	if cluster == nil || cluster.Status.DBClusterResourceID == nil || d.Identity.Recorded != "" {
		return nil
	}
	const field = "spec.database.existing.adopt.clusterIdentifier"
	key := d.Input.Class.Spec.Database.KMSKeyARN
	if have := cluster.Spec.KMSKeyID; have != nil && *have != key {
		return Stalled(halo.ReasonInvalidSpec, "%s: %s is encrypted with %s, and its class wants %s; "+
			"restore a snapshot of it with that key, and adopt the restored cluster in a new tenant", field, cluster.Spec.DBClusterIdentifier, *have, key)
	}
	if encrypted := cluster.Spec.StorageEncrypted; encrypted != nil && !*encrypted {
		return Stalled(halo.ReasonInvalidSpec, "%s: %s is not encrypted; restore a snapshot of it with the class's key, and adopt the restored cluster in a new tenant",
			field, cluster.Spec.DBClusterIdentifier)
	}
	other := slices.IndexFunc(cluster.Spec.Tags, func(tag rds.Tag) bool {
		return tag.Key == naming.LabelTenant && tag.Value != d.Input.Tenant.Name
	})
	if other >= 0 && !accepted(d.Input.Tenant) {
		return Stalled(halo.ReasonDatabaseTaken, "%s: %s is tagged as the database of tenant %s; if it is to be this tenant's: kubectl annotate halotenant %s %s=%s",
			field, cluster.Spec.DBClusterIdentifier, cluster.Spec.Tags[other].Value, d.Input.Tenant.Name, naming.AnnotationAcceptDatabase, cluster.Spec.DBClusterIdentifier)
	}
	return nil
}

// Missing is what ACK says about a database that it cannot come by, as a problem that a person must solve; else nil.
func (d Decision) Missing() *Problem {
	tenant, identifier := d.Input.Tenant.Name, desired.ClusterIdentifier(d.Input.Tenant)
	switch database.Refused(d.Identity.Present) {
	case database.TakenAtRDS:
		return Stalled(halo.ReasonDatabaseTaken, "RDS has a cluster %s that this tenant did not make. If the tenant's data are in it: "+
			"kubectl annotate halotenant %s %s=%s; else rename or delete that cluster", identifier, tenant, naming.AnnotationAcceptDatabase, identifier)
	case database.LostAtRDS:
		return Stalled(halo.ReasonDatabaseLost, "RDS has no cluster %s, and the tenant's data were in it: none is made in its place. "+
			"Restore the newest copy into a new tenant (spec.bootstrap.backupName; see kubectl get halobackups)", identifier)
	}
	return nil
}

// CheckDatabase refuses a database that the class does not allow, or that is another tenant's. others may hold the
// tenant itself.
func CheckDatabase(tenant *halo.HaloTenant, class *halo.HaloTenantClass, others []halo.HaloTenant) *Problem {
	allowed := class.Spec.Database.AllowExisting
	switch {
	case desired.External(tenant) != nil && !slices.Contains(allowed, halo.ExistingExternal):
		return Stalled(halo.ReasonInvalidSpec, "spec.database.existing.external: HaloTenantClass %s does not allow it (spec.database.allowExisting: External)", class.Name)
	case desired.Adopted(tenant) != nil && !slices.Contains(allowed, halo.ExistingAdopt):
		return Stalled(halo.ReasonInvalidSpec, "spec.database.existing.adopt: HaloTenantClass %s does not allow it (spec.database.allowExisting: Adopt)", class.Name)
	}
	if desired.External(tenant) != nil {
		return nil
	}
	for i := range others {
		other := &others[i]
		if other.UID == tenant.UID || desired.External(other) != nil || desired.ClusterIdentifier(other) != desired.ClusterIdentifier(tenant) {
			continue
		}
		if hasFirst(other, tenant) {
			field := "metadata.name"
			if desired.Adopted(tenant) != nil {
				field = "spec.database.existing.adopt.clusterIdentifier"
			}
			return Stalled(halo.ReasonDatabaseTaken, "%s: the cluster %s is the database of HaloTenant %s; make a tenant that uses another",
				field, desired.ClusterIdentifier(tenant), other.Name)
		}
	}
	return nil
}

// hasFirst tells who of two that want the same database has it: the one that is known to, else the older one.
func hasFirst(a, b *halo.HaloTenant) bool {
	has := func(tenant *halo.HaloTenant) bool {
		return tenant.Status.Database != nil && tenant.Status.Database.Created
	}
	if has(a) != has(b) {
		return has(a)
	}
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}
