//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/mailhost"
)

// awaitReport waits for so many messages with a PDF in the mailbox and gives
// the newest PDF.
func awaitReport(ctx context.Context, t *testing.T, s *story, mailbox string, number int) []byte {
	t.Helper()
	patience, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	var reports []mailhost.Attachment
	await(patience, t, func(context.Context) (string, bool) {
		reports = reportsIn(t, s, mailbox)
		return "", len(reports) >= number
	})
	if len(reports) != number {
		t.Errorf("%d reports in the mailbox of %s; want %d", len(reports), mailbox, number)
	}
	return reports[len(reports)-1].Content
}

// reportsIn gives the PDFs that a mailbox has, the oldest first.
func reportsIn(t *testing.T, s *story, mailbox string) []mailhost.Attachment {
	t.Helper()
	host, err := s.platform.Mail()
	if err != nil {
		t.Fatal(err)
	}
	messages, err := host.Messages()
	if err != nil {
		t.Fatal(err)
	}
	var reports []mailhost.Attachment
	for _, message := range messages {
		if !strings.EqualFold(message.Recipient, mailbox) {
			continue
		}
		for _, attachment := range message.Attachments {
			if strings.HasPrefix(attachment.ContentType, "application/pdf") {
				reports = append(reports, attachment)
			}
		}
	}
	return reports
}

// textOf gives the text of a PDF as a reader would copy it.
func textOf(ctx context.Context, t *testing.T, pdf []byte) string {
	t.Helper()
	command := exec.CommandContext(ctx, "pdftotext", "-layout", "-", "-")
	command.Stdin = bytes.NewReader(pdf)
	text, err := command.Output()
	if err != nil {
		t.Fatalf("pdftotext: %v", err)
	}
	return string(text)
}

// mailHostAway sends an assessment while the mail host is stopped: the visitor
// sees the result, and the report comes, once, when the host is back.
func mailHostAway(ctx context.Context, t *testing.T, s *story) {
	host, err := s.platform.Mail()
	if err != nil {
		t.Fatal(err)
	}
	before := len(reportsIn(t, s, "planning@acme.example"))
	if err := host.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	assessment := s.browser.visit(t, acmeOrigin)
	if err := assessment.Complete(answers()); err != nil {
		t.Fatal(err)
	}
	if result, err := assessment.Result(); err != nil || result.Status != "ok" {
		t.Fatalf("result %+v (%v) while the mail host is away; want ok", result, err)
	}
	waiting := connect(ctx, t, s, "acme")
	await(ctx, t, func(ctx context.Context) (string, bool) { // the worker has tried and failed
		attempts := waiting.query(ctx, t, "SELECT COALESCE(MAX(attempts), 0) FROM halo_person.outbox WHERE state IN ('pending', 'queued')")
		return attempts, attempts != "0"
	})
	if err := s.platform.StartMail(ctx); err != nil {
		t.Fatal(err)
	}
	awaitReport(ctx, t, s, "planning@acme.example", before+1)
}
