package ack

import (
	"errors"
	"maps"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"halo.dev/halo/test/awslocal/rds"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func statuses(conditions []Condition) map[string]string {
	result := map[string]string{}
	for _, condition := range conditions {
		result[condition.Type] = condition.Status
	}
	return result
}

func TestConditionsOfEveryEnding(t *testing.T) {
	hadTrouble := []Condition{{Type: conditionTerminal, Status: "True"}, {Type: conditionRecover, Status: "True"}}
	for name, test := range map[string]struct {
		previous   []Condition
		err        error
		references bool
		adopted    bool
		want       map[string]string
	}{
		"in sync":                              {nil, nil, false, false, map[string]string{"Ready": "True", "ACK.ResourceSynced": "True"}},
		"in sync after trouble":                {hadTrouble, nil, false, false, map[string]string{"Ready": "True", "ACK.ResourceSynced": "True", "ACK.Terminal": "False", "ACK.Recoverable": "False"}},
		"waiting":                              {nil, wait("creating"), false, false, map[string]string{"Ready": "False", "ACK.ResourceSynced": "False"}},
		"terminal by its own":                  {nil, terminal("no"), false, false, map[string]string{"Ready": "False", "ACK.ResourceSynced": "False", "ACK.Terminal": "True"}},
		"terminal by an invalid value":         {nil, &rds.Error{Code: rds.InvalidParameterValue}, false, false, map[string]string{"Ready": "False", "ACK.ResourceSynced": "False", "ACK.Terminal": "True"}},
		"terminal by an invalid combination":   {nil, &rds.Error{Code: rds.InvalidParameterCombination}, false, false, map[string]string{"Ready": "False", "ACK.ResourceSynced": "False", "ACK.Terminal": "True"}},
		"recoverable by a state":               {nil, &rds.Error{Code: rds.InvalidClusterState}, false, false, map[string]string{"Ready": "False", "ACK.ResourceSynced": "Unknown", "ACK.Recoverable": "True"}},
		"recoverable by something missing":     {nil, &rds.Error{Code: rds.SubnetGroupNotFound}, false, false, map[string]string{"Ready": "False", "ACK.ResourceSynced": "Unknown", "ACK.Recoverable": "True"}},
		"recoverable by the API server":        {nil, errors.New("timeout"), false, false, map[string]string{"Ready": "False", "ACK.ResourceSynced": "Unknown", "ACK.Recoverable": "True"}},
		"references that resolve":              {nil, nil, true, false, map[string]string{"Ready": "True", "ACK.ResourceSynced": "True", "ACK.ReferencesResolved": "True"}},
		"references that do not":               {nil, &referenceError{"no"}, true, false, map[string]string{"Ready": "False", "ACK.ResourceSynced": "Unknown", "ACK.Recoverable": "True", "ACK.ReferencesResolved": "Unknown"}},
		"adopted":                              {nil, nil, false, true, map[string]string{"Ready": "True", "ACK.ResourceSynced": "True", "ACK.Adopted": "True"}},
		"terminal that was recoverable before": {hadTrouble[1:], terminal("no"), false, false, map[string]string{"Ready": "False", "ACK.ResourceSynced": "False", "ACK.Terminal": "True", "ACK.Recoverable": "False"}},
	} {
		t.Run(name, func(t *testing.T) {
			have := statuses(judge(test.previous, test.err, test.references, test.adopted, noon))
			if !maps.Equal(have, test.want) {
				t.Errorf("have %v\nwant %v", have, test.want)
			}
		})
	}
}

func TestAConditionKeepsTheTimeOfItsLastChange(t *testing.T) {
	first := judge(nil, wait("a"), false, false, noon)
	second := judge(first, wait("b"), false, false, noon.Add(time.Hour))
	third := judge(second, nil, false, false, noon.Add(2*time.Hour))
	if have := second[1]; have.Message != "b" || !have.LastTransitionTime.Equal(first[1].LastTransitionTime) {
		t.Errorf("another message changed the time or was lost: %+v", have)
	}
	if have := third[1].LastTransitionTime; !have.Equal(&metav1.Time{Time: noon.Add(2 * time.Hour)}) {
		t.Errorf("another status has the time %v", have)
	}
}

func TestHowSoonACKLooksAgain(t *testing.T) {
	r := &reconciler{timings: Timings{Unsynced: 1, Retry: 2, Synced: 3}}
	for name, test := range map[string]struct {
		err  error
		want time.Duration
	}{"in sync": {nil, 3}, "terminal": {terminal("no"), 3}, "waiting": {wait("w"), 1}, "recoverable": {errors.New("x"), 2}} {
		if have := r.lookAgain(test.err); have != test.want {
			t.Errorf("%s: %d, want %d", name, have, test.want)
		}
	}
}
