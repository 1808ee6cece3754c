package desired

import (
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

const (
	migrationDeadline = 600  // seconds for one attempt
	migrationKept     = 3600 // seconds that a finished Job stays to be looked at
)

// MigrationTarget names what a migration brings about: another image, database or set of users is another one. Another
// master password is not: it is the means and not the end.
func MigrationTarget(in Input) string {
	parts := []string{in.Class.Spec.Image, in.DatabaseHost, strconv.Itoa(in.users())}
	if source := RestoredFrom(in.Tenant); source != "" {
		parts = append(parts, "without the erased persons of "+source)
	}
	return hashOf(parts...)[:10]
}

// RestoredFrom names what a tenant's database was made from when that was a copy, or may have been: whoever says that
// another database is the tenant's has most likely restored it. Empty for a database that was made empty.
func RestoredFrom(tenant *halo.HaloTenant) string {
	if other := tenant.Annotations[naming.AnnotationAcceptDatabase]; other != "" {
		return other
	}
	if tenant.Spec.Bootstrap != nil {
		return tenant.Spec.Bootstrap.BackupName
	}
	return ""
}

// Migration creates schemas and users with the master password, which server pods never see. It is one attempt, and
// the operator counts them; nil until the database has an address.
func Migration(in Input) *batchv1.Job {
	if len(in.Erasures) == 0 {
		return in.migrateJob(naming.Migration(MigrationTarget(in), in.MigrationAttempt))
	}
	job := in.migrateJob(naming.Migration(MigrationTarget(in), in.MigrationAttempt), "--erasures-dir="+erasuresFolder)
	if job != nil {
		attach(&job.Spec.Template.Spec, in.erasuresMount())
	}
	return job
}

// Retirement drops the users whose turn is over, after every pod was seen to work with those in force. It is one
// attempt, as a migration is; nil until the database has an address.
func Retirement(in Input) *batchv1.Job {
	return in.migrateJob(naming.Retirement(MigrationTarget(in), in.RetirementAttempt), "--retire")
}

// migrateJob runs halo-server migrate with the master password.
func (in Input) migrateJob(name string, extra ...string) *batchv1.Job {
	if in.DatabaseHost == "" {
		return nil
	}
	arguments := append([]string{"migrate", "--master-username=" + in.masterUsername(), "--master-password-file=" + masterPassword},
		in.databaseArguments()...)
	labels := naming.ComponentLabels(in.Tenant.Name, naming.ComponentMigrate)
	pod := corev1.PodSpec{
		ServiceAccountName: naming.Server, AutomountServiceAccountToken: pointer(false), EnableServiceLinks: pointer(false),
		RestartPolicy: corev1.RestartPolicyNever, SecurityContext: podSecurity(),
		Containers: []corev1.Container{{
			Name: naming.ComponentMigrate, Image: in.Class.Spec.Image, ImagePullPolicy: in.Class.Spec.ImagePullPolicy, SecurityContext: containerSecurity(),
			Args:                     append(arguments, extra...),
			Resources:                in.Class.Spec.Server.Resources,
			TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
		}},
	}
	attach(&pod, configMount(),
		secretMount("database-master", in.masterSecret(), masterFolder),
		secretMount("database-users", naming.DatabaseUsers(in.users()), usersFolder))
	return &batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: in.meta(name, labels),
		Spec: batchv1.JobSpec{
			BackoffLimit: pointer(int32(0)), ActiveDeadlineSeconds: pointer(int64(migrationDeadline)),
			TTLSecondsAfterFinished: pointer(int32(migrationKept)),
			Template:                corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
		},
	}
}
