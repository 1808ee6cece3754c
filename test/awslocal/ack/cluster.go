package ack

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"halo.dev/halo/test/awslocal/rds"
)

type clusterTarget struct {
	object   *unstructured.Unstructured
	access   access
	spec     clusterSpec
	password string // filled by credentials when it is needed
}

func readCluster(ctx context.Context, access access, object *unstructured.Unstructured, follow bool) (target, error) {
	t := &clusterTarget{object: object, access: access}
	if err := decode(object.Object["spec"], &t.spec); err != nil {
		return nil, err
	}
	if !follow {
		return t, nil
	}
	if t.spec.ManageMasterUserPassword {
		return nil, terminal("manageMasterUserPassword is not played by the stand-in: give masterUserPassword")
	}
	if err := t.follow(ctx, "DBClusterParameterGroup", t.spec.ParameterGroupRef, &t.spec.ParameterGroup, "dbClusterParameterGroup"); err != nil {
		return nil, err
	}
	return t, t.follow(ctx, "DBSubnetGroup", t.spec.SubnetGroupRef, &t.spec.SubnetGroup, "dbSubnetGroup")
}

func (t *clusterTarget) follow(ctx context.Context, kind string, ref *reference, into **string, field string) error {
	if ref == nil {
		return nil
	}
	if *into != nil {
		return terminal("only one of %sName and %sRef may be given", field, field)
	}
	name, err := t.access.follow(ctx, kind, "name", t.object.GetNamespace(), *ref)
	if err != nil {
		return err
	}
	*into = &name
	return nil
}

func (t *clusterTarget) identifier() string { return strings.ToLower(t.spec.Identifier) }

func (t *clusterTarget) find(account *rds.Account, now time.Time) *observation {
	cluster := account.Clusters[t.identifier()]
	if cluster == nil {
		return nil
	}
	return &observation{
		arn: account.ARN("cluster", cluster.Identifier), status: statusOfCluster(account, cluster, now),
		spec: t.observedSpec(cluster),
	}
}

// observedSpec is what ACK writes back into the spec. What a reference names is left out: ACK forgets it again.
func (t *clusterTarget) observedSpec(cluster *rds.Cluster) map[string]any {
	values := map[string]any{
		"allocatedStorage": int64(1), "availabilityZones": anyList(cluster.Zones), "autoMinorVersionUpgrade": *cluster.AutoMinorVersionUpgrade,
		"backupRetentionPeriod": *cluster.BackupRetentionPeriod, "copyTagsToSnapshot": *cluster.CopyTagsToSnapshot,
		"deletionProtection": *cluster.DeletionProtection, "enableIAMDatabaseAuthentication": *cluster.IAMAuthentication,
		"engine": cluster.Engine, "engineMode": "provisioned", "engineVersion": *cluster.EngineVersion, "networkType": "IPV4", "port": *cluster.Port,
		"preferredBackupWindow": *cluster.BackupWindow, "preferredMaintenanceWindow": *cluster.MaintenanceWindow,
		"storageEncrypted": *cluster.StorageEncrypted, "storageType": "aurora", "vpcSecurityGroupIDs": anyList(cluster.SecurityGroups),
	}
	for name, value := range map[string]string{"databaseName": *cluster.DatabaseName, "kmsKeyID": *cluster.KMSKeyID, "masterUsername": *cluster.MasterUsername} {
		if value != "" {
			values[name] = value
		}
	}
	if len(cluster.Tags) > 0 && !maps.Equal(tagMap(t.spec.Tags), cluster.Tags) {
		values["tags"] = anyTags(cluster.Tags)
	}
	if t.spec.ParameterGroupRef == nil {
		values["dbClusterParameterGroupName"] = *cluster.ParameterGroup
	}
	if t.spec.SubnetGroupRef == nil {
		values["dbSubnetGroupName"] = *cluster.SubnetGroup
	}
	return values
}

func anyList(texts []string) []any {
	list := make([]any, 0, len(texts))
	for _, text := range texts {
		list = append(list, text)
	}
	return list
}

// secretName is how ACK notes which Secret it used last.
func (t *clusterTarget) secretName() string {
	if ref := t.spec.MasterUserPassword; ref != nil {
		return t.object.GetNamespace() + "/" + ref.Name + "." + ref.Key
	}
	return ""
}

func (t *clusterTarget) restores() bool {
	return t.spec.SnapshotIdentifier != "" || t.spec.SourceCluster != ""
}

// credentials reads the password when a cluster is created, or when the reference to it (never its data) has changed.
func (t *clusterTarget) credentials(ctx context.Context, exists bool) error {
	needed := !exists && !t.restores()
	if exists {
		needed = t.secretName() != t.object.GetAnnotations()[annotationLastSecret]
	}
	if t.spec.MasterUserPassword == nil || !needed {
		return nil
	}
	password, err := t.access.secret(ctx, t.object.GetNamespace(), *t.spec.MasterUserPassword)
	t.password = password
	return err
}

func (t *clusterTarget) create(account *rds.Account, now time.Time) error {
	request := rds.ClusterRequest{Identity: t.spec.Identity, Preferences: t.spec.Preferences, Password: t.password, Tags: tagMap(t.spec.Tags)}
	var err error
	switch {
	case t.spec.SnapshotIdentifier != "":
		err = account.RestoreFromSnapshot(request, t.spec.SnapshotIdentifier, now)
	case t.spec.SourceCluster != "":
		err = t.restoreToTime(account, request, now)
	default:
		err = account.CreateCluster(request, now)
	}
	if err == nil {
		t.noteSecret()
	}
	return err
}

