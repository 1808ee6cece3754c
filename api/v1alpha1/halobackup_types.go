package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// BackupSource says why a copy was taken.
// +kubebuilder:validation:Enum=Schedule;Manual;Final
type BackupSource string

// Why a copy was taken.
const (
	// SourceSchedule is a copy that the tenant's schedule asked for; only these are pruned.
	SourceSchedule BackupSource = "Schedule"
	// SourceManual is a copy that a person asked for by creating a HaloBackup.
	SourceManual BackupSource = "Manual"
	// SourceFinal is the copy that RDS takes while it deletes a tenant's database.
	SourceFinal BackupSource = "Final"
)

// HaloBackup is one restorable copy of a tenant's database. It outlives its tenant.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=hb,categories=halo
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Tenant",type=string,JSONPath=`.spec.tenantName`
// +kubebuilder:printcolumn:name="Source",type=string,JSONPath=`.spec.source`
// +kubebuilder:printcolumn:name="Taken",type=date,JSONPath=`.status.readyTime`
// +kubebuilder:printcolumn:name="GiB",type=integer,JSONPath=`.status.sizeGiB`
// +kubebuilder:printcolumn:name="Snapshot",type=string,priority=1,JSONPath=`.status.snapshotIdentifier`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([a-z0-9]|-[a-z0-9])*$') && self.metadata.name.size() <= 58",message="metadata.name must be at most 58 lower-case letters, digits and single hyphens, beginning with a letter: the snapshot's identifier is made from it"
// +kubebuilder:validation:XValidation:rule="self.spec.source == 'Final' || !self.metadata.name.matches('-final-[0-9a-f]{8}$')",message="metadata.name ending in -final-<8 hexadecimal digits> is kept for final copies"
type HaloBackup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec of a HaloBackup cannot be changed: it tells what was taken"
	Spec HaloBackupSpec `json:"spec"`
	// +kubebuilder:default={"observedGeneration":-1,"conditions":{{"type":"Ready","status":"Unknown","reason":"Pending","message":"Waiting for the controller","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Reconciling","status":"True","reason":"Pending","message":"Waiting for the controller","lastTransitionTime":"1970-01-01T00:00:00Z"}}}
	// +structType=atomic
	Status HaloBackupStatus `json:"status,omitempty"`
}

// HaloBackupList is a list of copies.
// +kubebuilder:object:root=true
type HaloBackupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []HaloBackup `json:"items"`
}

// HaloBackupSpec says what to copy.
type HaloBackupSpec struct {
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	TenantName string `json:"tenantName"`
	// +kubebuilder:default=Manual
	// +optional
	Source BackupSource `json:"source,omitempty"`
	// retentionDays is how long a scheduled copy is kept at least; absent means until a person deletes it.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	// +optional
	RetentionDays *int32 `json:"retentionDays,omitempty"`
}

// HaloBackupStatus is the copy as RDS has it.
type HaloBackupStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +optional
	SnapshotIdentifier string `json:"snapshotIdentifier,omitempty"`
	// +optional
	ClusterIdentifier string `json:"clusterIdentifier,omitempty"`
	// +optional
	ARN string `json:"arn,omitempty"`
	// +optional
	Region string `json:"region,omitempty"`
	// environment is where the copy's data come from; no tenant of another environment is made from it.
	// +optional
	Environment Environment `json:"environment,omitempty"`
	// +optional
	EngineVersion string `json:"engineVersion,omitempty"`
	// +optional
	SizeGiB int64 `json:"sizeGiB,omitempty"`
	// sealing names the keys that open the copy's personal data.
	// +optional
	Sealing *SealingStatus `json:"sealing,omitempty"`
	// readyTime is when the copy became restorable.
	// +optional
	ReadyTime *metav1.Time `json:"readyTime,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
