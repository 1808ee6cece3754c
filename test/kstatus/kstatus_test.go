package kstatus_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/test/kstatus"
)

func conditions(generation int64, ready, reconciling, stalled metav1.ConditionStatus) []metav1.Condition {
	return []metav1.Condition{
		{Type: halo.ConditionReady, Status: ready, ObservedGeneration: generation},
		{Type: halo.ConditionReconciling, Status: reconciling, ObservedGeneration: generation},
		{Type: halo.ConditionStalled, Status: stalled, ObservedGeneration: generation},
	}
}

func TestWhatIsWrongIsSeen(t *testing.T) {
	cases := map[string]struct {
		generation, observed int64
		going                bool
		conditions           []metav1.Condition
		want                 status.Status
		wrong                string
	}{
		"ready":                               {2, 2, false, conditions(2, "True", "False", "False"), status.CurrentStatus, ""},
		"ready once":                          {2, 1, false, conditions(1, "True", "False", "False"), status.InProgressStatus, ""},
		"waiting":                             {2, 2, false, conditions(2, "False", "True", "False"), status.InProgressStatus, ""},
		"at rest":                             {2, 2, false, conditions(2, "False", "False", "False"), status.InProgressStatus, ""},
		"stalled":                             {2, 2, false, conditions(2, "False", "False", "True"), status.FailedStatus, ""},
		"going":                               {2, 1, true, conditions(1, "True", "False", "False"), status.TerminatingStatus, ""},
		"nothing said":                        {1, 1, false, nil, status.CurrentStatus, "no condition Ready"},
		"ready, of a spec that is no more":    {2, 2, false, conditions(1, "True", "False", "False"), status.CurrentStatus, "another generation"},
		"ready and waiting":                   {2, 2, false, conditions(2, "True", "True", "False"), status.InProgressStatus, "not at rest"},
		"ready and waiting for another spec":  {3, 2, false, conditions(2, "True", "True", "False"), status.InProgressStatus, "not at rest"},
		"waiting and stalled":                 {2, 2, false, conditions(2, "False", "True", "True"), status.InProgressStatus, "at once"},
		"stalled, of a spec that is no more":  {2, 2, false, conditions(1, "False", "False", "True"), status.FailedStatus, "another generation"},
		"not ready, and nothing more is said": {2, 2, false, conditions(2, "Unknown", "False", "False"), status.InProgressStatus, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			object := &halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Name: "acme", Generation: c.generation}}
			object.Status.ObservedGeneration, object.Status.Conditions = c.observed, c.conditions
			if c.going {
				now := metav1.Now()
				object.DeletionTimestamp = &now
			}
			got, wrong := kstatus.Check(object)
			if got != c.want || (wrong == "") != (c.wrong == "") || !strings.Contains(wrong, c.wrong) {
				t.Errorf("it reads as %s, %q; want %s, %q", got, wrong, c.want, c.wrong)
			}
		})
	}
}
