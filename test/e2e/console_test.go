//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// staffReachTheConsole goes to the sign-in by its own entrance, and tries the
// other ways, which must all end before it.
func staffReachTheConsole(ctx context.Context, t *testing.T, s *story) {
	visitors, staff := s.platform.Entrance(), s.platform.StaffEntrance()
	console, err := s.platform.Cluster.Kubectl(ctx, "", "get", "ingress", "-n", "halo-acme", "console", "-o", "jsonpath={.spec.rules[0].host}")
	if err != nil {
		t.Fatal(err)
	}
	_, domain, _ := strings.Cut(console, ".")
	nobodys, signIn := "neighbour."+domain, "https://"+console+"/console/sign-in"
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		status, page := fetch(ctx, s, staff, console, signIn)
		return page, status == http.StatusOK && strings.Contains(page, "<form")
	})
	for name, way := range map[string]struct {
		entrance, serverName, url string
		// status is 0 where no connection comes about.
		status int
	}{
		"the console's name at the visitors' entrance":    {visitors, console, signIn, 0},
		"the widget's name at the visitors' entrance":     {visitors, acmeHost, "https://" + acmeHost + "/console/sign-in", http.StatusNotFound},
		"the console's name in a request by the widget's": {visitors, acmeHost, signIn, http.StatusNotFound},
		"the widget's name at the staff's entrance":       {staff, acmeHost, "https://" + acmeHost + "/widget.js", 0},
		"the widget's name in a request to the console":   {staff, console, "https://" + acmeHost + "/console/sign-in", http.StatusMisdirectedRequest},
		"the widget's API by the console's name":          {staff, console, "https://" + console + "/api/v1/session?advisor=planning", http.StatusNotFound},
		"the console of a tenant that does not want one":  {staff, nobodys, "https://" + nobodys + "/console/sign-in", 0},
	} {
		if status, page := fetch(ctx, s, way.entrance, way.serverName, way.url); status != way.status {
			t.Errorf("%s: status %d, want %d: %s", name, status, way.status, page)
		}
	}
	firstAdministrator(ctx, t, s, console)
}

// firstAdministrator makes an account as docs/console.md says, and opens its
// one-time link by the staff's entrance.
func firstAdministrator(ctx context.Context, t *testing.T, s *story, console string) {
	host, err := s.platform.Cluster.Kubectl(ctx, "", "get", "halotenant", "acme", "-o", "jsonpath={.status.database.endpoint}")
	if err != nil {
		t.Fatal(err)
	}
	said, err := s.platform.Cluster.Kubectl(ctx, "", "exec", "-n", "halo-acme", "deploy/server", "--",
		"/halo-server", "account", "create", "--name", "ada", "--role", "administrator", "--database-host", host)
	if err != nil {
		t.Fatal(err)
	}
	link := strings.TrimSpace(said)
	if parsed, err := url.Parse(link); err != nil || parsed.Host != console {
		t.Fatalf("the link does not lead to %s", console)
	}
	if status, page := fetch(ctx, s, s.platform.StaffEntrance(), console, link); status != http.StatusOK || !strings.Contains(page, `type="password"`) {
		t.Errorf("the one-time link is answered with %d and no field for a password", status)
	}
}

// fetch asks for a page at an entrance, verified by the operator's CA. The
// status is 0 when no connection comes about; the second result is what was
// said.
func fetch(ctx context.Context, s *story, entrance, serverName, address string) (status int, said string) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: s.roots, ServerName: serverName, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, network, entrance)
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	page, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(page)
}
