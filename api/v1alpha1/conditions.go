package v1alpha1

// Condition types. Ready, Reconciling and Stalled follow the kstatus convention; the others say which part is awaited.
const (
	// ConditionReady is True when the tenant serves its visitors, the class is usable, or the copy can be restored.
	ConditionReady = "Ready"
	// ConditionReconciling is True while the controller still works towards the spec.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when only a person can help; the message names the field and the remedy.
	ConditionStalled = "Stalled"
	// ConditionDatabaseReady is True when every instance of the Aurora cluster is available and in step with the spec.
	ConditionDatabaseReady = "DatabaseReady"
	// ConditionMigrationReady is True when schemas and users are those that the image wants.
	ConditionMigrationReady = "MigrationReady"
	// ConditionServerReady is True when the Deployment has the pods that the spec asks for available, and none on an older
	// template. Pods that an autoscaler adds are not awaited.
	ConditionServerReady = "ServerReady"
	// ConditionCertificateReady is there where cert-manager issues the server's certificate, and True when it has.
	ConditionCertificateReady = "CertificateReady"
	// ConditionPrerequisitesReady is a class's: True when the cluster and the manager have what its tenants are made of.
	ConditionPrerequisitesReady = "PrerequisitesReady"
	// ConditionIngressReady is True when the entrance has given the Ingress an address, or the Gateway has taken the route.
	ConditionIngressReady = "IngressReady"
	// ConditionConsoleReady is there while a tenant wants a staff console, and True when its entrance leads to it.
	ConditionConsoleReady = "ConsoleReady"
	// ConditionConfigurationServed is there while pods run, and True when each has said that it serves the configuration of
	// the spec. It does not bear on Ready.
	ConditionConfigurationServed = "ConfigurationServed"
	// ConditionBackupReady is True when the newest copy that the schedule asked for can be restored.
	ConditionBackupReady = "BackupReady"
	// ConditionCredentialsReady is True when no rotation of the database's credentials is under way.
	ConditionCredentialsReady = "CredentialsReady"
	// ConditionErasuresNoted is there once a tenant ends or goes to rest: True when its pods have told whom they erased last,
	// so that no copy brings them back; False with the reason Failed when none did, and then a person has to.
	ConditionErasuresNoted = "ErasuresNoted"
	// ConditionChangesPending is there while a tenant is suspended: True when changes wait for the end of it.
	ConditionChangesPending = "ChangesPending"
)

// Condition reasons, one word for what the message says in a sentence.
const (
	ReasonReady             = "Ready"
	ReasonProgressing       = "Progressing"
	ReasonPending           = "Pending"
	ReasonWaiting           = "Waiting"
	ReasonFailed            = "Failed"
	ReasonSuspended         = "Suspended"
	ReasonHibernating       = "Hibernating"
	ReasonRotating          = "Rotating"
	ReasonDatabaseLost      = "DatabaseLost"
	ReasonDatabaseReplaced  = "DatabaseReplaced"
	ReasonDatabaseTaken     = "DatabaseTaken"
	ReasonNothingPending    = "NothingPending"
	ReasonDeleting          = "Deleting"
	ReasonInvalidSpec       = "InvalidSpec"
	ReasonUnknownClass      = "UnknownClass"
	ReasonHostnameInUse     = "HostnameInUse"
	ReasonUnknownBackup     = "UnknownBackup"
	ReasonUnknownTenant     = "UnknownTenant"
	ReasonNamespaceInUse    = "NamespaceInUse"
	ReasonNamespaceGoing    = "NamespaceGoing"
	ReasonConfirmDeletion   = "ConfirmationMissing"
	ReasonCredentialMissing = "CredentialMissing" //nolint:gosec // a reason, not a credential
	ReasonSealingRoot       = "SealingRoot"
	ReasonSealingUnknown    = "SealingUnknown"
	ReasonNoBackupYet       = "NoBackupYet"
	ReasonBackupFailed      = "BackupFailed"
	ReasonClassInUse        = "ClassInUse"
	ReasonMissing           = "PrerequisiteMissing"
)

// Reasons of the events of a rotation of the database's credentials. They are none of a condition: a recorder counts
// events of one object and one reason together and keeps the words of the first, so that each stage has its own.
const (
	EventRotationBegan    = "RotationBegan"
	EventRotationSwitched = "RotationSwitched"
	EventRotationFinished = "RotationFinished"
	EventRotationFailed   = "RotationFailed"
	// EventErasuresUnnoted warns that a tenant ends or goes to rest, and no pod told whom it erased last.
	EventErasuresUnnoted = "ErasuresUnnoted"
)
