package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Environment keeps production, staging and development apart.
// +kubebuilder:validation:Enum=production;staging;development
type Environment string

// The environments that a class can be for.
const (
	EnvironmentProduction  Environment = "production"
	EnvironmentStaging     Environment = "staging"
	EnvironmentDevelopment Environment = "development"
)

// HaloTenantClass is what a platform team decides once per environment, as StorageClass does for volumes.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=htc,categories=halo
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Environment",type=string,JSONPath=`.spec.environment`
// +kubebuilder:printcolumn:name="Region",type=string,JSONPath=`.spec.region`
// +kubebuilder:printcolumn:name="Tenants",type=integer,JSONPath=`.status.tenants`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="metadata.name must be at most 63 characters"
type HaloTenantClass struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec HaloTenantClassSpec `json:"spec"`
	// +kubebuilder:default={"observedGeneration":-1,"conditions":{{"type":"Ready","status":"Unknown","reason":"Pending","message":"Waiting for the controller","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Reconciling","status":"True","reason":"Pending","message":"Waiting for the controller","lastTransitionTime":"1970-01-01T00:00:00Z"}}}
	// +structType=atomic
	Status HaloTenantClassStatus `json:"status,omitempty"`
}

// HaloTenantClassList is a list of classes.
// +kubebuilder:object:root=true
type HaloTenantClassList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []HaloTenantClass `json:"items"`
}

