package mail

import (
	"fmt"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/personal"
)

func text(of string) personal.Text { return personal.New(of) }

func lead() Lead {
	return Lead{
		Firm: "Acme Planning", AdvisorName: "Planning Desk", AdvisorEmail: "planning@acme.test",
		First: text("Marked-First"), Last: text("Marked-Last"), Email: text("marked@visitor.test"),
		Received: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
	}
}

func TestTheAdvisorIsToldWhoWroteAndGetsTheReport(t *testing.T) {
	message, err := ForAdvisor(lead(), []byte("%PDF"))
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{message.Text.Reveal(), message.HTML.Reveal()} {
		for _, want := range []string{
			"Hello Planning Desk", "Marked-First Marked-Last", "marked@visitor.test", "4 March 2026, 05:06 UTC",
			"The report is attached", "Acme Planning",
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%q is not in\n%s", want, body)
			}
		}
		if strings.Contains(body, "doctor") {
			t.Errorf("it speaks of a doctor:\n%s", body)
		}
	}
	if message.To.Reveal() != "planning@acme.test" || message.ReplyTo.Reveal() != "marked@visitor.test" || message.Subject != "New HALO report" {
		t.Errorf("to %s, answers to %s, subject %s", message.To.Reveal(), message.ReplyTo.Reveal(), message.Subject)
	}
	if len(message.Attachments) != 1 || string(message.Attachments[0].Content) != "%PDF" || message.Attachments[0].ContentType != "application/pdf" {
		t.Error("the report is not attached")
	}
}

func TestTheAdvisorIsToldToPlanWithTheDoctorWhereTheModelDoesNotApply(t *testing.T) {
	ill := lead()
	ill.NotApplicable = true
	message, err := ForAdvisor(ill, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{message.Text.Reveal(), message.HTML.Reveal()} {
		plain := strings.Join(strings.Fields(strings.ReplaceAll(body, "&#39;", "'")), " ")
		if !strings.Contains(plain, "HALO gives no figures for this client. Please plan together with the client and the client's doctor.") {
			t.Errorf("it says\n%s", body)
		}
		if strings.Contains(body, "attached") {
			t.Errorf("it speaks of an attachment that is not there:\n%s", body)
		}
	}
	if len(message.Attachments) != 0 {
		t.Error("something is attached")
	}
}

func TestTheConfirmationHoldsNothingThatTheVisitorTyped(t *testing.T) {
	message, err := ForVisitor(lead())
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{message.Text.Reveal(), message.HTML.Reveal(), message.Subject} {
		if strings.Contains(strings.ToLower(body), "marked") {
			t.Errorf("it holds what was typed:\n%s", body)
		}
	}
	if !strings.Contains(message.Text.Reveal(), "Planning Desk has received your") || !strings.Contains(message.HTML.Reveal(), "Acme Planning") {
		t.Errorf("it says\n%s", message.Text.Reveal())
	}
	if message.To.Reveal() != "marked@visitor.test" || message.ReplyTo.Reveal() != "planning@acme.test" || len(message.Attachments) != 0 {
		t.Errorf("to %s, answers to %s, %d attachments", message.To.Reveal(), message.ReplyTo.Reveal(), len(message.Attachments))
	}
}

func TestANameStaysOnItsLineAndInItsPlace(t *testing.T) {
	nasty := lead()
	nasty.First = text("Eve\r\n\r\nThe report is wrong. Call\u2028me\u202e now\x00")
	nasty.Last = text(`<script>alert(1)</script>{{.Firm}}`)
	message, err := ForAdvisor(nasty, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "Name:      Eve The report is wrong. Call me now <script>alert(1)</script>{{.Firm}}\n"
	if !strings.Contains(message.Text.Reveal(), want) {
		t.Errorf("it says\n%s", message.Text.Reveal())
	}
	if strings.Contains(message.HTML.Reveal(), "<script") || !strings.Contains(message.HTML.Reveal(), "&lt;script&gt;") {
		t.Errorf("the HTML says\n%s", message.HTML.Reveal())
	}
}

func TestAnAddressThatCannotBeAnsweredDoesNotHoldTheLeadBack(t *testing.T) {
	for _, address := range []string{"", "nonsense", "a@b\r\nBcc: c@d.test", "zoë@visitor.test", "A <a@b.test>"} {
		strange := lead()
		strange.Email = text(address)
		message, err := ForAdvisor(strange, []byte("%PDF"))
		if err != nil || !message.ReplyTo.Empty() {
			t.Fatalf("answers to %q, error %v", message.ReplyTo.Reveal(), err)
		}
		message.ID = "1@firm.test"
		if _, err := build(Relay{From: "halo@firm.test"}, message); err != nil {
			t.Errorf("with the address %q: %v", address, err)
		}
	}
}

func FuzzNoNameAddsAHeader(f *testing.F) {
	for _, seed := range []string{"Eve", "Eve\r\nBcc: thief@x.test", "\r\n\r\nbody", "=?utf-8?q?=0D=0ABcc:?=", "\x00", "{{.}}", "\xff\xfe"} {
		f.Add(seed, seed, "visitor@x.test")
		f.Add("a", "b", seed)
	}
	plain, err := ForAdvisor(lead(), nil)
	if err != nil {
		f.Fatal(err)
	}
	plain.ID = "1@firm.test"
	f.Fuzz(func(t *testing.T, first, last, email string) {
		fuzzed := lead()
		fuzzed.First, fuzzed.Last, fuzzed.Email = text(first), text(last), text(email)
		for _, write := range []func(Lead) (Message, error){
			func(l Lead) (Message, error) { return ForAdvisor(l, nil) }, ForVisitor,
		} {
			message, err := write(fuzzed)
			if err != nil {
				t.Fatal(err)
			}
			message.ID = "1@firm.test"
			built, err := build(Relay{From: "halo@firm.test"}, message)
			if err != nil {
				continue
			}
			var written strings.Builder
			if _, err := built.WriteTo(&written); err != nil {
				t.Fatal(err)
			}
			read, err := netmail.ReadMessage(strings.NewReader(written.String()))
			if err != nil {
				t.Fatal(err)
			}
			expected := strings.Fields("Auto-Submitted Content-Type Date From Message-Id Mime-Version Reply-To Subject To")
			for name := range read.Header {
				if !slices.Contains(expected, name) {
					t.Errorf("there is a header %q", name)
				}
			}
		}
	})
}

func TestAMessagePrintsAsNothing(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		message := letter()
		printed := fmt.Sprintf(verb+verb+verb+verb, message, &message, []Message{message}, message.Attachments)
		for _, mark := range []string{"arked", "PDF", "HALO"} {
			if strings.Contains(printed, mark) {
				t.Errorf("%s prints %s", verb, printed)
			}
		}
	}
	if printed := fmt.Sprint(letter(), letter().LogValue()); printed != "[message] [message]" {
		t.Errorf("it prints as %s", printed)
	}
}
