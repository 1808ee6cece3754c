package rds

import (
	"maps"
	"regexp"
	"time"
)

// InstancePreferences are what can be changed on an instance of a cluster.
type InstancePreferences struct {
	Class                   *string `json:"dbInstanceClass,omitempty"`
	AutoMinorVersionUpgrade *bool   `json:"autoMinorVersionUpgrade,omitempty"`
	CACertificateIdentifier *string `json:"caCertificateIdentifier,omitempty"`
	CopyTagsToSnapshot      *bool   `json:"copyTagsToSnapshot,omitempty"`
	MaintenanceWindow       *string `json:"preferredMaintenanceWindow,omitempty"`
	MonitoringInterval      *int64  `json:"monitoringInterval,omitempty"`
	MonitoringRole          *string `json:"monitoringRoleARN,omitempty"`
	PerformanceInsights     *bool   `json:"performanceInsightsEnabled,omitempty"`
	PromotionTier           *int64  `json:"promotionTier,omitempty"`
	PubliclyAccessible      *bool   `json:"publiclyAccessible,omitempty"`
}

// InstanceRequest creates an instance in a cluster.
type InstanceRequest struct {
	Identifier string `json:"dbInstanceIdentifier"`
	Cluster    string `json:"dbClusterIdentifier"`
	Engine     string `json:"engine"`
	Zone       string `json:"availabilityZone,omitempty"`
	InstancePreferences
	Tags map[string]string `json:"tags,omitempty"`
}

// Instance is a DB instance of a cluster. All instances of a cluster share one server in the stand-in; without any
// instance that server does not answer.
type Instance struct {
	InstanceRequest
	ResourceID string    `json:"resourceID"`
	Created    time.Time `json:"created"`
	Status     Status    `json:"status"`
	Until      time.Time `json:"until,omitzero"`
	Fault      Status    `json:"fault,omitempty"`
}

var classShape = regexp.MustCompile(`^db\.(serverless|[a-z][a-z0-9]*\.[a-z0-9]+)$`)

// CreateInstance adds an instance to a cluster that is not going away.
func (a *Account) CreateInstance(request InstanceRequest, now time.Time) error {
	if err := checkIdentifier("DBInstanceIdentifier", request.Identifier, 63); err != nil {
		return err
	}
	if err := checkEngine(request.Engine); err != nil {
		return err
	}
	cluster := a.Clusters[request.Cluster]
	if cluster == nil {
		return refuse(ClusterNotFound, "Could not find DB cluster: %s", request.Cluster)
	}
	if err := checkClass(request.Class, cluster); err != nil {
		return err
	}
	if a.Instances[request.Identifier] != nil {
		return refuse(InstanceAlreadyExists, "DB instance already exists: %s", request.Identifier)
	}
	if cluster.Status == Deleting || cluster.Status == Failed || cluster.Status == InaccessibleKey {
		return refuse(InvalidClusterState, "DB cluster %s cannot take an instance with status %s.", cluster.Identifier, cluster.Status)
	}
	instance := &Instance{
		InstanceRequest: request, ResourceID: "db-" + a.Settings.Random(26), Created: now.UTC().Truncate(time.Second),
		Status: Creating, Until: now.Add(cluster.stretch(a.Settings.Timings.Instance)),
	}
	instance.Tags = maps.Clone(request.Tags)
	instance.fill(cluster, len(a.Members(cluster.Identifier)))
	a.Instances[request.Identifier] = instance
	return nil
}

func (i *Instance) fill(cluster *Cluster, number int) {
	orDefault(&i.AutoMinorVersionUpgrade, true)
	orDefault(&i.CACertificateIdentifier, "rds-ca-rsa2048-g1")
	orDefault(&i.CopyTagsToSnapshot, false)
	orDefault(&i.MaintenanceWindow, defaultMaintenanceWindow)
	orDefault(&i.MonitoringInterval, 0)
	orDefault(&i.PerformanceInsights, false)
	orDefault(&i.PromotionTier, 1)
	orDefault(&i.PubliclyAccessible, false)
	if i.Zone == "" {
		i.Zone = cluster.Zones[number%len(cluster.Zones)]
	}
}

func checkClass(class *string, cluster *Cluster) error {
	if class == nil || !classShape.MatchString(*class) {
		return refuse(InvalidParameterValue, "Invalid DB Instance class: %s", valueOr(class, ""))
	}
	if *class == "db.serverless" && cluster.Scaling == nil {
		return refuse(InvalidParameterCombination, "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB instance.")
	}
	return nil
}

// ModifyInstance changes an available instance.
func (a *Account) ModifyInstance(identifier string, change InstancePreferences, now time.Time) error {
	instance := a.Instances[identifier]
	if instance == nil {
		return refuse(InstanceNotFound, "DBInstance %s not found.", identifier)
	}
	if instance.Status != Available {
		return refuse(InvalidParameterCombination, "DB instance %s is not available for modification with status %s.", identifier, instance.Status)
	}
	if change.Class != nil {
		if err := checkClass(change.Class, a.Clusters[instance.Cluster]); err != nil {
			return err
		}
	}
	replace(&instance.Class, change.Class)
	replace(&instance.AutoMinorVersionUpgrade, change.AutoMinorVersionUpgrade)
	replace(&instance.CACertificateIdentifier, change.CACertificateIdentifier)
	replace(&instance.CopyTagsToSnapshot, change.CopyTagsToSnapshot)
	replace(&instance.MaintenanceWindow, change.MaintenanceWindow)
	replace(&instance.MonitoringInterval, change.MonitoringInterval)
	replace(&instance.MonitoringRole, change.MonitoringRole)
	replace(&instance.PerformanceInsights, change.PerformanceInsights)
	replace(&instance.PromotionTier, change.PromotionTier)
	replace(&instance.PubliclyAccessible, change.PubliclyAccessible)
	instance.Status = Modifying
	instance.Until = now.Add(a.Settings.Timings.Modify)
	return nil
}

// DeleteInstance begins the deletion of an instance. A final snapshot of an instance of a cluster is refused.
func (a *Account) DeleteInstance(identifier, finalSnapshot string, now time.Time) error {
	instance := a.Instances[identifier]
	if instance == nil {
		return refuse(InstanceNotFound, "DBInstance %s not found.", identifier)
	}
	if finalSnapshot != "" {
		return refuse(InvalidParameterCombination, "FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance")
	}
	if instance.Status == Deleting {
		return refuse(InvalidParameterCombination, "Instance %s is already being deleted.", identifier)
	}
	instance.Status = Deleting
	instance.Until = now.Add(a.Settings.Timings.Delete)
	return nil
}

// SetInstanceFault puts an instance into a fault (Failed, InaccessibleKey) or takes it out ("").
func (a *Account) SetInstanceFault(identifier string, fault Status) {
	if instance := a.Instances[identifier]; instance != nil {
		instance.Fault = fault
	}
}
