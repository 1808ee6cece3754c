package controllers_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"halo.dev/halo/controllers"
	"halo.dev/halo/internal/certificate"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/test/apiserver"
	"halo.dev/halo/test/kstatus"
)

// The environment of all tests of this package: one API server, one manager, and a client that plays everybody else.
var (
	cluster client.Client
	admin   *rest.Config
	writes  atomic.Int64 // by the manager
	clock   atomic.Int64 // added to the time, in nanoseconds

	// states is how kstatus read every version of our kinds' objects: what is wrong in one fails the package's tests.
	states *kstatus.Record

	// apiConfig is the operator's, and operatorOptions are the manager's: for tests that start further ones.
	apiConfig       *rest.Config
	operatorOptions controllers.Options
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	log := logr.Discard()
	if os.Getenv("HALO_TEST_LOG") != "" {
		log = logr.FromSlogHandler(newTestLog())
	}
	ctrl.SetLogger(log) // the first call counts
	config, stop, err := apiserver.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	folder, err := os.MkdirTemp("", "halo-controllers")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, err := startManager(ctx, config, folder)
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
		code = max(code, judge())
	}
	cancel()
	if ended != nil {
		<-ended
	}
	_ = os.RemoveAll(folder)
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

// judge tells what can be known only when all tests have run.
func judge() int {
	code := 0
	for _, wrong := range states.End() {
		fmt.Fprintln(os.Stderr, "kstatus:", wrong)
		code = 1
	}
	if flag.Lookup("test.run").Value.String() != "" {
		return code // some tests make no use of some rights
	}
	for _, file := range []string{"config/rbac/role.yaml", "config/rbac/leader_election.yaml"} {
		idle, err := rights.idle(file)
		if err != nil || len(idle) > 0 {
			fmt.Fprintf(os.Stderr, "%s: nothing needs to %s (%v)\n", file, strings.Join(idle, ", "), err)
			code = 1
		}
	}
	return code
}

// startManager runs the operator as it is run in production, with its own client's writes counted.
func startManager(ctx context.Context, config *rest.Config, folder string) (<-chan error, error) {
	admin = config
	scheme, err := controllers.NewScheme()
	if err != nil {
		return nil, err
	}
	if cluster, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	for _, name := range []string{"halo-operator", naming.BackupsNamespace} {
		if err := cluster.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			return nil, err
		}
	}
	for _, file := range []string{"rbac/service_account.yaml", "rbac/role.yaml", "rbac/role_binding.yaml", "rbac/duties.yaml", "rbac/leader_election.yaml", "policy/deletion.yaml", "policy/floor.yaml", "policy/secrets.yaml"} {
		if err := install(ctx, apiserver.Path("config/"+file)); err != nil {
			return nil, err
		}
	}
	counted := rest.CopyConfig(config)
	counted.Impersonate = rest.ImpersonationConfig{UserName: operatorUser}
	counted.Wrap(func(next http.RoundTripper) http.RoundTripper { return countWrites{recordRights{next}} })
	if states, err = kstatus.Follow(ctx, config); err != nil {
		return nil, err
	}
	manager, err := ctrl.NewManager(counted, ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(), Client: controllers.ClientOptions(),
		Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		return nil, err
	}
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"mail-relay.username": "relay-user", "mail-relay.password": "relay-password\n",
		"sealing-root": sealingRoot} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	options := controllers.Options{Authority: authority, PlatformSecrets: folder, Concurrency: 4, Look: 200 * time.Millisecond,
		Namespace: "halo-operator", Ask: told.ask, Erasures: tenantPods(), CollectEvery: 200 * time.Millisecond,
		Now: func() time.Time { return time.Now().Add(time.Duration(clock.Load())) }}
	apiConfig, operatorOptions = rest.CopyConfig(config), options
	apiConfig.Impersonate = counted.Impersonate
	apiConfig.Wrap(func(next http.RoundTripper) http.RoundTripper { return recordRights{next} })
	if err := controllers.Setup(ctx, manager, options); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	return ended, nil
}

// sealingRoot is what the keys of every tenant are derived from here.
const sealingRoot = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

// operatorUser is whom the manager runs as: it has the rights of config/rbac and no other.
const operatorUser = "system:serviceaccount:halo-operator:halo-operator"

// install creates every object of a file.
func install(ctx context.Context, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := cluster.Create(ctx, object); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

type countWrites struct{ next http.RoundTripper }

func (c countWrites) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodGet {
		writes.Add(1)
	}
	return c.next.RoundTrip(request)
}

func newAuthority() (*certificate.Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyBytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return certificate.ParseAuthority(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyBytes}))
}
