package decide

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// number decides about users and master password: first where the numbers in force stand, then which come next.
func (d *Decision) number(facts Facts, cluster *rds.DBCluster) {
	recorded := facts.Tenant.Status.Credentials
	known := database.CredentialFacts{
		Recorded: recorded, Mounted: mountedUsers(facts.State.Deployment()), Referenced: referencedMaster(cluster),
		Request: facts.Tenant.Annotations[naming.AnnotationRotate], Days: desired.Resolve(facts.Tenant, facts.Class).RotationDays,
		Foreign: facts.Tenant.Spec.Bootstrap != nil || desired.Adopted(facts.Tenant) != nil, Now: facts.Now,
	}
	present := database.Present(known)
	d.Input.UsersNumber, d.Input.MasterNumber = int(present.Users), int(present.Master)
	d.migrate(facts)
	known.UsersLost = slices.Contains(facts.Lost, naming.DatabaseUsers(d.Input.UsersNumber))
	known.MasterLost = desired.External(facts.Tenant) == nil && slices.Contains(facts.Lost, naming.DatabaseMaster(d.Input.MasterNumber))
	known.Shown = shownMaster(facts)
	known.Available = d.takesOrders(facts.Tenant, cluster)
	known.Migrated = d.Migration.Status.Done
	known.PreviousServe = present.Previous != 0 && podsUse(facts, present.Previous)
	known.Settled = d.settled(facts, known.PreviousServe)
	d.retire(facts, present, known.Settled)
	known.Retired = d.Retirement.Status.Done
	var due time.Time
	d.Credentials, due = database.NextCredentials(known)
	d.wakeAt(due)
	if d.Credentials.Previous == 0 || d.Credentials.Users != present.Users {
		d.Retirement, d.Credentials.Retirement = database.Migration{}, nil
	} else if d.Retirement.Status.Target != "" {
		d.Credentials.Retirement = d.Retirement.Status.DeepCopy()
	}
	d.Input.UsersNumber, d.Input.MasterNumber = int(d.Credentials.Users), int(d.Credentials.Master)
	d.migrate(facts)
	d.switchPassword(facts, cluster, known.Foreign)
	if d.StartsMigration() || d.StartsRetirement() {
		d.Credentials.MasterShown = d.Credentials.Master
	}
}

// takesOrders is true when RDS can be asked for another master password. One that is not ours keeps its own, and a
// database at rest is left alone.
func (d *Decision) takesOrders(tenant *halo.HaloTenant, cluster *rds.DBCluster) bool {
	return cluster != nil && cluster.Status.Status != nil && *cluster.Status.Status == "available" &&
		d.Claim == database.ClaimKnown && !tenant.Spec.Hibernate
}

// settled is true when every pod works with the users in force and nothing else is under way.
func (d *Decision) settled(facts Facts, previousServe bool) bool {
	deployment := facts.State.Deployment()
	return d.Migration.Status.Done && d.Database.Serving && !facts.Tenant.Spec.Hibernate && !previousServe &&
		deployment != nil && int(mountedUsers(deployment)) == d.Input.UsersNumber && Rollout(deployment, LeastPods(facts.Tenant, facts.Class)) == ""
}

// retire decides about dropping the previous users, once nobody works with them any more.
func (d *Decision) retire(facts Facts, present halo.CredentialsStatus, settled bool) {
	if present.Previous == 0 || !settled {
		return
	}
	target := desired.MigrationTarget(d.Input)
	d.Retirement = database.NextMigration(target, present.Retirement, func(attempt int32) *batchv1.Job {
		return facts.State.Job(naming.Retirement(target, attempt))
	}, facts.Now)
	d.Input.RetirementAttempt = max(d.Retirement.Status.Attempt, 1)
	if d.Retirement.Status.RetryAfter != nil {
		d.wakeAt(d.Retirement.Status.RetryAfter.Time)
	}
}

