package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// ClassServer says how many pods serve a tenant and what each may use.
type ClassServer struct {
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	// +optional
	Replicas int32 `json:"replicas,omitempty"`
	// +kubebuilder:default={"requests":{"cpu":"50m","memory":"64Mi","ephemeral-storage":"32Mi"},"limits":{"cpu":"1","memory":"256Mi","ephemeral-storage":"128Mi"}}
	// +optional
	Resources corev1.ResourceRequirements `json:"resources,omitempty"`
	// autoscaling adds pods when they are busy; replicas is then the least. Absent means that the number stays.
	// +optional
	Autoscaling *Autoscaling `json:"autoscaling,omitempty"`
}

// Autoscaling says when a tenant gets more pods.
type Autoscaling struct {
	// maxReplicas is the most pods; when replicas is above, that is.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	MaxReplicas int32 `json:"maxReplicas"`
	// cpuPercent is the use of the requested CPU that pods are kept at.
	// +kubebuilder:default=70
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=200
	// +optional
	CPUPercent int32 `json:"cpuPercent,omitempty"`
	// metric is a further measure of the pods, from the cluster's adapter of custom metrics.
	// +optional
	Metric *PodMetric `json:"metric,omitempty"`
}

// PodMetric is a custom metric of pods and the average that they are kept at.
type PodMetric struct {
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name         string            `json:"name"`
	AverageValue resource.Quantity `json:"averageValue"`
}

// ClassFloor is what no tenant may go below. A tenant that asks for less is refused; one that asked before the floor
// was raised gets the floor.
type ClassFloor struct {
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	// +optional
	Replicas int32 `json:"replicas,omitempty"`
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	// +optional
	RetentionDays int32 `json:"retentionDays,omitempty"`
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=35
	// +optional
	PointInTimeDays int32 `json:"pointInTimeDays,omitempty"`
	// mailTLS is opportunistic where a firm may say that its relay cannot do better.
	// +kubebuilder:default=required
	// +optional
	MailTLS MailTLS `json:"mailTLS,omitempty"`
	// deletionPolicies are those that a tenant may have.
	// +kubebuilder:default={Snapshot,Retain,Delete}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:XValidation:rule="'Snapshot' in self",message="floor.deletionPolicies must hold Snapshot, which is what a tenant has that says nothing"
	// +listType=set
	// +optional
	DeletionPolicies []DeletionPolicy `json:"deletionPolicies,omitempty"`
}

// ClassTelemetry names a collector that speaks OTLP.
// +kubebuilder:validation:XValidation:rule="has(self.collector) || has(self.cidrs)",message="telemetry needs collector, the pods that take it, or cidrs, the networks of a collector outside of the cluster"
type ClassTelemetry struct {
	// endpoint is the collector's URL, with its port.
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[a-z0-9.-]+:[1-9][0-9]{0,4}$')",message="telemetry.endpoint must be a URL with a port and without a path, such as https://collector.monitoring.svc:4318"
	Endpoint string `json:"endpoint"`
	// podPort is the collector's port as its pods have it, when that is another than the endpoint's: a NetworkPolicy sees
	// the port of the pod.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	PodPort int32 `json:"podPort,omitempty"`
	// +optional
	Collector *PodPeer `json:"collector,omitempty"`
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="telemetry.cidrs must hold networks such as 192.0.2.25/32"
	// +listType=set
	// +optional
	CIDRs []string `json:"cidrs,omitempty"`
}
