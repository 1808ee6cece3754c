package desired

import (
	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// Adopted is the cluster that a tenant was made to take over, or nil.
func Adopted(tenant *halo.HaloTenant) *halo.AdoptedCluster {
	if tenant.Spec.Database == nil || tenant.Spec.Database.Existing == nil {
		return nil
	}
	return tenant.Spec.Database.Existing.Adopt
}

// External is the database of somebody else that a tenant uses, or nil.
func External(tenant *halo.HaloTenant) *halo.ExternalDatabase {
	if tenant.Spec.Database == nil || tenant.Spec.Database.Existing == nil {
		return nil
	}
	return tenant.Spec.Database.Existing.External
}

// ClusterIdentifier is RDS's identifier of a tenant's cluster: it follows from names alone and never changes.
func ClusterIdentifier(tenant *halo.HaloTenant) string {
	if adopted := Adopted(tenant); adopted != nil {
		return adopted.ClusterIdentifier
	}
	return naming.Database(tenant.Name)
}

// InstanceIdentifier is RDS's identifier of an instance, counted from 1.
func InstanceIdentifier(tenant *halo.HaloTenant, number int) string {
	if adopted := Adopted(tenant); adopted != nil && number <= len(adopted.InstanceIdentifiers) {
		return adopted.InstanceIdentifiers[number-1]
	}
	return naming.Instance(tenant.Name, number)
}

func (in Input) databasePort() int32 {
	if external := External(in.Tenant); external != nil && external.Port != 0 {
		return external.Port
	}
	return databasePort
}

func (in Input) masterUsername() string {
	if external := External(in.Tenant); external != nil {
		return external.MasterUsername
	}
	if adopted := Adopted(in.Tenant); adopted != nil && adopted.MasterUsername != "" {
		return adopted.MasterUsername
	}
	return naming.MasterUsername
}

// masterSecret is the Secret with the master password, which only the migration mounts.
func (in Input) masterSecret() string {
	if external := External(in.Tenant); external != nil {
		return external.MasterSecretName
	}
	return naming.DatabaseMaster(in.MasterNumber)
}

// ClusterToEnd takes over a cluster that RDS has, only so that it can be deleted: it asks for nothing else of it.
func ClusterToEnd(in Input) *rds.DBCluster {
	whole := Cluster(in)
	cluster := &rds.DBCluster{TypeMeta: whole.TypeMeta, ObjectMeta: whole.ObjectMeta, Spec: rds.DBClusterSpec{
		DBClusterIdentifier: whole.Spec.DBClusterIdentifier, Engine: whole.Spec.Engine,
	}}
	adopt(cluster.Annotations, "adopt", "dbClusterIdentifier", cluster.Spec.DBClusterIdentifier)
	return cluster
}

// InstanceToEnd does the same for an instance of that cluster.
func InstanceToEnd(in Input, identifier string) *rds.DBInstance {
	instance := &rds.DBInstance{TypeMeta: rdsType("DBInstance"), ObjectMeta: in.rdsMeta(identifier), Spec: rds.DBInstanceSpec{
		DBInstanceIdentifier: identifier, DBInstanceClass: in.Class.Spec.Database.InstanceClass, Engine: engine,
		DBClusterIdentifier: pointer(ClusterIdentifier(in.Tenant)),
	}}
	adopt(instance.Annotations, "adopt", "dbInstanceIdentifier", identifier)
	return instance
}
