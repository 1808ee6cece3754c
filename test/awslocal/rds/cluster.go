package rds

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Status is a word of RDS's for where a cluster, an instance or a snapshot is.
type Status string

// The statuses that the model takes.
const (
	Creating              Status = "creating"
	Available             Status = "available"
	Modifying             Status = "modifying"
	BackingUp             Status = "backing-up"
	ResettingCredentials  Status = "resetting-master-credentials"
	Deleting              Status = "deleting"
	Failed                Status = "failed"
	InaccessibleKey       Status = "inaccessible-encryption-credentials"
	ConfiguringMonitoring Status = "configuring-enhanced-monitoring"
)

// Scaling is the capacity of a serverless cluster, in Aurora capacity units.
type Scaling struct {
	Min float64 `json:"minCapacity"`
	Max float64 `json:"maxCapacity"`
}

// Preferences are what can be changed on a cluster that exists. A nil field says nothing. The names in JSON are those
// of ACK's spec.
type Preferences struct {
	AutoMinorVersionUpgrade *bool    `json:"autoMinorVersionUpgrade,omitempty"`
	BackupRetentionPeriod   *int64   `json:"backupRetentionPeriod,omitempty"`
	BackupWindow            *string  `json:"preferredBackupWindow,omitempty"`
	CopyTagsToSnapshot      *bool    `json:"copyTagsToSnapshot,omitempty"`
	DeletionProtection      *bool    `json:"deletionProtection,omitempty"`
	EngineVersion           *string  `json:"engineVersion,omitempty"`
	IAMAuthentication       *bool    `json:"enableIAMDatabaseAuthentication,omitempty"`
	LogExports              []string `json:"enableCloudwatchLogsExports,omitempty"`
	MaintenanceWindow       *string  `json:"preferredMaintenanceWindow,omitempty"`
	ParameterGroup          *string  `json:"dbClusterParameterGroupName,omitempty"`
	Port                    *int64   `json:"port,omitempty"`
	Scaling                 *Scaling `json:"serverlessV2ScalingConfiguration,omitempty"`
	SecurityGroups          []string `json:"vpcSecurityGroupIDs,omitempty"`
}

// Identity is what a cluster is born with and keeps.
type Identity struct {
	Identifier       string  `json:"dbClusterIdentifier"`
	Engine           string  `json:"engine"`
	DatabaseName     *string `json:"databaseName,omitempty"`
	KMSKeyID         *string `json:"kmsKeyID,omitempty"`
	MasterUsername   *string `json:"masterUsername,omitempty"`
	StorageEncrypted *bool   `json:"storageEncrypted,omitempty"`
	SubnetGroup      *string `json:"dbSubnetGroupName,omitempty"`
}

// ClusterRequest creates or restores a cluster.
type ClusterRequest struct {
	Identity
	Preferences
	Password string // of the master user; empty when restoring
	Tags     map[string]string
}

// Origin is where a restored cluster's data came from. The zero Origin is an empty database.
type Origin struct {
	Snapshot string    `json:"snapshot,omitempty"` // folder of the snapshot
	Cluster  string    `json:"cluster,omitempty"`  // resource ID of the source of a restore to a point in time
	Time     time.Time `json:"time,omitzero"`
}

// Cluster is a DB cluster as the service keeps it. Identity and Preferences are complete: no pointer is nil.
type Cluster struct {
	Identity
	Preferences
	ResourceID    string            `json:"resourceID"`
	Tags          map[string]string `json:"tags,omitempty"`
	Zones         []string          `json:"zones"`
	Created       time.Time         `json:"created"`
	Address       string            `json:"address"`
	Origin        Origin            `json:"origin"`
	DataKey       string            `json:"dataKey,omitempty"` // names the key that its files are encrypted with; empty: not encrypted
	PasswordHash  string            `json:"passwordHash,omitempty"`
	Status        Status            `json:"status"`
	Until         time.Time         `json:"until,omitzero"`   // the status does not change before
	Work          []Work            `json:"work,omitempty"`   // physical work to do, first things first
	Fault         Status            `json:"fault,omitempty"`  // asked for
	Broken        bool              `json:"broken,omitempty"` // work failed
	Slow          bool              `json:"slow,omitempty"`
	Provisioned   bool              `json:"provisioned"`
	Running       bool              `json:"-"` // the server answers; package cloud says so
	StaticApplied map[string]string `json:"staticApplied,omitempty"`
}

// Endpoint is the name of the writer: stateless, because its address is in it.
func (c *Cluster) Endpoint() string {
	return c.Identifier + ".cluster-x1." + dashed(c.Address) + ".halo.test"
}

// ReaderEndpoint is the name of the readers. The stand-in has one server for both.
func (c *Cluster) ReaderEndpoint() string {
	return c.Identifier + ".cluster-ro-x1." + dashed(c.Address) + ".halo.test"
}

