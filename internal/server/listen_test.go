package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/server/reload"
)

// TestTheProxyProtocol speaks it as an entrance does that passes TLS through.
func TestTheProxyProtocol(t *testing.T) {
	ask := func(b *bench, line string) (int, error) {
		raw, err := net.Dial("tcp", b.address)
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(raw, line); err != nil {
			t.Fatal(err)
		}
		roots := b.client.Transport.(*http.Transport).TLSClientConfig.RootCAs
		secure := tls.Client(raw, &tls.Config{RootCAs: roots, ServerName: "halo.acme.example"})
		if err := secure.Handshake(); err != nil {
			return 0, err
		}
		if _, err := fmt.Fprintf(secure, "GET /api/v1/session?advisor=planning HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\nConnection: close\r\n\r\n", acme); err != nil {
			return 0, err
		}
		var status int
		_, err = fmt.Fscanf(secure, "HTTP/1.1 %d", &status)
		return status, err
	}
	limited := yaml + "limits: {requestsPerMinutePerClient: 1}\n"
	b := start(t, func(o *server.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	b.write("config", "config.yaml", limited)
	b.config.Check()
	for _, step := range []struct {
		line string
		want int
	}{
		{"PROXY TCP4 192.0.2.1 10.0.0.1 5000 443\r\n", 200}, {"PROXY TCP4 192.0.2.1 10.0.0.1 5001 443\r\n", 429},
		{"PROXY TCP4 192.0.2.2 10.0.0.1 5000 443\r\n", 200}, {"", 200}, {"", 429},
	} {
		if got, err := ask(b, step.line); err != nil || got != step.want {
			t.Errorf("%q: %d, %v; want %d", step.line, got, err, step.want)
		}
	}
	elsewhere := start(t, func(o *server.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	if _, err := ask(elsewhere, "PROXY TCP4 192.0.2.1 10.0.0.1 5000 443\r\n"); err == nil {
		t.Error("a peer that is not among the trusted may tell an address")
	}
	if status, err := ask(elsewhere, ""); err != nil || status != 200 {
		t.Errorf("the same peer without a header: %d, %v", status, err)
	}
	if _, err := ask(start(t), "PROXY TCP4 192.0.2.1 10.0.0.1 5000 443\r\n"); err == nil {
		t.Error("an untrusted peer may tell an address")
	}
}

func TestOnlyModernTLS(t *testing.T) {
	b := start(t)
	if got := b.do("GET", "/widget.js", ""); got.proto != "HTTP/2.0" || got.state.Version != tls.VersionTLS13 {
		t.Errorf("%s over TLS %x", got.proto, got.state.Version)
	}
	roots := b.client.Transport.(*http.Transport).TLSClientConfig.RootCAs
	for version, works := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true} {
		connection, err := tls.Dial("tcp", b.address, &tls.Config{RootCAs: roots, ServerName: "halo.acme.example", MinVersion: version, MaxVersion: version})
		if (err == nil) != works {
			t.Errorf("TLS %x: %v", version, err)
		}
		if err == nil {
			connection.Close()
		}
	}
}

func TestACertificateIsExchangedInPlace(t *testing.T) {
	b := start(t)
	roots := b.writeCertificate("halo.acme.example", time.Now().Add(48*time.Hour))
	renewed := newClient(t, roots)
	waitFor(t, func() bool {
		response, err := renewed.Get(b.url + "/widget.js")
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == 200
	})
	b.write("tls", "tls.crt", "broken")
	waitFor(t, func() bool { return !b.cert.Healthy() })
	b.client = newClient(t, roots)
	if got := b.do("GET", "/widget.js", ""); got.status != 200 {
		t.Errorf("with a broken file: %d", got.status)
	}
}

func TestTokenKeysAreExchangedInPlace(t *testing.T) {
	b := start(t)
	token := b.token()
	b.write("keys", "2", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{2}, 32)))
	waitFor(t, func() bool { return b.keys.Get().Newest() == "2" })
	if got := b.post(token, body); got.status != 200 {
		t.Errorf("a token of the older key: %d", got.status)
	}
	if got := b.post(b.token(), body); got.status != 200 {
		t.Errorf("a token of the newer key: %d", got.status)
	}
}

func TestRequestsThatHaveBegunAreFinishedAtTheEnd(t *testing.T) {
	b := start(t)
	token := b.token()
	reached, release := make(chan struct{}), make(chan struct{})
	b.store.fault = func(context.Context) error { close(reached); <-release; return nil }
	status := make(chan int, 1)
	go func() { status <- b.post(token, body).status }()
	<-reached
	ended := make(chan struct{})
	go func() { b.stop(); close(ended) }()
	waitFor(t, func() bool { // the port closes first
		raw, err := net.Dial("tcp", b.address)
		if err == nil {
			raw.Close()
		}
		return err != nil
	})
	select {
	case <-ended:
		t.Error("the server ended before the request")
	default:
	}
	close(release)
	if got := <-status; got != 200 {
		t.Errorf("the last request: %d", got)
	}
	<-ended
}

func TestParseCertificateSaysWhatIsWrong(t *testing.T) {
	b := start(t)
	good, err := reload.Read(b.dirs["tls"])
	if err != nil {
		t.Fatal(err)
	}
	b.writeCertificate("other.example", time.Now().Add(time.Hour))
	other, err := reload.Read(b.dirs["tls"])
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		files reload.Files
		says  string
	}{
		"no files":          {reload.Files{}, "tls.crt is missing"},
		"no key":            {reload.Files{"tls.crt": good["tls.crt"]}, "tls.key is missing"},
		"another's key":     {reload.Files{"tls.crt": good["tls.crt"], "tls.key": other["tls.key"]}, "do not make a certificate"},
		"text that is none": {reload.Files{"tls.crt": []byte("x"), "tls.key": good["tls.key"]}, "do not make a certificate"},
	} {
		if _, err := server.ParseCertificate(test.files); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
