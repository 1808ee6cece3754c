package mail

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

func TestAMessageArrivesEncryptedAndWhole(t *testing.T) {
	relay := startRelay(t)
	if err := Send(t.Context(), relay.Relay, letter()); err != nil {
		t.Fatal(err)
	}
	messages := relay.taken()
	if len(messages) != 1 {
		t.Fatalf("%d messages arrived", len(messages))
	}
	got := messages[0]
	if !got.encrypted || got.from != "halo@firm.test" || got.to != "marked@visitor.test" || got.username != "" {
		t.Errorf("got %+v", got)
	}
	read, err := netmail.ReadMessage(strings.NewReader(got.content))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Message-ID": "<halo-1@firm.test>", "Subject": "New HALO report", "From": "<halo@firm.test>",
		"To": "<marked@visitor.test>", "Reply-To": "<marked-answer@visitor.test>",
		"Date": "Wed, 04 Mar 2026 05:06:07 +0000", "Auto-Submitted": "auto-generated", "MIME-Version": "1.0",
	} {
		if read.Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, read.Header.Get(name), want)
		}
	}
	leaves := parts(t, read.Header.Get("Content-Type"), read.Body)
	if strings.Join(leaves, "|") != "text/plain: Dear Marked-Name|text/html: <p>Dear Marked-Name</p>|application/pdf HALO-report.pdf: JVBERi0xLjcgcmVwb3J0" {
		t.Errorf("its parts are %q", leaves)
	}
}

func TestWhatTheRelayTookOverIsSentWhateverComesAfter(t *testing.T) {
	relay := startRelay(t)
	relay.cutAfterAnswer = true
	if err := Send(t.Context(), relay.Relay, letter()); err != nil || len(relay.taken()) != 1 {
		t.Errorf("%d arrived, error %v", len(relay.taken()), err)
	}
}

// parts reads the leaves of a MIME tree as "type name: content".
func parts(t *testing.T, contentType string, body io.Reader) (leaves []string) {
	t.Helper()
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	for reader := multipart.NewReader(body, parameters["boundary"]); ; {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return leaves
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "multipart/") {
			leaves = append(leaves, parts(t, part.Header.Get("Content-Type"), part)...)
			continue
		}
		mediaType, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		content, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, strings.TrimSpace(mediaType+" "+part.FileName())+": "+strings.TrimSpace(string(content)))
	}
}

func TestTLSMayBeginAtOnce(t *testing.T) {
	relay := startRelay(t)
	relay.stop()
	relay.implicitTLS = true
	relay.password = "relay's password"
	relay.CredentialsDir = credentials(t, "halo", relay.password)
	relay.start(t)
	if err := Send(t.Context(), relay.Relay, letter()); err != nil {
		t.Fatal(err)
	}
	if got := relay.taken(); len(got) != 1 || !got[0].encrypted || got[0].username != "halo" {
		t.Errorf("arrived: %+v", got)
	}
}

func credentials(t *testing.T, username, password string) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "username"), username+"\n")
	writeFile(t, filepath.Join(dir, "password"), password)
	return dir
}