// HaloTenantClassSpec holds the platform's decisions.
// +kubebuilder:validation:XValidation:rule="self.environment != 'production' || self.database.instances >= 2",message="spec.database.instances must be at least 2 in production: a writer and a reader in another zone that can take over",fieldPath=".database.instances"
// +kubebuilder:validation:XValidation:rule="!has(self.database.availabilityZones) || self.database.availabilityZones.all(zone, zone.startsWith(self.region))",message="spec.database.availabilityZones must be zones of spec.region",fieldPath=".database.availabilityZones"
// +kubebuilder:validation:XValidation:rule="self.floor.pointInTimeDays <= self.database.pointInTimeDays && self.floor.retentionDays <= self.backup.retentionDays && self.floor.replicas <= self.server.replicas",message="spec.floor must not be above what the class itself gives: database.pointInTimeDays, backup.retentionDays, server.replicas",fieldPath=".floor"
// +kubebuilder:validation:XValidation:rule="self.database.kmsKeyARN.split(':')[3] == self.region",message="spec.database.kmsKeyARN must be a key of spec.region: a tenant's data stays in its region",fieldPath=".database.kmsKeyARN"
// +kubebuilder:validation:XValidation:rule="!has(self.console) || !has(self.console.className) || !has(self.ingress.className) || self.console.className != self.ingress.className",message="spec.console.className must be another than spec.ingress.className, which is open to every visitor",fieldPath=".console"
// +kubebuilder:validation:XValidation:rule="!has(self.console) || !has(self.console.gateway) || !has(self.ingress.gateway) || self.console.gateway.__namespace__ != self.ingress.gateway.__namespace__ || self.console.gateway.name != self.ingress.gateway.name",message="spec.console.gateway must be another than spec.ingress.gateway, which is open to every visitor",fieldPath=".console"
type HaloTenantClassSpec struct {
	// environment cannot change: a tenant never moves between environments.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec.environment cannot be changed; make another class"
	Environment Environment `json:"environment"`

	// region is the AWS region of every database of this class.
	// +kubebuilder:default=us-east-1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]{2}(-[a-z]+)+-[0-9]$')",message="spec.region must be the name of an AWS region, such as us-east-1"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec.region cannot be changed: a tenant's data stays in its region; make another class"
	// +optional
	Region string `json:"region,omitempty"`

	// allowedCopyRegions are further regions that copies of backups may go to.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:Pattern=`^[a-z]{2}(-[a-z]+)+-[0-9]$`
	// +listType=set
	// +optional
	AllowedCopyRegions []string `json:"allowedCopyRegions,omitempty"`

	// image is halo-server's image, with a tag or a digest. A change rolls out to every tenant of the class.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image"`

	// imagePullPolicy says when nodes ask the registry; absent is Kubernetes' own choice.
	// +kubebuilder:validation:Enum=Always;IfNotPresent
	// +optional
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`

	// floor is what no tenant of this class may go below.
	// +kubebuilder:default={}
	// +optional
	Floor ClassFloor `json:"floor,omitempty"`

	Database ClassDatabase `json:"database"`
	Ingress  ClassIngress  `json:"ingress"`

	// console is the entrance of the staff console, for the tenants that turn theirs on. Absent means that none can.
	// +optional
	Console *ClassConsole `json:"console,omitempty"`

	// certificate says who issues the certificate that pods serve; empty is the operator's own CA.
	// +optional
	Certificate ClassCertificate `json:"certificate,omitempty"`

	Network ClassNetwork `json:"network"`
	Mail    ClassMail    `json:"mail"`

	// +kubebuilder:default={}
	// +optional
	Server ClassServer `json:"server,omitempty"`

	// +kubebuilder:default={}
	// +optional
	Limits ClassLimits `json:"limits,omitempty"`

	// +kubebuilder:default={}
	// +optional
	Backup ClassBackup `json:"backup,omitempty"`

	// +kubebuilder:default={}
	// +optional
	Credentials ClassCredentials `json:"credentials,omitempty"`

	// monitoring names the pods that may read metrics; absent means none.
	// +optional
	Monitoring *PodPeer `json:"monitoring,omitempty"`

	// telemetry names the collector of traces and metrics; absent means that servers send none.
	// +optional
	Telemetry *ClassTelemetry `json:"telemetry,omitempty"`
}

// ClassDatabase says how the Aurora cluster of each tenant is made. Encryption has no switch: it is always on.
// +kubebuilder:validation:XValidation:rule="(self.instanceClass == 'db.serverless') == has(self.serverless)",message="serverless goes with instanceClass db.serverless, and only with it"
type ClassDatabase struct {
	// engineVersion is used when a cluster is created; upgrades of running clusters are made on purpose, not by this field.
	// +kubebuilder:default="8.0.mysql_aurora.3.08.2"
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^8[.]0[.]mysql_aurora[.]3[.][0-9]+[.][0-9]+$')",message="engineVersion must be an Aurora MySQL 3 version, such as 8.0.mysql_aurora.3.08.2"
	// +optional
	EngineVersion string `json:"engineVersion,omitempty"`

	// +kubebuilder:default=db.serverless
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^db\.[a-z0-9.]+$`
	// +optional
	InstanceClass string `json:"instanceClass,omitempty"`

	// +optional
	Serverless *ServerlessCapacity `json:"serverless,omitempty"`

	// instances is one writer and the rest readers that can take over.
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=15
	// +optional
	Instances int32 `json:"instances,omitempty"`

	// allowExisting says which databases that are there already a tenant may name in spec.database.existing: Adopt,
	// External. None by default: a firm could name a database that is not its own.
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:Enum=Adopt;External
	// +listType=set
	// +optional
	AllowExisting []ExistingKind `json:"allowExisting,omitempty"`

	// availabilityZones are given to the instances in turn, when each is made: instance 1 the first, and so on. Absent
	// means that RDS chooses; what it chose is reported.
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=6
	// +kubebuilder:validation:items:MaxLength=32
	// +kubebuilder:validation:items:Pattern=`^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$`
	// +listType=set
	// +optional
	AvailabilityZones []string `json:"availabilityZones,omitempty"`

	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^subnet-[0-9a-z-]+$`
	// +listType=set
	SubnetIDs []string `json:"subnetIDs"`

	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^sg-[0-9a-z-]+$`
	// +listType=set
	SecurityGroupIDs []string `json:"securityGroupIDs"`

	// kmsKeyARN is the full ARN of the key that encrypts database, backups and snapshots of new tenants.
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9A-Za-z-]+$')",message="kmsKeyARN must be the full ARN of a key, arn:aws:kms:<region>:<account>:key/<id>; an alias or an id is not enough"
	KMSKeyARN string `json:"kmsKeyARN"`

	// caBundle is the PEM of the public certificates that sign the database's certificate.
	// +kubebuilder:validation:MaxLength=524288
	// +kubebuilder:validation:XValidation:rule="self.contains('-----BEGIN CERTIFICATE-----')",message="caBundle must hold certificates in PEM"
	CABundle string `json:"caBundle"`

	// pointInTimeDays is how far back a tenant can be restored to any second.
	// +kubebuilder:default=35
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 35",message="pointInTimeDays must be 1 to 35: RDS gives 35 days at most; to keep copies longer, raise backup.retentionDays"
	// +optional
	PointInTimeDays int32 `json:"pointInTimeDays,omitempty"`
}

