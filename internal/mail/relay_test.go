package mail

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"halo.dev/halo/internal/personal"
)

// taken is a message that the relay took over.
type taken struct {
	from, to, content, username string
	encrypted                   bool
}

// relay is an SMTP server that misbehaves as a test wants. Its certificate is
// valid for 127.0.0.1 and not for localhost.
type relay struct {
	Relay

	// What to answer; nil means consent.
	onMail, onRcpt, onData func() error
	// cutInContent breaks the connection in the middle of the message,
	// cutAfterContent after it was taken over and before the answer,
	// cutAfterAnswer after that.
	cutInContent, cutAfterContent, cutAfterAnswer bool
	password                                      string

	mutex    sync.Mutex
	messages []taken
	begun    chan struct{}
	logins   atomic.Int32
	refusals atomic.Int32
	server   *smtp.Server
	options  []func(*smtp.Server)
	tls      *tls.Config
}

func withoutSTARTTLS(s *smtp.Server) { s.TLSConfig = nil }

// startRelay starts a relay that behaves well, on a free port, until the test
// ends.
func startRelay(t *testing.T, options ...func(*smtp.Server)) *relay {
	t.Helper()
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, authority, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate().Raw})))
	r := &relay{
		begun: make(chan struct{}, 1000), options: options,
		tls: &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12},
	}
	r.Relay = Relay{Host: "127.0.0.1", TLS: TLSRequired, From: "halo@firm.test", CAFile: authority, Timeout: 5 * time.Second}
	r.start(t)
	t.Cleanup(r.stop)
	return r
}

// start listens, each time on another port: the one before may be somebody
// else's by now.
func (r *relay) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.setPort(listener.Addr().(*net.TCPAddr).Port)
	r.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{relay: r, connection: c}, nil
	}))
	r.server.Domain, r.server.TLSConfig = "relay.test", r.tls
	r.server.ErrorLog = log.New(io.Discard, "", 0)
	for _, option := range r.options {
		option(r.server)
	}
	if r.implicitTLS {
		listener = tls.NewListener(listener, r.tls)
	}
	server := r.server
	go func() { _ = server.Serve(listener) }()
}

// stop ends the relay, and points to a port where surely nobody listens.
func (r *relay) stop() {
	_ = r.server.Close()
	r.setPort(1)
}

func (r *relay) setPort(port int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.Port = port
}

// now is the relay as it is configured at this moment.
func (r *relay) now() Relay {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.Relay
}

func (r *relay) taken() []taken {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return append([]taken(nil), r.messages...)
}

// session is one conversation.
type session struct {
	relay      *relay
	connection *smtp.Conn
	message    taken
	username   string
}

func (s *session) AuthMechanisms() []string {
	if s.relay.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		s.relay.logins.Add(1)
		if password != s.relay.password {
			return smtp.ErrAuthFailed
		}
		s.username = username
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	_, encrypted := s.connection.TLSConnectionState()
	s.message = taken{from: from, username: s.username, encrypted: encrypted}
	return answer(s.relay.onMail)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.message.to = to
	return answer(s.relay.onRcpt)
}

func (s *session) Data(content io.Reader) error {
	s.relay.begun <- struct{}{}
	if s.relay.cutInContent {
		_, _ = io.CopyN(io.Discard, content, 100)
		_ = s.connection.Conn().Close()
		return errors.New("cut")
	}
	data, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	if err := answer(s.relay.onData); err != nil {
		return err
	}
	s.message.content = string(data)
	s.relay.mutex.Lock()
	s.relay.messages = append(s.relay.messages, s.message)
	s.relay.mutex.Unlock()
	if s.relay.cutAfterContent {
		_ = s.connection.Conn().Close()
	}
	return nil
}

func (s *session) Reset() {
	if s.relay.cutAfterAnswer && s.message.content != "" {
		_ = s.connection.Conn().Close()
	}
}

func (*session) Logout() error { return nil }

func answer(with func() error) error {
	if with == nil {
		return nil
	}
	return with()
}

// refuse answers with a code, and quotes an address as real relays do.
func refuse(code int, enhanced smtp.EnhancedCode) func() error {
	return func() error {
		return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: "<marked@visitor.test> Marked-Name is not wanted"}
	}
}

// letter is a valid message whose every personal part is marked.
func letter() Message {
	return Message{
		To: personal.New("marked@visitor.test"), ReplyTo: personal.New("marked-answer@visitor.test"),
		Subject: "New HALO report", ID: "halo-1@firm.test", Date: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		Text: personal.New("Dear Marked-Name"), HTML: personal.New("<p>Dear Marked-Name</p>"),
		Attachments: []Attachment{{Name: ReportName, ContentType: "application/pdf", Content: []byte("%PDF-1.7 report")}},
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
