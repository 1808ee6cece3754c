// Package naming holds every name, label and annotation that the operator writes, and the rules of their lengths.
// Names follow from the tenant's name alone, so that nothing can be made twice.
package naming

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Labels and annotations.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	LabelName      = "app.kubernetes.io/name"
	LabelInstance  = "app.kubernetes.io/instance"
	LabelComponent = "app.kubernetes.io/component"
	LabelTenant    = "halo.dev/tenant"
	LabelBackup    = "halo.dev/backup"
	// LabelErasures is on the parts of a ledger of erasures: the UID of the HaloTenant that the first copy was taken of.
	LabelErasures = "halo.dev/erasures"

	// AnnotationAppliedHash is on every applied object: a hash of what the operator wanted when it last wrote it.
	AnnotationAppliedHash = "halo.dev/applied-hash"
	// AnnotationConfigHash is on running pods: a change makes the kubelet refresh their volumes at once.
	AnnotationConfigHash = "halo.dev/config-hash"
	// AnnotationConfirmDeletion must equal the object's name before data may be deleted.
	AnnotationConfirmDeletion = "halo.dev/confirm-deletion"
	// AnnotationRotate is on a HaloTenant: a value that it did not have before asks for new database credentials.
	AnnotationRotate = "halo.dev/rotate"
	// AnnotationTenantSpec is on a final HaloBackup: the spec of the tenant that it is a copy of, as JSON.
	AnnotationTenantSpec = "halo.dev/tenant-spec"
	// AnnotationDatabase is on a HaloTenant: RDS's own name of the database that its data are in. It outlives a lost status.
	AnnotationDatabase = "halo.dev/database"
	// AnnotationAcceptDatabase is on a HaloTenant: RDS's own name of another database, or the identifier of one that the
	// tenant did not make, that a person says to be the tenant's.
	AnnotationAcceptDatabase = "halo.dev/accept-database"
	// AnnotationUnprotectedAt is on a DBCluster: when its deletion protection was asked off, RFC 3339.
	AnnotationUnprotectedAt = "halo.dev/unprotected-at"
	// AnnotationSealingKey is on a HaloTenant: the number of the key that seals; a larger number makes a new key.
	AnnotationSealingKey = "halo.dev/sealing-key"
	// AnnotationSealedWith is on a HaloTenant that takes over a database: which keys open what is stored there, as the record
	// of the database that was kept tells. Only a database whose tags do not tell needs it.
	AnnotationSealedWith = "halo.dev/sealed-with"
	// TagSealing and a number from 1 are RDS's tags of a cluster that tell which keys open what is stored.
	TagSealing = "halo.dev/sealed-with-"
	// AnnotationEnvironment is on a DBClusterSnapshot: the environment that its data come from and stay in.
	AnnotationEnvironment = "halo.dev/environment"
	// AnnotationSyncedBefore is on a DBCluster: the time of ACK's synced condition before that, RFC 3339.
	AnnotationSyncedBefore = "halo.dev/synced-before"

	// FinalizerTenant keeps a HaloTenant until its database is safe and its objects are gone.
	FinalizerTenant = "halo.dev/tenant"
	// FinalizerClass keeps a HaloTenantClass while a tenant needs it.
	FinalizerClass = "halo.dev/class"
	// FinalizerBackup keeps a HaloBackup until its snapshot resource is gone.
	FinalizerBackup = "halo.dev/backup"

	// ManagedBy is the value of LabelManagedBy and the owner of fields in server-side apply.
	ManagedBy = "halo-operator"
	// CreateOwner owns fields that are given once, at creation, and left alone afterwards.
	CreateOwner = "halo-operator-create"
	// ScaleOwner owns a Deployment's number of pods while an autoscaler has it.
	ScaleOwner = "halo-operator-scale"

	// NameOperator is the value of LabelName on the manager's pods.
	NameOperator     = "halo-operator"
	NameServer       = "halo-server"
	ComponentServer  = "server"
	ComponentMigrate = "migrate"

	// MasterUsername is the database's administrator.
	MasterUsername = "halo_master"
	// SealingRootFile is the file of the manager's platform secrets with the root of all sealing keys.
	SealingRootFile = "sealing-root"
	// BackupsNamespace holds the DBClusterSnapshots; it outlives every tenant.
	BackupsNamespace = "halo-backups"
)

