package ack

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"halo.dev/halo/test/awslocal/rds"
)

type instanceTarget struct {
	object *unstructured.Unstructured
	spec   instanceSpec
}

// clusterFields are what an instance of a cluster must not bring along: the cluster has them.
func clusterFields() []string {
	return []string{
		"allocatedStorage", "backupRetentionPeriod", "dbName", "deletionProtection", "engineVersion", "iops", "kmsKeyID", "kmsKeyRef",
		"manageMasterUserPassword", "masterUserPassword", "masterUsername", "maxAllocatedStorage", "preferredBackupWindow",
		"storageEncrypted", "storageThroughput", "storageType", "vpcSecurityGroupIDs", "vpcSecurityGroupRefs",
	}
}

func readInstance(_ context.Context, _ access, object *unstructured.Unstructured, follow bool) (target, error) {
	t := &instanceTarget{object: object}
	if err := decode(object.Object["spec"], &t.spec); err != nil {
		return nil, err
	}
	if !follow {
		return t, nil
	}
	if t.spec.Cluster == "" {
		return nil, terminal("the stand-in plays instances of clusters only: dbClusterIdentifier is missing")
	}
	for _, field := range clusterFields() {
		if _, given, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", field); given {
			return nil, terminal("%s: The requested DB Instance will be a member of a DB Cluster. Set %s for the DB Cluster.", rds.InvalidParameterCombination, field)
		}
	}
	return t, nil
}

func (t *instanceTarget) find(account *rds.Account, _ time.Time) *observation {
	instance := account.Instances[t.spec.Identifier]
	if instance == nil {
		return nil
	}
	return &observation{
		arn: account.ARN("db", instance.Identifier), status: statusOfInstance(account, instance),
		spec: map[string]any{
			"availabilityZone": instance.Zone, "autoMinorVersionUpgrade": *instance.AutoMinorVersionUpgrade,
			"caCertificateIdentifier": *instance.CACertificateIdentifier, "copyTagsToSnapshot": *instance.CopyTagsToSnapshot,
			"monitoringInterval": *instance.MonitoringInterval, "networkType": "IPV4", "performanceInsightsEnabled": *instance.PerformanceInsights,
			"preferredMaintenanceWindow": *instance.MaintenanceWindow, "promotionTier": *instance.PromotionTier,
			"publiclyAccessible": *instance.PubliclyAccessible,
		},
	}
}

func (t *instanceTarget) credentials(context.Context, bool) error { return nil }

func (t *instanceTarget) create(account *rds.Account, now time.Time) error {
	request := t.spec.InstanceRequest
	request.Tags = tagMap(t.spec.Tags)
	return account.CreateInstance(request, now)
}

func (t *instanceTarget) update(account *rds.Account, now time.Time) error {
	instance := account.Instances[t.spec.Identifier]
	if instance.Status != rds.Available {
		return wait("DB Instance in '%s' state, cannot be modified until 'available'.", instance.Status)
	}
	instance.Tags = tagMap(t.spec.Tags)
	if !instanceDiffers(t.spec.InstancePreferences, instance.InstancePreferences) {
		return nil
	}
	if err := account.ModifyInstance(t.spec.Identifier, t.spec.InstancePreferences, now); err != nil {
		return err
	}
	return wait("DB Instance in '%s' state, cannot be modified until 'available'.", instance.Status)
}

func instanceDiffers(wanted, have rds.InstancePreferences) bool {
	return differs(wanted.Class, have.Class) || differs(wanted.AutoMinorVersionUpgrade, have.AutoMinorVersionUpgrade) ||
		differs(wanted.CACertificateIdentifier, have.CACertificateIdentifier) || differs(wanted.CopyTagsToSnapshot, have.CopyTagsToSnapshot) ||
		differs(wanted.MaintenanceWindow, have.MaintenanceWindow) || differs(wanted.MonitoringInterval, have.MonitoringInterval) ||
		differs(wanted.MonitoringRole, have.MonitoringRole) || differs(wanted.PerformanceInsights, have.PerformanceInsights) ||
		differs(wanted.PromotionTier, have.PromotionTier) || differs(wanted.PubliclyAccessible, have.PubliclyAccessible)
}

func (t *instanceTarget) remove(account *rds.Account, now time.Time) error {
	skip, final, err := finalSnapshot(t.object.GetAnnotations())
	if err != nil {
		return err
	}
	if skip {
		final = ""
	}
	return account.DeleteInstance(t.spec.Identifier, final, now)
}

func (t *instanceTarget) fault(account *rds.Account, fault Fault) {
	status := rds.Status("")
	if fault.Kind == FaultFailed || fault.Kind == FaultInaccessible {
		status = rds.Status(fault.Kind)
	}
	account.SetInstanceFault(t.spec.Identifier, status)
}
