//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
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
`

// Labels of pods that the policies tell apart.
const (
	plainPod    = "app: curious"
	entrancePod = "app.kubernetes.io/name: entrance"
	migratePod  = "app.kubernetes.io/name: halo-server, app.kubernetes.io/component: migrate"
)

// neighbourIsShutOut tries to reach acme's server and database from pods in
// other places. Each target is also reached from the one place that may, so
// that a silent target is not taken for a closed one.
func neighbourIsShutOut(ctx context.Context, t *testing.T, s *story) {
	if err := s.platform.Apply(ctx, neighbour); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.platform.Cluster.Kubectl(context.WithoutCancel(ctx), "", "delete", "halotenant", "neighbour", "--wait=false"); err != nil {
			t.Error(err)
		}
	})
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "networkpolicy", "-n", "halo-neighbour", "default-deny")
		return output + fmt.Sprint(err), err == nil
	})
	server := podAddress(ctx, t, s, "acme") + ":8443"
	database := endpointOf(ctx, t, s, "acme") + ":3306"
	reference, err := s.platform.LoadProgram(ctx, "halo.dev/halo/test/cluster/probe")
	if err != nil {
		t.Fatal(err)
	}
	for _, attempt := range []struct {
		name, namespace, labels, target string
		connects                        bool
	}{
		{"the entrance reaches the server", "entrance", entrancePod, server, true},
		{"the migration reaches the database", "halo-acme", migratePod, database, true},
		{"a pod of the neighbour does not reach the server", "halo-neighbour", plainPod, server, false},
		{"a pod of the neighbour does not reach the database", "halo-neighbour", plainPod, database, false},
		{"a pod without any policy of its own does not reach the server", "default", plainPod, server, false},
		{"a stray pod of the tenant itself does not reach the database", "halo-acme", plainPod, database, false},
		{"a pod of the neighbour does not reach the API server", "halo-neighbour", plainPod, s.platform.Cluster.Addresses.Node.String() + ":6443", false},
		{"the migration does not reach the server", "halo-acme", migratePod, server, false},
	} {
		t.Run(attempt.name, func(t *testing.T) {
			said, connected := probe(ctx, t, s, reference, attempt.namespace, attempt.labels, attempt.target)
			if connected != attempt.connects {
				t.Errorf("the probe says %q", said)
			}
		})
	}
}

// probe runs the probe in a pod and gives what it said.
func probe(ctx context.Context, t *testing.T, s *story, reference, namespace, labels, target string) (said string, connected bool) {
	t.Helper()
	manifest := fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: %s, labels: {%s}}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: probe
    image: %s
    args: [insist, %q]
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    resources: {requests: {cpu: 10m, memory: 8Mi, ephemeral-storage: 1Mi}, limits: {cpu: 100m, memory: 32Mi, ephemeral-storage: 8Mi}}
`, namespace, labels, reference, target)
	kubectl := func(args ...string) string {
		t.Helper()
		output, err := s.platform.Cluster.Kubectl(ctx, "", append([]string{"-n", namespace}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return output
	}
	if _, err := s.platform.Cluster.Kubectl(ctx, manifest, "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	defer kubectl("delete", "pod", "probe", "--now", "--wait")
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	phase := await(patience, t, func(context.Context) (string, bool) {
		phase := kubectl("get", "pod", "probe", "-o", "jsonpath={.status.phase}")
		return phase, phase == "Succeeded" || phase == "Failed"
	})
	said = strings.TrimSpace(kubectl("logs", "probe"))
	if said == "" {
		t.Fatalf("the probe ended as %s without a word: it did not run", phase)
	}
	return said, phase == "Succeeded"
}

// podAddress gives the address of one of the tenant's server pods.
func podAddress(ctx context.Context, t *testing.T, s *story, tenant string) string {
	t.Helper()
	output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "pods", "-n", "halo-"+tenant, "-l", "app.kubernetes.io/component=server", "-o", "jsonpath={.items[0].status.podIP}")
	if err != nil || net.ParseIP(output) == nil {
		t.Fatalf("the server pod's address %q: %v", output, err)
	}
	return output
}

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
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: s.roots, ServerName: host, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, s.platform.Entrance())
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/api/v1/session?advisor=planning", nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Origin", origin)
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}
