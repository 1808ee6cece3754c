package desired_test

import (
	"testing"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/server/config"
)

func TestAPodHoldsToTheLimitsOfItsManifest(t *testing.T) {
	of := func(number int32) *int32 { return &number }
	bytes, most := int64(4096), int64(1<<20)
	ofClass := halo.ClassLimits{RequestsPerMinutePerClient: 60, RequestsPerMinute: 1200, BodyBytes: 65536}
	for name, c := range map[string]struct {
		own  *halo.TenantLimits
		want config.Limits
	}{
		"those of the class": {nil, config.Limits{RequestsPerMinutePerClient: 60, RequestsPerMinute: 1200, BodyBytes: 65536}},
		"none of its own":    {&halo.TenantLimits{}, config.Limits{RequestsPerMinutePerClient: 60, RequestsPerMinute: 1200, BodyBytes: 65536}},
		"one of its own": {&halo.TenantLimits{RequestsPerMinutePerClient: of(3)},
			config.Limits{RequestsPerMinutePerClient: 3, RequestsPerMinute: 1200, BodyBytes: 65536}},
		"the least": {&halo.TenantLimits{RequestsPerMinutePerClient: of(1), RequestsPerMinute: of(1), BodyBytes: &bytes},
			config.Limits{RequestsPerMinutePerClient: 1, RequestsPerMinute: 1, BodyBytes: 4096}},
		"the most": {&halo.TenantLimits{RequestsPerMinutePerClient: of(1e6), RequestsPerMinute: of(1e7), BodyBytes: &most},
			config.Limits{RequestsPerMinutePerClient: 1e6, RequestsPerMinute: 1e7, BodyBytes: 1 << 20}},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(t)
			in.Class.Spec.Limits, in.Tenant.Spec.Limits = ofClass, c.own
			object, err := desired.ServerConfig(in)
			if err != nil {
				t.Fatal(err)
			}
			read, err := config.Parse([]byte(object.Data[desired.KeyConfig]))
			if err != nil {
				t.Fatalf("a pod refuses it: %v", err)
			}
			if read.Limits != c.want {
				t.Errorf("a pod reads %+v, want %+v", read.Limits, c.want)
			}
			if in.Class.Spec.Limits != ofClass {
				t.Error("the class was changed: it is every tenant's")
			}
		})
	}
}
