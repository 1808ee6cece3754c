// Package http01 stands for the proof by a file.
package http01

import "time"

// ChallengeOption changes nothing.
type ChallengeOption struct{}

// SetDelay changes nothing.
func SetDelay(time.Duration) ChallengeOption { return ChallengeOption{} }

// PathPrefix is where the file would be (RFC 8555, section 8.3).
const PathPrefix = "/.well-known/acme-challenge/"
