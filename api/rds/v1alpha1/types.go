package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DBSubnetGroup names the subnets that a cluster lives in.
// +kubebuilder:object:root=true
type DBSubnetGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   DBSubnetGroupSpec   `json:"spec"`
	Status DBSubnetGroupStatus `json:"status,omitempty"`
}

// DBSubnetGroupList is a list of DBSubnetGroup.
// +kubebuilder:object:root=true
type DBSubnetGroupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DBSubnetGroup `json:"items"`
}

// DBSubnetGroupSpec holds the fields that are set.
type DBSubnetGroupSpec struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	SubnetIDs   []string `json:"subnetIDs,omitempty"`
	Tags        []Tag    `json:"tags,omitempty"`
}

// DBSubnetGroupStatus holds the fields that are read.
type DBSubnetGroupStatus struct {
	ACKResourceMetadata *ResourceMetadata `json:"ackResourceMetadata,omitempty"`
	Conditions          []Condition       `json:"conditions,omitempty"`
	SubnetGroupStatus   *string           `json:"subnetGroupStatus,omitempty"`
}

// DBClusterParameterGroup holds the engine parameters of a cluster.
// +kubebuilder:object:root=true
type DBClusterParameterGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   DBClusterParameterGroupSpec   `json:"spec"`
	Status DBClusterParameterGroupStatus `json:"status,omitempty"`
}

// DBClusterParameterGroupList is a list of DBClusterParameterGroup.
// +kubebuilder:object:root=true
type DBClusterParameterGroupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DBClusterParameterGroup `json:"items"`
}

// DBClusterParameterGroupSpec holds the fields that are set.
type DBClusterParameterGroupSpec struct {
	Name               string            `json:"name"`
	Description        string            `json:"description"`
	Family             string            `json:"family"`
	ParameterOverrides map[string]string `json:"parameterOverrides,omitempty"`
	Tags               []Tag             `json:"tags,omitempty"`
}

// DBClusterParameterGroupStatus holds the fields that are read.
type DBClusterParameterGroupStatus struct {
	ACKResourceMetadata *ResourceMetadata `json:"ackResourceMetadata,omitempty"`
	Conditions          []Condition       `json:"conditions,omitempty"`
}

// DBCluster is an Aurora cluster.
// +kubebuilder:object:root=true
type DBCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   DBClusterSpec   `json:"spec"`
	Status DBClusterStatus `json:"status,omitempty"`
}

// DBClusterList is a list of DBCluster.
// +kubebuilder:object:root=true
type DBClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DBCluster `json:"items"`
}

// DBClusterSpec holds the fields that are set.
type DBClusterSpec struct {
	DBClusterIdentifier         string              `json:"dbClusterIdentifier"`
	Engine                      string              `json:"engine"`
	EngineVersion               *string             `json:"engineVersion,omitempty"`
	MasterUsername              *string             `json:"masterUsername,omitempty"`
	MasterUserPassword          *SecretKeyReference `json:"masterUserPassword,omitempty"`
	DBSubnetGroupName           *string             `json:"dbSubnetGroupName,omitempty"`
	DBClusterParameterGroupName *string             `json:"dbClusterParameterGroupName,omitempty"`
	VPCSecurityGroupIDs         []string            `json:"vpcSecurityGroupIDs,omitempty"`
	StorageEncrypted            *bool               `json:"storageEncrypted,omitempty"`
	KMSKeyID                    *string             `json:"kmsKeyID,omitempty"`
	BackupRetentionPeriod       *int64              `json:"backupRetentionPeriod,omitempty"`
	CopyTagsToSnapshot          *bool               `json:"copyTagsToSnapshot,omitempty"`
	DeletionProtection          *bool               `json:"deletionProtection,omitempty"`
	EnableCloudwatchLogsExports []string            `json:"enableCloudwatchLogsExports,omitempty"`
	SnapshotIdentifier          *string             `json:"snapshotIdentifier,omitempty"`
	Port                        *int64              `json:"port,omitempty"`
	Tags                        []Tag               `json:"tags,omitempty"`

	ServerlessV2ScalingConfiguration *ServerlessV2ScalingConfiguration `json:"serverlessV2ScalingConfiguration,omitempty"`
}