func TestHowARelayFailsDecidesWhatBecomesOfTheMail(t *testing.T) {
	for name, test := range map[string]struct {
		spoil     func(t *testing.T, r *relay)
		step      Step
		code      int
		permanent bool
		away      bool
		says      string
	}{
		"nobody listens": {spoil: func(_ *testing.T, r *relay) { r.stop() },
			step: StepConnect, away: true, says: "refused or broke"},
		"its name does not exist": {spoil: func(_ *testing.T, r *relay) { r.Host = "relay.invalid" },
			step: StepConnect, away: true, says: "cannot be resolved"},
		"its certificate is for another name": {spoil: func(_ *testing.T, r *relay) { r.Host = "localhost" },
			step: StepEncrypt, away: true, says: "another host name"},
		"its authority is unknown": {spoil: func(_ *testing.T, r *relay) { r.CAFile = "" },
			step: StepEncrypt, away: true, says: "unknown authority"},
		"the sender is refused for good": {spoil: func(_ *testing.T, r *relay) { r.onMail = refuse(550, smtp.EnhancedCode{5, 7, 1}) },
			step: StepSender, code: 550, away: true, says: "550 5.7.1"},
		"the recipient is refused for good": {spoil: func(_ *testing.T, r *relay) { r.onRcpt = refuse(550, smtp.EnhancedCode{5, 1, 1}) },
			step: StepRecipient, code: 550, permanent: true, says: "550 5.1.1"},
		"the recipient is refused for now": {spoil: func(_ *testing.T, r *relay) { r.onRcpt = refuse(450, smtp.EnhancedCode{4, 2, 1}) },
			step: StepRecipient, code: 450, says: "450 4.2.1"},
		"the content is refused for good": {spoil: func(_ *testing.T, r *relay) { r.onData = refuse(554, smtp.EnhancedCode{5, 6, 0}) },
			step: StepContent, code: 554, permanent: true},
		"the content is refused for now": {spoil: func(_ *testing.T, r *relay) { r.onData = refuse(451, smtp.EnhancedCode{4, 3, 0}) },
			step: StepContent, code: 451},
		"the relay shuts down": {spoil: func(_ *testing.T, r *relay) { r.onRcpt = refuse(421, smtp.EnhancedCode{4, 3, 2}) },
			step: StepRecipient, code: 421, away: true},
		"the connection breaks within the content": {spoil: func(_ *testing.T, r *relay) { r.cutInContent = true },
			step: StepContent},
		"the connection breaks before the answer": {spoil: func(_ *testing.T, r *relay) { r.cutAfterContent = true },
			step: StepContent},
		"the password is wrong": {spoil: func(t *testing.T, r *relay) {
			r.password, r.CredentialsDir = "right", credentials(t, "halo", "wrong")
		}, step: StepLogin, code: 535, away: true},
		"it wants no password": {spoil: func(t *testing.T, r *relay) { r.CredentialsDir = credentials(t, "halo", "x") },
			step: StepLogin, away: true},
		"the password is missing": {spoil: func(t *testing.T, r *relay) {
			r.CredentialsDir = t.TempDir()
			writeFile(t, filepath.Join(r.CredentialsDir, "username"), "halo")
		}, step: StepConfigure, away: true, says: "password cannot be read"},
		"the authority's file is no certificate": {spoil: func(t *testing.T, r *relay) {
			r.CAFile = filepath.Join(t.TempDir(), "ca.pem")
			writeFile(t, r.CAFile, "not PEM")
		}, step: StepConfigure, away: true, says: "no certificate in PEM"},
		"the sender is no address": {spoil: func(_ *testing.T, r *relay) { r.From = "HALO <halo@firm.test>" },
			step: StepConfigure, away: true, says: "sender is not"},
		"the port cannot be": {spoil: func(_ *testing.T, r *relay) { r.Port = 70000 },
			step: StepConfigure, away: true},
	} {
		t.Run(name, func(t *testing.T) {
			relay := startRelay(t)
			test.spoil(t, relay)
			err := Send(t.Context(), relay.Relay, letter())
			var refused *Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %v", err)
			}
			if refused.Step != test.step || refused.Code != test.code || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v (step %q, code %d)", err, refused.Step, refused.Code)
			}
			if refused.Permanent() != test.permanent || refused.Temporary() == test.permanent || refused.RelayAway() != test.away {
				t.Errorf("permanent %t, relay away %t: %v", refused.Permanent(), refused.RelayAway(), err)
			}
			if strings.Contains(strings.ToLower(err.Error()), "marked") {
				t.Errorf("it tells something personal: %v", err)
			}
		})
	}
}

func TestARelayWithoutSTARTTLSGetsNothingWhenTLSIsRequired(t *testing.T) {
	for _, policy := range []string{TLSRequired, ""} {
		relay := startRelay(t, withoutSTARTTLS)
		relay.TLS = policy
		err := Send(t.Context(), relay.Relay, letter())
		var refused *Error
		if !errors.As(err, &refused) || refused.Step != StepEncrypt || !strings.Contains(err.Error(), "does not offer STARTTLS") || refused.Permanent() {
			t.Errorf("policy %q: got %v", policy, err)
		}
		if len(relay.taken()) != 0 || len(relay.begun) != 0 {
			t.Errorf("policy %q: something arrived", policy)
		}
	}
}

