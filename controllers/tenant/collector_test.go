package tenant

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
)

// cacheOf is a cache that holds these tenants.
type cacheOf []halo.HaloTenant

func (c cacheOf) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errors.New("a scrape lists")
}

func (c cacheOf) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*halo.HaloTenantList).Items = c
	return nil
}

// TestTheNumberOfSeriesIsBounded counts the series that more tenants than are measured have, and what the totals say.
func TestTheNumberOfSeriesIsBounded(t *testing.T) {
	tenants := make(cacheOf, mostMeasured+7)
	for i := range tenants {
		tenants[i].Name, tenants[i].Spec.ClassName = fmt.Sprintf("tenant-%d", i), []string{"development", "production"}[i%2]
		tenants[i].Status.Conditions = []metav1.Condition{{Type: halo.ConditionReady, Status: []metav1.ConditionStatus{"True", "False", "False"}[i%3]}}
	}
	elected := make(chan struct{})
	registry := prometheus.NewRegistry()
	registry.MustRegister(NewCollector(tenants, elected))
	if families, err := registry.Gather(); err != nil || len(families) != 0 {
		t.Fatalf("a replica that does not lead tells %v, %v", families, err)
	}
	close(elected)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum, series := 0.0, map[string]int{}
	for _, family := range families {
		series[family.GetName()] = len(family.GetMetric())
		for _, metric := range family.GetMetric() {
			if family.GetName() == "halo_tenants" {
				sum += metric.GetGauge().GetValue()
			}
		}
	}
	if sum != float64(len(tenants)) || series["halo_tenants"] != 4 {
		t.Errorf("the totals count %v tenants in %d series, want %d in 4", sum, series["halo_tenants"], len(tenants))
	}
	delete(series, "halo_tenants")
	for name, count := range series {
		if count > mostMeasured {
			t.Errorf("%s has %d series", name, count)
		}
	}
	if len(series) != 3 || series["halo_tenant_ready"] != mostMeasured {
		t.Errorf("series %v", series) // of tenants without copies, credentials or certificate nothing is told of those
	}
}