// ServerlessCapacity is the range of Aurora capacity units, in steps of a half.
// +kubebuilder:validation:XValidation:rule="quantity(string(self.minCapacity)).compareTo(quantity(string(self.maxCapacity))) <= 0",message="minCapacity must not be above maxCapacity"
// +kubebuilder:validation:XValidation:rule="!quantity(string(self.maxCapacity)).isLessThan(quantity('1')) && !quantity(string(self.maxCapacity)).isGreaterThan(quantity('256'))",message="maxCapacity must be 1 to 256 Aurora capacity units"
// +kubebuilder:validation:XValidation:rule="!quantity(string(self.minCapacity)).isLessThan(quantity('0'))",message="minCapacity must not be negative"
type ServerlessCapacity struct {
	MinCapacity resource.Quantity `json:"minCapacity"`
	MaxCapacity resource.Quantity `json:"maxCapacity"`
}

// PodPeer names pods of one namespace by their labels.
type PodPeer struct {
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	PodLabels map[string]string `json:"podLabels"`
}

// ClassNetwork holds the addresses that a tenant's pods may reach.
type ClassNetwork struct {
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="databaseCIDRs must hold networks such as 10.20.0.0/16"
	// +listType=set
	DatabaseCIDRs []string `json:"databaseCIDRs"`
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="mailRelayCIDRs must hold networks such as 192.0.2.25/32"
	// +listType=set
	MailRelayCIDRs []string `json:"mailRelayCIDRs"`
	// +kubebuilder:default={}
	// +optional
	DNS ClusterDNS `json:"dns,omitempty"`
}

// ClusterDNS names the cluster's DNS pods. A NetworkPolicy sees the port of the pod, not that of the Service.
type ClusterDNS struct {
	// +kubebuilder:default=kube-system
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// +kubebuilder:default={"k8s-app":"kube-dns"}
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	PodLabels map[string]string `json:"podLabels,omitempty"`
	// +kubebuilder:default={53}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=65535
	// +listType=set
	// +optional
	Ports []int32 `json:"ports,omitempty"`
}

// MailTLS says whether mail may ever leave in the clear.
// +kubebuilder:validation:Enum=required;opportunistic
type MailTLS string

// The TLS policies towards the mail relay.
const (
	MailTLSRequired      MailTLS = "required"
	MailTLSOpportunistic MailTLS = "opportunistic"
)

// ClassMail names the relay that takes reports to advisors.
type ClassMail struct {
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`
	Host string `json:"host"`
	// +kubebuilder:default=587
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	Port int32 `json:"port,omitempty"`
	// tls is what a tenant has that says nothing itself.
	// +kubebuilder:default=required
	// +optional
	TLS MailTLS `json:"tls,omitempty"`
	// from is the sender's address of every report.
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:Pattern=`^[^@\s]+@[^@\s]+$`
	From string `json:"from"`
	// caBundle is the PEM of the certificates that sign the relay's; absent means the system's roots.
	// +kubebuilder:validation:MaxLength=524288
	// +kubebuilder:validation:XValidation:rule="self.contains('-----BEGIN CERTIFICATE-----')",message="caBundle must hold certificates in PEM"
	// +optional
	CABundle string `json:"caBundle,omitempty"`
	// credentials names two files of the manager's platform secrets, <credentials>.username and <credentials>.password;
	// absent means that the relay wants no sign-in.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	// +optional
	Credentials string `json:"credentials,omitempty"`
}

// ClassLimits keeps floods out. Each holds for one pod.
type ClassLimits struct {
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	RequestsPerMinutePerClient int32 `json:"requestsPerMinutePerClient,omitempty"`
	// +kubebuilder:default=1200
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	// +optional
	RequestsPerMinute int32 `json:"requestsPerMinute,omitempty"`
	// +kubebuilder:default=65536
	// +kubebuilder:validation:Minimum=4096
	// +kubebuilder:validation:Maximum=1048576
	// +optional
	BodyBytes int64 `json:"bodyBytes,omitempty"`
}

// ClassBackup is when copies are taken and how long they are kept.
type ClassBackup struct {
	// schedule is a cron expression of five fields.
	// +kubebuilder:default="17 3 * * *"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Schedule string `json:"schedule,omitempty"`
	// timeZone is an IANA name.
	// +kubebuilder:default=Etc/UTC
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	TimeZone string `json:"timeZone,omitempty"`
	// +kubebuilder:default=36
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	// +optional
	RetentionDays int32 `json:"retentionDays,omitempty"`
}

// HaloTenantClassStatus says whether the class can be used and by how many tenants it is.
type HaloTenantClassStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +optional
	Tenants int32 `json:"tenants,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
