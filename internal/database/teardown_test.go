package database_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func syncedCluster(word string, moment time.Time) *rds.DBCluster {
	return cluster(word, rds.Condition{Type: rds.ConditionSynced, Status: "True", LastTransitionTime: &metav1.Time{Time: moment}})
}

func deletingCluster() *rds.DBCluster {
	object := cluster("deleting")
	object.DeletionTimestamp = &metav1.Time{Time: now}
	return object
}

func retainedCluster() *rds.DBCluster {
	object := deletingCluster()
	object.Annotations = map[string]string{rds.AnnotationDeletionPolicy: rds.DeletionPolicyRetain}
	return object
}

// adopting is a cluster that ACK is to take over, with its words so far.
func adopting(words string) *rds.DBCluster {
	object := cluster("")
	if words != "" {
		object = cluster("", rds.Condition{Type: rds.ConditionRecoverable, Status: "True", Message: &words})
	}
	object.Annotations = map[string]string{rds.AnnotationAdoptionPolicy: "adopt"}
	return object
}

func TestTheOrderOfATeardown(t *testing.T) {
	namespace, final := &corev1.Namespace{}, &halo.HaloBackup{ObjectMeta: metav1.ObjectMeta{Name: "acme-final-0a1b2c3d"}}
	before, asked := now.Add(-time.Hour), now.Add(-time.Minute)
	cases := []struct {
		name  string
		state database.Teardown
		want  database.Step
	}{
		{"production waits for its name", database.Teardown{Production: true, ServerObjects: 3, Namespace: namespace}, database.StepConfirm},
		{"an entrance stays until then", database.Teardown{Production: true, ServerObjects: 3, Entrances: 1, ToAsk: true, Namespace: namespace}, database.StepConfirm},
		{"the entrance is closed first", database.Teardown{ServerObjects: 3, Entrances: 1, ToAsk: true, Cluster: cluster("available")}, database.StepCloseEntrance},
		{"then the pods tell whom they erased", database.Teardown{ServerObjects: 3, ToAsk: true, Cluster: cluster("available")}, database.StepCollectErasures},
		{"whatever becomes of the database", database.Teardown{Policy: halo.DeletionRetain, ServerObjects: 3, ToAsk: true, Cluster: cluster("available")}, database.StepCollectErasures},
		{"the server goes before the database", database.Teardown{Production: true, Confirmed: true, ServerObjects: 3, Cluster: cluster("available")}, database.StepStopServer},
		{"the final copy is recorded before anything is touched", database.Teardown{Cluster: cluster("available"), Instances: 2}, database.StepRecordFinalBackup},
		{"a cluster that RDS works on is waited for", database.Teardown{Cluster: cluster("modifying"), FinalBackup: final}, database.StepWaitDatabase},
		{"a broken cluster is not deleted", database.Teardown{Cluster: cluster("inaccessible-encryption-credentials"), FinalBackup: final}, database.StepWaitDatabase},
		{"protection goes", database.Teardown{Cluster: cluster("available"), Instances: 2, FinalBackup: final}, database.StepUnprotect},
		{"somebody else's is not copied", database.Teardown{Cluster: unmanaged(), Claim: database.ClaimKnown}, database.StepWaitDatabase},
		{"nor is it claimed", database.Teardown{Cluster: unmanaged(), Claim: database.ClaimKnown, Leaving: true}, database.StepDeleteCluster},
		{"RDS has to know", database.Teardown{Cluster: syncedCluster("available", before), Instances: 2, FinalBackup: final,
			Unprotected: true, Leaving: true, UnprotectedAt: asked, SyncedBefore: before}, database.StepWaitUnprotected},
		{"then the instances", database.Teardown{Cluster: syncedCluster("available", now), Instances: 2, FinalBackup: final,
			Unprotected: true, Leaving: true, UnprotectedAt: asked, SyncedBefore: before}, database.StepDeleteInstances},
		{"then the cluster", database.Teardown{Cluster: syncedCluster("available", now), FinalBackup: final,
			Unprotected: true, Leaving: true, UnprotectedAt: asked, SyncedBefore: before}, database.StepDeleteCluster},
		{"which takes its time", database.Teardown{Cluster: deletingCluster(), Leaving: true, FinalBackup: final}, database.StepDeleteCluster},
		{"that the database goes is recorded first", database.Teardown{Cluster: syncedCluster("available", now), FinalBackup: final,
			Unprotected: true, UnprotectedAt: asked, SyncedBefore: before}, database.StepWaitUnprotected},
		{"one that somebody else deletes is kept", database.Teardown{Cluster: deletingCluster(), FinalBackup: final}, database.StepRescue},
		{"and let go", database.Teardown{Cluster: retainedCluster(), FinalBackup: final}, database.StepWaitDatabase},
		{"and taken over again", database.Teardown{Claim: database.ClaimKnown, Namespace: namespace}, database.StepClaim},
		{"which takes its time as well", database.Teardown{Cluster: adopting(""), Claim: database.ClaimKnown}, database.StepWaitDatabase},
		{"one that RDS does not have is let go", database.Teardown{Cluster: adopting("the resource to adopt does not exist in AWS"),
			Claim: database.ClaimKnown, Leaving: true}, database.StepDeleteCluster},
		{"and not taken over again", database.Teardown{Claim: database.ClaimKnown, Leaving: true, Namespace: namespace}, database.StepDeleteNamespace},
		{"instances that nothing stands for are taken over too", database.Teardown{Cluster: cluster("available"), Unclaimed: 1, FinalBackup: final}, database.StepClaimInstances},
		{"another database is not touched", database.Teardown{Cluster: cluster("available"), Claim: database.ClaimReplaced, Instances: 2}, database.StepWaitPerson},
		{"nor by Delete", database.Teardown{Policy: halo.DeletionDelete, Cluster: cluster("available"), Claim: database.ClaimReplaced}, database.StepWaitPerson},
		{"the final copy must be restorable", database.Teardown{FinalBackup: final, Groups: 2, Namespace: namespace}, database.StepWaitFinalBackup},
		{"then the groups", database.Teardown{FinalBackup: final, FinalBackupReady: true, Groups: 2, Namespace: namespace}, database.StepDeleteGroups},
		{"then the namespace", database.Teardown{FinalBackup: final, FinalBackupReady: true, Namespace: namespace}, database.StepDeleteNamespace},
		{"then the tenant", database.Teardown{FinalBackup: final, FinalBackupReady: true}, database.StepDone},
		{"a cluster that RDS never had goes without a copy", database.Teardown{Cluster: cluster(""), Namespace: namespace}, database.StepDeleteCluster},
		{"an orphaned instance goes too", database.Teardown{Instances: 1, Namespace: namespace}, database.StepDeleteInstances},
		{"nothing was ever made", database.Teardown{}, database.StepDone},

		{"Delete takes no copy", database.Teardown{Policy: halo.DeletionDelete, Cluster: cluster("available"), Instances: 2}, database.StepUnprotect},
		{"Retain marks everything first", database.Teardown{Policy: halo.DeletionRetain, Cluster: cluster("failed"), Instances: 2, Groups: 2}, database.StepRetain},
		{"and lets the instances go", database.Teardown{Policy: halo.DeletionRetain, Retained: true, Cluster: cluster("failed"), Instances: 2}, database.StepDeleteInstances},
		{"and the cluster", database.Teardown{Policy: halo.DeletionRetain, Retained: true, Cluster: cluster("failed"), Groups: 2}, database.StepDeleteCluster},
		{"and the groups", database.Teardown{Policy: halo.DeletionRetain, Retained: true, Groups: 2}, database.StepDeleteGroups},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.state.Policy == "" {
				c.state.Policy = halo.DeletionSnapshot
			}
			c.state.Now = now
			step, message := c.state.Next()
			if step != c.want {
				t.Errorf("step %s, want %s", step, c.want)
			}
			if message == "" {
				t.Error("it does not say why")
			}
		})
	}
}

