package mailhost

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Message is one delivered message. A message that was sent once to two
// recipients is delivered twice.
type Message struct {
	Recipient   string // of the envelope
	Header      mail.Header
	Subject     string // decoded
	Text        string // the first text part, decoded
	Attachments []Attachment
}

// Attachment is a part of a message that has a file name.
type Attachment struct {
	Name        string
	ContentType string
	Content     []byte // decoded
}

// maxDepth bounds parts within parts.
const maxDepth = 8

// Messages gives every message delivered so far, the oldest first.
func (h *Host) Messages() ([]Message, error) {
	folder := h.path("mail", "all", "new")
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nothing was delivered yet
	}
	if err != nil {
		return nil, fmt.Errorf("reading the mailbox: %w", err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return arrival(a).Compare(arrival(b)) })
	messages := make([]Message, 0, len(entries))
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading a message: %w", err)
		}
		message, err := ParseMessage(content)
		if err != nil {
			return nil, err
		}
		messages = append(messages, message)
	}
	return messages, nil
}

// arrival is when a file of the Maildir was written.
func arrival(entry fs.DirEntry) time.Time {
	information, err := entry.Info()
	if err != nil {
		return time.Time{}
	}
	return information.ModTime()
}

// WaitForMessages returns once so many messages were delivered in all.
func (h *Host) WaitForMessages(ctx context.Context, number int) ([]Message, error) {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		messages, err := h.Messages()
		if err != nil || len(messages) >= number {
			return messages, err
		}
		select {
		case <-ctx.Done():
			return messages, fmt.Errorf("waiting for %d messages, %d have come: %w", number, len(messages), ctx.Err())
		case <-ticker.C:
		}
	}
}

// ParseMessage reads a message as a Maildir holds it. Errors hold no content.
func ParseMessage(content []byte) (Message, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		return Message{}, errors.New("parsing a message: its header is malformed")
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil {
		return Message{}, errors.New("parsing a message: its subject is malformed")
	}
	message := Message{Recipient: parsed.Header.Get("Delivered-To"), Header: parsed.Header, Subject: subject}
	if message.Recipient == "" {
		message.Recipient = parsed.Header.Get("X-Original-To")
	}
	if err := message.read(textHeader(parsed.Header), parsed.Body, 0); err != nil {
		return Message{}, fmt.Errorf("parsing a message: %w", err)
	}
	return message, nil
}

// textHeader is what the header of a message and that of a part have in common.
type textHeader map[string][]string

func (h textHeader) get(key string) string { return mail.Header(h).Get(key) }

// read takes the text and the attachments of a part and of the parts in it.
func (m *Message) read(header textHeader, body io.Reader, depth int) error {
	if depth > maxDepth {
		return errors.New("its parts are nested too deeply")
	}
	contentType := header.get("Content-Type")
	if contentType == "" {
		contentType = "text/plain"
	}
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return errors.New("a part's content type is malformed")
	}
	if strings.HasPrefix(kind, "multipart/") {
		return m.readParts(multipart.NewReader(body, parameters["boundary"]), depth+1)
	}
	content, err := decode(header.get("Content-Transfer-Encoding"), body)
	if err != nil {
		return err
	}
	m.keep(header, kind, parameters, content)
	return nil
}

// readParts reads all parts of a multipart body; one at least must be there.
func (m *Message) readParts(parts *multipart.Reader, depth int) error {
	for number := 0; ; number++ {
		part, err := parts.NextRawPart()
		switch {
		case errors.Is(err, io.EOF) && number > 0:
			return nil
		case err != nil:
			return errors.New("its parts are malformed")
		}
		if err := m.read(textHeader(part.Header), part, depth); err != nil {
			return err
		}
	}
}

// keep puts the content of a part where it belongs.
func (m *Message) keep(header textHeader, kind string, parameters map[string]string, content []byte) {
	_, disposition, err := mime.ParseMediaType(header.get("Content-Disposition"))
	name := parameters["name"]
	if err == nil && disposition["filename"] != "" {
		name = disposition["filename"]
	}
	switch {
	case name != "":
		m.Attachments = append(m.Attachments, Attachment{Name: name, ContentType: kind, Content: content})
	case m.Text == "" && strings.HasPrefix(kind, "text/"):
		m.Text = strings.ReplaceAll(string(content), "\r\n", "\n")
	}
}

func decode(encoding string, body io.Reader) ([]byte, error) {
	switch strings.ToLower(encoding) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, errors.New("a part is not in the encoding that it names")
	}
	return content, nil
}
