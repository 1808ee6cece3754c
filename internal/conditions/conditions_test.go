package conditions_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/conditions"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)

func TestEachSummarySetsAllThree(t *testing.T) {
	cases := map[string]struct {
		set                         func(*conditions.Set)
		ready, reconciling, stalled metav1.ConditionStatus
	}{
		"ready":   {func(s *conditions.Set) { s.Ready("all is well") }, "True", "False", "False"},
		"waiting": {func(s *conditions.Set) { s.Waiting(halo.ReasonWaiting, "for RDS") }, "False", "True", "False"},
		"stalled": {func(s *conditions.Set) { s.Stalled(halo.ReasonInvalidSpec, "spec.hostname") }, "False", "False", "True"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			set := conditions.Start(nil, 7, now)
			c.set(set)
			for conditionType, want := range map[string]metav1.ConditionStatus{
				halo.ConditionReady: c.ready, halo.ConditionReconciling: c.reconciling, halo.ConditionStalled: c.stalled,
			} {
				got := meta.FindStatusCondition(set.List(), conditionType)
				if got == nil || got.Status != want || got.ObservedGeneration != 7 || got.Message == "" || got.Reason == "" {
					t.Errorf("%s: %+v, want %s of generation 7", conditionType, got, want)
				}
			}
		})
	}
}

func TestTheTimeMovesOnlyWithTheStatus(t *testing.T) {
	first := conditions.Start(nil, 1, now)
	first.False(halo.ConditionDatabaseReady, halo.ReasonProgressing, "creating")
	second := conditions.Start(first.List(), 2, now.Add(time.Hour))
	second.False(halo.ConditionDatabaseReady, halo.ReasonProgressing, "backing-up")
	third := conditions.Start(second.List(), 2, now.Add(2*time.Hour))
	third.True(halo.ConditionDatabaseReady, halo.ReasonReady, "available")
	times := []time.Time{}
	for _, set := range []*conditions.Set{first, second, third} {
		times = append(times, set.List()[0].LastTransitionTime.Time)
	}
	if !times[0].Equal(times[1]) || !times[2].Equal(now.Add(2*time.Hour).Truncate(time.Second)) {
		t.Error(times)
	}
	if second.List()[0].Message != "backing-up" || first.List()[0].Message != "creating" {
		t.Error("a set edits the list that it began with, or loses a message")
	}
}

func TestAGenerationIsObservedOnceReadySpeaksOfIt(t *testing.T) {
	first := conditions.Start(nil, 1, now)
	if got := first.Observed(-1); got != -1 {
		t.Errorf("%d is observed, and nothing was said", got)
	}
	first.Ready("all is well")
	if got := first.Observed(-1); got != 1 {
		t.Errorf("%d is observed, want 1", got)
	}
	second := conditions.Start(first.List(), 2, now)
	second.False(halo.ConditionDatabaseReady, halo.ReasonProgressing, "an error came after this")
	if got := second.Observed(1); got != 1 {
		t.Errorf("%d is observed, and Ready is still of generation 1", got)
	}
	second.Waiting(halo.ReasonProgressing, "for RDS")
	if got := second.Observed(1); got != 2 {
		t.Errorf("%d is observed, want 2", got)
	}
}
