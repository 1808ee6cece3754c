package account

import (
	"crypto/sha256"
	"time"
)

// What somebody who fails to sign in may do before waiting, and for how long
// the longest wait lasts.
const (
	freeFailures = 5
	longestWait  = 15 * time.Minute
	// Forgotten is how long a failure counts.
	Forgotten = 24 * time.Hour
	// GuessedCodes is how many wrong codes with the right password strangers
	// may send within Forgotten.
	GuessedCodes = 10
)

// Wait is how long it is until another attempt may be made, after a number of
// failures of which the last was at a time: nothing for the first five, then
// twice as long each time, from 15 seconds to 15 minutes.
func Wait(failures int, last, now time.Time) time.Duration {
	passed := now.Sub(last)
	if failures < freeFailures || passed >= Forgotten {
		return 0
	}
	wait := longestWait
	if doublings := failures - freeFailures; doublings < 6 {
		wait = min(15*time.Second<<doublings, longestWait)
	}
	return max(wait-max(passed, 0), 0)
}

// WaitForCodes is the same for wrong codes with the right password, counted
// over all strangers: only somebody who knows the password can use them up.
func WaitForCodes(failures int, last, now time.Time) time.Duration {
	if failures < GuessedCodes {
		return 0
	}
	return max(Forgotten-max(now.Sub(last), 0), 0)
}

// Counter names what failures are counted by. Who is behind it and for which
// account cannot be read from it.
func Counter(kind, name, from string) Digest {
	return sha256.Sum256([]byte(kind + "\x00" + name + "\x00" + from))
}
