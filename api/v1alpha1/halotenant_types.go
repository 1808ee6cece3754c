package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// DeletionPolicy says what becomes of the database when its tenant is deleted.
// +kubebuilder:validation:Enum=Snapshot;Retain;Delete
type DeletionPolicy string

// What becomes of the database.
const (
	// DeletionSnapshot takes a final copy, waits until it can be restored, then deletes the database.
	DeletionSnapshot DeletionPolicy = "Snapshot"
	// DeletionRetain leaves the database running, without anything in the cluster that manages it.
	DeletionRetain DeletionPolicy = "Retain"
	// DeletionDelete deletes the database without a final copy.
	DeletionDelete DeletionPolicy = "Delete"
)

// HaloTenant is one advice firm: a server, a database and rules of its own in the namespace halo-<name>.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=ht,categories=halo
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Class",type=string,JSONPath=`.spec.className`
// +kubebuilder:printcolumn:name="Hostname",type=string,JSONPath=`.spec.hostname`
// +kubebuilder:printcolumn:name="Origins",type=integer,JSONPath=`.status.origins`
// +kubebuilder:printcolumn:name="Last backup",type=date,JSONPath=`.status.backup.lastReadyTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([a-z0-9]|-[a-z0-9])*$') && self.metadata.name.size() <= 40",message="metadata.name must be at most 40 lower-case letters, digits and single hyphens, beginning with a letter: the names of the namespace and of the database are made from it"
// +kubebuilder:validation:XValidation:rule="!(self.metadata.name in ['backups', 'system', 'operator'])",message="metadata.name backups, system and operator are taken by the operator's own namespaces"
type HaloTenant struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec HaloTenantSpec `json:"spec"`
	// +kubebuilder:default={"observedGeneration":-1,"conditions":{{"type":"Ready","status":"Unknown","reason":"Pending","message":"Waiting for the controller","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Reconciling","status":"True","reason":"Pending","message":"Waiting for the controller","lastTransitionTime":"1970-01-01T00:00:00Z"}}}
	// +structType=atomic
	Status HaloTenantStatus `json:"status,omitempty"`
}

// HaloTenantList is a list of tenants.
// +kubebuilder:object:root=true
type HaloTenantList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []HaloTenant `json:"items"`
}

// HaloTenantSpec is what a firm's service is; what it does not say comes from its class.
// +kubebuilder:validation:XValidation:rule="(has(self.database) && has(self.database.existing)) == (has(oldSelf.database) && has(oldSelf.database.existing))",message="spec.database.existing cannot be added or removed later: it says which database the tenant's data are in"
// +kubebuilder:validation:XValidation:rule="!(has(self.bootstrap) && has(self.database) && has(self.database.existing))",message="spec.bootstrap makes a new database and spec.database.existing uses one that is there: give one of them"
// +kubebuilder:validation:XValidation:rule="has(self.bootstrap) == has(oldSelf.bootstrap)",message="spec.bootstrap is used only when the database is created and cannot be added or removed later"
type HaloTenantSpec struct {
	// className names a HaloTenantClass. It cannot change: a tenant never moves between environments.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec.className cannot be changed; make a new tenant from a backup of this one"
	ClassName string `json:"className"`

	// hostname is the DNS name that visitors' browsers call; no two tenants share one.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$')",message="spec.hostname must be a lower-case DNS name with a domain, such as halo.acme.example"
	Hostname string `json:"hostname"`

	// allowedOrigins are the web origins whose pages may use the widget. A change takes effect without a restart.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +listType=set
	AllowedOrigins []Origin `json:"allowedOrigins"`

	// advisors are those whom reports go to; a page chooses one by its id.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=500
	// +listType=map
	// +listMapKey=id
	Advisors []Advisor `json:"advisors"`

	// +optional
	Brand *Brand `json:"brand,omitempty"`
	// +optional
	Server *TenantServer `json:"server,omitempty"`
	// +optional
	Backup *TenantBackup `json:"backup,omitempty"`
	// +optional
	Database *TenantDatabase `json:"database,omitempty"`
	// +optional
	Credentials *TenantCredentials `json:"credentials,omitempty"`
	// +optional
	Mail *TenantMail `json:"mail,omitempty"`
	// limits keep floods out, where the class's do not fit. A change takes effect without a restart.
	// +optional
	Limits *TenantLimits `json:"limits,omitempty"`

	// +optional
	Console *TenantConsole `json:"console,omitempty"`
	// +optional
	Retention *Retention `json:"retention,omitempty"`

	// deletionPolicy says what becomes of the database when the tenant is deleted.
	// +kubebuilder:default=Snapshot
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// bootstrap makes the database from a copy instead of an empty one.
	// +optional
	Bootstrap *Bootstrap `json:"bootstrap,omitempty"`

	// suspend stops every change to the tenant's objects; what runs goes on running.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// hibernate puts the tenant to rest: no pods, the database's capacity at zero where it is serverless, no copies by
	// schedule. All data stay, and false wakes it.
	// +optional
	Hibernate bool `json:"hibernate,omitempty"`
}