func dashed(address string) string { return strings.ReplaceAll(address, ".", "-") }

// CreateCluster makes a cluster with an empty database.
func (a *Account) CreateCluster(request ClusterRequest, now time.Time) error {
	if err := a.checkNew(request); err != nil {
		return err
	}
	if err := checkMaster(valueOr(request.MasterUsername, ""), request.Password); err != nil {
		return err
	}
	if valueOr(request.KMSKeyID, "") != "" && !valueOr(request.StorageEncrypted, false) {
		return refuse(InvalidParameterCombination, "KmsKeyId can be specified only when StorageEncrypted is true.")
	}
	cluster, err := a.newCluster(request, now)
	if err != nil {
		return err
	}
	cluster.PasswordHash = NativePasswordHash(request.Password)
	if *cluster.StorageEncrypted {
		cluster.DataKey = cluster.ResourceID
	}
	a.Clusters[cluster.Identifier] = cluster
	return nil
}

// RestoreFromSnapshot makes a cluster from a snapshot. As in the service, the call carries no password, no retention
// and no windows: the first is the snapshot's, the others are defaults. The snapshot may be named by its ARN.
func (a *Account) RestoreFromSnapshot(request ClusterRequest, identifier string, now time.Time) error {
	if err := a.checkNew(request); err != nil {
		return err
	}
	snapshot := a.Snapshots[identifier[strings.LastIndex(identifier, ":")+1:]]
	if snapshot == nil {
		return refuse(SnapshotNotFound, "DBClusterSnapshot not found: %s", identifier)
	}
	if snapshot.Status != Available {
		return refuse(InvalidSnapshotState, "The DB cluster snapshot %s is not available: its status is %s.", identifier, snapshot.Status)
	}
	inherited := inherit(request, snapshot.Source)
	cluster, err := a.newCluster(inherited, now)
	if err != nil {
		return err
	}
	cluster.Origin = Origin{Snapshot: snapshot.Folder}
	cluster.DataKey = snapshot.DataKey
	if cluster.DataKey == "" && *cluster.StorageEncrypted {
		cluster.DataKey = cluster.ResourceID
	}
	a.Clusters[cluster.Identifier] = cluster
	return nil
}

// inherit is what a restored cluster takes from its source whatever the request says, and what it takes unless told.
func inherit(request ClusterRequest, source Identity) ClusterRequest {
	given := request.Preferences
	request.Preferences = Preferences{
		CopyTagsToSnapshot: given.CopyTagsToSnapshot, DeletionProtection: given.DeletionProtection,
		EngineVersion: given.EngineVersion, IAMAuthentication: given.IAMAuthentication, LogExports: given.LogExports,
		ParameterGroup: given.ParameterGroup, Port: given.Port, Scaling: given.Scaling, SecurityGroups: given.SecurityGroups,
	}
	request.MasterUsername, request.DatabaseName = source.MasterUsername, source.DatabaseName
	if valueOr(source.StorageEncrypted, false) || valueOr(request.KMSKeyID, "") != "" {
		encrypted := true
		request.StorageEncrypted = &encrypted
	} else {
		request.StorageEncrypted = source.StorageEncrypted
	}
	if valueOr(request.KMSKeyID, "") == "" {
		request.KMSKeyID = source.KMSKeyID
	}
	return request
}

// checkNew is what creating and restoring check alike.
func (a *Account) checkNew(request ClusterRequest) error {
	if err := checkIdentifier("DBClusterIdentifier", request.Identifier, 63); err != nil {
		return err
	}
	if err := checkEngine(request.Engine); err != nil {
		return err
	}
	if err := checkDatabaseName(valueOr(request.DatabaseName, "")); err != nil {
		return err
	}
	if err := a.checkPreferences(request.Preferences); err != nil {
		return err
	}
	if group := valueOr(request.SubnetGroup, ""); group != "" && a.SubnetGroups[group] == nil {
		return refuse(SubnetGroupNotFound, "DB subnet group '%s' does not exist.", group)
	}
	if a.Clusters[strings.ToLower(request.Identifier)] != nil {
		return refuse(ClusterAlreadyExists, "DB Cluster already exists: %s", request.Identifier)
	}
	return nil
}

func (a *Account) newCluster(request ClusterRequest, now time.Time) (*Cluster, error) {
	version, err := resolveVersion(valueOr(request.EngineVersion, ""))
	if err != nil {
		return nil, err
	}
	address, err := a.Settings.Address(a.takenAddresses())
	if err != nil {
		return nil, refuse(InsufficientStorageCapacity, "no address for the cluster: %v", err)
	}
	request.Identifier = strings.ToLower(request.Identifier)
	request.EngineVersion = &version
	cluster := &Cluster{
		Identity: request.Identity, Preferences: request.Preferences, Tags: maps.Clone(request.Tags),
		ResourceID: "cluster-" + a.Settings.Random(26), Created: now.UTC().Truncate(time.Second), Address: address,
		Zones:  []string{a.Settings.Region + "a", a.Settings.Region + "b", a.Settings.Region + "c"},
		Status: Creating, Until: now.Add(a.Settings.Timings.Create), Work: []Work{{Kind: Provision}},
	}
	cluster.fill(a)
	return cluster, nil
}

