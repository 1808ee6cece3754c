package rds_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/awslocal/rds"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ptr[T any](value T) *T { return &value }

// account has a subnet group "net", a parameter group "params", and timings of whole seconds.
func account(t *testing.T) *rds.Account {
	t.Helper()
	count := 0
	a := rds.NewAccount(rds.Settings{
		Region: "us-east-1", AccountID: "111122223333", ManualSnapshots: 3, Timings: rds.DemonstrationTimings(),
		Address: func(taken []string) (string, error) {
			if len(taken) == 5 {
				return "", errors.New("none left")
			}
			return fmt.Sprintf("10.0.0.%d", 10+len(taken)), nil
		},
		Random: func(n int) string { count++; return fmt.Sprintf("%0*d", n, count) },
	})
	must(t, a.CreateSubnetGroup(rds.SubnetGroup{Name: "net", Subnets: []string{"subnet-a", "subnet-b"}}))
	must(t, a.CreateParameterGroup(rds.ParameterGroup{Name: "params", Family: rds.Family, Description: "d"}))
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func request(identifier string) rds.ClusterRequest {
	return rds.ClusterRequest{
		Identity: rds.Identity{
			Identifier: identifier, Engine: rds.Engine, MasterUsername: ptr("halo_master"), DatabaseName: ptr("halo"),
			StorageEncrypted: ptr(true), SubnetGroup: ptr("net"),
		},
		Preferences: rds.Preferences{ParameterGroup: ptr("params"), BackupRetentionPeriod: ptr(int64(35)), Scaling: &rds.Scaling{Min: 0.5, Max: 2}},
		Password:    "long-enough",
	}
}

// available makes a cluster and plays what it waits for.
func available(t *testing.T, a *rds.Account, identifier string) *rds.Cluster {
	t.Helper()
	must(t, a.CreateCluster(request(identifier), start))
	finishWork(t, a, identifier, nil)
	a.Advance(start.Add(time.Minute))
	if status := a.Clusters[identifier].Status; status != rds.Available {
		t.Fatalf("the cluster is %s", status)
	}
	return a.Clusters[identifier]
}

func finishWork(t *testing.T, a *rds.Account, identifier string, err error) {
	t.Helper()
	work := a.Clusters[identifier].Work
	if len(work) == 0 {
		t.Fatal("the cluster has no work to finish")
	}
	a.Finish(identifier, work[0], err)
}

func member(t *testing.T, a *rds.Account, identifier, cluster string) {
	t.Helper()
	must(t, a.CreateInstance(rds.InstanceRequest{
		Identifier: identifier, Cluster: cluster, Engine: rds.Engine,
		InstancePreferences: rds.InstancePreferences{Class: ptr("db.serverless")},
	}, start))
}

func TestAClusterIsCreatingUntilBothItsTimeAndItsWorkAreDone(t *testing.T) {
	a := account(t)
	must(t, a.CreateCluster(request("acme"), start))
	late := start.Add(time.Hour)
	if a.Advance(late); a.Clusters["acme"].Status != rds.Creating {
		t.Errorf("without its data folder it is %s", a.Clusters["acme"].Status)
	}
	finishWork(t, a, "acme", nil)
	if a.Advance(start.Add(2 * time.Second)); a.Clusters["acme"].Status != rds.Creating {
		t.Errorf("before its time it is %s", a.Clusters["acme"].Status)
	}
	if moved := a.Advance(start.Add(3 * time.Second)); !moved || a.Clusters["acme"].Status != rds.Available {
		t.Errorf("at its time it is %s, moved %v", a.Clusters["acme"].Status, moved)
	}
	if a.Advance(late) {
		t.Error("an available cluster moves")
	}
}

func TestAClusterWhoseWorkFailsIsFailed(t *testing.T) {
	a := account(t)
	must(t, a.CreateCluster(request("acme"), start))
	finishWork(t, a, "acme", errors.New("disk full"))
	a.SetFault("acme", "", false) // a resource without a fault must not heal a real one
	a.Advance(start.Add(time.Hour))
	if status := a.Clusters["acme"].Status; status != rds.Failed {
		t.Errorf("it is %s", status)
	}
	must(t, a.DeleteCluster("acme", true, "", start))
}

func TestDefaultsOfACluster(t *testing.T) {
	a := account(t)
	must(t, a.CreateCluster(rds.ClusterRequest{
		Identity: rds.Identity{Identifier: "Plain", Engine: rds.Engine, MasterUsername: ptr("m")}, Password: "long-enough",
	}, start))
	c := a.Clusters["plain"]
	if c == nil {
		t.Fatal("identifiers are kept in small letters; it is not there")
	}
	have := []any{*c.BackupRetentionPeriod, *c.DeletionProtection, *c.StorageEncrypted, *c.KMSKeyID, c.DataKey, *c.Port, *c.ParameterGroup, *c.SubnetGroup, *c.CopyTagsToSnapshot}
	want := []any{int64(1), false, false, "", "", int64(3306), "default.aurora-mysql8.0", "default", false}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("have %v\nwant %v", have, want)
	}
	if c.Endpoint() != "plain.cluster-x1.10-0-0-10.halo.test" || c.ReaderEndpoint() != "plain.cluster-ro-x1.10-0-0-10.halo.test" {
		t.Errorf("endpoints are %s and %s", c.Endpoint(), c.ReaderEndpoint())
	}
}

