package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// Step is how far a conversation with a relay came.
type Step string

// The steps, in their order.
const (
	StepWrite     Step = "writing the message"
	StepConfigure Step = "preparing the connection to the relay"
	StepConnect   Step = "connecting to the relay"
	StepEncrypt   Step = "starting TLS with the relay"
	StepLogin     Step = "logging in at the relay"
	StepSender    Step = "naming the sender to the relay"
	StepRecipient Step = "naming the recipient to the relay"
	StepContent   Step = "giving the message to the relay"
)

// Error says why a message was not sent. It carries nothing of the message and
// nothing that the relay said but its status codes.
type Error struct {
	// Step is where it failed.
	Step Step
	// Code is the relay's answer, as 451; 0 when it gave none.
	Code int
	// Enhanced is the relay's enhanced status (RFC 3463), as "4.7.1"; often
	// empty.
	Enhanced string
	// cause is in this package's own words.
	cause string
}

// Error says where it failed, with the relay's codes.
func (e *Error) Error() string {
	text := string(e.Step)
	if e.Code != 0 {
		text += fmt.Sprintf(": it answers %d", e.Code)
		if e.Enhanced != "" {
			text += " " + e.Enhanced
		}
	}
	if e.cause != "" {
		text += ": " + e.cause
	}
	return text
}

// Permanent says that this message will be refused however often it is sent:
// the relay refuses its recipient or its content for good, or it cannot be
// written. A refusal of the connection, the login or the sender is not: it
// hits every message alike and ends when somebody mends the configuration.
func (e *Error) Permanent() bool {
	switch e.Step {
	case StepWrite:
		return true
	case StepRecipient, StepContent:
		return e.Code >= 500 && e.Code <= 599
	default:
		return false
	}
}

// Temporary is the opposite of Permanent.
func (e *Error) Temporary() bool { return !e.Permanent() }

// RelayAway says that no other message would have fared better.
func (e *Error) RelayAway() bool {
	switch e.Step {
	case StepConfigure, StepConnect, StepEncrypt, StepLogin, StepSender:
		return true
	default:
		return e.Code == 421
	}
}

// dialError reduces an error from before the first message.
func dialError(err error) *Error {
	reduced := &Error{Step: StepConnect, cause: cause(err)}
	var answer *textproto.Error
	if errors.As(err, &answer) {
		reduced.Code, reduced.cause = answer.Code, ""
	}
	switch text := err.Error(); {
	case isTLSError(err), strings.Contains(text, "STARTTLS"):
		reduced.Step = StepEncrypt
		if strings.Contains(text, "does not support STARTTLS") {
			reduced.cause = "the relay does not offer STARTTLS, and TLS is required"
		}
	case strings.Contains(text, "AUTH") || reduced.Code == 535 || reduced.Code == 534:
		reduced.Step = StepLogin
	}
	return reduced
}

// sendError reduces an error of one message.
func sendError(err error) *Error {
	reduced := &Error{Step: StepContent, cause: cause(err)}
	var detail *gomail.SendError
	if !errors.As(err, &detail) {
		return reduced
	}
	reduced.Code, reduced.Enhanced = detail.ErrorCode(), detail.EnhancedStatusCode()
	if reduced.Code != 0 {
		reduced.cause = ""
	}
	switch detail.Reason {
	case gomail.ErrSMTPMailFrom:
		reduced.Step = StepSender
	case gomail.ErrSMTPRcptTo:
		reduced.Step = StepRecipient
	case gomail.ErrGetSender, gomail.ErrGetRcpts:
		reduced.Step = StepWrite
	}
	return reduced
}

func isTLSError(err error) bool {
	var verification *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	return errors.As(err, &verification) || errors.As(err, &alert) || errors.As(err, &record)
}

// cause says in this package's words what kind of error it is.
func cause(err error) string {
	var (
		hostname     x509.HostnameError
		authority    x509.UnknownAuthorityError
		verification *tls.CertificateVerificationError
		name         *net.DNSError
		timeout      net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "it was interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		return "there was no answer in time"
	case errors.As(err, &hostname):
		return "the relay's certificate is for another host name"
	case errors.As(err, &authority):
		return "the relay's certificate is signed by an unknown authority"
	case errors.As(err, &verification):
		return "the relay's certificate is not valid"
	case errors.As(err, &name):
		return "the relay's host name cannot be resolved"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "there was no answer in time"
	default:
		return "the connection was refused or broke"
	}
}