// fill replaces what was left unsaid by the service's defaults.
func (c *Cluster) fill(a *Account) {
	orDefault(&c.AutoMinorVersionUpgrade, true)
	orDefault(&c.BackupRetentionPeriod, 1)
	orDefault(&c.BackupWindow, defaultBackupWindow)
	orDefault(&c.CopyTagsToSnapshot, false)
	orDefault(&c.DeletionProtection, false)
	orDefault(&c.IAMAuthentication, false)
	orDefault(&c.MaintenanceWindow, defaultMaintenanceWindow)
	orDefault(&c.ParameterGroup, "default."+Family)
	orDefault(&c.Port, 3306)
	orDefault(&c.DatabaseName, "")
	orDefault(&c.MasterUsername, "")
	orDefault(&c.StorageEncrypted, false)
	orDefault(&c.SubnetGroup, "default")
	if len(c.SecurityGroups) == 0 {
		c.SecurityGroups = []string{"sg-00000000000000000"}
	}
	key := ""
	if *c.StorageEncrypted {
		key = a.keyARN(valueOr(c.KMSKeyID, ""))
	}
	c.KMSKeyID = &key
}

func orDefault[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}

// ModifyCluster changes an available cluster. A password that is not empty becomes the master user's. A call without
// any change is accepted too, and turns the status to modifying all the same.
func (a *Account) ModifyCluster(identifier string, change Preferences, password string, now time.Time) error {
	cluster := a.Clusters[identifier]
	if cluster == nil {
		return refuse(ClusterNotFound, "DBCluster %s not found.", identifier)
	}
	if cluster.Status != Available {
		return refuse(InvalidClusterState, "DB cluster %s is not available for modification with status %s.", identifier, cluster.Status)
	}
	if err := a.checkPreferences(change); err != nil {
		return err
	}
	if change.EngineVersion != nil {
		version, err := resolveVersion(*change.EngineVersion)
		if err != nil {
			return err
		}
		change.EngineVersion = &version
	}
	if password != "" {
		if err := checkPassword(password); err != nil {
			return err
		}
		cluster.PasswordHash = NativePasswordHash(password)
		cluster.Work = append(cluster.Work, Work{Kind: ResetPassword})
	}
	cluster.take(change)
	cluster.Status = Modifying
	if password != "" {
		cluster.Status = ResettingCredentials
	}
	cluster.Until = now.Add(cluster.stretch(a.Settings.Timings.Modify))
	return nil
}

func (c *Cluster) take(change Preferences) {
	replace(&c.AutoMinorVersionUpgrade, change.AutoMinorVersionUpgrade)
	replace(&c.BackupRetentionPeriod, change.BackupRetentionPeriod)
	replace(&c.BackupWindow, change.BackupWindow)
	replace(&c.CopyTagsToSnapshot, change.CopyTagsToSnapshot)
	replace(&c.DeletionProtection, change.DeletionProtection)
	replace(&c.EngineVersion, change.EngineVersion)
	replace(&c.IAMAuthentication, change.IAMAuthentication)
	replace(&c.MaintenanceWindow, change.MaintenanceWindow)
	replace(&c.ParameterGroup, change.ParameterGroup)
	replace(&c.Port, change.Port)
	replace(&c.Scaling, change.Scaling)
	if change.LogExports != nil {
		c.LogExports = slices.Clone(change.LogExports)
	}
	if change.SecurityGroups != nil {
		c.SecurityGroups = slices.Clone(change.SecurityGroups)
	}
}

func replace[T any](field **T, value *T) {
	if value != nil {
		copied := *value
		*field = &copied
	}
}

// stretch makes everything ten times slower for a cluster with the fault "slow".
func (c *Cluster) stretch(d time.Duration) time.Duration {
	if c.Slow {
		return 10 * d
	}
	return d
}

// EndpointOf is the name of one instance.
func (c *Cluster) EndpointOf(instance string) string {
	return instance + ".x1." + dashed(c.Address) + ".halo.test"
}

// Restorable is the span of times to which the cluster can be restored.
func (c *Cluster) Restorable(now time.Time) (earliest, latest time.Time) {
	earliest = c.Created
	if limit := now.Add(-time.Duration(*c.BackupRetentionPeriod) * 24 * time.Hour); limit.After(earliest) {
		earliest = limit.UTC().Truncate(time.Second)
	}
	return earliest, now.UTC().Truncate(time.Second)
}
