package service

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"halo.dev/halo/test/authority"
)

// Host is the name that the server's certificate is for.
const Host = "halo.acme.example"

// ConsoleHost is the name of the staff console.
const ConsoleHost = "console.acme.example"

// Origin is the one safelisted origin.
const Origin = "https://www.acme.example"

// Advisor is the id of the one advisor.
const Advisor = "planning"

// Relay is the SMTP server that a tenant's mail goes to. The zero value is a port where nobody listens: mail then waits.
type Relay struct {
	Host string
	Port int
	// CA holds the certificates (PEM) that may have signed the relay's.
	CA string
	// Username and Password sign in; empty for a relay that wants none.
	Username, Password string
}

// Limits are those of the configuration: requests a minute of one client and of all.
type Limits struct{ PerClient, All int }

// generous limits let a test send what it likes.
var generous = Limits{PerClient: 1_000_000, All: 10_000_000}

func configuration(options Options) string {
	relay, limits, console := options.Relay, options.Limits, ""
	if relay.Port == 0 {
		relay.Host, relay.Port = "127.0.0.1", 9 // discard: nobody listens
	}
	if options.Console {
		console = "console: {hostname: " + ConsoleHost + "}\n"
	}
	return fmt.Sprintf(`tenant: acme
hostname: %s
allowedOrigins: [%q]
advisors: [{id: %s, name: Planning Desk, email: desk@advisor.test}]
brand: {name: Acme Planning, color: "#0b6e4f"}
mail: {host: %s, port: %d, tls: required, from: halo@acme.test}
limits: {requestsPerMinutePerClient: %d, requestsPerMinute: %d}
%s`, Host, Origin, Advisor, relay.Host, relay.Port, limits.PerClient, limits.All, console)
}

// layOut writes every folder that a pod has mounted.
func (s *Service) layOut(t testing.TB, options Options) {
	t.Helper()
	relay := options.Relay
	signer, err := authority.New("operator of a test")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := signer.Issue(authority.Leaf{CommonName: Host, Usage: x509.ExtKeyUsageServerAuth, DNSNames: []string{Host, ConsoleHost, "localhost"}, Addresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	s.CA = signer.Pair().Certificate
	key := func(b byte) []byte {
		return []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)))
	}
	for name, content := range map[string][]byte{
		"config/config.yaml":  []byte(configuration(options)),
		"config/mail-ca.pem":  []byte(relay.CA),
		"tls/tls.crt":         pair.Certificate,
		"tls/tls.key":         pair.Key,
		"token-keys/1":        key(7),
		"sealing-keys/1":      key(8),
		"sealing-keys/index":  key(9),
		"mail-relay/username": []byte(relay.Username),
		"mail-relay/password": []byte(relay.Password),
	} {
		if relay.Username == "" && filepath.Dir(name) == "mail-relay" {
			continue
		}
		s.write(t, name, content)
	}
}

func (s *Service) write(t testing.TB, name string, content []byte) {
	t.Helper()
	path := filepath.Join(s.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
