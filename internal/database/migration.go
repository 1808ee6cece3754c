package database

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
)

// Migration is where the present migration stands.
type Migration struct {
	// Status is what to remember.
	Status halo.MigrationStatus
	// Start is true when the attempt's Job should exist and does not.
	Start bool
	// Failed is true while the last attempt failed and the next one waits.
	Failed bool
	// Job is the attempt's Job when there is one.
	Job *batchv1.Job
}

const (
	firstRetry  = 10 * time.Second
	longestWait = 10 * time.Minute
)

// NextMigration decides about the attempt at a target. recorded is what was remembered last; job returns the Job of an
// attempt or nil. A failure is tried again under a new name, later each time; nothing is ever undone.
func NextMigration(target string, recorded *halo.MigrationStatus, job func(attempt int32) *batchv1.Job, now time.Time) Migration {
	status := halo.MigrationStatus{Target: target, Attempt: 1}
	if recorded != nil && recorded.Target == target {
		status.Attempt, status.Done = recorded.Attempt, recorded.Done
	}
	if status.Done {
		return Migration{Status: status}
	}
	present := job(status.Attempt)
	if present == nil {
		return Migration{Status: status, Start: true}
	}
	if finished(present, batchv1.JobComplete) != nil {
		status.Done = true
		return Migration{Status: status, Job: present}
	}
	failure := finished(present, batchv1.JobFailed)
	if failure == nil {
		return Migration{Status: status, Job: present}
	}
	retry := failure.LastTransitionTime.Add(backoff(status.Attempt))
	if now.Before(retry) && retry.Sub(now) <= longestWait { // a failure from the future is one of a clock that was ahead
		status.RetryAfter = &metav1.Time{Time: retry}
		return Migration{Status: status, Job: present, Failed: true}
	}
	status.Attempt++
	next := job(status.Attempt)
	return Migration{Status: status, Start: next == nil, Job: next}
}

func finished(job *batchv1.Job, conditionType batchv1.JobConditionType) *batchv1.JobCondition {
	for i := range job.Status.Conditions {
		condition := &job.Status.Conditions[i]
		if condition.Type == conditionType && condition.Status == corev1.ConditionTrue {
			return condition
		}
	}
	return nil
}

func backoff(attempt int32) time.Duration {
	wait := firstRetry
	for ; attempt > 1 && wait < longestWait; attempt-- {
		wait *= 2
	}
	return min(wait, longestWait)
}
