package database_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
)

func credentials(users, previous, master, shown int32, age time.Duration) *halo.CredentialsStatus {
	return &halo.CredentialsStatus{Users: users, Previous: previous, Master: master, MasterShown: shown,
		RotatedAt: &metav1.Time{Time: now.Add(-age)}, Request: "first"}
}

func TestWhichCredentialsComeNext(t *testing.T) {
	const day = 24 * time.Hour
	cases := []struct {
		name                    string
		facts                   database.CredentialFacts
		users, previous, master int32
	}{
		{"a new tenant begins with the first", database.CredentialFacts{}, 1, 0, 1},
		{"nothing is due", database.CredentialFacts{Recorded: credentials(1, 0, 2, 1, day), Migrated: true, Settled: true, Days: 90}, 1, 0, 2},
		{"their age", database.CredentialFacts{Recorded: credentials(1, 0, 2, 1, 90*day), Migrated: true, Settled: true, Days: 90}, 2, 1, 2},
		{"their age does not matter", database.CredentialFacts{Recorded: credentials(1, 0, 2, 1, 900*day), Migrated: true, Settled: true}, 1, 0, 2},
		{"a request", database.CredentialFacts{Recorded: credentials(4, 0, 2, 1, day), Migrated: true, Settled: true, Request: "second"}, 5, 4, 2},
		{"the same request again", database.CredentialFacts{Recorded: credentials(4, 0, 2, 1, day), Migrated: true, Settled: true, Request: "first"}, 4, 0, 2},
		{"a request waits until all is settled", database.CredentialFacts{Recorded: credentials(4, 0, 2, 1, day), Migrated: true, Request: "second"}, 4, 0, 2},
		{"one rotation at a time", database.CredentialFacts{Recorded: credentials(5, 4, 2, 1, day), Migrated: true, Settled: true, Request: "second"}, 5, 4, 2},
		{"the previous users are gone", database.CredentialFacts{Recorded: credentials(5, 4, 2, 1, day), Migrated: true, Settled: true, Retired: true, Request: "first"}, 5, 0, 2},
		{"another is due when the previous users are gone: that they are is recorded first", database.CredentialFacts{Recorded: credentials(5, 4, 2, 1, day), Migrated: true, Settled: true, Retired: true, Request: "second"}, 5, 0, 2},
		{"pods are ahead of the record: the rotation that gave them their users is to end", database.CredentialFacts{Recorded: credentials(1, 0, 2, 1, day), Mounted: 2, Migrated: true, Settled: true, Request: "second"}, 2, 1, 2},
		{"pods are ahead of the record, and that rotation has ended", database.CredentialFacts{Recorded: credentials(1, 0, 2, 1, 90*day), Mounted: 2, Migrated: true, Settled: true, Retired: true, Request: "second", Days: 90}, 2, 0, 2},
		{"the password that a Job saw is replaced", database.CredentialFacts{Recorded: credentials(1, 0, 1, 1, day), Migrated: true, Available: true}, 1, 0, 2},
		{"not while the migration is under way", database.CredentialFacts{Recorded: credentials(1, 0, 1, 1, day), Available: true}, 1, 0, 1},
		{"not while a Job will need it", database.CredentialFacts{Recorded: credentials(2, 1, 2, 2, day), Migrated: true, Available: true}, 2, 1, 2},
		{"not while RDS is at work", database.CredentialFacts{Recorded: credentials(1, 0, 1, 1, day), Migrated: true}, 1, 0, 1},
		{"not twice", database.CredentialFacts{Recorded: credentials(1, 0, 2, 1, day), Migrated: true, Available: true}, 1, 0, 2},
		{"somebody else's password", database.CredentialFacts{Foreign: true, Available: true, Referenced: 1}, 1, 2, 2},
		{"somebody else's password that cannot be replaced yet", database.CredentialFacts{Foreign: true, Referenced: 1}, 1, 2, 1},
		{"the users that came with a database go", database.CredentialFacts{Foreign: true, Recorded: credentials(1, 2, 2, 2, day), Migrated: true, Settled: true, Retired: true}, 1, 0, 2},
		{"a status that was lost brings none of them back", database.CredentialFacts{Foreign: true, Mounted: 3, Referenced: 4}, 3, 0, 4},
		{"the status was lost", database.CredentialFacts{Mounted: 7, Referenced: 5, Request: "second", Migrated: true, Settled: true}, 7, 0, 5},
		{"the Secret of the users was lost", database.CredentialFacts{Recorded: credentials(3, 0, 2, 1, day), UsersLost: true}, 4, 3, 2},
		{"it was lost in the middle of a rotation", database.CredentialFacts{Recorded: credentials(4, 3, 2, 1, day), UsersLost: true, PreviousServe: true}, 6, 3, 2},
		{"it was lost at the end of a rotation", database.CredentialFacts{Recorded: credentials(4, 3, 2, 1, day), UsersLost: true}, 5, 4, 2},
		{"the Secret of the master was lost", database.CredentialFacts{Recorded: credentials(3, 0, 2, 1, day), MasterLost: true}, 3, 0, 3},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.facts.Now = now
			next, _ := database.NextCredentials(c.facts)
			if next.Users != c.users || next.Previous != c.previous || next.Master != c.master {
				t.Errorf("users %d, previous %d, master %d; want %d, %d, %d", next.Users, next.Previous, next.Master, c.users, c.previous, c.master)
			}
		})
	}
}

