package class

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// missing tells what a class needs and neither the cluster nor the manager has, with the field that asks for it and the
// remedy; empty when all is there.
func (r *Reconciler) missing(class *halo.HaloTenantClass) (string, error) {
	ack, err := r.Kinds.Missing(desired.DatabaseKinds())
	if err != nil {
		return "", err
	}
	optional, err := r.Kinds.Watch(desired.NeededKinds(class))
	if err != nil {
		return "", err
	}
	var sentences []string
	for _, kind := range append(ack, optional...) {
		sentences = append(sentences, fmt.Sprintf("the cluster has no %s of %s: %s", kind.Kind, kind.GroupVersion(), remedy(kind)))
	}
	for _, file := range filesOf(class) {
		absent, err := isAbsent(filepath.Join(r.PlatformSecrets, file.name))
		if err != nil {
			return "", err
		}
		if absent {
			sentences = append(sentences, fmt.Sprintf("the manager's platform secrets have no %s, %s: add it to their Secret", file.name, file.what))
		}
	}
	return strings.Join(sentences, "; "), nil
}

// secretFile is one that the manager's platform secrets must have.
type secretFile struct{ name, what string }

func filesOf(class *halo.HaloTenantClass) []secretFile {
	files := []secretFile{{naming.SealingRootFile, "from which the keys of personal data follow"}}
	if key := class.Spec.Mail.Credentials; key != "" {
		const what = "which spec.mail.credentials names"
		files = append(files, secretFile{key + ".username", what}, secretFile{key + ".password", what})
	}
	return files
}

func remedy(kind schema.GroupVersionKind) string {
	switch kind.Group {
	case rds.GroupVersion.Group:
		return "install ACK's controller for RDS"
	case desired.KindCertificate.Group:
		return "install cert-manager, or leave spec.certificate.issuerRef out"
	case desired.KindServersTransport.Group:
		return "install Traefik's CustomResourceDefinitions, or leave serversTransport out"
	}
	return "install the Gateway API's CustomResourceDefinitions, or name an Ingress class in the place of spec.ingress.gateway"
}

// isAbsent looks at a file's name only; its content is nobody's business here.
func isAbsent(file string) (bool, error) {
	_, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking at the manager's platform secrets: %w", err)
	}
	return false, nil
}