// DBClusterStatus holds the fields that are read.
type DBClusterStatus struct {
	ACKResourceMetadata *ResourceMetadata `json:"ackResourceMetadata,omitempty"`
	Conditions          []Condition       `json:"conditions,omitempty"`
	// Status is RDS's own word, such as available; it tells what the conditions do not.
	Status   *string `json:"status,omitempty"`
	Endpoint *string `json:"endpoint,omitempty"`
	// DBClusterResourceID is RDS's own name of the cluster; another cluster of the same identifier has another.
	DBClusterResourceID *string           `json:"dbClusterResourceID,omitempty"`
	DBClusterMembers    []DBClusterMember `json:"dbClusterMembers,omitempty"`
	// TagList are the tags that RDS has.
	TagList []Tag `json:"tagList,omitempty"`
}

// DBClusterMember tells which role an instance has.
type DBClusterMember struct {
	DBInstanceIdentifier *string `json:"dbInstanceIdentifier,omitempty"`
	IsClusterWriter      *bool   `json:"isClusterWriter,omitempty"`
}

// DBInstance is one instance of a cluster; everything but its class comes from the cluster.
// +kubebuilder:object:root=true
type DBInstance struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   DBInstanceSpec   `json:"spec"`
	Status DBInstanceStatus `json:"status,omitempty"`
}

// DBInstanceList is a list of DBInstance.
// +kubebuilder:object:root=true
type DBInstanceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DBInstance `json:"items"`
}

// DBInstanceSpec holds the fields that are set.
type DBInstanceSpec struct {
	DBInstanceIdentifier string  `json:"dbInstanceIdentifier"`
	DBInstanceClass      string  `json:"dbInstanceClass"`
	DBClusterIdentifier  *string `json:"dbClusterIdentifier,omitempty"`
	Engine               string  `json:"engine"`
	// AvailabilityZone is given when the instance is made, or else written by ACK with what RDS chose; immutable.
	AvailabilityZone *string `json:"availabilityZone,omitempty"`
	Tags             []Tag   `json:"tags,omitempty"`
}

// DBInstanceStatus holds the fields that are read.
type DBInstanceStatus struct {
	ACKResourceMetadata *ResourceMetadata `json:"ackResourceMetadata,omitempty"`
	Conditions          []Condition       `json:"conditions,omitempty"`
	// DBInstanceStatus is RDS's own word.
	DBInstanceStatus *string `json:"dbInstanceStatus,omitempty"`
}

// DBClusterSnapshot is a copy of a cluster.
// +kubebuilder:object:root=true
type DBClusterSnapshot struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   DBClusterSnapshotSpec   `json:"spec"`
	Status DBClusterSnapshotStatus `json:"status,omitempty"`
}

// DBClusterSnapshotList is a list of DBClusterSnapshot.
// +kubebuilder:object:root=true
type DBClusterSnapshotList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DBClusterSnapshot `json:"items"`
}

// DBClusterSnapshotSpec holds the fields that are set.
type DBClusterSnapshotSpec struct {
	DBClusterSnapshotIdentifier string  `json:"dbClusterSnapshotIdentifier"`
	DBClusterIdentifier         *string `json:"dbClusterIdentifier,omitempty"`
	Tags                        []Tag   `json:"tags,omitempty"`
}

// DBClusterSnapshotStatus holds the fields that are read.
type DBClusterSnapshotStatus struct {
	ACKResourceMetadata *ResourceMetadata `json:"ackResourceMetadata,omitempty"`
	Conditions          []Condition       `json:"conditions,omitempty"`
	// Status is RDS's own word: creating, available, failed.
	Status *string `json:"status,omitempty"`
	// AllocatedStorage is in GiB.
	AllocatedStorage   *int64       `json:"allocatedStorage,omitempty"`
	EngineVersion      *string      `json:"engineVersion,omitempty"`
	PercentProgress    *int64       `json:"percentProgress,omitempty"`
	SnapshotCreateTime *metav1.Time `json:"snapshotCreateTime,omitempty"`
}

// ServerlessV2ScalingConfiguration is the range of Aurora capacity units, in steps of a half.
type ServerlessV2ScalingConfiguration struct {
	MinCapacity *float64 `json:"minCapacity,omitempty"`
	MaxCapacity *float64 `json:"maxCapacity,omitempty"`
}
