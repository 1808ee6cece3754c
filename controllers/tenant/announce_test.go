package tenant

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
)

// TestEachStageOfARotationIsAnnouncedOnce goes through the statuses of rotations, one write after another.
func TestEachStageOfARotationIsAnnouncedOnce(t *testing.T) {
	const ready, rotating, failed = halo.ReasonReady, halo.ReasonRotating, halo.ReasonFailed
	status := func(users, previous int32, retirement, reason string) *halo.HaloTenantStatus {
		made := &halo.HaloTenantStatus{Credentials: &halo.CredentialsStatus{Users: users, Previous: previous, Master: 1},
			Conditions: []metav1.Condition{{Type: halo.ConditionCredentialsReady, Status: metav1.ConditionFalse, Reason: reason, Message: "the words of " + reason}}}
		if retirement != "" {
			made.Credentials.Retirement = &halo.MigrationStatus{Target: retirement, Attempt: 1}
		}
		return made
	}
	for name, history := range map[string][]struct {
		status *halo.HaloTenantStatus
		want   string
	}{
		"all goes well": {
			{&halo.HaloTenantStatus{}, ""},
			{status(1, 0, "", halo.ReasonWaiting), ""},
			{status(1, 0, "", ready), ""},
			{status(2, 1, "", rotating), "RotationBegan: database-users-2 are to take the place of database-users-1"},
			{status(2, 1, "", rotating), ""},
			{status(2, 1, "t2", rotating), "RotationSwitched: Every pod has database-users-2; the previous users are being dropped"},
			{status(2, 1, "t2", rotating), ""},
			{status(2, 0, "", ready), "RotationFinished: The database's previous users are dropped; database-users-2 are in force"},
			{status(2, 0, "", ready), ""},
			{status(3, 2, "", rotating), "RotationBegan: database-users-3 are to take the place of database-users-2"},
			{status(3, 2, "t3", rotating), "RotationSwitched: Every pod has database-users-3; the previous users are being dropped"},
			{status(3, 0, "", ready), "RotationFinished: The database's previous users are dropped; database-users-3 are in force"},
		},
		"each attempt that fails": {
			{status(1, 0, "", ready), ""},
			{status(2, 1, "", rotating), "RotationBegan: database-users-2 are to take the place of database-users-1"},
			{status(2, 1, "", failed), "RotationFailed: the words of Failed"},
			{status(2, 1, "", failed), ""},
			{status(2, 1, "", rotating), ""},
			{status(2, 1, "t2", rotating), "RotationSwitched: Every pod has database-users-2; the previous users are being dropped"},
			{status(2, 1, "t2", failed), "RotationFailed: the words of Failed"},
			{status(2, 1, "t2", rotating), ""},
			{status(2, 1, "t2", failed), "RotationFailed: the words of Failed"},
		},
		"the image changes while users are dropped": {
			{status(2, 1, "t2", rotating), "RotationSwitched: Every pod has database-users-2; the previous users are being dropped"},
			{status(2, 1, "another", rotating), ""},
		},
		"users that are lost": {
			{status(1, 0, "", ready), ""},
			{status(2, 1, "", rotating), "RotationBegan: database-users-2 are to take the place of database-users-1"},
			{status(4, 1, "", rotating), "RotationBegan: database-users-4 are to take the place of database-users-2"},
		},
		"a status that is lost": {
			{&halo.HaloTenantStatus{}, ""},
			{status(5, 4, "", rotating), ""},
			{status(5, 0, "", ready), "RotationFinished: The database's previous users are dropped; database-users-5 are in force"},
		},
	} {
		before := status(1, 0, "", ready)
		if history[0].status.Credentials != nil && history[0].status.Credentials.Previous != 0 {
			before = status(2, 1, "", rotating)
		}
		for step, one := range history {
			var said []string
			for _, occurrence := range rotation(before, one.status) {
				said = append(said, occurrence.reason+": "+occurrence.note)
				if warns := occurrence.eventType == "Warning"; warns != (occurrence.reason == halo.EventRotationFailed) {
					t.Errorf("%s, %d: %s is of type %s", name, step, occurrence.reason, occurrence.eventType)
				}
			}
			if got := strings.Join(said, "; "); got != one.want {
				t.Errorf("%s, %d: %q, want %q", name, step, got, one.want)
			}
			before = one.status
		}
	}
}
