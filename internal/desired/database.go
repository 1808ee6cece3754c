package desired

import (
	"fmt"
	"maps"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

const (
	engine          = "aurora-mysql"
	parameterFamily = "aurora-mysql8.0"
	databasePort    = 3306
)

// rdsMeta has no owner reference: a cascading delete must not reach a database past the ordered teardown.
func (in Input) rdsMeta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: in.namespace(), Labels: naming.TenantLabels(in.Tenant.Name),
		Annotations: map[string]string{rds.AnnotationRegion: in.Class.Spec.Region},
	}
}

func rdsType(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: rds.GroupVersion.String(), Kind: kind}
}

func (in Input) tags() []rds.Tag {
	return []rds.Tag{
		{Key: naming.LabelManagedBy, Value: naming.ManagedBy},
		{Key: naming.LabelTenant, Value: in.Tenant.Name},
		{Key: "halo.dev/environment", Value: string(in.Class.Spec.Environment)},
	}
}

// clusterTags are nil where RDS's own are to be left alone.
func (in Input) clusterTags() []rds.Tag {
	if in.Known && in.Sealing == nil {
		return nil
	}
	return append(in.tags(), sealingTags(in.Sealing)...)
}

// SubnetGroup says in which subnets the cluster lives.
func SubnetGroup(in Input) *rds.DBSubnetGroup {
	name := naming.Database(in.Tenant.Name)
	return &rds.DBSubnetGroup{
		TypeMeta: rdsType("DBSubnetGroup"), ObjectMeta: in.rdsMeta(name),
		Spec: rds.DBSubnetGroupSpec{
			Name: name, Description: "Subnets of HALO tenant " + in.Tenant.Name,
			SubnetIDs: in.Class.Spec.Database.SubnetIDs, Tags: in.tags(),
		},
	}
}

// ParameterGroup makes TLS a must and keeps an audit log. Every name here is one that RDS knows: an unknown one is
// Terminal at ACK and the group would have to be made again.
func ParameterGroup(in Input) *rds.DBClusterParameterGroup {
	name := naming.Database(in.Tenant.Name)
	return &rds.DBClusterParameterGroup{
		TypeMeta: rdsType("DBClusterParameterGroup"), ObjectMeta: in.rdsMeta(name),
		Spec: rds.DBClusterParameterGroupSpec{
			Name: name, Description: "Parameters of HALO tenant " + in.Tenant.Name, Family: parameterFamily,
			ParameterOverrides: map[string]string{
				"require_secure_transport": "ON",
				"tls_version":              "TLSv1.2,TLSv1.3",
				"server_audit_logging":     "1",
				"server_audit_events":      "CONNECT,QUERY_DCL,QUERY_DDL",
				"slow_query_log":           "1",
			},
			Tags: in.tags(),
		},
	}
}

// Cluster holds the fields that the operator keeps as they are. What AWS changes by itself (the engine's version) and
// what ACK compares but never modifies (the key, the subnet group) is not here but in ClusterAtCreation.
func Cluster(in Input) *rds.DBCluster {
	name := naming.Database(in.Tenant.Name)
	cluster := &rds.DBCluster{
		TypeMeta: rdsType("DBCluster"), ObjectMeta: in.rdsMeta(name),
		Spec: rds.DBClusterSpec{
			DBClusterIdentifier:         ClusterIdentifier(in.Tenant),
			Engine:                      engine,
			MasterUsername:              pointer(in.masterUsername()),
			MasterUserPassword:          &rds.SecretKeyReference{Namespace: in.namespace(), Name: naming.DatabaseMaster(in.MasterNumber), Key: "password"},
			DBClusterParameterGroupName: pointer(name),
			VPCSecurityGroupIDs:         in.Class.Spec.Database.SecurityGroupIDs,
			StorageEncrypted:            pointer(true),
			BackupRetentionPeriod:       pointer(int64(in.settings().PointInTimeDays)),
			CopyTagsToSnapshot:          pointer(true),
			DeletionProtection:          pointer(true),
			EnableCloudwatchLogsExports: []string{"audit", "error", "slowquery"},
			Tags:                        in.clusterTags(),

			ServerlessV2ScalingConfiguration: in.serverless(),
		},
	}
	guardDeletion(in, cluster)
	if in.Accepted {
		adopt(cluster.Annotations, "adopt", "dbClusterIdentifier", cluster.Spec.DBClusterIdentifier)
	}
	return cluster
}

