package ack

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"halo.dev/halo/test/awslocal/rds"
)

// existing is a cluster as an account keeps it.
func existing(t *testing.T) *rds.Cluster {
	t.Helper()
	account := rds.NewAccount(rds.Settings{
		Region: "r", AccountID: "1", Random: func(n int) string { return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:n] },
		Address: func([]string) (string, error) { return "10.0.0.1", nil },
	})
	encrypted, master := true, "m"
	err := account.CreateCluster(rds.ClusterRequest{
		Identity: rds.Identity{Identifier: "c", Engine: rds.Engine, MasterUsername: &master, StorageEncrypted: &encrypted}, Password: "long-enough",
	}, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return account.Clusters["c"]
}

func TestDifferencesBetweenSpecAndCluster(t *testing.T) {
	for spec, want := range map[string][]string{
		`{}`: nil,
		`{"backupRetentionPeriod": 1, "port": 3306, "deletionProtection": false}`:                               nil,
		`{"backupRetentionPeriod": 35}`:                                                                         {"backupRetentionPeriod"},
		`{"deletionProtection": true, "copyTagsToSnapshot": true}`:                                              {"copyTagsToSnapshot", "deletionProtection"},
		`{"engineVersion": "8.0.mysql_aurora.3.04.0"}`:                                                          nil,
		`{"engineVersion": "8.0"}`:                                                                              nil,
		`{"engineVersion": "5.7.mysql_aurora.2.11.1"}`:                                                          {"engineVersion"},
		`{"kmsKeyID": "alias/mine"}`:                                                                            {"kmsKeyID"},
		`{"kmsKeyID": "arn:aws:kms:r:1:key/00000000-0000-4000-8000-000000000000"}`:                              nil,
		`{"storageEncrypted": false, "masterUsername": "other", "databaseName": "d", "dbSubnetGroupName": "s"}`: {"databaseName", "dbSubnetGroupName", "masterUsername", "storageEncrypted"},
		`{"serverlessV2ScalingConfiguration": {"minCapacity": 1, "maxCapacity": 2}}`:                            {"serverlessV2ScalingConfiguration"},
		`{"vpcSecurityGroupIDs": ["sg-00000000000000000"]}`:                                                     nil,
		`{"vpcSecurityGroupIDs": ["sg-1"], "enableCloudwatchLogsExports": ["error"]}`:                           {"enableCloudwatchLogsExports", "vpcSecurityGroupIDs"},
		`{"preferredBackupWindow": "01:00-02:00", "preferredMaintenanceWindow": "sun:06:15-sun:06:45"}`:         {"preferredBackupWindow"},
		`{"dbClusterParameterGroupName": "p", "autoMinorVersionUpgrade": false}`:                                {"autoMinorVersionUpgrade", "dbClusterParameterGroupName"},
	} {
		parsed := clusterSpec{Identity: rds.Identity{Engine: rds.Engine}}
		if err := json.Unmarshal([]byte(spec), &parsed); err != nil {
			t.Fatal(err)
		}
		if have := clusterDifferences(parsed, existing(t)); !slices.Equal(have, want) {
			t.Errorf("%s differs in %v, want %v", spec, have, want)
		}
	}
}

func TestAChangeLeavesTheEngineVersionAlone(t *testing.T) {
	for version, sent := range map[string]bool{"8.0": false, "8.0.mysql_aurora.3.04.0": false, "5.7": true} {
		change := clusterChange(clusterSpec{Preferences: rds.Preferences{EngineVersion: &version}}, existing(t))
		if (change.EngineVersion != nil) != sent {
			t.Errorf("%s: sent %v, want %v", version, change.EngineVersion != nil, sent)
		}
	}
}

func TestSpecsOfAnUnexpectedShapeAreTerminal(t *testing.T) {
	var spec clusterSpec
	if err := decode(map[string]any{"port": "three"}, &spec); !isTerminal(err) {
		t.Errorf("decoding a port that is no number: %v", err)
	}
}
