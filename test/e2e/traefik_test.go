//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/authority"
	"halo.dev/halo/test/definitions"
)

// traefikPort is Traefik's port of the node, a node port of its Service.
const traefikPort = "30443"

//go:embed testdata/traefik.yaml
var traefikManifests string

// way is a tenant that visitors reach by Traefik, and what its entrance consists of.
type way struct {
	tenant, host, origin, class string
	// verifier is the object that tells Traefik how to verify the pods, and name the field of the name in it.
	verifier, name string
	// roots trust what Traefik shows.
	roots *x509.CertPool
}

// The two ways: by Ingress, where Traefik shows the tenant's own certificate,
// and by Gateway API, where the Gateway has one of the platform.
var (
	byIngress = &way{
		tenant: "harbour", host: "halo.harbour.example", origin: "https://www.harbour.example", class: "traefik-ingress",
		verifier: "serverstransport", name: `{"spec":{"serverName":"halo.meadow.example"}}`,
	}
	byGateway = &way{
		tenant: "meadow", host: "halo.meadow.example", origin: "https://www.meadow.example", class: "traefik-gateway",
		verifier: "backendtlspolicy", name: `{"spec":{"validation":{"hostname":"halo.harbour.example"}}}`,
	}
)

func traefikChapters() []chapter {
	chapters := []chapter{{"Traefik serves a tenant by Ingress and one by Gateway API", traefikServes}}
	for _, told := range []struct {
		name string
		tell func(context.Context, *testing.T, *story, *way)
	}{
		{"the pods of Traefik reach the server, and those of another entrance do not", onlyItsEntranceReaches},
		{"each visitor has a limit of its own, whatever it says of itself", visitorsAreTold},
		{"a pod is believed by its CA and its name only", podIsVerified},
	} {
		chapters = append(chapters,
			chapter{told.name + ", by Ingress", func(ctx context.Context, t *testing.T, s *story) { told.tell(ctx, t, s, byIngress) }},
			chapter{told.name + ", by Gateway", func(ctx context.Context, t *testing.T, s *story) { told.tell(ctx, t, s, byGateway) }})
	}
	return chapters
}

// traefikServes installs Traefik, two classes and a tenant of each.
func traefikServes(ctx context.Context, t *testing.T, s *story) {
	installTraefik(ctx, t, s)
	controller := map[string]any{"namespace": "traefik", "podLabels": map[string]any{"app.kubernetes.io/name": "traefik"}}
	trusted := []any{s.platform.Cluster.Addresses.Pods.String()}
	for class, entrance := range map[string]map[string]any{
		byIngress.class: {"className": "traefik", "serversTransport": "traefik", "annotations": map[string]any{
			"traefik.ingress.kubernetes.io/router.entrypoints": "websecure", "traefik.ingress.kubernetes.io/router.tls": "true",
		}},
		byGateway.class: {"gateway": map[string]any{"namespace": "traefik", "name": "visitors"}},
	} {
		entrance["controller"], entrance["trustedProxies"] = controller, trusted
		classLike(ctx, t, s, class, func(spec map[string]any) {
			spec["ingress"] = entrance
			spec["limits"] = map[string]any{"requestsPerMinutePerClient": perVisitor}
			spec["database"].(map[string]any)["instances"] = 1
			spec["server"].(map[string]any)["replicas"] = 1
		})
	}
	for _, w := range []*way{byIngress, byGateway} {
		manifest := fmt.Sprintf(`
apiVersion: halo.dev/v1alpha1
kind: HaloTenant
metadata: {name: %s}
spec:
  className: %s
  hostname: %s
  allowedOrigins: [%q]
  advisors: [{id: planning, name: Planning Desk, email: planning@%s.example}]
  deletionPolicy: Delete
`, w.tenant, w.class, w.host, w.origin, w.tenant)
		if err := s.platform.Apply(ctx, manifest); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range []*way{byIngress, byGateway} {
		awaitReady(ctx, t, s, w.tenant)
		awaitAnswer(ctx, t, s, w, http.StatusOK)
	}
}

// installTraefik applies the kinds that Traefik reads, a certificate for the
// Gateway, and Traefik.
func installTraefik(ctx context.Context, t *testing.T, s *story) {
	t.Helper()
	platformCA, err := authority.New("platform")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := platformCA.Issue(authority.Leaf{CommonName: byGateway.host, Usage: x509.ExtKeyUsageServerAuth, DNSNames: []string{byGateway.host}})
	if err != nil {
		t.Fatal(err)
	}
	byGateway.roots, byIngress.roots = x509.NewCertPool(), s.roots
	byGateway.roots.AppendCertsFromPEM(platformCA.Pair().Certificate)
	gateway, err := definitions.Gateway().Paths(ctx)
	if err != nil {
		t.Fatal(err)
	}
	traefik, err := definitions.Traefik().Paths(ctx)
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{"apply", "--server-side", "-f", filepath.Dir(gateway[0])} // Traefik watches all of them
	for _, file := range traefik {
		arguments = append(arguments, "-f", file)
	}
	kubectl(ctx, t, s, arguments...)
	image, err := s.platform.LoadFile(ctx, filepath.Join(s.platform.Cluster.Tools, "traefik"))
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer("IMAGE", image, "ADDRESS", s.platform.Cluster.Addresses.Node.String(), "PORT", traefikPort).Replace(traefikManifests)
	secret, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": map[string]any{"name": "visitors", "namespace": "traefik"},
		"stringData": map[string]any{"tls.crt": string(shown.Certificate), "tls.key": string(shown.Key)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, manifest := range []string{filled, string(secret)} {
		if err := s.platform.Apply(ctx, manifest); err != nil {
			t.Fatal(err)
		}
	}
}

// Paths that visitors' browsers ask for: of the API, which is limited, and of
// the script, which is not. The second is asked for in one chapter only, where
// the log tells whether it reached the pod.
const (
	apiPath    = "/api/v1/session?advisor=planning"
	scriptPath = "/widget.json"
	loggedPath = "/widget.js"
)

// visitor is a client that finds the tenant's host at Traefik, from this machine
// or from a network beside the cluster, by a new connection each time.
func (w *way) visitor(s *story, enter func(func() error) error) *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: w.roots, ServerName: w.host, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (connection net.Conn, err error) {
			err = enter(func() (err error) {
				var dialer net.Dialer
				connection, err = dialer.DialContext(ctx, network, s.platform.Cluster.Addresses.Node.String()+":"+traefikPort)
				return err
			})
			return connection, err
		},
	}}
}