func TestOpportunisticTLSEncryptsWhereItCan(t *testing.T) {
	for name, test := range map[string]struct {
		options   []func(*smtp.Server)
		host      string
		encrypted bool
	}{
		"with a valid certificate":         {host: "127.0.0.1", encrypted: true},
		"with the certificate of another":  {host: "localhost", encrypted: true},
		"and sends in the clear where not": {host: "127.0.0.1", options: []func(*smtp.Server){withoutSTARTTLS}},
	} {
		t.Run(name, func(t *testing.T) {
			relay := startRelay(t, test.options...)
			relay.TLS, relay.Host, relay.CAFile = TLSOpportunistic, test.host, ""
			if err := Send(t.Context(), relay.Relay, letter()); err != nil {
				t.Fatal(err)
			}
			if got := relay.taken(); len(got) != 1 || got[0].encrypted != test.encrypted {
				t.Errorf("arrived: %+v", got)
			}
		})
	}
}

func TestAPasswordGoesToNobodyButTheRelay(t *testing.T) {
	for name, test := range map[string]struct {
		options []func(*smtp.Server)
		host    string
	}{
		"not in the clear": {host: "127.0.0.1", options: []func(*smtp.Server){
			withoutSTARTTLS, func(s *smtp.Server) { s.AllowInsecureAuth = true },
		}},
		"not to another's certificate": {host: "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			relay := startRelay(t, test.options...)
			relay.TLS, relay.Host, relay.password = TLSOpportunistic, test.host, "relay's password"
			relay.CredentialsDir = credentials(t, "halo", relay.password)
			var refused *Error
			if err := Send(t.Context(), relay.Relay, letter()); !errors.As(err, &refused) || refused.Step != StepEncrypt {
				t.Errorf("got %v", err)
			}
			if relay.logins.Load() != 0 {
				t.Error("it saw the password")
			}
		})
	}
}

func TestAnUnknownPolicyIsAsStrictAsRequired(t *testing.T) {
	relay := startRelay(t, withoutSTARTTLS)
	relay.TLS = "Opportunistic"
	if err := Send(t.Context(), relay.Relay, letter()); err == nil {
		t.Error("a misspelt policy sent in the clear")
	}
}

func TestSendEndsWithItsContextAndItsTimeout(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	relay := Relay{Host: "127.0.0.1", Port: silent.Addr().(*net.TCPAddr).Port, From: "halo@firm.test", Timeout: 100 * time.Millisecond}
	started := time.Now()
	var refused *Error
	if err := Send(t.Context(), relay, letter()); !errors.As(err, &refused) || !strings.Contains(err.Error(), "in time") {
		t.Errorf("a silent relay: %v", err)
	}
	relay.Timeout = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := Send(ctx, relay, letter()); !errors.As(err, &refused) {
		t.Errorf("an ended context: %v", err)
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestWhatCannotBeWrittenIsRefusedForGoodAndSaysNothing(t *testing.T) {
	relay := startRelay(t)
	for name, spoil := range map[string]func(*Message){
		"a recipient with a line break":    func(m *Message) { m.To = text("marked@visitor.test\r\nBcc: thief@x.test") },
		"a recipient that is a list":       func(m *Message) { m.To = text("marked@visitor.test, thief@x.test") },
		"a recipient with a name":          func(m *Message) { m.To = text("Marked <marked@visitor.test>") },
		"no recipient":                     func(m *Message) { m.To = text("") },
		"an answer address that is no one": func(m *Message) { m.ReplyTo = text("marked") },
		"a subject of two lines":           func(m *Message) { m.Subject = "Marked\r\nBcc: thief@x.test" },
		"an id of two lines":               func(m *Message) { m.ID = "1@x\r\nBcc: thief@x.test" },
		"no id":                            func(m *Message) { m.ID = "" },
		"an attachment's name of two":      func(m *Message) { m.Attachments[0].Name = "Marked\r\nBcc: thief@x.test" },
		"an attachment's type of two":      func(m *Message) { m.Attachments[0].ContentType = "a/b\r\nBcc: thief@x.test" },
	} {
		message := letter()
		spoil(&message)
		err := Send(t.Context(), relay.Relay, message)
		var refused *Error
		if !errors.As(err, &refused) || refused.Step != StepWrite || !refused.Permanent() || strings.Contains(strings.ToLower(err.Error()), "marked") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(relay.taken()) != 0 {
		t.Errorf("arrived: %+v", relay.taken())
	}
}
