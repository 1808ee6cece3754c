// Package kstatus holds objects of our kinds to what kstatus reads in them: Flux, kpt and Helm 4 wait by it.
package kstatus

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	halo "halo.dev/halo/api/v1alpha1"
)

// Check tells how kstatus reads one version of an object, and what is wrong with that: it is Current exactly when the
// object is not going, its controller has seen its present spec and Ready is True; Failed when Stalled is True; and
// whatever is going is Terminating. The second result is empty when nothing is wrong.
func Check(object runtime.Object) (status.Status, string) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return status.UnknownStatus, err.Error()
	}
	u := &unstructured.Unstructured{Object: content}
	result, err := status.Compute(u)
	if err != nil {
		return status.UnknownStatus, err.Error()
	}
	seen, err := look(u)
	if err != nil {
		return result.Status, err.Error()
	}
	if wrong := seen.wrong(); wrong != "" {
		return result.Status, wrong
	}
	if want := seen.want(); result.Status != want {
		return result.Status, fmt.Sprintf("it reads as %s (%s), want %s: %s", result.Status, result.Message, want, seen)
	}
	return result.Status, ""
}

// sight is what an object says of itself.
type sight struct {
	going                bool
	generation, observed int64
	// conditions are the status of each type, and generations what each speaks of.
	conditions  map[string]string
	generations map[string]int64
}

func (s sight) String() string {
	return fmt.Sprintf("generation %d, observed %d, conditions %v of generations %v", s.generation, s.observed, s.conditions, s.generations)
}

func look(u *unstructured.Unstructured) (sight, error) {
	seen := sight{going: u.GetDeletionTimestamp() != nil, generation: u.GetGeneration(), conditions: map[string]string{}, generations: map[string]int64{}}
	var err error
	if seen.observed, _, err = unstructured.NestedInt64(u.Object, "status", "observedGeneration"); err != nil {
		return seen, err
	}
	list, err := status.GetObjectWithConditions(u.Object)
	if err != nil {
		return seen, err
	}
	for _, condition := range list.Status.Conditions {
		seen.conditions[condition.Type] = string(condition.Status)
	}
	conditions, _, err := unstructured.NestedSlice(u.Object, "status", "conditions")
	if err != nil {
		return seen, err
	}
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok {
			name, _, _ := unstructured.NestedString(fields, "type")
			seen.generations[name], _, _ = unstructured.NestedInt64(fields, "observedGeneration")
		}
	}
	return seen, nil
}

// wrong is what no reader should meet, whatever kstatus makes of it.
func (s sight) wrong() string {
	ready, reconciling, stalled := s.conditions[halo.ConditionReady], s.conditions[halo.ConditionReconciling] == "True", s.conditions[halo.ConditionStalled] == "True"
	switch {
	case ready == "":
		return "it has no condition Ready: " + s.String()
	case reconciling && stalled:
		return "it reconciles and stalls at once: " + s.String()
	case ready == "True" && (reconciling || stalled):
		return "it is Ready and not at rest: " + s.String()
	}
	for _, name := range []string{halo.ConditionReady, halo.ConditionReconciling, halo.ConditionStalled} {
		if _, there := s.conditions[name]; there && s.observed > 0 && s.generations[name] != s.observed {
			return name + " speaks of another generation than was observed: " + s.String()
		}
	}
	return ""
}

func (s sight) want() status.Status {
	switch {
	case s.going:
		return status.TerminatingStatus
	case s.observed != s.generation:
		return status.InProgressStatus
	case s.conditions[halo.ConditionStalled] == "True":
		return status.FailedStatus
	case s.conditions[halo.ConditionReady] == "True":
		return status.CurrentStatus
	}
	return status.InProgressStatus
}
