package decide

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
	"halo.dev/halo/internal/origins"
	"halo.dev/halo/internal/schedule"
)

// Problem is why a tenant cannot go on: one sentence that names the field and the remedy.
type Problem struct {
	Reason, Message string
	// Stalled means that a person must act; otherwise the wait ends by itself.
	Stalled bool
}

// Stalled is a problem that only a person can solve.
func Stalled(reason, format string, arguments ...any) *Problem {
	return &Problem{Stalled: true, Reason: reason, Message: fmt.Sprintf(format, arguments...)}
}

// UnknownClass is the problem of a tenant whose class is not there.
func UnknownClass(name string) *Problem {
	return Stalled(halo.ReasonUnknownClass, "spec.className: there is no HaloTenantClass %q; create it or name another", name)
}

// Check is what can be said of a tenant and its class alone: what the schema cannot see. nil means that all is well.
func Check(tenant *halo.HaloTenant, class *halo.HaloTenantClass) *Problem {
	for index, origin := range tenant.Spec.AllowedOrigins {
		if _, err := origins.Parse(string(origin)); err != nil {
			return Stalled(halo.ReasonInvalidSpec, "spec.allowedOrigins[%d]: %v", index, err)
		}
	}
	return CheckSchedule(tenant, class)
}

// CheckKinds waits for the kinds that a class needs and the cluster does not have yet; the class says how to get them.
func CheckKinds(class *halo.HaloTenantClass, present []schema.GroupVersionKind) *Problem {
	for _, kind := range desired.NeededKinds(class) {
		if !slices.Contains(present, kind) {
			return &Problem{Reason: halo.ReasonMissing, Message: fmt.Sprintf("Waiting for HaloTenantClass %s: the cluster has no %s of %s",
				class.Name, kind.Kind, kind.GroupVersion())}
		}
	}
	return nil
}

// CheckSchedule reads the schedule that a tenant's copies are taken by.
func CheckSchedule(tenant *halo.HaloTenant, class *halo.HaloTenantClass) *Problem {
	settings := desired.Resolve(tenant, class)
	if _, err := schedule.Parse(settings.Schedule, settings.TimeZone); err != nil {
		field := "spec.backup.schedule"
		if tenant.Spec.Backup == nil || tenant.Spec.Backup.Schedule == "" {
			field = "spec.backup of HaloTenantClass " + class.Name
		}
		return Stalled(halo.ReasonInvalidSpec, "%s: %v", field, err)
	}
	return nil
}

// CheckHostname gives a hostname to the one that serves it, else to the oldest of those that want it. others may hold
// the tenant itself, and tenants of other hostnames.
func CheckHostname(tenant *halo.HaloTenant, others []halo.HaloTenant) *Problem {
	for i := range others {
		other := &others[i]
		if other.UID != tenant.UID && other.Spec.Hostname == tenant.Spec.Hostname && goesFirst(other, tenant) {
			return Stalled(halo.ReasonHostnameInUse, "spec.hostname: %s is in use by HaloTenant %s; choose another", tenant.Spec.Hostname, other.Name)
		}
	}
	return nil
}

// HostnameDomain is what a tenant's hostname has after its first label.
func HostnameDomain(tenant *halo.HaloTenant) string {
	_, domain, _ := strings.Cut(tenant.Spec.Hostname, ".")
	return domain
}

// CheckConsoles keeps a visitors' hostname out of the domains of staff consoles: names there are handed out by the
// operator, and a certificate for one is not for any tenant to ask for.
func CheckConsoles(tenant *halo.HaloTenant, classes []halo.HaloTenantClass) *Problem {
	domain := HostnameDomain(tenant)
	for i := range classes {
		if console := classes[i].Spec.Console; console != nil && console.Domain == domain {
			return Stalled(halo.ReasonHostnameInUse, "spec.hostname: names in %s are those of staff consoles, by spec.console of HaloTenantClass %s; choose another",
				domain, classes[i].Name)
		}
	}
	return nil
}

func goesFirst(a, b *halo.HaloTenant) bool {
	if serves(a) != serves(b) {
		return serves(a)
	}
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

// serves tells whether a tenant has a certificate for the hostname that it wants.
func serves(tenant *halo.HaloTenant) bool {
	return tenant.Status.Certificate != nil && tenant.Status.Certificate.Hostname == tenant.Spec.Hostname
}

// NeedsSource tells whether a tenant's cluster has still to be made from a copy. A cluster that is, or was, there
// needs none.
func NeedsSource(tenant *halo.HaloTenant, state observe.State) bool {
	cluster := state.Cluster(tenant.Name)
	return tenant.Spec.Bootstrap != nil && cluster == nil && IdentityOf(tenant, cluster).Claim() == database.ClaimNew
}

// RestoreSource names the snapshot that a cluster is made from. backup is what spec.bootstrap.backupName names, or nil
// when there is none of that name.
func RestoreSource(tenant *halo.HaloTenant, class *halo.HaloTenantClass, backup *halo.HaloBackup) (string, *Problem) {
	if backup == nil {
		return "", Stalled(halo.ReasonUnknownBackup, "spec.bootstrap.backupName: there is no HaloBackup %q; see kubectl get halobackups",
			tenant.Spec.Bootstrap.BackupName)
	}
	ready := meta.FindStatusCondition(backup.Status.Conditions, halo.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionTrue {
		message := "HaloBackup " + backup.Name + " has not been taken yet"
		if ready != nil {
			message = "HaloBackup " + backup.Name + ": " + ready.Message
		}
		return "", &Problem{Reason: halo.ReasonWaiting, Message: "Waiting for spec.bootstrap.backupName: " + message}
	}
	if backup.Status.Region != "" && backup.Status.Region != class.Spec.Region {
		return "", Stalled(halo.ReasonInvalidSpec, "spec.bootstrap.backupName: HaloBackup %s is in region %s and class %s in %s; data stay in their region",
			backup.Name, backup.Status.Region, class.Name, class.Spec.Region)
	}
	if backup.Status.Environment != "" && backup.Status.Environment != class.Spec.Environment {
		return "", Stalled(halo.ReasonInvalidSpec, "spec.bootstrap.backupName: HaloBackup %s is of environment %s and class %s of %s; data stay in their environment",
			backup.Name, backup.Status.Environment, class.Name, class.Spec.Environment)
	}
	return naming.Snapshot(backup.Name), nil
}
