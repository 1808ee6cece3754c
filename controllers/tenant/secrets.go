package tenant

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/certificate"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/plan"
)

// platformSecretPoll is how soon a missing platform secret is looked for again: no event tells that it is there.
const platformSecretPoll = time.Minute

// writeSecrets makes the Secrets that are missing from the record. The operator cannot look: it remembers in the
// status, and what is there already is kept whatever it holds.
func (r *Reconciler) writeSecrets(ctx context.Context, w *work) (*decide.Problem, error) {
	names := []string{naming.DatabaseUsers(w.decision.Input.UsersNumber), naming.TokenKeys}
	if desired.External(w.tenant) == nil {
		names = append(names, naming.DatabaseMaster(w.decision.Input.MasterNumber))
	}
	for _, name := range names {
		if slices.Contains(w.status.Secrets, name) {
			continue
		}
		secret := desired.Secret(w.decision.Input, name, corev1.SecretTypeOpaque, generate(name))
		if err := r.writeSecret(ctx, secret, true); err != nil {
			return nil, err
		}
		w.status.Secrets = append(w.status.Secrets, name)
	}
	if r.rehearsal {
		return nil, r.rehearseSecrets(ctx, w)
	}
	if problem, err := r.writeSealingKeys(ctx, w); problem != nil || err != nil {
		return problem, err
	}
	if err := r.writeCertificate(ctx, w); err != nil {
		return nil, err
	}
	return r.writeRelayCredentials(ctx, w)
}

func (r *Reconciler) writeSecret(ctx context.Context, secret *corev1.Secret, once bool) error {
	changes, err := plan.Changes([]desired.Item{{Object: secret, Once: once}}, absent)
	if err != nil {
		return err
	}
	if err := r.executor().Execute(ctx, changes); err != nil {
		return fmt.Errorf("writing the Secrets of namespace %s: %w", secret.Namespace, err)
	}
	return nil
}

// absent says of every object that it is not there: nobody can look.
func absent(client.Object) client.Object { return nil }

// generate makes new data for one of the Secrets that are written once.
func generate(name string) map[string][]byte {
	number := naming.Number(naming.PrefixDatabaseUsers, name)
	switch {
	case name == naming.TokenKeys:
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		return map[string][]byte{"1": []byte(base64.StdEncoding.EncodeToString(key))}
	case number != 0:
		turn := naming.Turn(int(number))
		return map[string][]byte{
			"intake-username": []byte("halo_intake" + turn), "intake-password": []byte(password()),
			"delivery-username": []byte("halo_delivery" + turn), "delivery-password": []byte(password()),
			"console-username": []byte("halo_console" + turn), "console-password": []byte(password()),
		}
	}
	return map[string][]byte{"password": []byte(password())}
}

// password has over 190 bits and only characters that RDS, MySQL and a shell take as they are.
func password() string {
	return rand.Text() + rand.Text()[:12]
}

// writeCertificate issues the server's certificate when there is none for these names and this CA, or when it is old.
func (r *Reconciler) writeCertificate(ctx context.Context, w *work) error {
	if w.class.Spec.Certificate.IssuerRef != nil {
		w.rememberIssued()
		return nil
	}
	names := desired.CertificateNames(w.tenant, w.class)
	present := w.status.Certificate
	fresh := present != nil && slices.Equal(present.Names, names) && present.Issuer == r.Authority.Fingerprint() &&
		w.now.Before(present.RenewAfter.Time) && !fromTheFuture(present, w.now)
	if !fresh {
		leaf, err := r.Authority.Issue(names, w.now)
		if err != nil {
			return err
		}
		secret := desired.Secret(w.decision.Input, naming.ServerTLS, corev1.SecretTypeTLS, map[string][]byte{
			corev1.TLSCertKey: leaf.CertificatePEM, corev1.TLSPrivateKeyKey: leaf.KeyPEM, "ca.crt": leaf.AuthorityPEM,
		})
		if err := r.writeSecret(ctx, secret, false); err != nil {
			return err
		}
		w.status.Certificate = &halo.CertificateStatus{
			Hostname: names[0], Names: names, Issuer: r.Authority.Fingerprint(),
			NotAfter: metav1.NewTime(leaf.NotAfter.Truncate(time.Second)), RenewAfter: metav1.NewTime(leaf.RenewAfter.Truncate(time.Second)),
		}
	}
	w.wakeAt(w.status.Certificate.RenewAfter.Time)
	return nil
}

// fromTheFuture tells whether a certificate is not valid yet: a clock that was ahead has issued it. RenewAfter is at two
// thirds of its life.
func fromTheFuture(present *halo.CertificateStatus, now time.Time) bool {
	life := 3 * present.NotAfter.Sub(present.RenewAfter.Time)
	return now.Before(present.NotAfter.Add(-life - certificate.Backdate))
}

// writeRelayCredentials copies the mail relay's sign-in from the manager's mounted files into the namespace.
func (r *Reconciler) writeRelayCredentials(ctx context.Context, w *work) (*decide.Problem, error) {
	key := w.class.Spec.Mail.Credentials
	if key == "" {
		return nil, nil
	}
	username, err := r.platformSecret(key + ".username")
	if err == nil {
		var secret string
		if secret, err = r.platformSecret(key + ".password"); err == nil {
			return nil, r.writeRelaySecret(ctx, w, username, secret)
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	w.wakeAt(w.now.Add(platformSecretPoll))
	return decide.Stalled(halo.ReasonCredentialMissing, "spec.mail.credentials of HaloTenantClass %s: the manager's platform secrets have no %s.username and %s.password",
		w.class.Name, key, key), nil
}

func (r *Reconciler) writeRelaySecret(ctx context.Context, w *work, username, secret string) error {
	hash := r.Authority.Seal(username + "\x00" + secret)
	if hash == w.status.MailRelayHash {
		return nil
	}
	object := desired.Secret(w.decision.Input, naming.MailRelay, corev1.SecretTypeOpaque, map[string][]byte{
		"username": []byte(username), "password": []byte(secret),
	})
	if err := r.writeSecret(ctx, object, false); err != nil {
		return err
	}
	w.status.MailRelayHash = hash
	return nil
}

func (r *Reconciler) platformSecret(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(r.PlatformSecrets, name))
	if err != nil {
		return "", fmt.Errorf("reading the platform secret %s: %w", name, err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}
