package ack

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"halo.dev/halo/test/awslocal/rds"
)

// The statuses that the stand-in writes. Names in JSON are exactly the published ones.

type metadata struct {
	ARN            string `json:"arn,omitempty"`
	OwnerAccountID string `json:"ownerAccountID"`
	Region         string `json:"region"`
}

type commonStatus struct {
	Metadata   metadata    `json:"ackResourceMetadata"`
	Conditions []Condition `json:"conditions"`
}

type member struct {
	Identifier           string `json:"dbInstanceIdentifier"`
	Writer               bool   `json:"isClusterWriter"`
	ParameterGroupStatus string `json:"dbClusterParameterGroupStatus"`
	PromotionTier        int64  `json:"promotionTier"`
}

type securityGroup struct {
	ID     string `json:"vpcSecurityGroupID"`
	Status string `json:"status"`
}

type clusterStatus struct {
	Status                 rds.Status      `json:"status"`
	Endpoint               string          `json:"endpoint"`
	ReaderEndpoint         string          `json:"readerEndpoint"`
	ClusterCreateTime      time.Time       `json:"clusterCreateTime"`
	ResourceID             string          `json:"dbClusterResourceID"`
	ParameterGroup         string          `json:"dbClusterParameterGroup"`
	SubnetGroup            string          `json:"dbSubnetGroup"`
	Members                []member        `json:"dbClusterMembers,omitempty"`
	SecurityGroups         []securityGroup `json:"vpcSecurityGroups,omitempty"`
	LogExports             []string        `json:"enabledCloudwatchLogsExports,omitempty"`
	HostedZoneID           string          `json:"hostedZoneID"`
	MultiAZ                bool            `json:"multiAZ"`
	IAMAuthentication      bool            `json:"iamDatabaseAuthenticationEnabled"`
	EarliestRestorableTime *time.Time      `json:"earliestRestorableTime,omitempty"`
	LatestRestorableTime   *time.Time      `json:"latestRestorableTime,omitempty"`
	PercentProgress        string          `json:"percentProgress,omitempty"`
	Tags                   []tag           `json:"tagList,omitempty"`
}

func statusOfCluster(account *rds.Account, cluster *rds.Cluster, now time.Time) clusterStatus {
	status := clusterStatus{
		Status: cluster.Status, Endpoint: cluster.Endpoint(), ReaderEndpoint: cluster.ReaderEndpoint(),
		ClusterCreateTime: cluster.Created, ResourceID: cluster.ResourceID, ParameterGroup: *cluster.ParameterGroup,
		SubnetGroup: *cluster.SubnetGroup, LogExports: cluster.LogExports, HostedZoneID: "ZHALOTEST",
		IAMAuthentication: *cluster.IAMAuthentication, Tags: tagList(cluster.Tags),
	}
	for _, group := range cluster.SecurityGroups {
		status.SecurityGroups = append(status.SecurityGroups, securityGroup{ID: group, Status: "active"})
	}
	applied := "in-sync"
	if account.PendingReboot(cluster) {
		applied = "pending-reboot"
	}
	for number, identifier := range account.Members(cluster.Identifier) {
		status.Members = append(status.Members, member{
			Identifier: identifier, Writer: number == 0, ParameterGroupStatus: applied,
			PromotionTier: *account.Instances[identifier].PromotionTier,
		})
	}
	status.MultiAZ = len(status.Members) > 1
	if cluster.Provisioned {
		status.PercentProgress = strconv.Itoa(100)
		earliest, latest := cluster.Restorable(now)
		status.EarliestRestorableTime, status.LatestRestorableTime = &earliest, &latest
	}
	return status
}

type endpoint struct {
	Address      string `json:"address"`
	Port         int64  `json:"port"`
	HostedZoneID string `json:"hostedZoneID"`
}

type instanceStatus struct {
	Status             rds.Status `json:"dbInstanceStatus"`
	Endpoint           *endpoint  `json:"endpoint,omitempty"`
	InstanceCreateTime time.Time  `json:"instanceCreateTime"`
	ResourceID         string     `json:"dbiResourceID"`
}

