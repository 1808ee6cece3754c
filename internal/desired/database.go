package desired

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
			DBClusterIdentifier:         name,
			Engine:                      engine,
			MasterUsername:              pointer(naming.MasterUsername),
			MasterUserPassword:          &rds.SecretKeyReference{Namespace: in.namespace(), Name: naming.DatabaseMaster(in.MasterNumber), Key: "password"},
			DBClusterParameterGroupName: pointer(name),
			VPCSecurityGroupIDs:         in.Class.Spec.Database.SecurityGroupIDs,
			StorageEncrypted:            pointer(true),
			BackupRetentionPeriod:       pointer(int64(in.settings().PointInTimeDays)),
			CopyTagsToSnapshot:          pointer(true),
			DeletionProtection:          pointer(true),
			EnableCloudwatchLogsExports: []string{"audit", "error", "slowquery"},
			Tags:                        in.tags(),

			ServerlessV2ScalingConfiguration: serverless(in.Class),
		},
	}
	guardDeletion(in.Tenant, cluster)
	return cluster
}

// guardDeletion sets what ACK reads when the DBCluster is deleted. It is set from the first day, so that a deletion
// that passes by the operator is no loss either.
func guardDeletion(tenant *halo.HaloTenant, cluster *rds.DBCluster) {
	annotations := cluster.Annotations
	annotations[rds.AnnotationDeleteAutomatedBackups] = "false"
	switch tenant.Spec.DeletionPolicy {
	case halo.DeletionDelete:
		annotations[rds.AnnotationSkipFinalSnapshot] = "true"
		return
	case halo.DeletionRetain:
		annotations[rds.AnnotationDeletionPolicy] = rds.DeletionPolicyRetain
	}
	annotations[rds.AnnotationSkipFinalSnapshot] = "false"
	annotations[rds.AnnotationFinalSnapshotIdentifier] = naming.Snapshot(naming.FinalBackup(tenant.Name, tenant.UID))
}

// ClusterAtCreation adds what is given once. It is never written again.
func ClusterAtCreation(in Input) *rds.DBCluster {
	cluster := Cluster(in)
	cluster.Spec.EngineVersion = pointer(in.Class.Spec.Database.EngineVersion)
	cluster.Spec.DBSubnetGroupName = pointer(naming.Database(in.Tenant.Name))
	cluster.Spec.KMSKeyID = pointer(in.Class.Spec.Database.KMSKeyARN)
	cluster.Spec.Port = pointer(int64(databasePort))
	if in.RestoreFrom != "" {
		cluster.Spec.SnapshotIdentifier = pointer(in.RestoreFrom)
	}
	return cluster
}

func serverless(class *halo.HaloTenantClass) *rds.ServerlessV2ScalingConfiguration {
	capacity := class.Spec.Database.Serverless
	if capacity == nil {
		return nil
	}
	return &rds.ServerlessV2ScalingConfiguration{
		MinCapacity: pointer(capacity.MinCapacity.AsApproximateFloat64()),
		MaxCapacity: pointer(capacity.MaxCapacity.AsApproximateFloat64()),
	}
}

// Instances are the writer and its readers. An instance of a cluster names only its class: version, credentials,
// storage, backup and key belong to the cluster, and ACK calls them Terminal here.
func Instances(in Input) []*rds.DBInstance {
	var instances []*rds.DBInstance
	for number := 1; number <= int(in.Class.Spec.Database.Instances); number++ {
		name := naming.Instance(in.Tenant.Name, number)
		instance := &rds.DBInstance{
			TypeMeta: rdsType("DBInstance"), ObjectMeta: in.rdsMeta(name),
			Spec: rds.DBInstanceSpec{
				DBInstanceIdentifier: name, DBInstanceClass: in.Class.Spec.Database.InstanceClass,
				DBClusterIdentifier: pointer(naming.Database(in.Tenant.Name)), Engine: engine, Tags: in.tags(),
			},
		}
		if in.Tenant.Spec.DeletionPolicy == halo.DeletionRetain {
			instance.Annotations[rds.AnnotationDeletionPolicy] = rds.DeletionPolicyRetain
		}
		instances = append(instances, instance)
	}
	return instances
}

// Snapshot copies a tenant's cluster. It has no owner but the label of its HaloBackup, and RDS keeps the copy when the
// object goes, unless a person or the retention has said otherwise.
func Snapshot(backup *halo.HaloBackup, region string) *rds.DBClusterSnapshot {
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
			DBClusterIdentifier:         pointer(naming.Database(backup.Spec.TenantName)),
			Tags: []rds.Tag{
				{Key: naming.LabelManagedBy, Value: naming.ManagedBy},
				{Key: naming.LabelTenant, Value: backup.Spec.TenantName},
				{Key: "halo.dev/source", Value: strings.ToLower(string(backup.Spec.Source))},
			},
		},
	}
	if region != "" {
		snapshot.Annotations[rds.AnnotationRegion] = region
	}
	if backup.Spec.Source == halo.SourceFinal {
		snapshot.Annotations[rds.AnnotationAdoptionPolicy] = "adopt"
		snapshot.Annotations[rds.AnnotationAdoptionFields] = fmt.Sprintf(`{"dbClusterSnapshotIdentifier":%q}`, name)
	}
	return snapshot
}
