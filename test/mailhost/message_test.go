package mailhost

import (
	"strings"
	"testing"
)

const mixed = "Delivered-To: a@b.example\r\nSubject: =?utf-8?q?Zo=C3=AB?=\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" +
	"Content-Type: multipart/alternative; boundary=y\r\n\r\n--y\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nZo=C3=AB\r\n--y\r\n" +
	"Content-Type: text/html\r\n\r\n<p>other</p>\r\n--y--\r\n\r\n--x\r\n" +
	"Content-Type: application/pdf; name=\"r.pdf\"\r\nContent-Disposition: attachment; filename=\"r.pdf\"\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\nJVBE\r\nRg==\r\n--x--\r\n"

func TestAMessageOfNestedPartsIsRead(t *testing.T) {
	got, err := ParseMessage([]byte(mixed))
	if err != nil {
		t.Fatal(err)
	}
	if got.Recipient != "a@b.example" || got.Subject != "Zoë" || got.Text != "Zoë" {
		t.Errorf("recipient %q, subject %q, text %q", got.Recipient, got.Subject, got.Text)
	}
	if len(got.Attachments) != 1 || got.Attachments[0].Name != "r.pdf" || string(got.Attachments[0].Content) != "%PDF" {
		t.Errorf("attachments %+v", got.Attachments)
	}
}

func TestMalformedMessagesAreRefusedWithoutTheirContent(t *testing.T) {
	const secret = "zoe@private.example"
	nested := strings.Repeat("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", 12)
	for name, content := range map[string]string{
		"header":       secret,
		"content type": "Content-Type: text/" + secret + "; =\r\n\r\n" + secret,
		"encoding":     "Content-Transfer-Encoding: base64\r\n\r\n" + secret,
		"boundary":     "Content-Type: multipart/mixed; boundary=x\r\n\r\n" + secret,
		"nesting":      nested + secret,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseMessage([]byte(content))
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error holds the content: %v", err)
			}
		})
	}
}

func FuzzParseMessage(f *testing.F) {
	f.Add([]byte(mixed))
	f.Add([]byte("Subject: x\r\n\r\nbody"))
	f.Add([]byte("Content-Type: multipart/mixed\r\n\r\n--\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		message, err := ParseMessage(content)
		if err != nil {
			return
		}
		for _, attachment := range message.Attachments {
			if attachment.Name == "" {
				t.Error("an attachment has no name")
			}
		}
	})
}
