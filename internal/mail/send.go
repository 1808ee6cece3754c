package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// How strictly a relay must encrypt.
const (
	// TLSRequired refuses to send unless the connection is encrypted and the
	// relay's certificate is valid for its host name.
	TLSRequired = "required"
	// TLSOpportunistic encrypts where the relay offers it, whatever its
	// certificate says, and sends in the clear where it does not. To a relay
	// that wants a password it is the same as TLSRequired: a password goes to
	// nobody but the relay.
	TLSOpportunistic = "opportunistic"
)

// portImplicitTLS is the port on which TLS starts at once (RFC 8314); on every
// other port STARTTLS begins it.
const portImplicitTLS = 465

// defaultTimeout bounds each step of a conversation with a relay.
const defaultTimeout = 15 * time.Second

// Relay is where mail goes.
type Relay struct {
	// Host is the relay's name; its certificate must be valid for it.
	Host string
	// Port is 587 when zero; on 465 TLS starts at once.
	Port int
	// TLS is TLSRequired, also when empty, or TLSOpportunistic.
	TLS string
	// From is the sender's address, without a name.
	From string
	// CAFile holds the certificates (PEM) that may have signed the relay's;
	// when empty or absent, the system's count.
	CAFile string
	// CredentialsDir holds the files username and password; when empty, or
	// when the files are absent, the relay wants none.
	CredentialsDir string
	// Timeout bounds each step of a conversation; 15 seconds when zero.
	Timeout time.Duration

	// implicitTLS starts TLS at once on any port, for tests.
	implicitTLS bool
}

// Send hands a message to a relay and returns nil once the relay has taken it
// over. Every other outcome is an *Error.
func Send(ctx context.Context, relay Relay, message Message) error {
	built, err := build(relay, message)
	if err != nil {
		return err
	}
	client, closeConnection, err := relay.client()
	if err != nil {
		return err
	}
	defer closeConnection()
	defer context.AfterFunc(ctx, closeConnection)()
	conversation, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return dialError(err)
	}
	if err := client.SendWithSMTPClient(conversation, built); err != nil {
		return sendError(err)
	}
	// The relay has the message; what it answers to QUIT changes nothing.
	_ = client.CloseWithSMTPClient(conversation)
	return nil
}

// client makes a client for one conversation. The function closes its
// connection, whatever state it is in: the library leaves some open.
func (r Relay) client() (*gomail.Client, func(), error) {
	username, password, err := r.credentials()
	if err != nil {
		return nil, nil, err
	}
	if username != "" {
		r.TLS = TLSRequired
	}
	tlsConfig, err := r.tlsConfig()
	if err != nil {
		return nil, nil, err
	}
	timeout := r.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	dialer := &trackingDialer{}
	if r.implicitTLS || r.port() == portImplicitTLS {
		dialer.tls = tlsConfig
	}
	options := []gomail.Option{
		gomail.WithPort(r.port()), gomail.WithTimeout(timeout), gomail.WithTLSConfig(tlsConfig),
		gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithHELO(domainOf(r.From)),
		gomail.WithTLSPolicy(r.policy()), gomail.WithDialContextFunc(dialer.dial),
	}
	if dialer.tls != nil {
		options = append(options, gomail.WithSSL())
	}
	if username != "" {
		options = append(options, gomail.WithUsername(username), gomail.WithPassword(password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	client, err := gomail.NewClient(r.Host, options...)
	if err != nil {
		return nil, nil, &Error{Step: StepConfigure, cause: "the relay's host, port or sender cannot be used"}
	}
	return client, dialer.close, nil
}

func (r Relay) port() int {
	if r.Port == 0 {
		return 587
	}
	return r.Port
}

func (r Relay) policy() gomail.TLSPolicy {
	if r.TLS == TLSOpportunistic {
		return gomail.TLSOpportunistic
	}
	return gomail.TLSMandatory
}

// tlsConfig verifies the relay's certificate, unless encryption is
// opportunistic: then an attacker could as well leave STARTTLS out.
func (r Relay) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{ServerName: r.Host, MinVersion: tls.VersionTLS12}
	if r.TLS == TLSOpportunistic {
		config.InsecureSkipVerify = true
		return config, nil
	}
	if r.CAFile == "" {
		return config, nil
	}
	data, err := os.ReadFile(r.CAFile)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(strings.TrimSpace(string(data))) == 0 {
		return config, nil
	}
	if err != nil {
		return nil, &Error{Step: StepConfigure, cause: "the file of the relay's certificate authority cannot be read"}
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(data) {
		return nil, &Error{Step: StepConfigure, cause: "the file of the relay's certificate authority holds no certificate in PEM"}
	}
	return config, nil
}

// credentials reads the user's name and password; both are empty when the
// relay wants none.
func (r Relay) credentials() (username, password string, err error) {
	if r.CredentialsDir == "" {
		return "", "", nil
	}
	name, err := os.ReadFile(filepath.Join(r.CredentialsDir, "username"))
	if errors.Is(err, os.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", &Error{Step: StepConfigure, cause: "the relay's user name cannot be read"}
	}
	secret, err := os.ReadFile(filepath.Join(r.CredentialsDir, "password"))
	if err != nil {
		return "", "", &Error{Step: StepConfigure, cause: "the relay's password cannot be read"}
	}
	return strings.TrimRight(string(name), "\r\n"), strings.TrimRight(string(secret), "\r\n"), nil
}

// trackingDialer opens a connection and remembers it, so that it can be closed
// at any time.
type trackingDialer struct {
	tls        *tls.Config
	connection onceConnection
}

func (d *trackingDialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.connection.set(raw)
	if d.tls == nil {
		return raw, nil
	}
	encrypted := tls.Client(raw, d.tls)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("starting TLS: %w", err)
	}
	return encrypted, nil
}

func (d *trackingDialer) close() { d.connection.close() }
