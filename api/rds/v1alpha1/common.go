package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Annotations that ACK obeys. All are read at the moment of the call that they govern.
const (
	// AnnotationDeletionPolicy is retain or delete: what becomes of the AWS resource when the object is deleted.
	AnnotationDeletionPolicy = "services.k8s.aws/deletion-policy"
	// AnnotationAdoptionPolicy is adopt: take over an AWS resource that exists.
	AnnotationAdoptionPolicy = "services.k8s.aws/adoption-policy"
	// AnnotationAdoptionFields is JSON with the fields that identify the resource to adopt.
	AnnotationAdoptionFields = "services.k8s.aws/adoption-fields"
	// AnnotationRegion is the AWS region of the resource.
	AnnotationRegion = "services.k8s.aws/region"
	// AnnotationSkipFinalSnapshot is "true" or "false"; without it and the next one no final snapshot is taken.
	AnnotationSkipFinalSnapshot = "rds.services.k8s.aws/skip-final-snapshot"
	// AnnotationFinalSnapshotIdentifier names the final snapshot.
	AnnotationFinalSnapshotIdentifier = "rds.services.k8s.aws/final-db-snapshot-identifier"
	// AnnotationDeleteAutomatedBackups is "false" to let point-in-time backups outlive the cluster.
	AnnotationDeleteAutomatedBackups = "rds.services.k8s.aws/delete-automated-backups"

	DeletionPolicyRetain = "retain"
	DeletionPolicyDelete = "delete"
)

// Condition types of ACK. None has an observedGeneration.
const (
	ConditionSynced             = "ACK.ResourceSynced"
	ConditionTerminal           = "ACK.Terminal"
	ConditionRecoverable        = "ACK.Recoverable"
	ConditionReferencesResolved = "ACK.ReferencesResolved"
)

// Condition is ACK's condition.
type Condition struct {
	Type               string                 `json:"type"`
	Status             corev1.ConditionStatus `json:"status"`
	LastTransitionTime *metav1.Time           `json:"lastTransitionTime,omitempty"`
	Reason             *string                `json:"reason,omitempty"`
	Message            *string                `json:"message,omitempty"`
}

// ResourceMetadata identifies the AWS resource; an ARN means that AWS has accepted its creation.
type ResourceMetadata struct {
	ARN            *string `json:"arn,omitempty"`
	OwnerAccountID string  `json:"ownerAccountID,omitempty"`
	Region         string  `json:"region,omitempty"`
}

// Tag is a tag of an AWS resource.
type Tag struct {
	Key   string `json:"key,omitempty"`
	Value string `json:"value,omitempty"`
}

// SecretKeyReference names one key of a Secret.
type SecretKeyReference struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Key       string `json:"key"`
}

// FindCondition returns the condition of a type, or nil.
func FindCondition(conditions []Condition, conditionType string) *Condition {
	for i := range conditions {
		if conditions[i].Type == conditionType {
			return &conditions[i]
		}
	}
	return nil
}

// IsTrue tells whether the condition of a type is there and True.
func IsTrue(conditions []Condition, conditionType string) bool {
	condition := FindCondition(conditions, conditionType)
	return condition != nil && condition.Status == corev1.ConditionTrue
}

// Words returns what ACK says in a condition: its message, else its reason, else nothing.
func (c *Condition) Words() string {
	switch {
	case c == nil:
		return ""
	case c.Message != nil && *c.Message != "":
		return *c.Message
	case c.Reason != nil:
		return *c.Reason
	}
	return ""
}
