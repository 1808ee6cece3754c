package desired

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"halo.dev/halo/internal/naming"
)

// replicas is nil where the autoscaler decides: a number here would take its pods away at the next write. A new
// Deployment begins with the least of them.
func (in Input) replicas() *int32 {
	if in.Class.Spec.Server.Autoscaling != nil && in.Scaled {
		return nil
	}
	return pointer(in.settings().Replicas)
}

// most is how many pods of the server a tenant may have beside those that come and go.
func (in Input) most() int32 {
	if autoscaling := in.Class.Spec.Server.Autoscaling; autoscaling != nil {
		return max(in.settings().Replicas, autoscaling.MaxReplicas)
	}
	return in.settings().Replicas
}

// Autoscaler adds pods when they are busy; nil where the class wants a fixed number, and until the Deployment is there.
func Autoscaler(in Input) *autoscalingv2.HorizontalPodAutoscaler {
	autoscaling := in.Class.Spec.Server.Autoscaling
	if autoscaling == nil || !in.Scaled || in.Tenant.Spec.Hibernate {
		return nil
	}
	metrics := []autoscalingv2.MetricSpec{{
		Type: autoscalingv2.ResourceMetricSourceType,
		Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{
			Type: autoscalingv2.UtilizationMetricType, AverageUtilization: pointer(autoscaling.CPUPercent),
		}},
	}}
	if metric := autoscaling.Metric; metric != nil {
		metrics = append(metrics, autoscalingv2.MetricSpec{
			Type: autoscalingv2.PodsMetricSourceType,
			Pods: &autoscalingv2.PodsMetricSource{
				Metric: autoscalingv2.MetricIdentifier{Name: metric.Name},
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: pointer(metric.AverageValue.DeepCopy())},
			},
		})
	}
	return &autoscalingv2.HorizontalPodAutoscaler{
		TypeMeta:   metav1.TypeMeta{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"},
		ObjectMeta: in.meta(naming.Server, naming.ComponentLabels(in.Tenant.Name, naming.ComponentServer)),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: naming.Server},
			MinReplicas:    pointer(in.settings().Replicas), MaxReplicas: in.most(), Metrics: metrics,
		},
	}
}

// DisruptionBudget keeps all pods but one while nodes are drained.
func DisruptionBudget(in Input) *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
		ObjectMeta: in.meta(naming.Server, naming.ComponentLabels(in.Tenant.Name, naming.ComponentServer)),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: pointer(intstr.FromInt32(1)),
			Selector:       &metav1.LabelSelector{MatchLabels: naming.PodSelector(naming.ComponentServer)},
		},
	}
}
