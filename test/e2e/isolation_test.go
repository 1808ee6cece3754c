//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

const neighbour = `
apiVersion: halo.dev/v1alpha1
kind: HaloTenant
metadata: {name: neighbour}
spec:
  className: development
  hostname: halo.neighbour.example
  allowedOrigins: ["https://www.neighbour.example"]
  advisors: [{id: desk, name: Desk, email: desk@neighbour.example}]
  deletionPolicy: Delete
`

// visitorIsCountedAlone looks for this machine's network in the servers' access
// logs: were it the entrance's, all visitors would share one limit.
func visitorIsCountedAlone(ctx context.Context, t *testing.T, s *story) {
	logs, err := s.platform.Cluster.Kubectl(ctx, "", "logs", "-n", "halo-acme", "-l", "app.kubernetes.io/component=server", "--tail=-1")
	if err != nil {
		t.Fatal(err)
	}
	host := s.platform.Cluster.Addresses.HostLink.String()
	if !strings.Contains(logs, `"network":"`+host+`"`) {
		t.Errorf("no request is logged from %s, where the browser is", host)
	}
	if pods := s.platform.Cluster.Addresses.Pods.String(); strings.Contains(logs, `"network":"`+pods+`"`) {
		t.Errorf("requests are logged from %s, where the entrance is", pods)
	}
}

// plainTextIsRefused offers the right name and password without TLS.
func plainTextIsRefused(ctx context.Context, t *testing.T, s *story) {
	open := connect(ctx, t, s, "acme")
	if required := open.query(ctx, t, "SELECT @@require_secure_transport"); required != "1" {
		t.Errorf("require_secure_transport is %q; want 1, whatever a user's own grants say", required)
	}
	configuration := open.configuration.Clone()
	configuration.TLS, configuration.TLSConfig = nil, "false"
	connector, err := mysql.NewConnector(configuration)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := connector.Connect(ctx)
	if err == nil {
		_ = connection.Close()
		t.Fatal("the database accepted a connection in plain text")
	}
	// MariaDB says that access is denied, MySQL 8 that TLS is required; with TLS the same name and password were taken above.
	const accessDenied, secureTransportRequired = 1045, 3159
	var refusal *mysql.MySQLError
	if !errors.As(err, &refusal) || refusal.Number != accessDenied && refusal.Number != secureTransportRequired {
		t.Fatalf("want the database's refusal for want of TLS, got: %v", err)
	}
}

// sessionStatus asks for a session as a page of the origin would, by a new
// connection each time, so that every pod gets its turn.
func sessionStatus(ctx context.Context, s *story, host, origin string) (int, error) {
	client := visitorOf(s, host)
	defer client.CloseIdleConnections()
	response, err := askSession(ctx, client, host, origin)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}

// visitorOf is a client that finds the host at the cluster's entrance and trusts
// the operator's CA alone.
func visitorOf(s *story, host string) *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.roots, ServerName: host, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, s.platform.Entrance())
		},
	}}
}

// askSession asks for a session as a page of the origin would.
func askSession(ctx context.Context, client *http.Client, host, origin string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/api/v1/session?advisor=planning", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Origin", origin)
	return client.Do(request)
}