// TestNoStateLosesDataWithoutACopy walks through every combination that matters: under Snapshot the cluster is deleted
// only with protection known to be off and a final copy on record.
func TestNoStateLosesDataWithoutACopy(t *testing.T) {
	final := &halo.HaloBackup{}
	for _, word := range []string{"creating", "available", "modifying", "backing-up", "failed", "inaccessible-encryption-credentials"} {
		for bits := range 64 {
			state := database.Teardown{Policy: halo.DeletionSnapshot, Now: now, Cluster: syncedCluster(word, now), UnprotectedAt: now, SyncedBefore: now}
			state.Instances = bits & 1
			state.Unprotected = bits&2 != 0
			if bits&4 != 0 {
				state.FinalBackup = final
			}
			if bits&8 != 0 {
				state.SyncedBefore = now.Add(-time.Hour)
			}
			state.Groups = bits >> 4 & 1
			state.Leaving = bits&32 != 0
			step, _ := state.Next()
			safe := state.Unprotected && state.Leaving && state.FinalBackup != nil && bits&8 != 0 && state.Instances == 0
			if step == database.StepDeleteCluster && !safe {
				t.Errorf("%s, bits %06b: the cluster would be deleted", word, bits)
			}
			if step == database.StepDeleteGroups || step == database.StepDeleteNamespace || step == database.StepDone {
				t.Errorf("%s, bits %06b: %s while the cluster is there", word, bits, step)
			}
		}
	}
}

func TestAWaitForTheDatabaseNamesTheWayOut(t *testing.T) {
	_, message := database.Teardown{Policy: halo.DeletionSnapshot, Cluster: cluster("failed"), FinalBackup: &halo.HaloBackup{}}.Next()
	if !strings.Contains(message, "failed") || !strings.Contains(message, "spec.deletionPolicy") {
		t.Error(message)
	}
}

func TestThatADatabaseGoesIsRecordedOnlyWhenItDoes(t *testing.T) {
	cases := map[string]struct {
		state database.Teardown
		want  bool
	}{
		"one that is protected":              {database.Teardown{Cluster: cluster("available")}, false},
		"one that is not protected any more": {database.Teardown{Cluster: cluster("available"), Unprotected: true}, true},
		"one that is retained":               {database.Teardown{Policy: halo.DeletionRetain, Cluster: cluster("available"), Unprotected: true}, false},
		"another one":                        {database.Teardown{Cluster: cluster("available"), Claim: database.ClaimReplaced, Unprotected: true}, false},
		"one that RDS never had":             {database.Teardown{Cluster: cluster("")}, true},
		"one that ACK still looks for":       {database.Teardown{Cluster: adopting("")}, false},
		"one that RDS does not have":         {database.Teardown{Cluster: adopting("the resource to adopt does not exist in AWS")}, true},
		"one that cannot be seen":            {database.Teardown{}, false},
		"one that went":                      {database.Teardown{Leaving: true}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.state.Leaves(); got != c.want {
				t.Errorf("leaves: %t", got)
			}
		})
	}
}
