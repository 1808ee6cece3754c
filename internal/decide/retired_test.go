package decide_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// afterRotations is a tenant whose third users and fifth master password are in force, with all that shows it.
type afterRotations struct {
	tenant     *halo.HaloTenant
	class      *halo.HaloTenantClass
	cluster    *rds.DBCluster
	deployment *appsv1.Deployment
	others     []client.Object
	facts      decide.Facts
}

// mounting is a pod's spec with a Secret.
func mounting(secret string) corev1.PodSpec {
	return corev1.PodSpec{Volumes: []corev1.Volume{{Name: "one", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secret}}}}}
}

func object(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: naming.Namespace("acme"), Labels: naming.TenantLabels("acme")}
}

func pod(phase corev1.PodPhase, spec corev1.PodSpec) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: object("one"), Spec: spec, Status: corev1.PodStatus{Phase: phase}}
}

func job(condition batchv1.JobConditionType, spec corev1.PodSpec) *batchv1.Job {
	made := &batchv1.Job{ObjectMeta: object("one"), Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: spec}}}
	if condition != "" {
		made.Status.Conditions = []batchv1.JobCondition{{Type: condition, Status: corev1.ConditionTrue}}
	}
	return made
}

func newAfterRotations(t *testing.T) *afterRotations {
	t.Helper()
	tenant, class := samples(t)
	replicas, at := int32(2), metav1.NewTime(now.Add(-time.Hour))
	deployment := &appsv1.Deployment{ObjectMeta: object(naming.Server),
		Spec:   appsv1.DeploymentSpec{Replicas: &replicas, Template: corev1.PodTemplateSpec{Spec: mounting("database-users-3")}},
		Status: appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 2, AvailableReplicas: 2}}
	tenant.Status = halo.HaloTenantStatus{
		Secrets: []string{"database-users-1", "token-keys", "database-master-1", "sealing-keys", "database-users-2", "database-users-3",
			"database-master-2", "database-master-4", "database-master-5", "database-users-04", "database-users"},
		Credentials: &halo.CredentialsStatus{Users: 3, Master: 5, MasterShown: 4, RotatedAt: &at},
		Database:    &halo.DatabaseStatus{Created: true, PasswordSwitch: &halo.PasswordSwitch{Number: 5, AskedAt: at, Set: true}},
	}
	return &afterRotations{tenant: tenant, class: class, cluster: database(5, corev1.ConditionTrue, now), deployment: deployment}
}

func (a *afterRotations) decide(t *testing.T) decide.Decision {
	t.Helper()
	objects := append([]client.Object{a.cluster, a.deployment, instance(1), instance(2)}, a.others...)
	a.facts.Tenant, a.facts.Class, a.facts.State, a.facts.Now = a.tenant, a.class, seen(t, objects...), now
	return decide.Tenant(a.facts)
}