func TestServersRunWhenThereIsAnInstanceToBeThem(t *testing.T) {
	a := account(t)
	must(t, a.SetParameters("params", map[string]string{"require_secure_transport": "ON", "max_connections": "{formula}"}))
	c := available(t, a, "acme")
	if a.Compute(c).Running {
		t.Error("a server would run without an instance")
	}
	member(t, a, "acme-1", "acme")
	compute := a.Compute(c)
	if !compute.Running || compute.Options["require_secure_transport"] != "ON" || compute.Options["tls_version"] != "TLSv1.2,TLSv1.3" {
		t.Errorf("with an instance: %+v", compute)
	}
	if _, given := compute.Options["max_connections"]; given {
		t.Error("a formula reached MariaDB")
	}
	if a.Advance(start.Add(time.Hour)); a.Instances["acme-1"].Status != rds.Creating {
		t.Error("an instance is available before its server answers")
	}
	a.Started("acme")
	if a.Advance(start.Add(time.Hour)); a.Instances["acme-1"].Status != rds.Available {
		t.Error("an instance whose server answers is not available")
	}
	for _, fault := range []rds.Status{rds.Failed, rds.InaccessibleKey} {
		a.SetFault("acme", fault, false)
		if a.Advance(start.Add(time.Hour)); a.Compute(c).Running || c.Status != fault {
			t.Errorf("with the fault it is %s, running %v", c.Status, a.Compute(c).Running)
		}
	}
	a.SetFault("acme", "", false)
	if a.Advance(start.Add(time.Hour)); c.Status != rds.Available || !a.Compute(c).Running {
		t.Error("the fault does not end")
	}
	must(t, a.DeleteInstance("acme-1", "", start))
	if a.Compute(c).Running {
		t.Error("a server would run for an instance that is being deleted")
	}
}

func TestStaticParametersWaitForARestart(t *testing.T) {
	a := account(t)
	c := available(t, a, "acme")
	member(t, a, "acme-1", "acme")
	a.Started("acme")
	must(t, a.SetParameters("params", map[string]string{"slow_query_log": "1"}))
	if a.PendingReboot(c) {
		t.Error("a dynamic parameter waits for a restart")
	}
	must(t, a.SetParameters("params", map[string]string{"tls_version": "TLSv1.3"}))
	if !a.PendingReboot(c) {
		t.Error("a static parameter does not wait for a restart")
	}
	if _, given := a.Compute(c).Dynamic["tls_version"]; given {
		t.Error("a static parameter would be set on a running server")
	}
	a.Stopped("acme")
	a.Started("acme")
	if a.PendingReboot(c) {
		t.Error("a restart did not apply a static parameter")
	}
}

func TestPasswordsAreKeptOnlyAsHashes(t *testing.T) {
	a := account(t)
	c := available(t, a, "acme")
	before := c.PasswordHash
	must(t, a.ModifyCluster("acme", rds.Preferences{}, "other-password", start))
	if c.Status != rds.ResettingCredentials || !slices.Equal(c.Work, []rds.Work{{Kind: rds.ResetPassword}}) || c.PasswordHash == before {
		t.Errorf("after a new password: %s, %v", c.Status, c.Work)
	}
	// The hash of "password" as MariaDB's documentation of PASSWORD() gives it.
	if have := rds.NativePasswordHash("password"); have != "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19" {
		t.Errorf("hash is %s", have)
	}
	text, err := json.Marshal(a)
	must(t, err)
	for _, secret := range []string{"long-enough", "other-password"} {
		if strings.Contains(string(text), secret) {
			t.Error("the state holds a password")
		}
	}
}

func TestAnAccountSurvivesBeingWrittenAndRead(t *testing.T) {
	a := account(t)
	available(t, a, "acme")
	member(t, a, "acme-1", "acme")
	a.Instances["acme-1"].Tags = map[string]string{"tenant": "acme"}
	must(t, a.CreateSnapshot("one", "acme", map[string]string{"k": "v"}, start))
	text, err := json.Marshal(a)
	must(t, err)
	read := rds.NewAccount(rds.Settings{})
	must(t, json.Unmarshal(text, read))
	read.Settings = a.Settings
	for name, pair := range map[string][2]any{
		"clusters": {a.Clusters, read.Clusters}, "instances": {a.Instances, read.Instances}, "snapshots": {a.Snapshots, read.Snapshots},
		"parameter groups": {a.ParameterGroups, read.ParameterGroups}, "subnet groups": {a.SubnetGroups, read.SubnetGroups},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s were\n%+v\nand are\n%+v", name, pair[0], pair[1])
		}
	}
}

func TestASlowClusterTakesTenTimesAsLong(t *testing.T) {
	a := account(t)
	c := available(t, a, "acme")
	a.SetFault("acme", "", true)
	must(t, a.ModifyCluster("acme", rds.Preferences{BackupRetentionPeriod: ptr(int64(7))}, "", start))
	if a.Advance(start.Add(9 * time.Second)); c.Status != rds.Modifying {
		t.Errorf("after nine seconds of ten it is %s", c.Status)
	}
	if a.Advance(start.Add(10 * time.Second)); c.Status != rds.Available || *c.BackupRetentionPeriod != 7 {
		t.Errorf("after ten seconds it is %s with %d days", c.Status, *c.BackupRetentionPeriod)
	}
}

func TestTimingsAreDividedBySpeed(t *testing.T) {
	if have := rds.DemonstrationTimings().Faster(10).Create; have != 300*time.Millisecond {
		t.Errorf("ten times faster creates in %s", have)
	}
	if have := rds.DemonstrationTimings().Faster(0); have != (rds.Timings{}) {
		t.Errorf("no speed gives %+v", have)
	}
}