// ask visits by Traefik from this machine.
func (w *way) ask(ctx context.Context, s *story, path string, headers map[string]string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+w.host+path, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Origin", w.origin)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := w.visitor(s, here).Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, nil
}

func kubectl(ctx context.Context, t *testing.T, s *story, arguments ...string) string {
	t.Helper()
	output, err := s.platform.Cluster.Kubectl(ctx, "", arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(output)
}

// here is where the test runs.
func here(f func() error) error { return f() }

// logs are those of the tenant's servers.
func (w *way) logs(ctx context.Context, t *testing.T, s *story) string {
	t.Helper()
	return kubectl(ctx, t, s, "logs", "-n", "halo-"+w.tenant, "-l", "app.kubernetes.io/component=server", "--tail=-1")
}

// awaitAnswer asks until Traefik has learnt of a change.
func awaitAnswer(ctx context.Context, t *testing.T, s *story, w *way, want int) {
	t.Helper()
	patience, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		status, err := w.ask(ctx, s, scriptPath, nil)
		return fmt.Sprint(status, err), err == nil && status == want
	})
}

// onlyItsEntranceReaches connects to the tenant's server from Traefik's pod and
// from that of the other entrance, which its class does not name.
func onlyItsEntranceReaches(ctx context.Context, t *testing.T, s *story, w *way) {
	server := kubectl(ctx, t, s, "get", "pods", "-n", "halo-"+w.tenant, "-l", "app.kubernetes.io/component=server", "-o", "jsonpath={.items[0].status.podIP}")
	for guest, passes := range map[string]bool{"traefik": true, "entrance": false} {
		uid := kubectl(ctx, t, s, "get", "pods", "-n", guest, "-l", "app.kubernetes.io/name="+guest, "-o", "jsonpath={.items[0].metadata.uid}")
		network, err := s.platform.Cluster.PodNetwork(uid)
		if err != nil {
			t.Fatal(err)
		}
		err = network.Do(func() error {
			connection, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(server, strconv.Itoa(portHTTPS)))
			if err == nil {
				err = connection.Close()
			}
			return err
		})
		if (err == nil) != passes {
			t.Errorf("a connection from %s: %v; want it to pass: %v", guest, err, passes)
		}
		if err := network.Close(); err != nil {
			t.Error(err)
		}
	}
}

