package tenant

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
)

// TestWhatWasToldCountsForOneOccasion goes through a rest that came to nothing and a deletion after it.
func TestWhatWasToldCountsForOneOccasion(t *testing.T) {
	said := func(reason string, generation int64) []metav1.Condition {
		return []metav1.Condition{{Type: halo.ConditionErasuresNoted, Reason: reason, Message: "the words", ObservedGeneration: generation}}
	}
	for name, c := range map[string]struct {
		before, after []metav1.Condition
		counts, warns bool
	}{
		"nothing was asked":              {nil, nil, false, false},
		"they told":                      {nil, said(halo.ReasonReady, 2), true, false},
		"they wait":                      {nil, said(halo.ReasonWaiting, 2), true, false},
		"they were given up":             {said(halo.ReasonWaiting, 2), said(halo.ReasonFailed, 2), true, true},
		"which is said once":             {said(halo.ReasonFailed, 2), said(halo.ReasonFailed, 2), true, false},
		"what was told before a rest":    {said(halo.ReasonReady, 1), said(halo.ReasonReady, 1), false, false},
		"who was given up before":        {said(halo.ReasonFailed, 1), said(halo.ReasonFailed, 1), false, false},
		"they are given up once again":   {said(halo.ReasonFailed, 1), said(halo.ReasonFailed, 2), true, true},
		"a tenant wakes":                 {said(halo.ReasonFailed, 1), nil, false, false},
		"they tell at the second asking": {said(halo.ReasonFailed, 1), said(halo.ReasonReady, 2), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := &work{tenant: &halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Status: halo.HaloTenantStatus{Conditions: c.after}}}
			if counts := w.toldOfTheLast() != nil; counts != c.counts {
				t.Errorf("it counts: %t", counts)
			}
			if warning := unnoted(c.before, c.after); (warning != nil) != c.warns || warning != nil && warning.note != "the words" {
				t.Errorf("the warning is %+v", warning)
			}
		})
	}
}
