package controllers_test

import (
	"context"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
)

// strictClass is a class with a floor above what some tenants would like.
func strictClass(t *testing.T, name string) {
	t.Helper()
	newClass(t, name, func(class *halo.HaloTenantClass) {
		class.Spec.Floor = halo.ClassFloor{Replicas: 2, RetentionDays: 30, PointInTimeDays: 14, MailTLS: halo.MailTLSRequired,
			DeletionPolicies: []halo.DeletionPolicy{halo.DeletionSnapshot, halo.DeletionRetain}}
	})
}

// weaker are the ways to ask for less than that floor.
func weaker() map[string]func(*halo.HaloTenant) {
	one, day := int32(1), int32(1)
	return map[string]func(*halo.HaloTenant){
		"spec.server.replicas must be at least 2": func(t *halo.HaloTenant) { t.Spec.Server = &halo.TenantServer{Replicas: &one} },
		"spec.backup.retentionDays must be at least 30": func(t *halo.HaloTenant) {
			t.Spec.Backup = &halo.TenantBackup{RetentionDays: &day}
		},
		"spec.database.pointInTimeDays must be at least 14": func(t *halo.HaloTenant) {
			t.Spec.Database = &halo.TenantDatabase{PointInTimeDays: &day}
		},
		"lets no mail leave in the clear":                     func(t *halo.HaloTenant) { t.Spec.Mail = &halo.TenantMail{TLS: halo.MailTLSOpportunistic} },
		"spec.deletionPolicy must be one of Snapshot, Retain": func(t *halo.HaloTenant) { t.Spec.DeletionPolicy = halo.DeletionDelete },
	}
}

func TestATenantCannotWeakenItsClass(t *testing.T) {
	strictClass(t, "strict")
	ctx := context.Background()
	tenant := func(change func(*halo.HaloTenant)) *halo.HaloTenant {
		made := &halo.HaloTenant{}
		readSample(t, "halotenant.yaml", made)
		made.Name, made.Spec.ClassName, made.Spec.Hostname = "below", "strict", "halo.below.example"
		change(made)
		return made
	}
	for message, change := range weaker() {
		// The API server takes a moment to compile a new policy and to see a new class.
		eventually(t, message, func() string {
			err := cluster.Create(ctx, tenant(change), client.DryRunAll)
			switch {
			case err == nil:
				return "accepted"
			case !strings.Contains(err.Error(), message):
				return err.Error()
			}
			return ""
		})
		loose := tenant(change)
		loose.Spec.ClassName = "no-such-class" // this floor is not theirs
		if err := cluster.Create(ctx, loose, client.DryRunAll); err != nil {
			t.Errorf("refused in another class: %v", err)
		}
	}
	w := newTenant(t, "above", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "strict" })
	for message, change := range weaker() {
		edited := &halo.HaloTenant{}
		w.getTenant(edited)
		before := edited.DeepCopy()
		change(edited)
		if err := cluster.Patch(ctx, edited, client.MergeFrom(before)); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("an edit: got %v, want %q", err, message)
		}
	}
}

func TestAFloorThatWasRaisedLaterHoldsToo(t *testing.T) {
	class, tenant := &halo.HaloTenantClass{}, &halo.HaloTenant{}
	readSample(t, "halotenantclass.yaml", class)
	for _, change := range weaker() {
		change(tenant)
	}
	class.Spec.Floor = halo.ClassFloor{Replicas: 2, RetentionDays: 30, PointInTimeDays: 14, MailTLS: halo.MailTLSRequired,
		DeletionPolicies: []halo.DeletionPolicy{halo.DeletionSnapshot}}
	got := desired.Resolve(tenant, class)
	if got.Replicas != 2 || got.RetentionDays != 30 || got.PointInTimeDays != 14 || got.MailTLS != halo.MailTLSRequired || got.DeletionPolicy != halo.DeletionSnapshot {
		t.Errorf("below the floor: %+v", got)
	}
	class.Spec.Floor.MailTLS = halo.MailTLSOpportunistic
	if got := desired.Resolve(tenant, class); got.MailTLS != halo.MailTLSOpportunistic {
		t.Errorf("the class allows opportunistic mail, and the tenant has %s", got.MailTLS)
	}
}

func (w world) getTenant(tenant *halo.HaloTenant) {
	w.t.Helper()
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
		w.t.Fatal(err)
	}
}
