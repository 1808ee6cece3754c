package decide

import (
	"slices"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// SealingSoFar is which keys open what the tenant's database holds, as far as the tenant and the database tell: nil when
// nothing is sealed yet. waits is true while only a database can tell that has not been seen yet. New keys beside data
// that others have sealed would make that data unreadable: what is in doubt is a problem.
func (d Decision) SealingSoFar() (record *halo.SealingStatus, waits bool, problem *Problem) {
	tenant, cluster := d.Input.Tenant, d.Identity.Present
	stored, seen := tenant.Status.Sealing, cluster != nil && cluster.Status.DBClusterResourceID != nil
	if d.SealingUnproved() {
		stored = nil
		if !seen {
			return nil, true, nil
		}
	}
	if database.Unmanaged(cluster) && !takesOver(tenant) {
		cluster = nil // somebody else's, whose tags say nothing of this tenant
	}
	told, err := desired.SealingOf(cluster)
	switch {
	case stored != nil && told != nil:
		return newerSealing(tenant, stored, told)
	case stored != nil:
		return stored, false, lateWord(tenant, stored)
	case err != nil:
		return nil, false, Stalled(halo.ReasonSealingUnknown, "the tags %s… of DBCluster %s, which tell which keys open its personal data: %v; correct them at RDS",
			naming.TagSealing, cluster.Name, err)
	case told != nil:
		return told, false, nil
	}
	if text := tenant.Annotations[naming.AnnotationSealedWith]; text != "" {
		given, err := desired.ParseSealing(text)
		if err != nil {
			return nil, false, Stalled(halo.ReasonInvalidSpec, "metadata.annotations: %s: %v", naming.AnnotationSealedWith, err)
		}
		return given, false, nil
	}
	if !seen {
		return nil, d.Claim == database.ClaimKnown && desired.External(tenant) == nil, nil
	}
	if takesOver(tenant) && desired.MadeByTenant(cluster) {
		return nil, false, Stalled(halo.ReasonSealingUnknown, "DBCluster %s was a tenant's database, and its tags do not tell which keys open its personal data: "+
			"kubectl annotate halotenant %s %s=<what the ConfigMap of the kept database in namespace %s says>", cluster.Name, tenant.Name, naming.AnnotationSealedWith, naming.BackupsNamespace)
	}
	return nil, false, nil
}

// lateWord refuses a word about keys that comes when the tenant has keys of its own already.
func lateWord(tenant *halo.HaloTenant, stored *halo.SealingStatus) *Problem {
	text := tenant.Annotations[naming.AnnotationSealedWith]
	if text == "" {
		return nil
	}
	given, err := desired.ParseSealing(text)
	if err == nil && given.Root == stored.Root && len(given.Keys) <= len(stored.Keys) && slices.Equal(stored.Keys[:len(given.Keys)], given.Keys) {
		return nil
	}
	return Stalled(halo.ReasonSealingUnknown, "metadata.annotations: %s is not what tenant %s seals with (%s), and one key of each number can be mounted: "+
		"remove it, or delete this tenant and make it again with the annotation from the start", naming.AnnotationSealedWith, tenant.Name, desired.SealingText(stored))
}

// SealingUnproved is true of a tenant that takes over a database which it has not recorded yet: keys that were made before
// have sealed nothing, and those of the database come in their place.
func (d Decision) SealingUnproved() bool {
	return takesOver(d.Input.Tenant) && d.Identity.Recorded == ""
}

func takesOver(tenant *halo.HaloTenant) bool {
	return desired.Adopted(tenant) != nil || accepted(tenant)
}

// newerSealing takes the longer of two records of which one continues the other: either may be an older copy.
func newerSealing(tenant *halo.HaloTenant, stored, told *halo.SealingStatus) (*halo.SealingStatus, bool, *Problem) {
	shorter, longer := stored, told
	if len(stored.Keys) >= len(told.Keys) {
		shorter, longer = told, stored
	}
	if stored.Root != told.Root || !slices.Equal(longer.Keys[:len(shorter.Keys)], shorter.Keys) {
		return nil, false, Stalled(halo.ReasonSealingUnknown, "status.sealing of tenant %s and the tags of its database name different keys (%s, and %s): one key of each number can be mounted. "+
			"Restore a copy whose HaloBackup tells its keys into a new tenant", tenant.Name, desired.SealingText(stored), desired.SealingText(told))
	}
	if longer == told {
		longer = &halo.SealingStatus{Root: told.Root, Keys: told.Keys, Written: stored.Written}
	}
	return longer, false, nil
}