func statusOfInstance(account *rds.Account, instance *rds.Instance) instanceStatus {
	status := instanceStatus{Status: instance.Status, InstanceCreateTime: instance.Created, ResourceID: instance.ResourceID}
	cluster := account.Clusters[instance.Cluster]
	if cluster != nil && instance.Status != rds.Creating {
		status.Endpoint = &endpoint{Address: cluster.EndpointOf(instance.Identifier), Port: *cluster.Port, HostedZoneID: "ZHALOTEST"}
	}
	return status
}

type snapshotStatus struct {
	Status            rds.Status `json:"status"`
	Created           *time.Time `json:"snapshotCreateTime,omitempty"`
	PercentProgress   int64      `json:"percentProgress"`
	StorageEncrypted  bool       `json:"storageEncrypted"`
	KMSKeyID          string     `json:"kmsKeyID,omitempty"`
	Type              string     `json:"snapshotType"`
	Engine            string     `json:"engine"`
	EngineMode        string     `json:"engineMode"`
	EngineVersion     string     `json:"engineVersion"`
	MasterUsername    string     `json:"masterUsername"`
	Port              int64      `json:"port"`
	AllocatedStorage  int64      `json:"allocatedStorage"`
	AvailabilityZones []string   `json:"availabilityZones"`
	ClusterCreateTime time.Time  `json:"clusterCreateTime"`
	LicenseModel      string     `json:"licenseModel"`
	Tags              []tag      `json:"tagList,omitempty"`
}

func statusOfSnapshot(snapshot *rds.Snapshot) snapshotStatus {
	return snapshotStatus{
		Status: snapshot.Status, Created: &snapshot.Created, PercentProgress: snapshot.Progress(),
		StorageEncrypted: *snapshot.Source.StorageEncrypted, KMSKeyID: *snapshot.Source.KMSKeyID, Type: "manual",
		Engine: snapshot.Source.Engine, EngineMode: "provisioned", EngineVersion: snapshot.EngineVersion,
		MasterUsername: *snapshot.Source.MasterUsername, Port: snapshot.Port, AllocatedStorage: 1,
		AvailabilityZones: snapshot.Zones, ClusterCreateTime: snapshot.ClusterCreated, LicenseModel: "aurora-mysql", Tags: tagList(snapshot.Tags),
	}
}

type overrideStatus struct {
	Name        string `json:"parameterName"`
	Value       string `json:"parameterValue"`
	ApplyMethod string `json:"applyMethod"`
	ApplyType   string `json:"applyType"`
	Modifiable  bool   `json:"isModifiable"`
}

type parameterGroupStatus struct {
	Overrides []overrideStatus `json:"parameterOverrideStatuses,omitempty"`
}

func statusOfParameterGroup(group *rds.ParameterGroup) parameterGroupStatus {
	var status parameterGroupStatus
	for _, name := range slices.Sorted(maps.Keys(group.Values)) {
		override := overrideStatus{Name: name, Value: group.Values[name], ApplyMethod: "immediate", ApplyType: "dynamic", Modifiable: true}
		if parameter, _ := rds.LookUpParameter(name); parameter.Static {
			override.ApplyMethod, override.ApplyType = "pending-reboot", "static"
		}
		status.Overrides = append(status.Overrides, override)
	}
	return status
}

type zone struct {
	Name string `json:"name"`
}

type subnet struct {
	Zone       zone   `json:"subnetAvailabilityZone"`
	Identifier string `json:"subnetIdentifier"`
	Status     string `json:"subnetStatus"`
}

type subnetGroupStatus struct {
	Status  string   `json:"subnetGroupStatus"`
	Subnets []subnet `json:"subnets"`
	VPC     string   `json:"vpcID"`
}

func statusOfSubnetGroup(account *rds.Account, group *rds.SubnetGroup) subnetGroupStatus {
	status := subnetGroupStatus{Status: "Complete", VPC: "vpc-00000000000000000"}
	for number, identifier := range group.Subnets {
		status.Subnets = append(status.Subnets, subnet{
			Zone: zone{Name: account.Settings.Region + string(rune('a'+number%3))}, Identifier: identifier, Status: "Active",
		})
	}
	return status
}

func anyTags(tags map[string]string) []any {
	var list []any
	for _, tag := range tagList(tags) {
		list = append(list, map[string]any{"key": tag.Key, "value": tag.Value})
	}
	return list
}

func tagList(tags map[string]string) []tag {
	var list []tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tag{Key: key, Value: tags[key]})
	}
	return list
}