// Origin is exactly scheme://host[:port].
// +kubebuilder:validation:MaxLength=300
// +kubebuilder:validation:XValidation:rule="self.matches('^(https://([a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*|[[][0-9a-f:.]+[]])|http://(([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])*localhost|127[.]0[.]0[.]1|[[]::1[]]))(:[1-9][0-9]{0,4})?$')",message="spec.allowedOrigins: an origin is exactly scheme://host[:port] in lower case, without a path, a trailing slash or a wildcard; https anywhere, http only for localhost, *.localhost, 127.0.0.1 and [::1]"
// +kubebuilder:validation:XValidation:rule="!(self.startsWith('https://') && self.endsWith(':443')) && !(self.startsWith('http://') && self.endsWith(':80'))",message="spec.allowedOrigins: leave out the scheme's own port (443 for https, 80 for http), as browsers do"
type Origin string

// Advisor is a person or a desk that gets reports.
type Advisor struct {
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`
	ID string `json:"id"`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	Name string `json:"name"`
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:Pattern=`^[^@\s]+@[^@\s]+$`
	Email string `json:"email"`
}

// Brand is what visitors see of the firm.
type Brand struct {
	// +kubebuilder:validation:MaxLength=100
	// +optional
	Name string `json:"name,omitempty"`
	// +kubebuilder:validation:Pattern=`^#[0-9a-fA-F]{6}$`
	// +kubebuilder:validation:MaxLength=7
	// +optional
	Color string `json:"color,omitempty"`

	// logo is a PNG, JPEG or WebP picture as data:image/…;base64,…, at most 32 KiB; the widget shows it instead of the
	// name, which stays its text for screen readers.
	// +kubebuilder:validation:Pattern=`^data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}$`
	// +kubebuilder:validation:MaxLength=32768
	// +optional
	Logo string `json:"logo,omitempty"`
}

// TenantMail overrides the class's mail.
type TenantMail struct {
	// tls may be opportunistic only where the class's floor says so.
	// +optional
	TLS MailTLS `json:"tls,omitempty"`
}

// TenantConsole turns the staff console on.
type TenantConsole struct {
	// enabled gives the firm's staff a console at <name of the tenant>.<domain of the class's console>. Both ways, pods
	// are replaced one at a time.
	// +optional
	Enabled bool `json:"enabled,omitempty"`
}

// TenantLimits overrides the class's limits. Each holds for one pod.
// +kubebuilder:validation:XValidation:rule="!has(self.requestsPerMinutePerClient) || !has(self.requestsPerMinute) || self.requestsPerMinutePerClient <= self.requestsPerMinute",message="spec.limits.requestsPerMinutePerClient must not be above spec.limits.requestsPerMinute, which is for all clients together"
type TenantLimits struct {
	// requestsPerMinutePerClient is for one client address.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	RequestsPerMinutePerClient *int32 `json:"requestsPerMinutePerClient,omitempty"`
	// requestsPerMinute is for all clients together.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	// +optional
	RequestsPerMinute *int32 `json:"requestsPerMinute,omitempty"`
	// bodyBytes is the longest body of a request.
	// +kubebuilder:validation:Minimum=4096
	// +kubebuilder:validation:Maximum=1048576
	// +optional
	BodyBytes *int64 `json:"bodyBytes,omitempty"`
}

