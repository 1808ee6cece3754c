package controllers_test

import (
	"context"
	"slices"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
)

// TestAStatusIsNotedAsOne keeps the API server from noting an owner of every field of a status (docs/adr/0127), which was
// half of what a write of it cost.
func TestAStatusIsNotedAsOne(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "noted", nil)
	w.toReady()
	newBackup(t, "noted-copy", "noted-nowhere", halo.SourceManual, 0)
	backupCondition(t, "noted-copy", halo.ConditionStalled, "True")
	for name, object := range map[string]client.Object{
		"noted": &halo.HaloTenant{}, "development": &halo.HaloTenantClass{}, "noted-copy": &halo.HaloBackup{},
	} {
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: name}, object); err != nil {
			t.Fatal(err)
		}
		if noted := notedOfStatus(object); !slices.Equal(noted, []string{`{"f:status":{}}`}) {
			t.Errorf("%T: managedFields notes of its status: %q", object, noted)
		}
	}
}

// notedOfStatus is which fields are noted as those of whoever wrote an object's status.
func notedOfStatus(object client.Object) (fields []string) {
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource == "status" {
			fields = append(fields, entry.FieldsV1.GetRawString())
		}
	}
	return fields
}
