package tenant

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/prerequisites"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/plan"
)

// NewRehearsal returns a Reconciler that takes the same steps as the manager's, on whatever stands behind the client,
// the reader and the executor. It has no CA, no platform secrets and no say in an event: of what hangs on these it
// tells that a Secret would be written, and not its content. kinds are those of the kinds that a cluster may lack which
// this one has.
func NewRehearsal(cached client.Client, reader client.Reader, execute func(context.Context, []plan.Change) error, now func() time.Time,
	kinds []schema.GroupVersionKind) *Reconciler {
	return &Reconciler{Client: cached, APIReader: reader, Recorder: silent{}, Now: now, Kinds: prerequisites.Present(kinds),
		execute: executorFunc(execute), rehearsal: true}
}

type executorFunc func(context.Context, []plan.Change) error

func (f executorFunc) Execute(ctx context.Context, changes []plan.Change) error {
	return f(ctx, changes)
}

// silent records no event.
type silent struct{}

func (silent) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...any) {}

// rehearseSecrets writes those Secrets without content whose absence or age shows in the status. Whether the CA or the
// relay's sign-in has changed is known to the manager alone.
func (r *Reconciler) rehearseSecrets(ctx context.Context, w *work) error {
	if w.status.Sealing == nil {
		w.status.Sealing = &halo.SealingStatus{} // which keys, the manager alone can tell: it has the root of them
	}
	if !slices.Contains(w.status.Secrets, naming.SealingKeys) {
		if err := r.rehearseSecret(ctx, w, naming.SealingKeys, false); err != nil {
			return err
		}
		w.status.Secrets = append(w.status.Secrets, naming.SealingKeys)
	}
	present, names := w.status.Certificate, desired.CertificateNames(w.tenant, w.class)
	if w.class.Spec.Certificate.IssuerRef == nil && (present == nil || !slices.Equal(present.Names, names) || !w.now.Before(present.RenewAfter.Time)) {
		if err := r.rehearseSecret(ctx, w, naming.ServerTLS, present != nil); err != nil {
			return err
		}
		later := metav1.NewTime(w.now.AddDate(0, 0, 30))
		w.status.Certificate = &halo.CertificateStatus{Hostname: names[0], Names: names, NotAfter: later, RenewAfter: later}
	}
	if w.class.Spec.Mail.Credentials == "" || w.status.MailRelayHash != "" {
		return nil
	}
	w.status.MailRelayHash = "rehearsed"
	return r.rehearseSecret(ctx, w, naming.MailRelay, false)
}

// rehearseSecret tells of a Secret that is written whenever its content changes.
func (r *Reconciler) rehearseSecret(ctx context.Context, w *work, name string, isThere bool) error {
	changes, err := plan.Changes([]desired.Item{{Object: desired.Secret(w.decision.Input, name, corev1.SecretTypeOpaque, nil)}}, absent)
	if err != nil {
		return err
	}
	if isThere {
		changes[0].Action = plan.Update
	}
	return r.executor().Execute(ctx, changes)
}
