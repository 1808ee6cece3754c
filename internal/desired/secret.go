package desired

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"halo.dev/halo/internal/naming"
)

// Secret wraps data that the caller generated; the package itself has no source of chance.
func Secret(in Input, name string, secretType corev1.SecretType, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: in.meta(name, naming.TenantLabels(in.Tenant.Name)),
		Type:       secretType,
		Data:       data,
	}
}
