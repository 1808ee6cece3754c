package mailhost

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/smtp"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wneessen/go-mail"
)

const hostName = "relay.127-0-0-1.halo.test"

// start runs a mail host on the loopback address.
func start(t *testing.T) (*Host, Options) {
	t.Helper()
	folder, err := os.MkdirTemp("", "mailhost") // Postfix's users must be able to enter it
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	options := Options{
		Folder: folder, Address: netip.MustParseAddr("127.0.0.1"), HostName: hostName,
		Username: "halo", Password: "correct horse",
	}
	t.Cleanup(func() {
		if err := Attach(options).Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	host, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return host, options
}

// trust is what a client needs to verify the host.
func trust(t *testing.T, host *Host) *tls.Config {
	t.Helper()
	certificate, err := host.Authority()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificate) {
		t.Fatal("the authority is no certificate")
	}
	return &tls.Config{RootCAs: roots, ServerName: hostName, MinVersion: tls.VersionTLS12}
}

func send(t *testing.T, host *Host, options Options, password string) error {
	t.Helper()
	message := mail.NewMsg()
	if err := message.FromFormat("Halo", "halo@acme.example"); err != nil {
		t.Fatal(err)
	}
	if err := message.To("planning@acme.example"); err != nil {
		t.Fatal(err)
	}
	message.Subject("Bericht für Zoë")
	message.SetBodyString(mail.TypeTextPlain, "Guten Tag,\nanbei der Bericht für Zoë.\n")
	if err := message.AttachReader("report.pdf", strings.NewReader("%PDF-1.7\x00\xff"), mail.WithFileContentType("application/pdf")); err != nil {
		t.Fatal(err)
	}
	client, err := mail.NewClient(options.Address.String(), mail.WithPort(Port), mail.WithTLSPolicy(mail.TLSMandatory),
		mail.WithTLSConfig(trust(t, host)), mail.WithSMTPAuth(mail.SMTPAuthPlain),
		mail.WithUsername(options.Username), mail.WithPassword(password), mail.WithTimeout(5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return client.DialAndSendWithContext(t.Context(), message)
}

func TestMailThatIsSentWithTLSAndPasswordArrives(t *testing.T) {
	host, options := start(t)
	if err := send(t, host, options, options.Password); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	messages, err := host.WaitForMessages(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := messages[0]
	if got.Recipient != "planning@acme.example" || got.Subject != "Bericht für Zoë" {
		t.Errorf("recipient %q, subject %q", got.Recipient, got.Subject)
	}
	if !strings.Contains(got.Text, "anbei der Bericht für Zoë.") {
		t.Errorf("text %q", got.Text)
	}
	if len(got.Attachments) != 1 || got.Attachments[0].Name != "report.pdf" ||
		got.Attachments[0].ContentType != "application/pdf" || !bytes.Equal(got.Attachments[0].Content, []byte("%PDF-1.7\x00\xff")) {
		t.Errorf("attachments %+v", got.Attachments)
	}
	received := strings.Join(got.Header["Received"], "\n")
	if !strings.Contains(received, "SMTPSA ") { // S is for TLS, A for a client that signed in
		t.Errorf("the mail was not received over TLS after signing in: %s", received)
	}
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	host, options := start(t)
	err := send(t, host, options, "wrong")
	if err == nil || !strings.Contains(err.Error(), "535") {
		t.Fatalf("error %v, want SMTP status 535", err)
	}
}

func TestNothingIsTakenWithoutTLSOrWithoutSigningIn(t *testing.T) {
	host, options := start(t)
	client, err := smtp.Dial(netip.AddrPortFrom(options.Address, Port).String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Mail("halo@acme.example"); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("before TLS: error %v, want one that asks for STARTTLS", err)
	}
	if offered, _ := client.Extension("AUTH"); offered {
		t.Error("passwords are asked for before TLS")
	}
	if err := client.StartTLS(trust(t, host)); err != nil {
		t.Fatal(err)
	}
	if err := client.Mail("halo@acme.example"); err == nil {
		err = client.Rcpt("planning@acme.example")
		if err == nil || !strings.HasPrefix(err.Error(), "554") {
			t.Errorf("without signing in: error %v, want 554", err)
		}
	}
}

func TestAHostThatIsStartedAgainKeepsItsMailAndItsAuthority(t *testing.T) {
	host, options := start(t)
	if err := send(t, host, options, options.Password); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := host.WaitForMessages(ctx, 1); err != nil {
		t.Fatal(err)
	}
	authority, err := host.Authority()
	if err != nil {
		t.Fatal(err)
	}
	before, err := host.master()
	if err != nil || before == 0 {
		t.Fatalf("process %d, error %v", before, err)
	}
	again, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	after, err := Attach(options).master()
	if err != nil || after == 0 || after == before {
		t.Fatalf("process %d after %d, error %v", after, before, err)
	}
	// An ended process that nobody has collected yet has no command line.
	if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", before)); err == nil && len(line) > 0 {
		t.Errorf("the first host's process %d still runs", before)
	}
	now, err := again.Authority()
	if err != nil || !bytes.Equal(now, authority) {
		t.Errorf("the authority changed (error %v)", err)
	}
	messages, err := again.Messages()
	if err != nil || len(messages) != 1 {
		t.Errorf("%d messages, error %v; want the one", len(messages), err)
	}
}

func TestStopEndsThePortAndMayBeRepeated(t *testing.T) {
	host, options := start(t)
	for range 2 {
		if err := host.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if client, err := smtp.Dial(netip.AddrPortFrom(options.Address, Port).String()); err == nil {
		_ = client.Close()
		t.Error("somebody still listens")
	}
}

func TestAProcessThatHasTheNumberOfAnEndedHostIsNotTakenForIt(t *testing.T) {
	host := Attach(Options{Folder: t.TempDir()})
	if err := os.MkdirAll(host.path("queue", "pid"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(host.path("queue", "pid", "master.pid"), []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if pid, err := host.master(); pid != 0 || err != nil {
		t.Errorf("process %d, error %v; want none", pid, err)
	}
}

func TestAFolderThatIsNotAbsoluteIsRefused(t *testing.T) {
	if _, err := Start(t.Context(), Options{Folder: "mail"}); err == nil || !strings.Contains(err.Error(), "absolute") {
		t.Errorf("error %v", err)
	}
}
