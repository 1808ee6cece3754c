package tenant

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
)

const (
	// retiredPoll is how soon a retired Secret that could not be deleted is looked at again.
	retiredPoll = 10 * time.Minute
	// retiredPatience is how long a look at the API server counts: a process that was held up does not act on it.
	retiredPatience = 10 * time.Second
)

// removeRetired deletes the Secrets of former credentials, by name: the operator has no right to look at one. A Secret
// first goes, and then its name from the status, so that whoever is cut off in between deletes it once more and finds
// nothing. A Secret that stays does no harm: no failure here keeps a tenant from anything.
func (r *Reconciler) removeRetired(ctx context.Context, w *work) {
	if len(w.decision.Retired) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, retiredPatience)
	defer cancel()
	names, err := r.surelyRetired(ctx, w)
	for _, name := range names {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: naming.Namespace(w.tenant.Name), Name: name}}
		if err = client.IgnoreNotFound(r.Client.Delete(ctx, secret)); err != nil {
			err = fmt.Errorf("deleting Secret %s in namespace %s: %w", name, secret.Namespace, err)
			break
		}
		w.dropSecret(name)
	}
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "retired Secrets stay for now")
	}
	if err != nil || len(names) < len(w.decision.Retired) {
		w.wakeAt(w.now.Add(retiredPoll))
	}
}

// surelyRetired takes the decision again on what the API server itself has at this moment, and leaves out what anybody in
// the namespace refers to, the operator's or not.
func (r *Reconciler) surelyRetired(ctx context.Context, w *work) ([]string, error) {
	tenant := &halo.HaloTenant{}
	if err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(w.tenant), tenant); err != nil {
		return nil, fmt.Errorf("reading tenant %s: %w", w.tenant.Name, err)
	}
	if tenant.UID != w.tenant.UID || tenant.ResourceVersion != w.tenant.ResourceVersion {
		return nil, nil // another record than the one that this reconcile began with
	}
	lists := []client.ObjectList{&corev1.PodList{}, &batchv1.JobList{}, &appsv1.DeploymentList{}, &rds.DBClusterList{}, &rds.DBInstanceList{}}
	state, err := observe.ReadLists(ctx, r.APIReader, r.Client.Scheme(), tenant.Name, lists)
	if err != nil {
		return nil, err
	}
	namespace := state.Namespace
	if namespace == nil || namespace.DeletionTimestamp != nil || namespace.UID != tenant.Status.NamespaceUID {
		return nil, nil
	}
	facts := decide.Facts{Tenant: tenant, Class: w.class, State: state, RestoreFrom: w.decision.Input.RestoreFrom,
		AuthorityPEM: r.authorityPEM(), ManagerNamespace: w.managerNamespace, Now: w.now}
	return r.unneeded(ctx, namespace.Name, decide.Tenant(facts).Retired)
}

// unneeded leaves out the Secrets that a pod or a Job of the namespace refers to, also one without the operator's labels.
func (r *Reconciler) unneeded(ctx context.Context, namespace string, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	pods, jobs := &corev1.PodList{}, &batchv1.JobList{}
	for _, list := range []client.ObjectList{pods, jobs} {
		if err := r.APIReader.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return nil, fmt.Errorf("listing %T in namespace %s: %w", list, namespace, err)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(pods.Items, func(pod corev1.Pod) bool { return observe.PodNeeds(&pod, name) }) ||
			slices.ContainsFunc(jobs.Items, func(job batchv1.Job) bool { return observe.JobNeeds(&job, name) })
	}), nil
}
