package mail

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode"

	"halo.dev/halo/internal/personal"
)

//go:embed letters/*.txt letters/*.html
var letterFiles embed.FS

// ReportName is the name of the attached report: the same for everybody.
const ReportName = "HALO-report.pdf"

// Lead is what both letters are written from.
type Lead struct {
	// Firm is the tenant's name as people read it.
	Firm string
	// AdvisorName and AdvisorEmail are the advisor's.
	AdvisorName, AdvisorEmail string
	// First, Last and Email are the visitor's.
	First, Last, Email personal.Text
	// Received is when the visitor sent the answers.
	Received time.Time
	// NotApplicable says that the model gives no figures for this person; the
	// letter then asks to plan with the client's doctor.
	NotApplicable bool
}

// words are a lead's texts as the templates put them in, each on one line.
type words struct {
	Firm, Advisor, Name, Email, Received string
	NotApplicable, Attached              bool
}

// ForAdvisor writes the advisor's mail, with the report (PDF) attached unless
// it is empty. The subject names nobody; the visitor is named in the body. An
// answer goes to the visitor.
func ForAdvisor(lead Lead, report []byte) (Message, error) {
	filling := words{
		Firm: oneLine(lead.Firm), Advisor: oneLine(lead.AdvisorName),
		Name:     oneLine(lead.First.Reveal() + " " + lead.Last.Reveal()),
		Email:    oneLine(lead.Email.Reveal()),
		Received: lead.Received.UTC().Format("2 January 2006, 15:04 UTC"), NotApplicable: lead.NotApplicable,
		Attached: len(report) > 0,
	}
	message, err := write("advisor", filling)
	if err != nil {
		return Message{}, err
	}
	message.To = personal.New(lead.AdvisorEmail)
	message.Subject = "New HALO report"
	message.Date = lead.Received
	if answer := lead.Email.Reveal(); bareAddress(answer) && isASCII(answer) {
		message.ReplyTo = lead.Email
	}
	if len(report) > 0 {
		message.Attachments = []Attachment{{Name: ReportName, ContentType: "application/pdf", Content: report}}
	}
	return message, nil
}

// ForVisitor writes the visitor's confirmation. It holds no result, and nothing
// that the visitor typed: whoever enters a stranger's address must not be able
// to send the stranger words of their own. An answer goes to the advisor.
func ForVisitor(lead Lead) (Message, error) {
	message, err := write("visitor", words{Firm: oneLine(lead.Firm), Advisor: oneLine(lead.AdvisorName)})
	if err != nil {
		return Message{}, err
	}
	message.To = lead.Email
	message.Subject = "Your HALO questionnaire was received"
	message.Date = lead.Received
	if bareAddress(lead.AdvisorEmail) && isASCII(lead.AdvisorEmail) {
		message.ReplyTo = personal.New(lead.AdvisorEmail)
	}
	return message, nil
}

// write fills both templates of a letter.
func write(letter string, filling words) (Message, error) {
	plain, err := texttemplate.ParseFS(letterFiles, "letters/"+letter+".txt")
	if err != nil {
		return Message{}, fmt.Errorf("reading the letter %s: %w", letter, err)
	}
	html, err := htmltemplate.ParseFS(letterFiles, "letters/"+letter+".html")
	if err != nil {
		return Message{}, fmt.Errorf("reading the letter %s: %w", letter, err)
	}
	var message Message
	for _, part := range []struct {
		template interface{ Execute(io.Writer, any) error }
		into     *personal.Text
	}{{plain, &message.Text}, {html, &message.HTML}} {
		var written bytes.Buffer
		if part.template.Execute(&written, filling) != nil {
			// The template's own error may quote what it was given.
			return Message{}, &Error{Step: StepWrite, cause: "the letter " + letter + " cannot be filled in"}
		}
		*part.into = personal.New(written.String())
	}
	return message, nil
}

// oneLine makes a text one line of visible characters: a name must not be able
// to look like a second paragraph, nor turn the direction of what follows.
func oneLine(text string) string {
	visible := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(visible), " ")
}

func isASCII(text string) bool {
	for _, r := range text {
		if r > unicode.MaxASCII {
			return false
		}
	}
	return true
}
