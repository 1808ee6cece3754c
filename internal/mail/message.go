// Package mail hands messages to a firm's SMTP relay, over TLS, and drains the
// outbox: no mail is lost while the relay or the database is away.
//
// No error and no log line of this package carries an address, a name or what
// the relay answered in words, because relays quote addresses.
package mail

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"halo.dev/halo/internal/personal"
)

// Message is a mail to one recipient. It prints as "[message]".
type Message struct {
	// To is the recipient's address; ReplyTo, when not empty, is where an
	// answer goes.
	To, ReplyTo personal.Text
	// Subject is the one text that travels and is shown everywhere: it names
	// nobody.
	Subject string
	// Text and HTML are the same content twice; HTML may be empty.
	Text, HTML personal.Text
	// Attachments come after the text.
	Attachments []Attachment
	// ID is the Message-ID without brackets, "<unique>@<domain>". The worker
	// sets it.
	ID string
	// Date is when the message was written.
	Date time.Time
}

// Attachment is a file in a message.
type Attachment struct {
	// Name is the file's name; it names nobody.
	Name string
	// ContentType is the file's media type, as "application/pdf".
	ContentType string
	// Content is the file.
	Content []byte
}

// Format writes "[message]" for every verb: a message is personal.
func (Message) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "[message]") }

// LogValue is "[message]" in every structured log.
func (Message) LogValue() slog.Value { return slog.StringValue("[message]") }

// Format writes "[attachment]" for every verb.
func (Attachment) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "[attachment]") }
