package desired

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"halo.dev/halo/internal/naming"
)

// Quota keeps a tenant to what its class gives it. In a rollout every old pod may still be ending beside every new one,
// and Jobs run beside both: less room than that would hold a rollout up.
func Quota(in Input) *corev1.ResourceQuota {
	const jobs = 3
	pods := int64(2*in.most() + 1 + jobs)
	hard := corev1.ResourceList{
		corev1.ResourcePods:                   *resource.NewQuantity(pods, resource.DecimalSI),
		corev1.ResourceServicesLoadBalancers:  resource.MustParse("0"),
		corev1.ResourceServicesNodePorts:      resource.MustParse("0"),
		corev1.ResourcePersistentVolumeClaims: resource.MustParse("0"),
	}
	for prefix, amounts := range map[string]corev1.ResourceList{"requests.": in.Class.Spec.Server.Resources.Requests, "limits.": in.Class.Spec.Server.Resources.Limits} {
		for name, amount := range amounts {
			total := amount.DeepCopy()
			total.Mul(pods)
			hard[corev1.ResourceName(prefix)+name] = total
		}
	}
	return &corev1.ResourceQuota{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ResourceQuota"},
		ObjectMeta: in.meta(naming.Allowance, naming.TenantLabels(in.Tenant.Name)),
		Spec:       corev1.ResourceQuotaSpec{Hard: hard},
	}
}

// LimitRange gives containers that say nothing the class's share, and none more. nil when the class has no limits.
func LimitRange(in Input) *corev1.LimitRange {
	resources := in.Class.Spec.Server.Resources
	if len(resources.Limits) == 0 && len(resources.Requests) == 0 {
		return nil
	}
	return &corev1.LimitRange{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "LimitRange"},
		ObjectMeta: in.meta(naming.Allowance, naming.TenantLabels(in.Tenant.Name)),
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type: corev1.LimitTypeContainer, Default: maps.Clone(resources.Limits), DefaultRequest: maps.Clone(resources.Requests), Max: maps.Clone(resources.Limits),
		}}},
	}
}