// guardDeletion sets what ACK reads when the DBCluster is deleted. It is set from the first day, so that a deletion
// that passes by the operator is no loss either.
func guardDeletion(in Input, cluster *rds.DBCluster) {
	tenant, annotations := in.Tenant, cluster.Annotations
	annotations[rds.AnnotationDeleteAutomatedBackups] = "false"
	switch in.settings().DeletionPolicy {
	case halo.DeletionDelete:
		annotations[rds.AnnotationSkipFinalSnapshot] = "true"
		return
	case halo.DeletionRetain:
		annotations[rds.AnnotationDeletionPolicy] = rds.DeletionPolicyRetain
	}
	annotations[rds.AnnotationSkipFinalSnapshot] = "false"
	annotations[rds.AnnotationFinalSnapshotIdentifier] = naming.Snapshot(naming.FinalBackup(tenant.Name, tenant.UID))
}

// ClusterAtCreation adds what is given once. It is never written again. Of a tenant that is known to have a database,
// ACK may take over what RDS has and never makes one: a second, empty database would look like a tenant without data.
func ClusterAtCreation(in Input) *rds.DBCluster {
	cluster := Cluster(in)
	cluster.Spec.EngineVersion = pointer(in.Class.Spec.Database.EngineVersion)
	cluster.Spec.DBSubnetGroupName = pointer(naming.Database(in.Tenant.Name))
	cluster.Spec.KMSKeyID = pointer(in.Class.Spec.Database.KMSKeyARN)
	cluster.Spec.Port = pointer(int64(databasePort))
	switch {
	case in.Known:
		adopt(cluster.Annotations, "adopt", "dbClusterIdentifier", cluster.Spec.DBClusterIdentifier)
	case in.RestoreFrom != "":
		cluster.Spec.SnapshotIdentifier = pointer(in.RestoreFrom)
	}
	return cluster
}

// adopt lets ACK take over what RDS has under an identifier.
func adopt(annotations map[string]string, policy, field, identifier string) {
	annotations[rds.AnnotationAdoptionPolicy] = policy
	annotations[rds.AnnotationAdoptionFields] = fmt.Sprintf(`{%q:%q}`, field, identifier)
}

// serverless is the range of capacity. A tenant at rest may go down to nothing, and RDS wakes the database when
// somebody connects.
func (in Input) serverless() *rds.ServerlessV2ScalingConfiguration {
	capacity := in.Class.Spec.Database.Serverless
	if capacity == nil {
		return nil
	}
	least := capacity.MinCapacity.AsApproximateFloat64()
	if in.Tenant.Spec.Hibernate {
		least = 0
	}
	return &rds.ServerlessV2ScalingConfiguration{
		MinCapacity: pointer(least), MaxCapacity: pointer(capacity.MaxCapacity.AsApproximateFloat64()),
	}
}

// Instances are the writer and its readers. An instance of a cluster names only its class: version, credentials,
// storage, backup and key belong to the cluster, and ACK calls them Terminal here.
func Instances(in Input) []*rds.DBInstance {
	var instances []*rds.DBInstance
	for _, number := range in.instanceNumbers() {
		name := naming.Instance(in.Tenant.Name, number)
		instance := &rds.DBInstance{
			TypeMeta: rdsType("DBInstance"), ObjectMeta: in.rdsMeta(name),
			Spec: rds.DBInstanceSpec{
				DBInstanceIdentifier: InstanceIdentifier(in.Tenant, number), DBInstanceClass: in.Class.Spec.Database.InstanceClass,
				DBClusterIdentifier: pointer(ClusterIdentifier(in.Tenant)), Engine: engine, Tags: in.tags(),
			},
		}
		if in.settings().DeletionPolicy == halo.DeletionRetain {
			instance.Annotations[rds.AnnotationDeletionPolicy] = rds.DeletionPolicyRetain
		}
		instances = append(instances, instance)
	}
	return instances
}

