package database_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	rds "halo.dev/halo/api/rds/v1alpha1"
	"halo.dev/halo/internal/database"
)

func ptr[T any](value T) *T { return &value }

func condition(conditionType string, status corev1.ConditionStatus, message string) rds.Condition {
	return rds.Condition{Type: conditionType, Status: status, Message: &message}
}

func cluster(word string, conditions ...rds.Condition) *rds.DBCluster {
	object := &rds.DBCluster{ObjectMeta: metav1.ObjectMeta{Name: "halo-acme"}}
	object.Status.Conditions = conditions
	if word != "" {
		object.Status.Status = &word
		object.Status.Endpoint = ptr("acme.example")
	}
	return object
}

func instances(words ...string) map[string]*rds.DBInstance {
	found := map[string]*rds.DBInstance{}
	for i, word := range words {
		name := []string{"halo-acme-1", "halo-acme-2"}[i]
		object := &rds.DBInstance{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if word != "" {
			object.Status.DBInstanceStatus = ptr(word)
		}
		found[name] = object
	}
	return found
}

var both = []string{"halo-acme-1", "halo-acme-2"}

// flags writes a state's booleans as letters, so that a table stays a table.
func flags(s database.State) string {
	text := ""
	for _, flag := range []struct {
		letter string
		on     bool
	}{{"E", s.Exists}, {"I", s.CanTakeInstances}, {"S", s.Serving}, {"R", s.Ready}, {"C", s.Changing}, {"F", s.Failed}} {
		if flag.on {
			text += flag.letter
		}
	}
	return text
}

func TestEveryWordOfRDSForACluster(t *testing.T) {
	// E exists, I can take instances, S serving, R ready, C changing, F failed; instances are available.
	cases := map[string]string{
		"available": "EISR", "backing-up": "EISRC", "modifying": "EISRC", "maintenance": "EISRC", "resetting-master-credentials": "EISRC",
		"storage-optimization": "EISRC", "update-iam-db-auth": "EISRC", "promoting": "EISRC",
		"creating": "EC", "starting": "EC", "stopping": "EC", "deleting": "EC", "upgrading": "EC", "failing-over": "EC", "renaming": "EC", "migrating": "EC",
		"a word of next year": "EC",
		"failed":              "EF", "stopped": "EF", "inaccessible-encryption-credentials": "EF", "inaccessible-encryption-credentials-recoverable": "EF",
		"migration-failed": "EF", "cloning-failed": "EF",
	}
	for word, want := range cases {
		state := database.Assess(cluster(word), instances("available", "available"), both)
		if got := flags(state); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
		if !strings.Contains(state.Message, word) && want != "EISRC" && want != "EISR" {
			t.Errorf("%s: the message hides the word: %s", word, state.Message)
		}
	}
}

func TestWhatACKSays(t *testing.T) {
	deleting := cluster("available")
	deleting.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	cases := map[string]struct {
		cluster   *rds.DBCluster
		instances map[string]*rds.DBInstance
		flags     string
		message   string
	}{
		"nothing made yet":      {nil, nil, "C", "has not been created"},
		"not seen by ACK":       {cluster(""), nil, "C", "waits for ACK"},
		"a recoverable trouble": {cluster("", condition(rds.ConditionRecoverable, "True", "throttled")), nil, "C", "throttled"},
		"a missing reference":   {cluster("", condition(rds.ConditionReferencesResolved, "Unknown", "no such secret")), nil, "C", "no such secret"},
		"a terminal refusal":    {cluster("", condition(rds.ConditionTerminal, "True", "InvalidSubnet: two zones")), nil, "F", "ACK says: InvalidSubnet: two zones"},
		"terminal while it serves": {cluster("available", condition(rds.ConditionTerminal, "True", "no such parameter")),
			instances("available", "available"), "EIF", "no such parameter"},
		"a trouble that is over": {cluster("available", condition(rds.ConditionTerminal, "False", "old words")),
			instances("available", "available"), "EISR", "available"},
		"deleted by hand":        {deleting, instances("available"), "EF", "deletion protection"},
		"instances not made yet": {cluster("available"), nil, "EIC", "halo-acme-1 is not created yet"},
		"one of two":             {cluster("available"), instances("available", "creating"), "EISC", "halo-acme-2 is creating"},
		"a broken reader":        {cluster("available"), instances("available", "failed"), "EISCF", "halo-acme-2 is failed"},
		"no address yet": {func() *rds.DBCluster { c := cluster("available"); c.Status.Endpoint = nil; return c }(),
			instances("available", "available"), "EI", "available"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			state := database.Assess(c.cluster, c.instances, both)
			if got := flags(state); got != c.flags || !strings.Contains(state.Message, c.message) {
				t.Errorf("%s %q, want %s %q", got, state.Message, c.flags, c.message)
			}
		})
	}
}

func TestALongRefusalIsCut(t *testing.T) {
	state := database.Assess(cluster("", condition(rds.ConditionTerminal, "True", strings.Repeat("word\n", 500))), nil, both)
	if len(state.Message) > 400 || strings.Contains(state.Message, "\n") {
		t.Errorf("%d bytes: %q", len(state.Message), state.Message)
	}
}

func TestASyncFromBeforeAChangeDoesNotCount(t *testing.T) {
	before := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	changed := before.Add(time.Hour)
	at := func(status corev1.ConditionStatus, moment time.Time) *rds.DBCluster {
		return cluster("available", rds.Condition{Type: rds.ConditionSynced, Status: status, LastTransitionTime: &metav1.Time{Time: moment}})
	}
	cases := map[string]struct {
		cluster *rds.DBCluster
		now     time.Time
		want    bool
	}{
		"the condition has not moved":            {at("True", before), changed.Add(time.Minute), false},
		"it is False now":                        {at("False", changed), changed.Add(time.Minute), false},
		"it came back":                           {at("True", changed.Add(time.Second)), changed.Add(time.Minute), true},
		"it came back on a clock that is behind": {at("True", changed.Add(-time.Second)), changed.Add(time.Minute), true},
		"it never moved for long":                {at("True", before), changed.Add(database.SyncGrace), true},
		"there is none":                          {cluster("available"), changed.Add(time.Hour), false},
	}
	for name, c := range cases {
		if got := database.SyncedSince(c.cluster, before, changed, c.now); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
