package tenant

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/decide"
)

// Children returns an empty object of each kind whose changes wake their tenant.
func Children() []client.Object {
	return []client.Object{
		&corev1.ServiceAccount{}, &corev1.ConfigMap{}, &corev1.Service{}, &corev1.Pod{},
		&networkingv1.NetworkPolicy{}, &networkingv1.Ingress{}, &policyv1.PodDisruptionBudget{},
		&appsv1.Deployment{}, &batchv1.Job{},
		&rds.DBSubnetGroup{}, &rds.DBClusterParameterGroup{}, &rds.DBCluster{}, &rds.DBInstance{},
	}
}

// decide takes the decision for what was seen, and remembers what it asks to remember.
func (w *work) decide(restoreFrom string) {
	w.decision = decide.Tenant(decide.Facts{Tenant: w.tenant, Class: w.class, State: w.state, RestoreFrom: restoreFrom, Now: w.now})
	if w.status.Database == nil {
		w.status.Database = &halo.DatabaseStatus{}
	}
	w.status.Database.PasswordSwitch = w.decision.PasswordSwitch
	w.wakeAt(w.decision.Wake)
}