// podIsVerified changes what Traefik verifies the pod by, to what an impostor's
// certificate would look like from there: signed by somebody else, or for
// another tenant's name. Traefik must then give nothing of the pod to anybody,
// and nothing of a visitor to the pod.
func podIsVerified(ctx context.Context, t *testing.T, s *story, w *way) {
	stranger, err := authority.New("stranger")
	if err != nil {
		t.Fatal(err)
	}
	ca, err := json.Marshal(map[string]any{"data": map[string]any{"ca.crt": string(stranger.Pair().Certificate)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []struct{ what, kind, object, patch string }{
		{"another CA", "configmap", "server-ca", string(ca)},
		{"another tenant's name", w.verifier, "server", w.name},
	} {
		setSuspended(ctx, t, s, w.tenant, true)
		kubectl(ctx, t, s, "patch", wrong.kind, wrong.object, "-n", "halo-"+w.tenant, "--type=merge", "-p", wrong.patch)
		status := awaitRefusal(ctx, t, s, w)
		if got, err := w.ask(ctx, s, loggedPath, nil); err != nil || got != status {
			t.Errorf("by %s Traefik says %d (%v) once more; want %d", wrong.what, got, err, status)
		}
		t.Logf("by %s Traefik says %d", wrong.what, status)
		setSuspended(ctx, t, s, w.tenant, false)
		awaitAnswer(ctx, t, s, w, http.StatusOK)
	}
	const asked = `"route":"` + loggedPath + `"`
	if strings.Contains(w.logs(ctx, t, s), asked) {
		t.Error("a request that Traefik answered with an error reached the pod")
	}
	if status, err := w.ask(ctx, s, loggedPath, nil); err != nil || status != http.StatusOK {
		t.Fatalf("the script: %d (%v); want 200", status, err)
	}
	patience, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	await(patience, t, func(context.Context) (string, bool) {
		return "no request for the script in the log", strings.Contains(w.logs(ctx, t, s), asked)
	})
}

// awaitRefusal waits until Traefik answers with an error of its own: it has no
// other for a pod that it does not believe.
func awaitRefusal(ctx context.Context, t *testing.T, s *story, w *way) (status int) {
	t.Helper()
	patience, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		var err error
		status, err = w.ask(ctx, s, scriptPath, nil)
		return fmt.Sprint(status, err), err == nil && status >= http.StatusInternalServerError
	})
	return status
}

// perVisitor is how many requests a minute a visitor of these tenants has.
const perVisitor = 5

// visitorsAreTold uses up the limit of a visitor who claims to be another with
// each request; a second visitor, from another address, still makes an assessment.
func visitorsAreTold(ctx context.Context, t *testing.T, s *story, w *way) {
	served := 0
	for ; served <= 2*perVisitor; served++ {
		other := fmt.Sprintf("203.0.113.%d", served+1)
		status, err := w.ask(ctx, s, apiPath, map[string]string{"X-Forwarded-For": other, "X-Real-Ip": other, "Forwarded": "for=" + other})
		if err != nil {
			t.Fatal(err)
		}
		if status == http.StatusTooManyRequests {
			break
		}
		if status != http.StatusOK {
			t.Fatalf("request %d: %d", served+1, status)
		}
	}
	if served < perVisitor || served > perVisitor+1 { // one may have come back meanwhile
		t.Fatalf("%d requests of a visitor with forged headers were served; want %d", served, perVisitor)
	}
	if err := assess(ctx, w.visitor(s, s.platform.Cluster.InCloud), w.host, w.origin); err != nil {
		t.Errorf("an assessment of a second visitor, who must not share the first one's limit: %v", err)
	}
	if stored := connect(ctx, t, s, w.tenant).count(ctx, t, "halo_assessment.assessment"); stored != 1 {
		t.Errorf("%d assessments are stored; want 1", stored)
	}
	logs := w.logs(ctx, t, s)
	for _, network := range []string{s.platform.Cluster.Addresses.HostLink.String(), s.platform.Cluster.Addresses.Cloud.String()} {
		if !strings.Contains(logs, `"network":"`+network+`"`) {
			t.Errorf("no request is logged from %s", network)
		}
	}
	for _, network := range []string{"203.0.113.0/24", s.platform.Cluster.Addresses.Pods.String()} {
		if strings.Contains(logs, `"network":"`+network+`"`) {
			t.Errorf("a request is logged from %s, where no visitor is", network)
		}
	}
}
