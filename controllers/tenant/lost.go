package tenant

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

const (
	// stuckFor is how long a pod may be without its volumes before its Secrets are looked for.
	stuckFor = 30 * time.Second
	// stuckPoll is how soon they are looked for again.
	stuckPoll = time.Minute
)

// findLost works out which recorded Secrets are gone: all of them when their namespace is another one, and else those
// whose name is free again while a pod waits for its volumes. It forgets them, so that they are made again; the
// database's credentials get a new number then, because what the lost ones held is unknown.
func (r *Reconciler) findLost(ctx context.Context, w *work) error {
	another, err := r.namespaceIsAnother(ctx, w)
	if err != nil {
		return err
	}
	if another {
		w.status.Secrets, w.status.Certificate, w.status.MailRelayHash = nil, nil, ""
		if credentials := w.status.Credentials; credentials != nil {
			w.lost = []string{naming.DatabaseUsers(int(credentials.Users)), naming.DatabaseMaster(int(credentials.Master))}
		}
		return nil
	}
	if !w.podsAreStuck() {
		return nil
	}
	w.wakeAt(w.now.Add(stuckPoll))
	names := slices.Clone(w.status.Secrets)
	if w.status.Certificate != nil {
		names = append(names, naming.ServerTLS)
	}
	if w.status.MailRelayHash != "" {
		names = append(names, naming.MailRelay)
	}
	for _, name := range names {
		free, err := r.isFree(ctx, w, name)
		if err != nil {
			return err
		}
		if free {
			w.forget(name)
		}
	}
	return nil
}

// namespaceIsAnother tells whether the namespace that the Secrets were written into is gone. A cache that is behind is
// not believed.
func (r *Reconciler) namespaceIsAnother(ctx context.Context, w *work) (bool, error) {
	recorded := w.status.NamespaceUID
	if recorded == "" || (w.state.Namespace != nil && w.state.Namespace.UID == recorded) {
		return false, nil
	}
	namespace := &corev1.Namespace{}
	err := r.APIReader.Get(ctx, client.ObjectKey{Name: naming.Namespace(w.tenant.Name)}, namespace)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading namespace %s: %w", naming.Namespace(w.tenant.Name), err)
	}
	return namespace.UID != recorded, nil
}

// forget drops the record of a Secret that is gone. That of numbered ones goes together with the number, in
// rememberCredentials: a number is never used for two passwords.
func (w *work) forget(name string) {
	w.lost = append(w.lost, name)
	switch {
	case name == naming.ServerTLS:
		w.status.Certificate = nil
	case name == naming.MailRelay:
		w.status.MailRelayHash = ""
	case !numbered(name):
		w.dropSecret(name)
	}
}

func numbered(name string) bool {
	return naming.Number(naming.PrefixDatabaseUsers, name) != 0 || naming.Number(naming.PrefixDatabaseMaster, name) != 0
}

func (w *work) dropSecret(name string) {
	w.status.Secrets = slices.DeleteFunc(w.status.Secrets, func(other string) bool { return other == name })
}

// podsAreStuck tells whether a pod has waited for its volumes too long.
func (w *work) podsAreStuck() bool {
	for _, component := range []string{naming.ComponentServer, naming.ComponentMigrate} {
		for _, pod := range w.state.Pods(component) {
			if since := waitsForVolumes(pod); !since.IsZero() && pod.DeletionTimestamp == nil {
				if w.now.Sub(since) >= stuckFor {
					return true
				}
				w.wakeAt(since.Add(stuckFor))
			}
		}
	}
	return false
}

// waitsForVolumes is since when a pod has a node and no container; zero when it has none to wait for.
func waitsForVolumes(pod *corev1.Pod) time.Time {
	if !slices.ContainsFunc(pod.Status.ContainerStatuses, func(status corev1.ContainerStatus) bool {
		return status.State.Waiting != nil && status.State.Waiting.Reason == "ContainerCreating"
	}) {
		return time.Time{}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionTrue {
			return condition.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// isFree asks the API server whether a Secret could be created: the operator may not look at one.
func (r *Reconciler) isFree(ctx context.Context, w *work, name string) (bool, error) {
	if r.rehearsal {
		return false, nil // only the manager may ask
	}
	probe := desired.Secret(desired.Input{Tenant: w.tenant, Class: w.class}, name, corev1.SecretTypeOpaque, nil)
	err := r.Client.Create(ctx, probe, client.DryRunAll, client.FieldOwner(naming.ManagedBy))
	switch {
	case err == nil:
		return true, nil
	case apierrors.IsAlreadyExists(err):
		return false, nil
	}
	return false, fmt.Errorf("looking for Secret %s of tenant %s: %w", name, w.tenant.Name, err)
}