// Retention says how long the firm keeps persons. Their answers stay and lead to nobody.
type Retention struct {
	// personDays is after how many days names and addresses are purged. Absent keeps them until somebody erases them. A
	// shorter time takes effect within the hour, and what is purged is in older copies only.
	// +kubebuilder:validation:XValidation:rule="self >= 30 && self <= 3650",message="spec.retention.personDays must be 30 to 3650: copies keep persons for a month in any case; to be rid of one at once, erase them"
	// +optional
	PersonDays *int32 `json:"personDays,omitempty"`
}

// TenantServer overrides the class's server.
type TenantServer struct {
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=50
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
}

// TenantBackup overrides the class's backup.
type TenantBackup struct {
	// schedule is a cron expression of five fields.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Schedule string `json:"schedule,omitempty"`
	// retentionDays is how long copies are kept; one is removed only when a newer one can be restored.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	// +optional
	RetentionDays *int32 `json:"retentionDays,omitempty"`
}

// TenantDatabase overrides the class's database.
type TenantDatabase struct {
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 35",message="spec.database.pointInTimeDays must be 1 to 35: RDS gives 35 days at most; to keep copies longer, raise spec.backup.retentionDays"
	// +optional
	PointInTimeDays *int32 `json:"pointInTimeDays,omitempty"`
	// existing uses a database that is there already, instead of a new one. It cannot change.
	// +optional
	Existing *ExistingDatabase `json:"existing,omitempty"`
}

// Bootstrap names what the database is made from.
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec.bootstrap is used only when the database is created and cannot be changed"
type Bootstrap struct {
	// backupName names a HaloBackup; it may be one of another tenant, also of a deleted one.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=58
	BackupName string `json:"backupName"`
}

