package mail

import (
	"bytes"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// build writes a message in the relay's name.
func build(relay Relay, message Message) (*gomail.Msg, error) {
	fail := func(cause string) (*gomail.Msg, error) { return nil, &Error{Step: StepWrite, cause: cause} }
	built := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if !bareAddress(relay.From) || built.From(relay.From) != nil {
		return nil, &Error{Step: StepConfigure, cause: "the sender is not an e-mail address"}
	}
	if to := message.To.Reveal(); !bareAddress(to) || built.To(to) != nil {
		return fail("the recipient is not an e-mail address")
	}
	if to := message.ReplyTo.Reveal(); to != "" && (!bareAddress(to) || built.ReplyTo(to) != nil) {
		return fail("the address for answers is not an e-mail address")
	}
	if message.ID == "" || strings.ContainsAny(message.ID, "\r\n<> ") {
		return fail("the message's id is missing or malformed")
	}
	if strings.ContainsAny(message.Subject, "\r\n") {
		return fail("the subject has more than one line")
	}
	built.SetMessageIDWithValue(message.ID)
	built.SetDateWithValue(message.Date)
	built.SetGenHeader("Auto-Submitted", "auto-generated")
	built.Subject(message.Subject)
	built.SetBodyString(gomail.TypeTextPlain, message.Text.Reveal())
	if !message.HTML.Empty() {
		built.AddAlternativeString(gomail.TypeTextHTML, message.HTML.Reveal())
	}
	for _, attachment := range message.Attachments {
		err := built.AttachReader(attachment.Name, bytes.NewReader(attachment.Content),
			gomail.WithFileContentType(gomail.ContentType(attachment.ContentType)))
		if err != nil || strings.ContainsAny(attachment.Name+attachment.ContentType, "\r\n\"") {
			return fail("an attachment cannot be written")
		}
	}
	return built, nil
}

// bareAddress says whether a text is one e-mail address and nothing else: no
// name, no comment, no list, no line break.
func bareAddress(text string) bool {
	if strings.ContainsAny(text, "\r\n<>") {
		return false
	}
	address, err := netmail.ParseAddress(text)
	return err == nil && address.Name == "" && address.Address == text
}

// domainOf returns what follows the @ of an address, or "localhost".
func domainOf(address string) string {
	if _, domain, found := strings.Cut(address, "@"); found && domain != "" {
		return domain
	}
	return "localhost"
}