// WantedInstances is how many instances a tenant's cluster should have: as many as its class says, and all that it was
// adopted with.
func WantedInstances(tenant *halo.HaloTenant, class *halo.HaloTenantClass) int {
	wanted := int(class.Spec.Database.Instances)
	if adopted := Adopted(tenant); adopted != nil {
		wanted = max(wanted, len(adopted.InstanceIdentifiers))
	}
	return wanted
}

func (in Input) instanceNumbers() []int {
	if in.Instances != nil {
		return in.Instances
	}
	wanted := WantedInstances(in.Tenant, in.Class)
	numbers := make([]int, 0, wanted)
	for number := 1; number <= wanted; number++ {
		numbers = append(numbers, number)
	}
	return numbers
}

// InstanceAtCreation adds what is given once: the zone, which RDS never changes, and leave to take over what it has;
// nil when there is nothing to add.
func InstanceAtCreation(in Input, instance *rds.DBInstance) client.Object {
	zones := in.Class.Spec.Database.AvailabilityZones
	if len(zones) == 0 && !in.Known {
		return nil
	}
	created := instance.DeepCopy()
	if number := naming.Number(naming.Database(in.Tenant.Name), instance.Name); number > 0 && len(zones) > 0 && !in.Known {
		created.Spec.AvailabilityZone = pointer(zones[int(number-1)%len(zones)])
	}
	if in.Known {
		adopt(created.Annotations, "adopt-or-create", "dbInstanceIdentifier", instance.Spec.DBInstanceIdentifier)
	}
	return created
}

// AtCreation is what is created instead of one of the two groups when RDS may have the group already; else nil.
func AtCreation(in Input, group client.Object) client.Object {
	if !in.Known {
		return nil
	}
	created, ok := group.DeepCopyObject().(client.Object)
	if !ok {
		return nil
	}
	annotations := maps.Clone(created.GetAnnotations())
	adopt(annotations, "adopt-or-create", "name", created.GetName())
	created.SetAnnotations(annotations)
	return created
}

// Snapshot copies a cluster of RDS. It has no owner but the label of its HaloBackup, and RDS keeps the copy when the
// object goes, unless a person or the retention has said otherwise.
func Snapshot(backup *halo.HaloBackup, class *halo.HaloTenantClass, cluster string) *rds.DBClusterSnapshot {
	name := naming.Snapshot(backup.Name)
	labels := naming.TenantLabels(backup.Spec.TenantName)
	labels[naming.LabelBackup] = backup.Name
	snapshot := &rds.DBClusterSnapshot{
		TypeMeta: rdsType("DBClusterSnapshot"),
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: naming.BackupsNamespace, Labels: labels,
			Annotations: map[string]string{rds.AnnotationDeletionPolicy: rds.DeletionPolicyRetain},
		},
		Spec: rds.DBClusterSnapshotSpec{
			DBClusterSnapshotIdentifier: name,
			DBClusterIdentifier:         pointer(cluster),
			Tags: []rds.Tag{
				{Key: naming.LabelManagedBy, Value: naming.ManagedBy},
				{Key: naming.LabelTenant, Value: backup.Spec.TenantName},
				{Key: "halo.dev/source", Value: strings.ToLower(string(backup.Spec.Source))},
			},
		},
	}
	if region := class.Spec.Region; region != "" {
		snapshot.Annotations[rds.AnnotationRegion] = region
	}
	if environment := class.Spec.Environment; environment != "" {
		snapshot.Annotations[naming.AnnotationEnvironment] = string(environment)
	}
	if backup.Spec.Source == halo.SourceFinal {
		adopt(snapshot.Annotations, "adopt", "dbClusterSnapshotIdentifier", name)
	}
	return snapshot
}
