package decide_test

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

const (
	ofFormer = "0123456789abcdef/former/2"
	ofOwn    = "0123456789abcdef/own/1"
	ofBoth   = ofFormer + ",0123456789abcdef/own/3"
)

func record(t *testing.T, text string) *halo.SealingStatus {
	t.Helper()
	if text == "" {
		return nil
	}
	parsed, err := desired.ParseSealing(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// TestNoKeysAreMadeBesideThoseOfADatabase covers every way in which a tenant comes by a database.
func TestNoKeysAreMadeBesideThoseOfADatabase(t *testing.T) {
	const made = naming.LabelManagedBy
	takes := func(tenant *halo.HaloTenant) {
		tenant.Annotations = map[string]string{naming.AnnotationAcceptDatabase: naming.Database("acme")}
	}
	recorded := func(tenant *halo.HaloTenant) { tenant.Status.Database = &halo.DatabaseStatus{ResourceID: "cluster-A"} }
	for name, test := range map[string]struct {
		edit func(*halo.HaloTenant)
		// stored is in the status, tags are at RDS; "-" is a cluster that ACK has not shown yet, "" is none.
		stored, cluster string
		tags            map[string]string
		want            string
		waits           bool
		reason          string
	}{
		"a new tenant": {},
		"a tenant that was cut off before its status": {cluster: "-", tags: map[string]string{"1": ofOwn}, want: ofOwn},
		"a tenant that lives":                         {stored: ofOwn, cluster: "cluster-A", tags: map[string]string{"1": ofOwn}, want: ofOwn},
		"a newer key is on its way to RDS":            {stored: ofBoth, cluster: "cluster-A", tags: map[string]string{"1": ofFormer}, want: ofBoth},
		"an older status came back":                   {stored: ofFormer, cluster: "cluster-A", tags: map[string]string{"1": ofFormer, "2": "0123456789abcdef/own/3"}, want: ofBoth},
		"a status was lost":                           {cluster: "cluster-A", tags: map[string]string{"1": ofFormer, "2": "0123456789abcdef/own/3"}, want: ofBoth},
		"a status and its objects were lost": {edit: func(tenant *halo.HaloTenant) {
			tenant.Annotations = map[string]string{naming.AnnotationDatabase: "cluster-A"}
		}, waits: true},
		"the database of somebody else's keys":      {stored: ofOwn, cluster: "cluster-A", tags: map[string]string{"1": ofFormer}, reason: halo.ReasonSealingUnknown},
		"taking over, before it is seen":            {edit: takes, stored: ofOwn, cluster: "-", tags: map[string]string{"1": ofOwn}, waits: true},
		"taking over, with nothing there":           {edit: takes, stored: ofOwn, waits: true},
		"taking over a tenant's":                    {edit: takes, stored: ofOwn, cluster: "cluster-A", tags: map[string]string{"1": ofFormer}, want: ofFormer},
		"taking over a tenant's that does not tell": {edit: takes, stored: ofOwn, cluster: "cluster-A", tags: map[string]string{made: naming.ManagedBy}, reason: halo.ReasonSealingUnknown},
		"the same, with its tenant's word": {edit: func(tenant *halo.HaloTenant) {
			takes(tenant)
			tenant.Annotations[naming.AnnotationSealedWith] = ofFormer
		}, cluster: "cluster-A", tags: map[string]string{made: naming.ManagedBy}, want: ofFormer},
		"a word that comes too late": {edit: func(tenant *halo.HaloTenant) {
			tenant.Annotations = map[string]string{naming.AnnotationSealedWith: ofFormer}
		}, stored: ofOwn, want: ofOwn, reason: halo.ReasonSealingUnknown},
		"a word that was heard": {edit: func(tenant *halo.HaloTenant) {
			tenant.Annotations = map[string]string{naming.AnnotationSealedWith: ofFormer}
		}, stored: ofBoth, want: ofBoth},
		"a word that cannot be read":                        {edit: func(tenant *halo.HaloTenant) { takes(tenant); tenant.Annotations[naming.AnnotationSealedWith] = "1" }, cluster: "cluster-A", tags: map[string]string{"x": "y"}, reason: halo.ReasonInvalidSpec},
		"taking over a stranger's":                          {edit: takes, cluster: "cluster-A", tags: map[string]string{"owner": "firm"}},
		"taken over long ago":                               {edit: func(tenant *halo.HaloTenant) { takes(tenant); recorded(tenant) }, stored: ofBoth, cluster: "cluster-A", tags: map[string]string{"1": ofFormer}, want: ofBoth},
		"taken over long ago, and its DBCluster lost since": {edit: func(tenant *halo.HaloTenant) { takes(tenant); recorded(tenant) }, stored: ofBoth, want: ofBoth},
		"tags that cannot be read":                          {cluster: "cluster-A", tags: map[string]string{"1": "nonsense"}, reason: halo.ReasonSealingUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, class := samples(t)
			tenant.Status.Sealing = record(t, test.stored)
			if test.edit != nil {
				test.edit(tenant)
			}
			var objects []client.Object
			if test.cluster != "" {
				objects = append(objects, tagged(test.cluster, test.tags))
			}
			decision := decide.Tenant(decide.Facts{Tenant: tenant, Class: class, State: seen(t, objects...), Now: now})
			found, waits, problem := decision.SealingSoFar()
			if desired.SealingText(found) != test.want || waits != test.waits {
				t.Errorf("%q, waits %t; want %q, %t", desired.SealingText(found), waits, test.want, test.waits)
			}
			if (problem == nil) != (test.reason == "") || (problem != nil && (problem.Reason != test.reason || !problem.Stalled)) {
				t.Errorf("problem %+v, want %q", problem, test.reason)
			}
		})
	}
}

// tagged is acme's DBCluster; tags whose key is a number tell keys. One that ACK has shown has them from RDS.
func tagged(resourceID string, tags map[string]string) *rds.DBCluster {
	cluster := database(1, "True", now)
	var list []rds.Tag
	for key, value := range tags {
		if key == "1" || key == "2" {
			key = naming.TagSealing + key
		}
		list = append(list, rds.Tag{Key: key, Value: value})
	}
	if resourceID == "-" {
		cluster.Status, cluster.Spec.Tags = rds.DBClusterStatus{}, list
		return cluster
	}
	cluster.Status.DBClusterResourceID, cluster.Status.TagList = &resourceID, list
	return cluster
}