// switchPassword notes the moment at which the database is first asked to take the master password in force, and tells
// whether it has it.
func (d *Decision) switchPassword(facts Facts, cluster *rds.DBCluster, foreign bool) {
	number := d.Credentials.Master
	if desired.External(facts.Tenant) != nil || (number == MasterAtCreation && !foreign) {
		d.PasswordSet = true // created with it
		return
	}
	if number == MasterAtCreation {
		return
	}
	asked := &halo.PasswordSwitch{Number: number, AskedAt: metav1.NewTime(facts.Now.Truncate(time.Second)), SyncedBefore: metav1.NewTime(syncedAt(cluster))}
	if recorded := facts.Tenant.Status.Database; recorded != nil && recorded.PasswordSwitch != nil && recorded.PasswordSwitch.Number == number {
		asked = recorded.PasswordSwitch.DeepCopy()
	}
	if asked.AskedAt.After(facts.Now) { // by a clock that was ahead, and ACK's grace would last until then
		asked.AskedAt = metav1.NewTime(facts.Now.Truncate(time.Second))
	}
	d.PasswordSwitch = asked
	if !asked.Set && referencedMaster(cluster) == number {
		asked.Set = database.SyncedSince(cluster, asked.SyncedBefore.Time, asked.AskedAt.Time, facts.Now)
		if grace := asked.AskedAt.Add(database.SyncGrace); !asked.Set && facts.Now.Before(grace) {
			d.wakeAt(grace)
		}
	}
	d.PasswordSet = asked.Set
}

func syncedAt(cluster *rds.DBCluster) time.Time {
	if cluster == nil {
		return time.Time{}
	}
	return database.SyncedAt(cluster)
}

func referencedMaster(cluster *rds.DBCluster) int32 {
	if cluster == nil || cluster.Spec.MasterUserPassword == nil {
		return 0
	}
	return naming.Number(naming.PrefixDatabaseMaster, cluster.Spec.MasterUserPassword.Name)
}

// mountedUsers is the number of the users that a Deployment's pods get; 0 for none.
func mountedUsers(deployment *appsv1.Deployment) int32 {
	if deployment == nil {
		return 0
	}
	return secretNumber(deployment.Spec.Template.Spec, naming.PrefixDatabaseUsers)
}

func secretNumber(pod corev1.PodSpec, prefix string) int32 {
	for _, volume := range pod.Volumes {
		if volume.Secret == nil {
			continue
		}
		if number := naming.Number(prefix, volume.Secret.SecretName); number != 0 {
			return number
		}
	}
	return 0
}

// shownMaster is the newest master password that a Job has been given.
func shownMaster(facts Facts) int32 {
	shown := int32(0)
	for _, object := range facts.State.Of("Job") {
		if job, ok := object.(*batchv1.Job); ok {
			shown = max(shown, secretNumber(job.Spec.Template.Spec, naming.PrefixDatabaseMaster))
		}
	}
	return shown
}

// podsUse tells whether a server's pod, be it one that is ending, has the users of a number.
func podsUse(facts Facts, number int32) bool {
	return slices.ContainsFunc(facts.State.Pods(naming.ComponentServer), func(pod *corev1.Pod) bool {
		return secretNumber(pod.Spec, naming.PrefixDatabaseUsers) == number
	})
}

// LeastPods is how many pods a tenant is to have when it is not scaled out.
func LeastPods(tenant *halo.HaloTenant, class *halo.HaloTenantClass) int32 {
	return desired.Resolve(tenant, class).Replicas
}

// Rollout says what a Deployment still waits for, or nothing. Pods beyond the least that an autoscaler has asked for are
// awaited by nobody, but all that are there must have the newest template.
func Rollout(deployment *appsv1.Deployment, least int32) string {
	wanted, status := min(replicas(deployment), least), deployment.Status
	switch {
	case !Seen(deployment):
		return "the Deployment has not been seen by Kubernetes yet"
	case status.UpdatedReplicas < wanted:
		return fmt.Sprintf("%d of %d pods are on the newest template", status.UpdatedReplicas, wanted)
	case status.Replicas > status.UpdatedReplicas:
		return fmt.Sprintf("pods of the former template are still to end: %d", status.Replicas-status.UpdatedReplicas)
	case !Serves(deployment, least):
		return fmt.Sprintf("%d of %d pods are available", status.AvailableReplicas, wanted)
	}
	return ""
}

// Seen is true when a Deployment's status speaks of its present spec.
func Seen(deployment *appsv1.Deployment) bool {
	return deployment.Status.ObservedGeneration >= deployment.Generation
}

// Serves is true when a Deployment's pods, whatever their template, are enough.
func Serves(deployment *appsv1.Deployment, least int32) bool {
	return deployment.Status.AvailableReplicas >= min(replicas(deployment), least)
}

// replicas is how many pods a Deployment asks for.
func replicas(deployment *appsv1.Deployment) int32 {
	if deployment.Spec.Replicas == nil {
		return 1
	}
	return *deployment.Spec.Replicas
}
