package rds_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/awslocal/rds"
)

func TestRefusalsOfANewCluster(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*rds.ClusterRequest)
		code   rds.Code
		says   string
	}{
		"an identifier that begins with a digit":  {func(r *rds.ClusterRequest) { r.Identifier = "1acme" }, rds.InvalidParameterValue, "DBClusterIdentifier"},
		"an identifier with two hyphens in a row": {func(r *rds.ClusterRequest) { r.Identifier = "a--b" }, rds.InvalidParameterValue, "DBClusterIdentifier"},
		"an identifier that ends with a hyphen":   {func(r *rds.ClusterRequest) { r.Identifier = "acme-" }, rds.InvalidParameterValue, "DBClusterIdentifier"},
		"an identifier of 64 characters":          {func(r *rds.ClusterRequest) { r.Identifier = strings.Repeat("a", 64) }, rds.InvalidParameterValue, "63"},
		"another engine":                          {func(r *rds.ClusterRequest) { r.Engine = "postgres" }, rds.InvalidParameterValue, "postgres"},
		"an engine version that never was":        {func(r *rds.ClusterRequest) { r.EngineVersion = ptr("8.0.mysql_aurora.9.0.0") }, rds.InvalidParameterCombination, "9.0.0"},
		"a retention of no days":                  {func(r *rds.ClusterRequest) { r.BackupRetentionPeriod = ptr(int64(0)) }, rds.InvalidParameterValue, "retention"},
		"a retention of 36 days":                  {func(r *rds.ClusterRequest) { r.BackupRetentionPeriod = ptr(int64(36)) }, rds.InvalidParameterValue, "between 1 and 35"},
		"a master user called rdsadmin":           {func(r *rds.ClusterRequest) { r.MasterUsername = ptr("rdsadmin") }, rds.InvalidParameterValue, "rdsadmin"},
		"no master user":                          {func(r *rds.ClusterRequest) { r.MasterUsername = nil }, rds.InvalidParameterValue, "MasterUsername"},
		"a password of seven characters":          {func(r *rds.ClusterRequest) { r.Password = "seven77" }, rds.InvalidParameterValue, "shorter than 8"},
		"a password of 42 characters":             {func(r *rds.ClusterRequest) { r.Password = strings.Repeat("p", 42) }, rds.InvalidParameterValue, "41"},
		"a password with a slash":                 {func(r *rds.ClusterRequest) { r.Password = "with/slash" }, rds.InvalidParameterValue, "printable"},
		"a database name with a hyphen":           {func(r *rds.ClusterRequest) { r.DatabaseName = ptr("halo-db") }, rds.InvalidParameterValue, "DatabaseName"},
		"a subnet group that does not exist":      {func(r *rds.ClusterRequest) { r.SubnetGroup = ptr("gone") }, rds.SubnetGroupNotFound, "gone"},
		"a parameter group that does not exist":   {func(r *rds.ClusterRequest) { r.ParameterGroup = ptr("gone") }, rds.ParameterGroupNotFound, "gone"},
		"a security group that is none":           {func(r *rds.ClusterRequest) { r.SecurityGroups = []string{"web"} }, rds.InvalidParameterValue, "web"},
		"capacity in steps of 0.3":                {func(r *rds.ClusterRequest) { r.Scaling = &rds.Scaling{Min: 0.3, Max: 2} }, rds.InvalidParameterValue, "0.3"},
		"a minimum above the maximum":             {func(r *rds.ClusterRequest) { r.Scaling = &rds.Scaling{Min: 4, Max: 2} }, rds.InvalidParameterValue, "4..2"},
		"a port below 1150":                       {func(r *rds.ClusterRequest) { r.Port = ptr(int64(80)) }, rds.InvalidParameterValue, "80"},
		"a backup window of ten minutes":          {func(r *rds.ClusterRequest) { r.BackupWindow = ptr("03:00-03:10") }, rds.InvalidParameterValue, "30 minutes"},
		"a maintenance window without a day":      {func(r *rds.ClusterRequest) { r.MaintenanceWindow = ptr("03:00-04:00") }, rds.InvalidParameterValue, "ddd:hh24:mi"},
		"windows that overlap": {func(r *rds.ClusterRequest) {
			r.BackupWindow, r.MaintenanceWindow = ptr("03:00-04:00"), ptr("tue:03:30-tue:04:30")
		}, rds.InvalidParameterCombination, "overlap"},
		"a KMS key on storage that is not encrypted": {func(r *rds.ClusterRequest) { r.StorageEncrypted, r.KMSKeyID = ptr(false), ptr("arn:k") }, rds.InvalidParameterCombination, "StorageEncrypted"},
		"an identifier that is taken":                {func(r *rds.ClusterRequest) { r.Identifier = "TAKEN" }, rds.ClusterAlreadyExists, "TAKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			a := account(t)
			available(t, a, "taken")
			r := request("acme")
			must(t, acceptable(a))
			test.change(&r)
			refusedWith(t, a.CreateCluster(r, start), test.code, test.says)
			if len(a.Clusters) != 2 {
				t.Errorf("there are %d clusters, want 2", len(a.Clusters))
			}
			if strings.Contains(test.says, r.Password) {
				t.Error("a refusal repeats the password")
			}
		})
	}
}

