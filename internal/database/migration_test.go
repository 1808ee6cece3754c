package database_test

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
)

func job(conditionType batchv1.JobConditionType, at time.Time) *batchv1.Job {
	object := &batchv1.Job{}
	if conditionType != "" {
		object.Status.Conditions = []batchv1.JobCondition{{Type: conditionType, Status: "True", LastTransitionTime: metav1.Time{Time: at}}}
	}
	return object
}

func TestAttemptsAtAMigration(t *testing.T) {
	const target = "abc"
	recent, old := now.Add(-time.Second), now.Add(-time.Hour)
	record := func(target string, attempt int32, done bool) *halo.MigrationStatus {
		return &halo.MigrationStatus{Target: target, Attempt: attempt, Done: done}
	}
	cases := map[string]struct {
		recorded            *halo.MigrationStatus
		jobs                map[int32]*batchv1.Job
		attempt             int32
		start, failed, done bool
	}{
		"the first":                               {nil, nil, 1, true, false, false},
		"under way":                               {record(target, 1, false), map[int32]*batchv1.Job{1: job("", now)}, 1, false, false, false},
		"it succeeded":                            {record(target, 1, false), map[int32]*batchv1.Job{1: job(batchv1.JobComplete, now)}, 1, false, false, true},
		"done, and its Job is gone":               {record(target, 1, true), nil, 1, false, false, true},
		"it failed a moment ago":                  {record(target, 1, false), map[int32]*batchv1.Job{1: job(batchv1.JobFailed, recent)}, 1, false, true, false},
		"it failed and has waited":                {record(target, 1, false), map[int32]*batchv1.Job{1: job(batchv1.JobFailed, old)}, 2, true, false, false},
		"the second is under way, unrecorded":     {record(target, 1, false), map[int32]*batchv1.Job{1: job(batchv1.JobFailed, old), 2: job("", now)}, 2, false, false, false},
		"another image starts anew":               {record("old", 7, true), nil, 1, true, false, false},
		"the record is lost but the Job is there": {nil, map[int32]*batchv1.Job{1: job(batchv1.JobComplete, now)}, 1, false, false, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := database.NextMigration(target, c.recorded, func(attempt int32) *batchv1.Job { return c.jobs[attempt] }, now)
			if got.Status.Attempt != c.attempt || got.Start != c.start || got.Failed != c.failed || got.Status.Done != c.done {
				t.Errorf("got %+v", got)
			}
			if (got.Status.RetryAfter != nil) != c.failed {
				t.Errorf("retry after %v", got.Status.RetryAfter)
			}
		})
	}
}

func TestEachFailureWaitsLongerUpToALimit(t *testing.T) {
	previous := time.Duration(0)
	for attempt := int32(1); attempt <= 12; attempt++ {
		got := database.NextMigration("abc", &halo.MigrationStatus{Target: "abc", Attempt: attempt},
			func(n int32) *batchv1.Job {
				if n == attempt {
					return job(batchv1.JobFailed, now)
				}
				return nil
			}, now)
		wait := got.Status.RetryAfter.Sub(now)
		if wait < previous || wait > 10*time.Minute || wait < 10*time.Second {
			t.Errorf("attempt %d waits %s after %s", attempt, wait, previous)
		}
		previous = wait
	}
	if previous != 10*time.Minute {
		t.Errorf("the longest wait is %s", previous)
	}
}
