package desired

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"halo.dev/halo/internal/naming"
)

// Namespace is where all of a tenant's objects are. It admits only pods of the restricted standard.
func Namespace(in Input) *corev1.Namespace {
	labels := naming.TenantLabels(in.Tenant.Name)
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
	}
	return &corev1.Namespace{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{
			Name: in.namespace(), Labels: labels, OwnerReferences: []metav1.OwnerReference{in.owner()},
		},
	}
}

// ServiceAccount is what the pods run as; no token of it is mounted.
func ServiceAccount(in Input) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{
		TypeMeta:                     metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta:                   in.meta(naming.Server, naming.ComponentLabels(in.Tenant.Name, naming.ComponentServer)),
		AutomountServiceAccountToken: pointer(false),
	}
}