// acceptable shows that the request is refused for its change and nothing else.
func acceptable(a *rds.Account) error { return a.CreateCluster(request("twin"), start) }

func refusedWith(t *testing.T, err error, code rds.Code, says string) {
	t.Helper()
	if !rds.Is(err, code) || !strings.Contains(err.Error(), says) {
		t.Errorf("refused with %v, want %s about %q", err, code, says)
	}
}

func TestRefusalsOfADeletion(t *testing.T) {
	a := account(t)
	c := available(t, a, "acme")
	protect := rds.Preferences{DeletionProtection: ptr(true)}
	must(t, a.ModifyCluster("acme", protect, "", start))
	a.Advance(start.Add(time.Minute))
	refusedWith(t, a.DeleteCluster("acme", true, "", start), rds.InvalidParameterCombination, "deletion protection")
	must(t, a.ModifyCluster("acme", rds.Preferences{DeletionProtection: ptr(false)}, "", start))
	refusedWith(t, a.DeleteCluster("acme", true, "", start), rds.InvalidClusterState, "modifying")
	a.Advance(start.Add(time.Minute))
	refusedWith(t, a.DeleteCluster("acme", false, "", start), rds.InvalidParameterCombination, "is required")
	refusedWith(t, a.DeleteCluster("acme", true, "final", start), rds.InvalidParameterCombination, "can not be specified")
	refusedWith(t, a.DeleteCluster("acme", false, "bad--name", start), rds.InvalidParameterValue, "identifier")
	member(t, a, "acme-1", "acme")
	refusedWith(t, a.DeleteCluster("acme", true, "", start), rds.InvalidClusterState, "still contains DB instances")
	refusedWith(t, a.DeleteInstance("acme-1", "final", start), rds.InvalidParameterCombination, "cluster instance")
	must(t, a.DeleteInstance("acme-1", "", start))
	refusedWith(t, a.DeleteInstance("acme-1", "", start), rds.InvalidParameterCombination, "already")
	refusedWith(t, a.DeleteCluster("gone", true, "", start), rds.ClusterNotFound, "gone")
	must(t, a.DeleteCluster("acme", false, "final", start))
	if c.Status != rds.Deleting || a.Snapshots["final"].Status != rds.Creating {
		t.Errorf("after the call the cluster is %s and its snapshot %s", c.Status, a.Snapshots["final"].Status)
	}
	refusedWith(t, a.DeleteCluster("acme", true, "", start), rds.InvalidClusterState, "deleting")
}

func TestADeletedClusterIsGoneAfterItsFinalSnapshotIsCopied(t *testing.T) {
	a := account(t)
	available(t, a, "acme")
	must(t, a.DeleteCluster("acme", false, "final", start))
	if a.Advance(start.Add(time.Hour)); a.Clusters["acme"] == nil {
		t.Fatal("the cluster is gone before its data was copied")
	}
	finishWork(t, a, "acme", nil)
	a.Advance(start.Add(time.Hour))
	if a.Clusters["acme"] != nil || a.Snapshots["final"].Status != rds.Available {
		t.Errorf("afterwards: cluster %v, snapshot %s", a.Clusters["acme"], a.Snapshots["final"].Status)
	}
}

func TestADeletionWhoseFinalSnapshotFailsKeepsTheCluster(t *testing.T) {
	a := account(t)
	c := available(t, a, "acme")
	must(t, a.DeleteCluster("acme", false, "final", start))
	finishWork(t, a, "acme", errors.New("disk full"))
	a.Advance(start.Add(time.Hour))
	if a.Clusters["acme"] == nil || c.Status != rds.Failed || a.Snapshots["final"].Status != rds.Failed {
		t.Errorf("the cluster is %s, its snapshot %s", c.Status, a.Snapshots["final"].Status)
	}
}