// HaloTenantStatus is what is, for people and for the next reconcile.
type HaloTenantStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// classGeneration is the metadata.generation of the class that the conditions were said of: a change of the class is in
	// force when it is that one and Ready is True.
	// +optional
	ClassGeneration int64 `json:"classGeneration,omitempty"`
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// namespaceUID tells whether the namespace is still the one that the secrets below were made in.
	// +optional
	NamespaceUID types.UID `json:"namespaceUID,omitempty"`
	// origins is the number of allowed origins in force.
	// +optional
	Origins int32 `json:"origins,omitempty"`
	// configuration is what the pods serve: origins, advisors, brand, limits and relay.
	// +optional
	Configuration *ServedConfiguration `json:"configuration,omitempty"`
	// +optional
	Database *DatabaseStatus `json:"database,omitempty"`
	// secrets names the Secrets that were made in the namespace: the operator may not read them, so it remembers.
	// +listType=set
	// +optional
	Secrets []string `json:"secrets,omitempty"`
	// +optional
	Certificate *CertificateStatus `json:"certificate,omitempty"`
	// sealing names the keys of the tenant's personal data; it is copied into every HaloBackup.
	// +optional
	Sealing *SealingStatus `json:"sealing,omitempty"`
	// erasures tells whether a restored database is rid of the persons that were erased after the copy.
	// +optional
	Erasures *ErasuresStatus `json:"erasures,omitempty"`
	// mailRelayHash tells whether the relay's credentials changed since they were written.
	// +optional
	MailRelayHash string `json:"mailRelayHash,omitempty"`
	// +optional
	Credentials *CredentialsStatus `json:"credentials,omitempty"`
	// +optional
	Migration *MigrationStatus `json:"migration,omitempty"`
	// +optional
	Backup *BackupStatus `json:"backup,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// ServedConfiguration compares the configuration that was written with those that pods say they serve.
type ServedConfiguration struct {
	// sha256 is that of the config.yaml that pods should serve, in hexadecimal.
	SHA256 string `json:"sha256"`
	// pods are those that run and are not about to end.
	// +listType=map
	// +listMapKey=name
	// +optional
	Pods []ServedPod `json:"pods,omitempty"`
}

// ServedPod is one pod's own word.
type ServedPod struct {
	Name string `json:"name"`
	// sha256 is that of the config.yaml that the pod serves; absent until it has told.
	// +optional
	SHA256 string `json:"sha256,omitempty"`
}

// DatabaseStatus is the tenant's database as ACK reports it.
type DatabaseStatus struct {
	// +optional
	ClusterIdentifier string `json:"clusterIdentifier,omitempty"`
	// +optional
	Endpoint string `json:"endpoint,omitempty"`
	// state is RDS's own word, such as available or backing-up.
	// +optional
	State string `json:"state,omitempty"`
	// resourceID is RDS's own name of the cluster that the tenant's data are in; it never has two.
	// +optional
	ResourceID string `json:"resourceID,omitempty"`
	// created is true from the moment that the DBCluster was seen: from then on none is created, only adopted.
	// +optional
	Created bool `json:"created,omitempty"`
	// leaving is true from the moment that the database was ordered to go with its tenant, or that RDS turned out to have
	// none: from then on it is not taken over again.
	// +optional
	Leaving bool `json:"leaving,omitempty"`
	// writer is the instance that writes, as RDS tells it.
	// +optional
	Writer string `json:"writer,omitempty"`
	// passwordSwitch is there once the database was asked to take another master password.
	// +optional
	PasswordSwitch *PasswordSwitch `json:"passwordSwitch,omitempty"`
}

// PasswordSwitch remembers when a new password was asked for, and what ACK's synced condition said before.
type PasswordSwitch struct {
	// number is that of the password.
	// +optional
	Number  int32       `json:"number,omitempty"`
	AskedAt metav1.Time `json:"askedAt"`
	// +optional
	SyncedBefore metav1.Time `json:"syncedBefore,omitempty"`
	// set is true once ACK was seen to have given the database that password.
	// +optional
	Set bool `json:"set,omitempty"`
}

// SealingStatus names the keys that personal data may be sealed with. Nothing of it is secret: the keys themselves are
// derived from the root key in the manager's platform secrets.
type SealingStatus struct {
	// root is a fingerprint of the root key: from another root come other keys, which open nothing.
	Root string `json:"root"`
	// keys are the oldest first; the last one seals, all of them open. The first one's origin is that of the blind index.
	// +listType=atomic
	Keys []SealingKey `json:"keys"`
	// written is how many of them the Secret has: a key is recorded before it is used.
	// +optional
	Written int32 `json:"written,omitempty"`
}

// SealingKey is a key that was derived for a tenant.
type SealingKey struct {
	// origin is the UID of the HaloTenant that the key was first made for.
	Origin types.UID `json:"origin"`
	// number counts the keys from 1, on from those of the tenant that the data was restored from.
	Number int32 `json:"number"`
}

// ErasuresStatus tells what became of the ledger of erasures.
type ErasuresStatus struct {
	// appliedTo is the copy and the database, by RDS's own name, that the ledger was applied to.
	AppliedTo string `json:"appliedTo"`
}

// CertificateStatus is the server's certificate; it is remembered because the Secret cannot be read.
type CertificateStatus struct {
	Hostname string `json:"hostname"`
	// names are all that the certificate is for.
	// +listType=atomic
	// +optional
	Names    []string    `json:"names,omitempty"`
	NotAfter metav1.Time `json:"notAfter"`
	// renewAfter is at two thirds of the certificate's life.
	RenewAfter metav1.Time `json:"renewAfter"`
	// issuer is a hash of the CA's certificate: another CA means another certificate.
	Issuer string `json:"issuer"`
}

// MigrationStatus counts attempts at the present migration.
type MigrationStatus struct {
	// target is a hash of image, database, credentials and the copy that the database was made from; the Job's name is made of it.
	Target string `json:"target"`
	// attempt counts from 1.
	Attempt int32 `json:"attempt"`
	// done tells that the migration has succeeded: the Job itself may be gone by now.
	// +optional
	Done bool `json:"done,omitempty"`
	// +optional
	RetryAfter *metav1.Time `json:"retryAfter,omitempty"`
}

// BackupStatus is the newest copy and the next one.
type BackupStatus struct {
	// +optional
	LastName string `json:"lastName,omitempty"`
	// +optional
	LastReadyTime *metav1.Time `json:"lastReadyTime,omitempty"`
	// +optional
	NextTime *metav1.Time `json:"nextTime,omitempty"`
}
