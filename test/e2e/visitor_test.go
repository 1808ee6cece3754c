//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/browser"
	"halo.dev/halo/test/platform"
)

// The tenants of the story, and the web origins of firms' pages.
const (
	acmeHost    = "halo.acme.example"
	acmeOrigin  = "https://www.acme.example"
	blogOrigin  = "https://blog.acme.example" // not safelisted at first
	restoreHost = "halo.revival.example"
)

// visitorBrowser is a Chromium that finds the firm's pages on this machine and
// the tenant's host at the cluster's entrance, and a server for the pages.
type visitorBrowser struct {
	chromium *browser.Browser
	page     *httptest.Server
}

// firm is one whose page a visitor opens.
type firm struct {
	name, host, advisor string
	origins             []string
}

// startBrowser serves the advisor's page by TLS on loopback and starts Chromium.
// The browser trusts two keys: the page's, and the tenant's, whose certificate
// was verified against the operator's CA before.
func startBrowser(ctx context.Context, t *testing.T, p *platform.Platform, f firm, tenantKey *x509.Certificate) *visitorBrowser {
	t.Helper()
	handler, err := platform.Page{Firm: f.name, Widget: "https://" + f.host + "/widget.js", Advisor: f.advisor}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	page := httptest.NewTLSServer(handler)
	rules := fmt.Sprintf("MAP %s:443 %s", f.host, p.Entrance())
	for _, origin := range f.origins {
		rules += fmt.Sprintf(", MAP %s:443 %s", strings.TrimPrefix(origin, "https://"), page.Listener.Addr())
	}
	started, err := browser.Start(ctx, browser.Options{
		HostResolverRules: rules + ", MAP * ~NOTFOUND",
		TrustedKeys:       []string{browser.KeyPin(page.Certificate()), browser.KeyPin(tenantKey)},
	})
	if err != nil {
		page.Close()
		t.Fatal(err)
	}
	return &visitorBrowser{chromium: started, page: page}
}

func (b *visitorBrowser) stop() {
	b.chromium.Close()
	b.page.Close()
}

// visit opens the advisor's page of an origin in a tab of its own.
func (b *visitorBrowser) visit(t *testing.T, origin string) browser.Assessment {
	t.Helper()
	tab, stop, err := b.chromium.Tab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	limited, cancel := context.WithTimeout(tab, time.Minute)
	t.Cleanup(cancel)
	if err := browser.Open(limited, origin+"/"); err != nil {
		t.Fatalf("opening %s: %v", origin, err)
	}
	return browser.NewAssessment(limited, 0)
}

// certificateOf gives the certificate that the tenant's host shows at the
// entrance, verified for the host's name against the operator's own CA.
func certificateOf(ctx context.Context, s *story, host string) (*x509.Certificate, error) {
	dialer := tls.Dialer{Config: &tls.Config{ServerName: host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}}
	connection, err := dialer.DialContext(ctx, "tcp", s.platform.Entrance())
	if err != nil {
		return nil, fmt.Errorf("connecting to %s at the entrance: %w", host, err)
	}
	defer connection.Close()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}
