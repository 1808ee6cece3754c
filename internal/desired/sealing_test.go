package desired_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

const (
	root   = "0123456789abcdef"
	first  = types.UID("11111111-2222-3333-4444-555555555555")
	second = types.UID("66666666-7777-8888-9999-aaaaaaaaaaaa")
)

func sealed() *halo.SealingStatus {
	return &halo.SealingStatus{Root: root, Keys: []halo.SealingKey{{Origin: first, Number: 1}, {Origin: first, Number: 2}, {Origin: second, Number: 3}}}
}

func TestTheTagsOfADatabaseTellItsKeys(t *testing.T) {
	in := input(t)
	in.Sealing = sealed()
	cluster := desired.Cluster(in)
	found, err := desired.SealingOf(cluster)
	if err != nil || found.Root != root || !slices.Equal(found.Keys, in.Sealing.Keys) {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, tag := range cluster.Spec.Tags {
		if len(tag.Key) > 128 || len(tag.Value) > 256 {
			t.Errorf("AWS takes no tag as long as %s", tag.Key)
		}
	}
	cluster.Status.TagList = []rds.Tag{{Key: naming.TagSealing + "1", Value: root + "/" + string(second) + "/1"}}
	if found, err = desired.SealingOf(cluster); err != nil || len(found.Keys) != 1 || found.Keys[0].Origin != second {
		t.Errorf("what RDS has counts: %+v, %v", found, err)
	}
	in.Known, in.Sealing = true, nil
	if tags := desired.Cluster(in).Spec.Tags; tags != nil {
		t.Errorf("the tags of a database that is taken over would be replaced: %v", tags)
	}
}

func TestParseSealingRefusesWhatCannotBe(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no number": root + "/" + string(first), "zero": root + "/" + string(first) + "/0",
		"another root": root + "/" + string(first) + "/1,fedcba9876543210/" + string(second) + "/2",
		"back":         root + "/" + string(first) + "/2," + root + "/" + string(second) + "/2",
		"too many":     root + "/" + string(first) + "/2001", "a path": root + "/../1/1", "a short root": "0123/" + string(first) + "/1",
	} {
		if found, err := desired.ParseSealing(text); err == nil {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func FuzzParseSealing(f *testing.F) {
	f.Add(desired.SealingText(sealed()))
	f.Add(root + "/a/1, " + root + "/b/1999")
	f.Add(",")
	f.Fuzz(func(t *testing.T, text string) {
		record, err := desired.ParseSealing(text)
		if err != nil {
			return
		}
		if len(record.Keys) == 0 || len(record.Keys) > 2000 {
			t.Fatalf("%d keys", len(record.Keys))
		}
		again, err := desired.ParseSealing(desired.SealingText(record))
		if err != nil || again.Root != record.Root || !slices.Equal(again.Keys, record.Keys) {
			t.Errorf("%q came back as %+v, %v", text, again, err)
		}
	})
}

func TestTheRecordOfAKeptDatabase(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(*halo.HaloTenant)
		want string
	}{
		"kept":         {func(*halo.HaloTenant) {}, "halo-"},
		"copied":       {func(tenant *halo.HaloTenant) { tenant.Spec.DeletionPolicy = halo.DeletionSnapshot }, ""},
		"never made":   {func(tenant *halo.HaloTenant) { tenant.Status.Database = nil }, ""},
		"never sealed": {func(tenant *halo.HaloTenant) { tenant.Status.Sealing = nil }, ""},
		"of others": {func(tenant *halo.HaloTenant) {
			tenant.Spec.DeletionPolicy = halo.DeletionSnapshot
			tenant.Spec.Database = &halo.TenantDatabase{Existing: &halo.ExistingDatabase{External: &halo.ExternalDatabase{Host: "db.firm.example"}}}
		}, "db.firm.example"},
	} {
		in := input(t)
		in.Tenant.Spec.DeletionPolicy, in.Tenant.UID = halo.DeletionRetain, first
		in.Tenant.Status = halo.HaloTenantStatus{Sealing: sealed(), Database: &halo.DatabaseStatus{Created: true}}
		test.edit(in.Tenant)
		record := desired.KeptDatabase(in.Tenant, in.Class)
		if (record == nil) != (test.want == "") {
			t.Errorf("%s: %+v", name, record)
			continue
		}
		if record != nil && (!strings.HasPrefix(record.Data["database"], test.want) || record.Data["sealed-with"] != desired.SealingText(sealed())) {
			t.Errorf("%s: %v", name, record.Data)
		}
	}
}
