package ack

import (
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"halo.dev/halo/test/awslocal/rds"
)

// Condition is a condition as ACK writes it: without observedGeneration.
type Condition struct {
	Type               string       `json:"type"`
	Status             string       `json:"status"`
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
	Reason             string       `json:"reason,omitempty"`
	Message            string       `json:"message,omitempty"`
}

// The condition types that are played.
const (
	conditionReady      = "Ready"
	conditionSynced     = "ACK.ResourceSynced"
	conditionTerminal   = "ACK.Terminal"
	conditionRecover    = "ACK.Recoverable"
	conditionReferences = "ACK.ReferencesResolved"
	conditionAdopted    = "ACK.Adopted"
)

const (
	syncedMessage    = "Resource synced successfully"
	notSyncedMessage = "Resource not synced"
	unknownMessage   = "Unable to determine if desired resource state matches latest observed state"
)

// terminalError is one that nothing but a changed resource can mend.
type terminalError struct{ message string }

func (e *terminalError) Error() string { return e.message }

func terminal(format string, arguments ...any) error {
	return &terminalError{message: fmt.Sprintf(format, arguments...)}
}

// waitError says that nothing is wrong and more time is needed.
type waitError struct{ message string }

func (e *waitError) Error() string { return e.message }

func wait(format string, arguments ...any) error {
	return &waitError{message: fmt.Sprintf(format, arguments...)}
}

// referenceError is a reference that cannot be followed yet.
type referenceError struct{ message string }

func (e *referenceError) Error() string { return e.message }

// isTerminal says whether ACK stops at an error. Of RDS's codes these are the ones that blame the call itself.
func isTerminal(err error) bool {
	var own *terminalError
	if errors.As(err, &own) {
		return true
	}
	for _, code := range []rds.Code{rds.InvalidParameterValue, rds.InvalidParameterCombination, rds.InvalidSubnet, rds.SubnetGroupNotEnoughZones, rds.NotPlayed} {
		if rds.Is(err, code) {
			return true
		}
	}
	return false
}

func isWait(err error) bool {
	var waiting *waitError
	return errors.As(err, &waiting)
}

// judge makes the conditions of a reconciliation that ended with err (nil: in sync). Conditions that are no longer true
// turn False rather than vanish, as ACK leaves them.
func judge(previous []Condition, err error, usesReferences, adopted bool, now time.Time) []Condition {
	synced := Condition{Type: conditionSynced, Status: "True", Message: syncedMessage}
	var troubles [2]Condition
	troubles[0] = Condition{Type: conditionTerminal, Status: "False"}
	troubles[1] = Condition{Type: conditionRecover, Status: "False"}
	switch {
	case err == nil:
	case isTerminal(err):
		troubles[0].Status, troubles[0].Message = "True", err.Error()
		synced.Status, synced.Message = "False", notSyncedMessage
	case isWait(err):
		synced.Status, synced.Message = "False", err.Error()
	default:
		troubles[1].Status, troubles[1].Message = "True", err.Error()
		synced.Status, synced.Message, synced.Reason = "Unknown", unknownMessage, err.Error()
	}
	ready := Condition{Type: conditionReady, Status: "True", Message: syncedMessage}
	if synced.Status != "True" {
		ready.Status, ready.Message = "False", synced.Message
	}
	result := []Condition{ready, synced}
	for _, trouble := range troubles {
		if trouble.Status == "True" || has(previous, trouble.Type) {
			result = append(result, trouble)
		}
	}
	if usesReferences {
		result = append(result, referencesCondition(err))
	}
	if adopted {
		result = append(result, Condition{Type: conditionAdopted, Status: "True", Message: "Resource adopted successfully"})
	}
	return keepTimes(previous, result, now)
}

func referencesCondition(err error) Condition {
	var unresolved *referenceError
	if errors.As(err, &unresolved) {
		return Condition{Type: conditionReferences, Status: "Unknown", Message: "Reference resolution failed", Reason: err.Error()}
	}
	return Condition{Type: conditionReferences, Status: "True"}
}

func has(conditions []Condition, kind string) bool {
	return slices.ContainsFunc(conditions, func(c Condition) bool { return c.Type == kind })
}

// keepTimes gives every condition the time at which its status became what it is.
func keepTimes(previous, conditions []Condition, now time.Time) []Condition {
	for i := range conditions {
		moment := metav1.NewTime(now.UTC().Truncate(time.Second))
		conditions[i].LastTransitionTime = &moment
		for _, old := range previous {
			if old.Type == conditions[i].Type && old.Status == conditions[i].Status && old.LastTransitionTime != nil {
				conditions[i].LastTransitionTime = old.LastTransitionTime
			}
		}
	}
	return conditions
}
