package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClassCredentials says how old a tenant's credentials may become.
type ClassCredentials struct {
	// rotationDays is after how many days the database's users get new names and passwords; 0 is never by itself.
	// +kubebuilder:default=90
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=365
	// +optional
	RotationDays *int32 `json:"rotationDays,omitempty"`
}

// TenantCredentials overrides the class's credentials.
type TenantCredentials struct {
	// rotationDays is after how many days the database's users get new names and passwords; 0 is never by itself. The
	// annotation halo.dev/rotate with a new value asks for it now.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=365
	// +optional
	RotationDays *int32 `json:"rotationDays,omitempty"`
}

// ExistingKind is a way to use a database that is there already.
type ExistingKind string

// The ways.
const (
	ExistingAdopt    ExistingKind = "Adopt"
	ExistingExternal ExistingKind = "External"
)

// ExistingDatabase says that the database is there already. Exactly one of adopt and external is given.
// +kubebuilder:validation:XValidation:rule="has(self.adopt) != has(self.external)",message="spec.database.existing: give either adopt or external"
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec.database.existing cannot be changed: it says which database the tenant's data are in"
type ExistingDatabase struct {
	// adopt takes over an Aurora cluster of RDS: it is managed, copied and deleted as one that was made for the tenant.
	// +optional
	Adopt *AdoptedCluster `json:"adopt,omitempty"`
	// external uses a MySQL database that somebody else runs: it is migrated and used, and never copied or deleted.
	// +optional
	External *ExternalDatabase `json:"external,omitempty"`
}

// AdoptedCluster names an Aurora cluster in the class's region and account.
type AdoptedCluster struct {
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z]([a-z0-9]|-[a-z0-9])*$`
	ClusterIdentifier string `json:"clusterIdentifier"`
	// masterUsername is the cluster's administrator: RDS cannot rename it. Its password is replaced.
	// +kubebuilder:default=halo_master
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_]+$`
	// +optional
	MasterUsername string `json:"masterUsername,omitempty"`
	// instanceIdentifiers are the cluster's instances; the class's further ones are made.
	// +kubebuilder:validation:MaxItems=15
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[a-z]([a-z0-9]|-[a-z0-9])*$`
	// +listType=set
	// +optional
	InstanceIdentifiers []string `json:"instanceIdentifiers,omitempty"`
}

// ExternalDatabase is a MySQL 8 or MariaDB server with TLS, signed by spec.database.caBundle of the class and inside
// of spec.network.databaseCIDRs.
type ExternalDatabase struct {
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`
	Host string `json:"host"`
	// +kubebuilder:default=3306
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	Port int32 `json:"port,omitempty"`
	// masterUsername may create schemas and users.
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_]+$`
	MasterUsername string `json:"masterUsername"`
	// masterSecretName is a Secret in the tenant's namespace with that user's password under the key password. Only the
	// migration sees it.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`
	MasterSecretName string `json:"masterSecretName"`
}

// CredentialsStatus numbers the tenant's credentials: database-users-<users> and database-master-<master> are in force.
type CredentialsStatus struct {
	// users is the number of the database's users that pods use, or will as soon as the migration has made them.
	Users int32 `json:"users"`
	// previous is the number that is still to be retired; absent when no rotation is under way.
	// +optional
	Previous int32 `json:"previous,omitempty"`
	// master is the number of the master password that the database was last asked to have.
	Master int32 `json:"master"`
	// masterShown is the newest master password that a Job was given; it is replaced when no Job needs it.
	// +optional
	MasterShown int32 `json:"masterShown,omitempty"`
	// rotatedAt is when the users in force were introduced.
	// +optional
	RotatedAt *metav1.Time `json:"rotatedAt,omitempty"`
	// request is the value of halo.dev/rotate that the users in force answer. With previous absent it has
	// been carried out.
	// +optional
	Request string `json:"request,omitempty"`
	// retirement counts attempts at dropping the previous users.
	// +optional
	Retirement *MigrationStatus `json:"retirement,omitempty"`
}
