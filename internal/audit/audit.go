// Package audit is the arithmetic of the staff console's log: what an entry
// is, how each entry's hash covers the one before, and how a log is verified.
// It neither stores nor shows one.
package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Action is what was done.
type Action string

// The actions. Their words are part of what is hashed: they do not change.
const (
	SignedIn          Action = "sign-in"
	SignInFailed      Action = "sign-in failed"
	SignedOut         Action = "sign-out"
	RecoveryUsed      Action = "recovery code used"
	SessionsEnded     Action = "sessions ended"
	PasswordChanged   Action = "password changed"
	RecoveryRenewed   Action = "recovery codes renewed"
	AccountRequested  Action = "account requested"
	ResetRequested    Action = "reset requested"
	RequestApproved   Action = "request approved"
	RequestRefused    Action = "request refused"
	AccountCreated    Action = "account created by command"
	AccountReset      Action = "account reset by command"
	AccountDisabled   Action = "account disabled"
	AccountActivated  Action = "account activated"
	ClientsListed     Action = "clients listed"
	AssessmentRead    Action = "assessment read"
	ReportRead        Action = "report read"
	MailResent        Action = "mail sent again"
	MailCanceled      Action = "mail canceled"
	PersonSearched    Action = "person searched"
	PersonRead        Action = "person read"
	PersonExported    Action = "person exported"
	PersonErased      Action = "person erased"
	PersonsPurged     Action = "persons purged"
	FiguresDownloaded Action = "figures downloaded"
	LogVerified       Action = "log verified"
)

// CommandLine is the actor of what was done by a command and not by an account.
const CommandLine int64 = 0

// Limits of an entry, as the table has them.
const (
	mostAction = 40
	mostDetail = 2000
)

// Entry is one line of the log.
type Entry struct {
	// Number counts from 1 without a gap.
	Number int64
	// At is in UTC, to the microsecond.
	At time.Time
	// Actor is the account that acted, or CommandLine.
	Actor  int64
	Action Action
	// Subject is the number of the account, assessment or mail that it was
	// about, or 0.
	Subject int64
	// Detail is ASCII from a fixed list of words and numbers; never a name.
	Detail string
}

// Hash is a link of the chain.
type Hash [sha256.Size]byte

// String is the hash in hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Head is the end of a log: how many entries, and the hash of the last. The
// zero value is that of an empty log.
type Head struct {
	Number int64
	Hash   Hash
}

// Next is the head of the log once the entry is appended.
func (h Head) Next(entry Entry) (Head, error) {
	if err := entry.check(); err != nil {
		return h, err
	}
	if entry.Number != h.Number+1 {
		return h, fmt.Errorf("the entry %d does not follow the entry %d", entry.Number, h.Number)
	}
	return Head{Number: entry.Number, Hash: entry.hash(h.Hash)}, nil
}

func (e Entry) check() error {
	if len(e.Action) == 0 || len(e.Action) > mostAction || !printable(string(e.Action)) {
		return errors.New("the action of an entry is not 1 to 40 printable ASCII characters")
	}
	if len(e.Detail) > mostDetail || !printable(e.Detail) {
		return errors.New("the detail of an entry is not at most 2000 printable ASCII characters")
	}
	return nil
}

func printable(text string) bool {
	for _, b := range []byte(text) {
		if b < ' ' || b > '~' {
			return false
		}
	}
	return true
}

// hash covers every field with its length, so that no two entries have the
// same bytes.
func (e Entry) hash(previous Hash) Hash {
	data := append([]byte("halo audit 1\x00"), previous[:]...)
	for _, number := range []int64{e.Number, e.At.UnixMicro(), e.Actor, e.Subject} {
		data = binary.BigEndian.AppendUint64(data, uint64(number))
	}
	for _, text := range []string{string(e.Action), e.Detail} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(text)))
		data = append(data, text...)
	}
	return sha256.Sum256(data)
}

// Fault is where a log is not what was written.
type Fault struct {
	// Number is the entry's, or that of the missing one.
	Number int64
	// Problem says what does not fit.
	Problem string
}

// Error says where and what.
func (f Fault) Error() string { return fmt.Sprintf("at entry %d: %s", f.Number, f.Problem) }

// Verifier checks a log entry by entry, from the first.
type Verifier struct{ head Head }

// Check takes the next entry, with the hashes that are stored with it. The
// error is a Fault.
func (v *Verifier) Check(entry Entry, previous, hash Hash) error {
	switch next, err := v.head.Next(entry); {
	case entry.Number != v.head.Number+1:
		return Fault{v.head.Number + 1, "the entry is missing"}
	case err != nil:
		return Fault{entry.Number, "the entry is not one that this program writes"}
	case previous != v.head.Hash:
		return Fault{entry.Number, "its link to the entry before does not fit"}
	case hash != next.Hash:
		return Fault{entry.Number, "the entry was changed"}
	default:
		v.head = next
		return nil
	}
}

// End compares the last entry with the stored head. The error is a Fault.
func (v *Verifier) End(stored Head) error {
	switch {
	case v.head.Number < stored.Number:
		return Fault{v.head.Number + 1, "the end of the log is missing"}
	case v.head != stored:
		return Fault{v.head.Number, "the end of the log is not the one that was noted"}
	}
	return nil
}

// Head is the end of what was checked so far.
func (v *Verifier) Head() Head { return v.head }