// TestOnlyWhatNothingNeedsIsRetired says when the Secrets of former credentials may go, and that nothing else ever may.
func TestOnlyWhatNothingNeedsIsRetired(t *testing.T) {
	all := []string{"database-users-1", "database-master-1", "database-users-2", "database-master-2", "database-master-4"}
	without := func(name string) []string {
		var rest []string
		for _, one := range all {
			if one != name {
				rest = append(rest, one)
			}
		}
		return rest
	}
	for name, c := range map[string]struct {
		change func(*afterRotations)
		want   []string
	}{
		"at rest":             {func(*afterRotations) {}, all},
		"nothing is recorded": {func(a *afterRotations) { a.tenant.Status.Secrets = nil }, nil},
		"a former master password alone": {func(a *afterRotations) {
			a.tenant.Status.Secrets = []string{"database-users-3", "database-master-4", "database-master-5"}
		}, nil},
		"former users alone": {func(a *afterRotations) {
			a.tenant.Status.Secrets = []string{"database-users-2", "database-users-3", "database-master-5"}
		}, []string{"database-users-2"}},
		"the status is lost":       {func(a *afterRotations) { a.tenant.Status.Credentials = nil }, nil},
		"previous users are there": {func(a *afterRotations) { a.tenant.Status.Credentials.Previous = 2 }, nil},
		"a rotation is due": {func(a *afterRotations) {
			a.tenant.Annotations = map[string]string{naming.AnnotationRotate: "now"}
		}, nil},
		"a Job was given the master password":          {func(a *afterRotations) { a.tenant.Status.Credentials.MasterShown = 5 }, nil},
		"the record is behind the pods":                {func(a *afterRotations) { a.deployment.Spec.Template.Spec = mounting("database-users-4") }, nil},
		"pods were rolled back":                        {func(a *afterRotations) { a.deployment.Spec.Template.Spec = mounting("database-users-2") }, nil},
		"the record is behind the database":            {func(a *afterRotations) { a.cluster = database(6, corev1.ConditionTrue, now) }, nil},
		"the database was asked for a former password": {func(a *afterRotations) { a.cluster = database(4, corev1.ConditionTrue, now) }, nil},
		"ACK is not in step":                           {func(a *afterRotations) { a.cluster = database(5, corev1.ConditionFalse, now) }, nil},
		"the password is not known set": {func(a *afterRotations) {
			a.tenant.Status.Database.PasswordSwitch.Set = false
			a.tenant.Status.Database.PasswordSwitch.SyncedBefore = metav1.NewTime(now)
			a.tenant.Status.Database.PasswordSwitch.AskedAt = metav1.NewTime(now)
		}, nil},
		"old pods are still to end": {func(a *afterRotations) { a.deployment.Status.Replicas = 3 }, nil},
		"the rollout was not seen":  {func(a *afterRotations) { a.deployment.Generation = 7 }, nil},
		"a pod is not available":    {func(a *afterRotations) { a.deployment.Status.AvailableReplicas = 1 }, nil},
		"the tenant sleeps":         {func(a *afterRotations) { a.tenant.Spec.Hibernate = true }, nil},
		"the tenant goes":           {func(a *afterRotations) { a.tenant.DeletionTimestamp = &metav1.Time{Time: now} }, nil},
		"a Secret is lost":          {func(a *afterRotations) { a.facts.Lost = []string{"token-keys"} }, nil},
		"another image is migrated": {func(a *afterRotations) { a.tenant.Status.Migration = nil }, nil},
		"a pod has former users": {func(a *afterRotations) {
			a.others = []client.Object{pod(corev1.PodRunning, mounting("database-users-2"))}
		}, without("database-users-2")},
		"a pod that waits": {func(a *afterRotations) {
			a.others = []client.Object{pod(corev1.PodPending, mounting("database-master-2"))}
		}, without("database-master-2")},
		"a pod has ended": {func(a *afterRotations) {
			a.others = []client.Object{pod(corev1.PodSucceeded, mounting("database-users-2"))}
		}, all},
		"a Job has a former one": {func(a *afterRotations) { a.others = []client.Object{job("", mounting("database-master-4"))} }, without("database-master-4")},
		"a Job has ended": {func(a *afterRotations) {
			a.others = []client.Object{job(batchv1.JobFailed, mounting("database-users-1"))}
		}, all},
		"a projected volume": {func(a *afterRotations) {
			spec := corev1.PodSpec{Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "database-users-1"}}}}}}}}}
			a.others = []client.Object{pod(corev1.PodRunning, spec)}
		}, without("database-users-1")},
		"a variable": {func(a *afterRotations) {
			from := &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "database-users-1"}}}
			a.others = []client.Object{pod(corev1.PodRunning, corev1.PodSpec{InitContainers: []corev1.Container{{Env: []corev1.EnvVar{{ValueFrom: from}}}}})}
		}, without("database-users-1")},
		"all variables": {func(a *afterRotations) {
			from := corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "database-users-1"}}}
			a.others = []client.Object{pod(corev1.PodRunning, corev1.PodSpec{Containers: []corev1.Container{{EnvFrom: []corev1.EnvFromSource{from}}}})}
		}, without("database-users-1")},
	} {
		a := newAfterRotations(t)
		a.tenant.Status.Migration = &halo.MigrationStatus{Target: desired.MigrationTarget(a.decide(t).Input), Attempt: 1, Done: true}
		c.change(a)
		if diff := cmp.Diff(c.want, a.decide(t).Retired); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