func (t *clusterTarget) restoreToTime(account *rds.Account, request rds.ClusterRequest, now time.Time) error {
	if t.spec.RestoreType != "" && t.spec.RestoreType != "full-copy" {
		return terminal("restoreType %s is not played by the stand-in: leave it out or use full-copy", t.spec.RestoreType)
	}
	var moment time.Time
	if t.spec.RestoreToTime != "" {
		parsed, err := time.Parse(time.RFC3339, t.spec.RestoreToTime)
		if err != nil {
			return terminal("restoreToTime is not a time as RFC 3339 has it")
		}
		moment = parsed
	}
	if moment.IsZero() != t.spec.UseLatestRestorableTime {
		return terminal("give either restoreToTime or useLatestRestorableTime")
	}
	return account.RestoreToTime(request, t.spec.SourceCluster, moment, now)
}

func (t *clusterTarget) noteSecret() {
	if name := t.secretName(); name != "" {
		annotate(t.object, annotationLastSecret, name)
	}
}

func (t *clusterTarget) update(account *rds.Account, now time.Time) error {
	cluster := account.Clusters[t.identifier()]
	if cluster.Status != rds.Available {
		return wait("DB Cluster in '%s' state, cannot be modified until 'available'.", cluster.Status)
	}
	cluster.Tags = tagMap(t.spec.Tags)
	if t.password == "" && len(clusterDifferences(t.spec, cluster)) == 0 {
		return nil
	}
	if err := account.ModifyCluster(cluster.Identifier, clusterChange(t.spec, cluster), t.password, now); err != nil {
		return err
	}
	if t.password != "" {
		t.noteSecret()
	}
	return wait("DB Cluster in '%s' state, cannot be modified until 'available'.", cluster.Status)
}

var leadingDigits = regexp.MustCompile(`^[0-9.]*`)

// comparedVersion is all of a version that ACK compares: "8.0" of "8.0.mysql_aurora.3.08.2".
func comparedVersion(version *string) *string {
	if version == nil {
		return nil
	}
	digits := strings.TrimSuffix(leadingDigits.FindString(*version), ".")
	return &digits
}

// clusterDifferences names the fields in which a spec asks for something else than there is. Some of them no call can
// change: the next reconciliation finds the same difference, and so on for ever.
func clusterDifferences(spec clusterSpec, have *rds.Cluster) []string {
	var names []string
	note := func(name string, differs bool) {
		if differs {
			names = append(names, name)
		}
	}
	note("autoMinorVersionUpgrade", differs(spec.AutoMinorVersionUpgrade, have.AutoMinorVersionUpgrade))
	note("backupRetentionPeriod", differs(spec.BackupRetentionPeriod, have.BackupRetentionPeriod))
	note("copyTagsToSnapshot", differs(spec.CopyTagsToSnapshot, have.CopyTagsToSnapshot))
	note("databaseName", differs(spec.DatabaseName, have.DatabaseName))
	note("dbClusterParameterGroupName", differs(spec.ParameterGroup, have.ParameterGroup))
	note("dbSubnetGroupName", differs(spec.SubnetGroup, have.SubnetGroup))
	note("deletionProtection", differs(spec.DeletionProtection, have.DeletionProtection))
	note("enableCloudwatchLogsExports", spec.LogExports != nil && !sameSet(spec.LogExports, have.LogExports))
	note("enableIAMDatabaseAuthentication", differs(spec.IAMAuthentication, have.IAMAuthentication))
	note("engine", spec.Engine != have.Engine)
	note("engineVersion", differs(comparedVersion(spec.EngineVersion), comparedVersion(have.EngineVersion)))
	note("kmsKeyID", differs(spec.KMSKeyID, have.KMSKeyID))
	note("masterUsername", differs(spec.MasterUsername, have.MasterUsername))
	note("port", differs(spec.Port, have.Port))
	note("preferredBackupWindow", differs(spec.BackupWindow, have.BackupWindow))
	note("preferredMaintenanceWindow", differs(spec.MaintenanceWindow, have.MaintenanceWindow))
	note("serverlessV2ScalingConfiguration", spec.Scaling != nil && (have.Scaling == nil || *spec.Scaling != *have.Scaling))
	note("storageEncrypted", differs(spec.StorageEncrypted, have.StorageEncrypted))
	note("vpcSecurityGroupIDs", spec.SecurityGroups != nil && !sameSet(spec.SecurityGroups, have.SecurityGroups))
	return names
}

// clusterChange is the call's content: everything that the spec says and a call can change. The engine's version stays
// out of it unless its leading digits differ, because ACK compares no more.
func clusterChange(spec clusterSpec, have *rds.Cluster) rds.Preferences {
	change := spec.Preferences
	if !differs(comparedVersion(change.EngineVersion), comparedVersion(have.EngineVersion)) {
		change.EngineVersion = nil
	}
	return change
}

func differs[T comparable](wanted, have *T) bool {
	return wanted != nil && (have == nil || *wanted != *have)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func (t *clusterTarget) remove(account *rds.Account, now time.Time) error {
	skip, final, err := finalSnapshot(t.object.GetAnnotations())
	if err != nil {
		return err
	}
	if skip {
		final = "" // ACK sends the identifier only when a snapshot is wanted
	}
	return account.DeleteCluster(t.identifier(), skip, final, now)
}

func (t *clusterTarget) fault(account *rds.Account, fault Fault) {
	status := rds.Status("")
	if fault.Kind == FaultFailed || fault.Kind == FaultInaccessible {
		status = rds.Status(fault.Kind)
	}
	account.SetFault(t.identifier(), status, fault.Kind == FaultSlow)
}