func TestARequestIsRememberedWhenItIsBegun(t *testing.T) {
	facts := database.CredentialFacts{Recorded: credentials(1, 0, 2, 1, time.Hour), Migrated: true, Settled: true, Request: "second", Now: now}
	begun, _ := database.NextCredentials(facts)
	if begun.Request != "second" || !begun.RotatedAt.Time.Equal(now) {
		t.Errorf("begun: %+v", begun)
	}
	facts.Settled = false
	waiting, _ := database.NextCredentials(facts)
	if waiting.Request != "first" {
		t.Errorf("waiting: %+v", waiting)
	}
}

func TestARotationThatWaitsForAnotherToBeRecordedIsDueAtOnce(t *testing.T) {
	facts := database.CredentialFacts{Recorded: credentials(5, 4, 2, 1, time.Hour), Migrated: true, Settled: true, Retired: true, Request: "second", Now: now}
	if _, due := database.NextCredentials(facts); !due.Equal(now) {
		t.Errorf("due %s, and it is %s", due, now)
	}
}

func TestWhenTheNextRotationIsDue(t *testing.T) {
	_, due := database.NextCredentials(database.CredentialFacts{Recorded: credentials(1, 0, 2, 1, time.Hour), Days: 30, Now: now})
	if want := now.Add(30*24*time.Hour - time.Hour); !due.Equal(want) {
		t.Errorf("due at %s, want %s", due, want)
	}
	if _, due = database.NextCredentials(database.CredentialFacts{Recorded: credentials(1, 0, 2, 1, time.Hour), Now: now}); !due.IsZero() {
		t.Errorf("due at %s, and was to be never", due)
	}
}

// TestTheUsersThatPodsHaveAreNeverTouched plays every order of events up to a depth: a Job that sets the password of
// the users in force never sets that of a set that pods have under another number.
func TestTheUsersThatPodsHaveAreNeverTouched(t *testing.T) {
	type state struct {
		credentials halo.CredentialsStatus
		mounted     int32
		migrated    bool
	}
	var walk func(state, int)
	walk = func(s state, depth int) {
		if !s.migrated && s.credentials.Users != s.mounted && (s.credentials.Users-s.mounted)%2 == 0 {
			t.Fatalf("the Job would set the password of users %d, which have the names of %d that pods use", s.credentials.Users, s.mounted)
		}
		if depth == 0 {
			return
		}
		for bits := range 8 {
			facts := database.CredentialFacts{Recorded: &s.credentials, Mounted: s.mounted, Migrated: s.migrated, Now: now, Request: "second",
				UsersLost: bits&1 != 0, Available: bits&4 != 0, PreviousServe: s.mounted != s.credentials.Users}
			facts.Settled = s.migrated && s.mounted == s.credentials.Users
			facts.Retired = facts.Settled && bits&2 != 0
			next, _ := database.NextCredentials(facts)
			changed := next.Users != s.credentials.Users
			walk(state{credentials: next, mounted: s.mounted, migrated: s.migrated && !changed}, depth-1)
			if !changed {
				walk(state{credentials: next, mounted: s.mounted, migrated: true}, depth-1)
			}
			if s.migrated && !changed {
				walk(state{credentials: next, mounted: next.Users, migrated: true}, depth-1)
			}
		}
	}
	walk(state{credentials: *credentials(1, 0, 1, 0, time.Hour), mounted: 1, migrated: true}, 5)
}