func TestRefusalsOfSnapshots(t *testing.T) {
	a := account(t)
	c := available(t, a, "acme")
	refusedWith(t, a.CreateSnapshot("-bad", "acme", nil, start), rds.InvalidParameterValue, "DBClusterSnapshotIdentifier")
	refusedWith(t, a.CreateSnapshot("one", "gone", nil, start), rds.ClusterNotFound, "gone")
	must(t, a.CreateSnapshot("one", "acme", nil, start))
	refusedWith(t, a.CreateSnapshot("one", "acme", nil, start), rds.SnapshotAlreadyExists, "one")
	refusedWith(t, a.CreateSnapshot("two", "acme", nil, start), rds.InvalidClusterState, "backing-up")
	refusedWith(t, a.DeleteSnapshot("one"), rds.InvalidSnapshotState, "creating")
	refusedWith(t, a.RestoreFromSnapshot(request("copy"), "one", start), rds.InvalidSnapshotState, "creating")
	refusedWith(t, a.RestoreFromSnapshot(request("copy"), "none", start), rds.SnapshotNotFound, "none")
	refusedWith(t, a.ModifyCluster("acme", rds.Preferences{}, "", start), rds.InvalidClusterState, "backing-up")
	for _, identifier := range []string{"two", "three"} {
		finishWork(t, a, "acme", nil)
		a.Advance(start.Add(time.Minute))
		must(t, a.CreateSnapshot(identifier, "acme", nil, start))
	}
	finishWork(t, a, "acme", nil)
	a.Advance(start.Add(time.Minute))
	refusedWith(t, a.CreateSnapshot("four", "acme", nil, start), rds.SnapshotQuotaExceeded, "3")
	refusedWith(t, a.DeleteCluster("acme", false, "final", start), rds.SnapshotQuotaExceeded, "3")
	if c.Status != rds.Available {
		t.Errorf("refused calls left the cluster %s", c.Status)
	}
	must(t, a.DeleteSnapshot("one"))
	if len(a.Discarded) != 1 {
		t.Error("a deleted snapshot's files are not discarded")
	}
	refusedWith(t, a.DeleteSnapshot("one"), rds.SnapshotNotFound, "one")
}

func TestRefusalsOfGroupsAndInstances(t *testing.T) {
	a := account(t)
	available(t, a, "acme")
	group := func(name, family string) error {
		return a.CreateParameterGroup(rds.ParameterGroup{Name: name, Family: family, Description: "d"})
	}
	refusedWith(t, group("p--q", rds.Family), rds.InvalidParameterValue, "DBClusterParameterGroupName")
	refusedWith(t, group("other", "mysql5.7"), rds.InvalidParameterValue, "mysql5.7")
	refusedWith(t, group("params", rds.Family), rds.ParameterGroupAlreadyExists, "params")
	refusedWith(t, a.SetParameters("params", map[string]string{"require_secure_transports": "ON"}), rds.InvalidParameterValue, "Could not find parameter with name: require_secure_transports")
	refusedWith(t, a.SetParameters("params", map[string]string{"tls_version": "TLSv1.0"}), rds.InvalidParameterValue, "TLSv1.0")
	refusedWith(t, a.SetParameters("params", map[string]string{"sql_mode": "x\nskip-grant-tables"}), rds.InvalidParameterValue, "control character")
	refusedWith(t, a.DeleteParameterGroup("params"), rds.InvalidParameterGroupState, "params")
	refusedWith(t, a.DeleteSubnetGroup("net"), rds.InvalidSubnetGroupState, "acme")
	refusedWith(t, a.CreateSubnetGroup(rds.SubnetGroup{Name: "one", Subnets: []string{"subnet-a", "subnet-a"}}), rds.SubnetGroupNotEnoughZones, "2 AZs")
	refusedWith(t, a.CreateSubnetGroup(rds.SubnetGroup{Name: "one", Subnets: []string{"subnet-a", "vpc-b"}}), rds.InvalidSubnet, "vpc-b")
	instance := func(class, cluster string) error {
		return a.CreateInstance(rds.InstanceRequest{Identifier: "i", Cluster: cluster, Engine: rds.Engine, InstancePreferences: rds.InstancePreferences{Class: &class}}, start)
	}
	refusedWith(t, instance("large", "acme"), rds.InvalidParameterValue, "large")
	refusedWith(t, instance("db.serverless", "gone"), rds.ClusterNotFound, "gone")
	a.Clusters["acme"].Scaling = nil
	refusedWith(t, instance("db.serverless", "acme"), rds.InvalidParameterCombination, "Serverless v2")
	must(t, instance("db.r6g.large", "acme"))
	refusedWith(t, instance("db.r6g.large", "acme"), rds.InstanceAlreadyExists, "i")
}

func TestAccountsWithoutAFreeAddressRefuseClusters(t *testing.T) {
	a := account(t)
	for _, identifier := range []string{"a", "b", "c", "d", "e"} {
		must(t, a.CreateCluster(request(identifier), start))
	}
	refusedWith(t, a.CreateCluster(request("f"), start), rds.InsufficientStorageCapacity, "none left")
}
