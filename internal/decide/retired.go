package decide

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	rds "halo.dev/halo/api/rds/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
)

// retired names the recorded Secrets of former credentials that nothing needs any more: what they hold opens nothing, and
// nobody who has not ended refers to them. Numbers only grow, and one in force is never among them. While anything is
// under way, or was not recorded yet, there are none: to keep such a Secret costs nothing.
func (d *Decision) retired(facts Facts, cluster *rds.DBCluster) []string {
	var former []string
	for _, name := range facts.Tenant.Status.Secrets {
		if d.isFormer(name) {
			former = append(former, name)
		}
	}
	// The first Job leaves one master password: for that alone, no new tenant asks the API server about everything again.
	alone := len(former) == 1 && naming.Number(naming.PrefixDatabaseMaster, former[0]) != 0
	if len(former) == 0 || alone || !d.credentialsRest(facts, cluster) {
		return nil
	}
	var retired []string
	for _, name := range former {
		if !needed(facts.State, name) {
			retired = append(retired, name)
		}
	}
	return retired
}

// isFormer tells whether a name is that of credentials whose number has been followed by the one in force.
func (d *Decision) isFormer(name string) bool {
	users, master := naming.Number(naming.PrefixDatabaseUsers, name), naming.Number(naming.PrefixDatabaseMaster, name)
	return (users != 0 && users < d.Credentials.Users) || (master != 0 && master < d.Credentials.Master)
}

// credentialsRest tells whether the credentials in force are those that were recorded, that every pod works with, and
// that the database has, with none on its way in or out.
func (d *Decision) credentialsRest(facts Facts, cluster *rds.DBCluster) bool {
	recorded := facts.Tenant.Status.Credentials
	switch {
	case recorded == nil || len(facts.Lost) > 0 || facts.Tenant.DeletionTimestamp != nil:
		return false
	case recorded.Previous != 0 || d.Credentials.Previous != 0:
		return false
	case recorded.Users != d.Credentials.Users || recorded.Master != d.Credentials.Master:
		return false
	case desired.External(facts.Tenant) == nil && !hasMaster(cluster, d.Credentials.Master):
		return false
	}
	return d.PasswordSet && d.settled(facts, false)
}

// hasMaster tells whether a cluster is to have a master password and ACK says that it is in step.
func hasMaster(cluster *rds.DBCluster, number int32) bool {
	return referencedMaster(cluster) == number && cluster.DeletionTimestamp == nil && rds.IsTrue(cluster.Status.Conditions, rds.ConditionSynced)
}

// needed tells whether anything that was seen refers to a Secret, other than by having ended.
func needed(state observe.State, secret string) bool {
	for _, object := range state.Of("Pod", "Job") {
		switch typed := object.(type) {
		case *corev1.Pod:
			if observe.PodNeeds(typed, secret) {
				return true
			}
		case *batchv1.Job:
			if observe.JobNeeds(typed, secret) {
				return true
			}
		}
	}
	deployment := state.Deployment()
	return deployment != nil && observe.RefersTo(deployment.Spec.Template.Spec, secret)
}