// Names of objects in a tenant's namespace.
const (
	Server         = "server"
	ServerConfig   = "server-config"
	ServerTLS      = "server-tls"
	TokenKeys      = "token-keys"
	SealingKeys    = "sealing-keys"
	MailRelay      = "mail-relay"
	PolicyDeny     = "default-deny"
	PolicyServer   = "server"
	PolicyMigrate  = "migrate"
	Console        = "console"
	ServerCA       = "server-ca"
	Allowance      = "tenant"
	identifierHead = "halo-"

	// PrefixDatabaseMaster and PrefixDatabaseUsers are what the names of numbered Secrets begin with.
	PrefixDatabaseMaster = "database-master"
	PrefixDatabaseUsers  = "database-users"
)

// Longest names: RDS gives an identifier 63 characters.
const (
	// LongestTenant leaves room for halo-<tenant>-final-<8> and halo-<tenant>-<yyyymmdd-hhmm>.
	LongestTenant = 40
	// LongestBackup leaves room for halo-.
	LongestBackup = 58
	// LongestIdentifier is RDS's limit.
	LongestIdentifier = 63
)

// Namespace is where a tenant's objects are.
func Namespace(tenant string) string { return identifierHead + tenant }

// Database is the name of a tenant's DBCluster and of its two groups, in Kubernetes and in RDS.
func Database(tenant string) string { return identifierHead + tenant }

// Instance is the name of an instance of a tenant's cluster, counted from 1.
func Instance(tenant string, number int) string {
	return fmt.Sprintf("%s%s-%d", identifierHead, tenant, number)
}

// DatabaseMaster is the Secret with a number's master password. ACK notices only another name, not other data.
func DatabaseMaster(number int) string { return fmt.Sprintf("%s-%d", PrefixDatabaseMaster, number) }

// DatabaseUsers is the Secret with a number's users.
func DatabaseUsers(number int) string { return fmt.Sprintf("%s-%d", PrefixDatabaseUsers, number) }

// Turn is what the names of a number's users end in: two sets take turns, so that the one in use is never touched.
func Turn(number int) string {
	if number%2 == 1 {
		return "_a"
	}
	return "_b"
}

// Migration is the Job of an attempt at a target.
func Migration(target string, attempt int32) string {
	if attempt <= 1 {
		return "migrate-" + target
	}
	return fmt.Sprintf("migrate-%s-%d", target, attempt)
}

// Retirement is the Job of an attempt at dropping the previous users.
func Retirement(target string, attempt int32) string {
	if attempt <= 1 {
		return "retire-" + target
	}
	return fmt.Sprintf("retire-%s-%d", target, attempt)
}

// Erasures is a part of a ledger of erasures, counted from 1: in a tenant's namespace when origin is empty, else in that
// of the copies.
func Erasures(origin types.UID, part int) string {
	if origin == "" {
		return fmt.Sprintf("erasures-%d", part)
	}
	return fmt.Sprintf("erasures-%s-%d", origin, part)
}

// Number is what a numbered name such as database-users-3 ends in; 0 when it is none of the prefix.
func Number(prefix, name string) int32 {
	digits, ok := strings.CutPrefix(name, prefix+"-")
	if !ok {
		return 0
	}
	number, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || number < 1 {
		return 0
	}
	return int32(number)
}

// ScheduledBackup is the HaloBackup of a tick of the schedule: the same tick is never copied twice.
func ScheduledBackup(tenant string, tick time.Time) string {
	return tenant + "-" + tick.UTC().Format("20060102-1504")
}

// FinalBackup is the one final copy of a tenant object; another tenant of the same name later has another.
func FinalBackup(tenant string, uid types.UID) string {
	return tenant + "-final-" + firstDigits(uid)
}

// KeptDatabase is the record of a database that goes on without its tenant.
func KeptDatabase(tenant string, uid types.UID) string {
	return tenant + "-kept-" + firstDigits(uid)
}

func firstDigits(uid types.UID) string {
	digits := strings.ReplaceAll(string(uid), "-", "")
	if len(digits) > 8 {
		digits = digits[:8]
	}
	return digits
}

// Snapshot is RDS's identifier of a HaloBackup's snapshot, and the name of its DBClusterSnapshot.
func Snapshot(backup string) string { return identifierHead + backup }

// TenantLabels are on every object of a tenant.
func TenantLabels(tenant string) map[string]string {
	return map[string]string{LabelManagedBy: ManagedBy, LabelTenant: tenant}
}

// ComponentLabels are on the objects and pods of a component of a tenant.
func ComponentLabels(tenant, component string) map[string]string {
	labels := TenantLabels(tenant)
	labels[LabelName] = NameServer
	labels[LabelInstance] = tenant
	labels[LabelComponent] = component
	return labels
}

// PodSelector picks the pods of a component inside a tenant's namespace.
func PodSelector(component string) map[string]string {
	return map[string]string{LabelName: NameServer, LabelComponent: component}
}
