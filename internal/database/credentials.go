package database

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
)

// CredentialFacts is all that the numbers of a tenant's credentials follow from.
type CredentialFacts struct {
	// Recorded is what was remembered last; nil for a new tenant, and after the status was lost.
	Recorded *halo.CredentialsStatus
	// Mounted is the number of the users that the Deployment's pods have; 0 without a Deployment.
	Mounted int32
	// Referenced is the number of the master password in the DBCluster's spec; 0 without a cluster.
	Referenced int32
	// Shown is the newest master password that a Job was seen to have; 0 for none.
	Shown int32
	// UsersLost and MasterLost are true when the Secret of the number in force is not there: what it held is unknown.
	UsersLost, MasterLost bool
	// PreviousServe is true while a pod works with the previous users.
	PreviousServe bool
	// Migrated is true when schemas and the users in force are what they should be, and Settled when besides every pod
	// works with these users and nothing else is under way.
	Migrated, Settled bool
	// Retired is true when the previous users have been dropped.
	Retired bool
	// Request is the value of the annotation that asks for a rotation.
	Request string
	// Days is how old credentials may become; 0 for any age.
	Days int32
	// Foreign is true for a cluster that came with somebody else's master password, and Available when RDS takes orders.
	Foreign, Available bool
	Now                time.Time
}

// NextCredentials decides which users and which master password the tenant should have. A number is never used for two
// passwords. Two sets of users take turns, odd and even: the one that pods use is never touched. The second result is
// when the next rotation is due by age; zero for never.
func NextCredentials(facts CredentialFacts) (halo.CredentialsStatus, time.Time) {
	next := Present(facts)
	if next.RotatedAt == nil || next.RotatedAt.After(facts.Now) { // a clock that was ahead would put the next rotation off
		next.RotatedAt = &metav1.Time{Time: facts.Now.Truncate(time.Second)}
	}
	due := nextUsers(&next, facts)
	nextMaster(&next, facts)
	return next, due
}

// Present is which credentials are in force: what is remembered, and where that is lost, what can be seen.
func Present(facts CredentialFacts) halo.CredentialsStatus {
	present := halo.CredentialsStatus{}
	if facts.Recorded != nil {
		present = *facts.Recorded.DeepCopy()
	} else {
		// What is asked for already was asked of those who had the status that is lost, or of nobody.
		present.Request = facts.Request
	}
	if present.Previous == 0 && facts.Recorded != nil && facts.Mounted > present.Users {
		// The record is older than a rotation whose users pods have: that one is to end before another begins.
		present.Previous = facts.Mounted - 1
	}
	if facts.Recorded == nil && facts.Mounted == 0 && facts.Foreign {
		present.Previous = 2 // the users that came with the database, whose passwords somebody else has
	}
	present.Users = max(present.Users, facts.Mounted, 1)
	present.Master = max(present.Master, facts.Referenced, 1)
	present.MasterShown = max(present.MasterShown, facts.Shown)
	return present
}

// nextMaster gives the database another master password when the present one is lost, was somebody else's, or was shown
// to a Job that has ended.
func nextMaster(next *halo.CredentialsStatus, facts CredentialFacts) {
	shown := facts.Migrated && next.Previous == 0 && next.MasterShown >= next.Master && facts.Available
	foreign := facts.Foreign && facts.Available && facts.Referenced == 1 && next.Master == 1
	if facts.MasterLost || shown || foreign {
		next.Master++
	}
}

// nextUsers ends a rotation whose previous users are gone, and begins one that is due.
func nextUsers(next *halo.CredentialsStatus, facts CredentialFacts) time.Time {
	ended := next.Previous != 0 && facts.Retired
	if ended {
		next.Previous, next.Retirement = 0, nil
	}
	if facts.UsersLost {
		replaceLost(next, facts)
		return time.Time{}
	}
	if next.Previous != 0 {
		return time.Time{}
	}
	var due time.Time
	if facts.Days > 0 {
		due = next.RotatedAt.Add(time.Duration(facts.Days) * 24 * time.Hour)
	}
	asked := facts.Request != "" && facts.Request != next.Request
	aged := !due.IsZero() && !facts.Now.Before(due)
	if !facts.Settled || (!asked && !aged) {
		return due
	}
	if ended { // that is recorded first: a record that is behind would ask for the same rotation again
		return facts.Now
	}
	next.Previous = next.Users
	next.Users++
	next.RotatedAt = &metav1.Time{Time: facts.Now.Truncate(time.Second)}
	if facts.Request != "" {
		next.Request = facts.Request
	}
	return time.Time{}
}

// replaceLost moves on from a Secret that is gone. While pods still work with the previous users it skips a number: the
// users whose turn it would be are those of these pods, and keep their password.
func replaceLost(next *halo.CredentialsStatus, facts CredentialFacts) {
	if next.Previous != 0 && facts.PreviousServe {
		next.Users += 2
	} else {
		next.Previous = next.Users
		next.Users++
	}
	next.Retirement = nil
	next.RotatedAt = &metav1.Time{Time: facts.Now.Truncate(time.Second)}
}
