package controllers_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

func TestATenantComesUpAndSaysWhatItWaitsFor(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "acme", nil)
	w.condition(halo.ConditionReady, "False", "Database: DBCluster halo-acme waits for ACK")
	w.cluster("creating")
	w.condition(halo.ConditionDatabaseReady, "False", "DBCluster halo-acme is creating in RDS: DBCluster is in creating state")
	w.cluster("available")
	w.condition(halo.ConditionDatabaseReady, "False", "DBInstance halo-acme-1 waits for ACK")
	w.instance(1, "available")
	w.condition(halo.ConditionDatabaseReady, "False", "DBInstance halo-acme-2 waits for ACK")
	w.condition(halo.ConditionMigrationReady, "False", "is running")
	w.instance(2, "available")
	w.condition(halo.ConditionDatabaseReady, "True", "available")
	if w.exists(&appsv1.Deployment{}, naming.Server) {
		t.Error("the server was deployed before its schemas were made")
	}
	w.finishMigration(batchv1.JobComplete)
	w.condition(halo.ConditionMigrationReady, "True", "up to date")
	w.condition(halo.ConditionReady, "False", "Server:")
	w.rollOut()
	w.condition(halo.ConditionReady, "True", "Serving https://halo.acme.example")
}
