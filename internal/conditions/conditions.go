// Package conditions builds the conditions of our kinds so that kstatus reads them right: each carries the generation
// it speaks of, and an object is never Current while it is not Ready. It is pure.
package conditions

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
)

// Set collects conditions of one generation on top of those that an object has: a condition that keeps its status
// keeps its time.
type Set struct {
	list       []metav1.Condition
	generation int64
	now        metav1.Time
}

// Start begins with a copy of what an object has.
func Start(present []metav1.Condition, generation int64, now time.Time) *Set {
	list := make([]metav1.Condition, len(present))
	copy(list, present)
	return &Set{list: list, generation: generation, now: metav1.NewTime(now.Truncate(time.Second))}
}

// True reports that a condition holds.
func (s *Set) True(conditionType, reason, message string) {
	s.set(conditionType, metav1.ConditionTrue, reason, message)
}

// False sets a condition to False.
func (s *Set) False(conditionType, reason, message string) {
	s.set(conditionType, metav1.ConditionFalse, reason, message)
}

// Unknown sets a condition to Unknown.
func (s *Set) Unknown(conditionType, reason, message string) {
	s.set(conditionType, metav1.ConditionUnknown, reason, message)
}

func (s *Set) set(conditionType string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&s.list, metav1.Condition{
		Type: conditionType, Status: status, Reason: reason, Message: message,
		ObservedGeneration: s.generation, LastTransitionTime: s.now,
	})
}

// Ready says that all is as the spec wants it.
func (s *Set) Ready(message string) {
	s.True(halo.ConditionReady, halo.ReasonReady, message)
	s.False(halo.ConditionReconciling, halo.ReasonReady, "Nothing is left to do")
	s.False(halo.ConditionStalled, halo.ReasonReady, "Nothing blocks")
}

// Waiting says that something is on its way and nobody has to act.
func (s *Set) Waiting(reason, message string) {
	s.False(halo.ConditionReady, reason, message)
	s.True(halo.ConditionReconciling, reason, message)
	s.False(halo.ConditionStalled, reason, "Nothing blocks")
}

// Stalled says that a person must act; the message names the field and the remedy.
func (s *Set) Stalled(reason, message string) {
	s.False(halo.ConditionReady, reason, message)
	s.False(halo.ConditionReconciling, reason, message)
	s.True(halo.ConditionStalled, reason, message)
}

// Remove drops a condition that says nothing at present.
func (s *Set) Remove(conditionType string) { meta.RemoveStatusCondition(&s.list, conditionType) }

// Observed is the generation that an object's status may call observed: that of this round once Ready speaks of it, and
// before then the one that was. A round that an error has cut short would else pass the Ready of an older spec off as
// that of the present one, and kstatus would read Current.
func (s *Set) Observed(before int64) int64 {
	if ready := meta.FindStatusCondition(s.list, halo.ConditionReady); ready != nil && ready.ObservedGeneration == s.generation {
		return s.generation
	}
	return before
}

// List returns the conditions.
func (s *Set) List() []metav1.Condition { return s.list }
