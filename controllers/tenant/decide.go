package tenant

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
	"halo.dev/halo/internal/decide"
)

// Children returns an empty object of each kind whose changes wake their tenant.
func Children() []client.Object {
	return []client.Object{
		&corev1.ServiceAccount{}, &corev1.ConfigMap{}, &corev1.Service{}, &corev1.Pod{},
		&networkingv1.NetworkPolicy{}, &networkingv1.Ingress{}, &policyv1.PodDisruptionBudget{},
		&appsv1.Deployment{}, &batchv1.Job{},
		&corev1.ResourceQuota{}, &corev1.LimitRange{}, &autoscalingv2.HorizontalPodAutoscaler{},
		&rds.DBSubnetGroup{}, &rds.DBClusterParameterGroup{}, &rds.DBCluster{}, &rds.DBInstance{},
	}
}

// decide takes the decision for what was seen, and remembers what was seen of the database.
func (w *work) decide(restoreFrom, authorityPEM string) {
	w.decision = decide.Tenant(decide.Facts{Tenant: w.tenant, Class: w.class, State: w.state, RestoreFrom: restoreFrom, AuthorityPEM: authorityPEM, ManagerNamespace: w.managerNamespace, Lost: w.lost, Now: w.now})
	if w.status.Database == nil {
		w.status.Database = &halo.DatabaseStatus{}
	}
	w.rememberDatabase()
	if w.decision.SealingUnproved() {
		w.status.Sealing = nil
	}
	w.wakeAt(w.decision.Wake)
}

// rememberDatabase records which database was seen. A record is never taken back.
func (w *work) rememberDatabase() {
	recorded, cluster := w.status.Database, w.decision.Identity.Present
	if w.decision.Claim == database.ClaimReplaced {
		return
	}
	recorded.Created = recorded.Created || cluster != nil
	recorded.ResourceID = w.decision.Identity.ResourceID()
	recorded.Writer = first(database.Writer(cluster), recorded.Writer)
}

// rememberCredentials records what this reconcile is about to bring about.
func (w *work) rememberCredentials() {
	w.status.Database.PasswordSwitch = w.decision.PasswordSwitch
	w.status.Credentials = w.decision.Credentials.DeepCopy()
	for _, name := range w.lost {
		w.dropSecret(name)
	}
}
