package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers"
	"halo.dev/halo/controllers/rehearsal"
	"halo.dev/halo/internal/certificate"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/plan"
	"halo.dev/halo/test/apiserver"
	"halo.dev/halo/test/authority"
	"halo.dev/halo/test/played"
)

// The environment of the tests that need a cluster: a real API server with the real manager, and a kubeconfig file.
var (
	cluster    client.Client
	kubeconfig string
	wrote      = &written{}
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	ctrl.SetLogger(logr.Discard())
	config, stop, err := apiserver.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	folder, err := os.MkdirTemp("", "kubectl-halo")
	if err == nil {
		defer os.RemoveAll(folder)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, startErr := startManager(ctx, config, folder)
	code := 1
	if err != nil || startErr != nil {
		fmt.Fprintln(os.Stderr, err, startErr)
	} else {
		code = m.Run()
	}
	cancel()
	if ended != nil {
		<-ended
	}
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

func startManager(ctx context.Context, config *rest.Config, folder string) (<-chan error, error) {
	scheme, err := controllers.NewScheme()
	if err != nil {
		return nil, err
	}
	if cluster, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return nil, err
	}
	kubeconfig = filepath.Join(folder, "kubeconfig")
	if err := writeKubeconfig(config); err != nil {
		return nil, err
	}
	if err := cluster.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: naming.BackupsNamespace}}); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"mail-relay.username": "relay-user", "mail-relay.password": "relay-password",
		"sealing-root": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	watched := rest.CopyConfig(config)
	watched.Wrap(func(next http.RoundTripper) http.RoundTripper { return wrote.watch(next) })
	manager, err := ctrl.NewManager(watched, ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(), Client: controllers.ClientOptions(), Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		return nil, err
	}
	if err := controllers.Setup(ctx, manager, controllers.Options{Authority: ca, PlatformSecrets: folder, Concurrency: 4, Now: time.Now}); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	return ended, nil
}

func newAuthority() (*certificate.Authority, error) {
	made, err := authority.New("test CA")
	if err != nil {
		return nil, err
	}
	return certificate.ParseAuthority(made.Pair().Certificate, made.Pair().Key)
}

func writeKubeconfig(config *rest.Config) error {
	file := clientcmdapi.NewConfig()
	file.Clusters["test"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	file.AuthInfos["test"] = &clientcmdapi.AuthInfo{ClientCertificateData: config.CertData, ClientKeyData: config.KeyData}
	file.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	file.CurrentContext = "test"
	return clientcmd.WriteToFile(*file, kubeconfig)
}

// written remembers what the manager wrote: the last two parts of the paths.
type written struct {
	mutex sync.Mutex
	paths []string
	last  time.Time
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func (w *written) watch(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		parts := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
		what := parts[len(parts)-1]
		response, err := next.RoundTrip(request)
		switch {
		case request.Method == http.MethodGet || what == "events" || what == "status" || slices.Contains(parts, "halotenantclasses"):
			return response, err
		case request.Method != http.MethodPost:
			what = parts[len(parts)-2] + "/" + what
		}
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.paths, w.last = append(w.paths, request.Method+" "+what), time.Now()
		return response, err
	})
}

// rest waits until the manager has written something, if it should, and then nothing for a while; it returns and
// forgets what was written, sorted.
func (w *written) rest(t *testing.T, something bool) []string {
	t.Helper()
	began := time.Now()
	eventually(t, "a manager at rest", func() string {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		if time.Since(w.last) < 2*time.Second || time.Since(began) < time.Second || (something && len(w.paths) == 0) {
			return "still writes"
		}
		return ""
	})
	w.mutex.Lock()
	defer w.mutex.Unlock()
	paths := w.paths
	w.paths = nil
	slices.Sort(paths)
	return slices.Compact(paths)
}

func eventually(t *testing.T, what string, check func() string) {
	t.Helper()
	deadline, said := time.Now().Add(30*time.Second), ""
	for time.Now().Before(deadline) {
		if said = check(); said == "" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s: %s", what, said)
}

// planned are the requests that the manager needs for changes, as written has them.
func planned(changes []plan.Change) []string {
	var paths []string
	for _, change := range changes {
		plural := strings.ToLower(change.Object.GetKind()) + "s"
		switch {
		case strings.HasSuffix(plural, "sss"), strings.HasSuffix(plural, "ss") && !strings.HasSuffix(plural, "ingress"):
			plural = strings.TrimSuffix(plural, "s") + "es"
		case strings.HasSuffix(plural, "ys"):
			plural = strings.TrimSuffix(plural, "ys") + "ies"
		}
		if change.Action == plan.Create && (change.Once || change.AtCreation != nil) {
			paths = append(paths, "POST "+plural)
			continue
		}
		paths = append(paths, map[plan.Action]string{plan.Create: "PATCH ", plan.Update: "PATCH ", plan.Delete: "DELETE "}[change.Action]+plural+"/"+change.Object.GetName())
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// halo runs the command as a person would.
func haloCommand(t *testing.T, stdin string, arguments ...string) (int, string, string) {
	t.Helper()
	out, problems := &bytes.Buffer{}, &bytes.Buffer{}
	std := streams{in: strings.NewReader(stdin), out: out, err: problems, now: time.Now}
	exit := run(context.Background(), append(arguments, "--kubeconfig", kubeconfig), std)
	return exit, out.String(), problems.String()
}

func apply(t *testing.T, manifest string) {
	t.Helper()
	manifests, _, err := parseManifests([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range manifests {
		err := cluster.Apply(context.Background(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("test"), client.ForceOwnership)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func planFor(t *testing.T, manifest string) []subject {
	t.Helper()
	manifests, _, err := parseManifests([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	subjects, err := planOf(context.Background(), client.WithFieldValidation(cluster, metav1.FieldValidationStrict), manifests, streams{now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return subjects
}

// carryOut checks every step of a plan against what the manager writes, playing AWS and Kubernetes in between.
func carryOut(t *testing.T, steps []rehearsal.Step, tenant string, begin func()) {
	t.Helper()
	wrote.rest(t, false)
	begin()
	for number, step := range steps {
		if diff := cmp.Diff(planned(step.Changes), wrote.rest(t, len(step.Changes) > 0)); diff != "" {
			t.Errorf("step %d (-planned +done):\n%s", number+1, diff)
		}
		if _, err := played.Once(context.Background(), cluster, naming.Namespace(tenant)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "Ready", func() string {
		object := &halo.HaloTenant{}
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: tenant}, object); err != nil {
			return err.Error()
		}
		if !meta.IsStatusConditionTrue(object.Status.Conditions, halo.ConditionReady) {
			return message(object.Status.Conditions)
		}
		return ""
	})
}

// sameContent compares the hash of what was planned with that of what is there, but for kinds whose content the manager
// alone can tell.
func sameContent(t *testing.T, changes []plan.Change, untold ...string) {
	t.Helper()
	last := map[string]plan.Change{}
	for _, change := range changes {
		last[change.Object.GetKind()+" "+change.Object.GetName()] = change
	}
	for _, change := range last {
		hash := change.Object.GetAnnotations()[naming.AnnotationAppliedHash]
		if hash == "" || change.Object.GetKind() == "Secret" || slices.Contains(untold, change.Object.GetKind()) {
			continue
		}
		live := &unstructured.Unstructured{}
		live.SetGroupVersionKind(change.Object.GroupVersionKind())
		if err := cluster.Get(context.Background(), client.ObjectKeyFromObject(change.Object), live); err != nil {
			t.Fatal(err)
		}
		if got := live.GetAnnotations()[naming.AnnotationAppliedHash]; got != hash {
			t.Errorf("%s is not what was planned: %s, %s", change, got, hash)
		}
	}
}

func TestThePlanIsWhatTheManagerDoes(t *testing.T) {
	class := sampleText(t, "halotenantclass")
	tenant := strings.Replace(sampleText(t, "halotenant"), "spec:", "spec:\n  suspend: true", 1)
	apply(t, class)

	exit, out, problems := haloCommand(t, tenant, "plan", "-f", "-")
	if exit != exitDiffers || !strings.Contains(out, "Suspended") {
		t.Fatalf("exit %d: %s%s", exit, out, problems)
	}
	apply(t, tenant) // it has a uid now, from which the content of its objects follows
	wrote.rest(t, true)
	awake := sampleText(t, "halotenant") + "  suspend: false\n"
	subjects := planFor(t, awake)
	first := subjects[0].rehearsed
	carryOut(t, first.Steps, "acme", func() { apply(t, awake) })
	sameContent(t, first.Changes(), "DBCluster") // its tags have the fingerprint of the manager's root key

	if exit, out, problems := haloCommand(t, awake, "plan", "-f", "-"); exit != exitSame || !strings.Contains(out, "nothing to change") {
		t.Fatalf("what was planned and done differs still: exit %d: %s%s", exit, out, problems)
	}
	if exit, out, problems := haloCommand(t, "", "why", "acme"); exit != exitSame || !strings.Contains(out, "✓ HaloTenant acme: Ready. Serving https://halo.acme.example") {
		t.Errorf("exit %d: %s%s", exit, out, problems)
	}

	edited := strings.Replace(class, "v0.1.0", "v0.2.0", 1)
	edited = strings.Replace(edited, "pointInTimeDays: 35", "pointInTimeDays: 20", 1)
	subjects = planFor(t, edited)
	if len(subjects) != 2 || subjects[1].name != "acme" {
		t.Fatalf("a change of the class tells of %d subjects", len(subjects))
	}
	if told := string(told(t, subjects, exitDiffers)); !strings.Contains(told, "restart:") || !strings.Contains(told, "dangerous: points in time older than 20 days") {
		t.Errorf("%s", told)
	}
	carryOut(t, subjects[1].rehearsed.Steps, "acme", func() { apply(t, edited) })
	sameContent(t, subjects[1].rehearsed.Changes())
}

// TestAClassIsPlannedForWhatTheClusterHas: a Gateway that the cluster knows nothing of is waited for, not foretold as
// made; and nothing is changed by asking.
func TestAClassIsPlannedForWhatTheClusterHas(t *testing.T) {
	class := strings.Replace(sampleText(t, "halotenantclass"), "name: development", "name: planned", 1)
	apply(t, class)
	for _, name := range []string{"firm-a", "firm-b"} {
		apply(t, strings.NewReplacer("name: acme", "name: "+name, "halo.acme", "halo."+name, "className: development", "className: planned").Replace(sampleText(t, "halotenant")))
	}
	wrote.rest(t, true)
	edited := strings.Replace(class, "className: halo-local", "gateway: {namespace: edge, name: public}", 1)
	exit, out, problems := haloCommand(t, edited, "plan", "-f", "-")
	if exit != exitDiffers {
		t.Fatalf("exit %d: %s%s", exit, out, problems)
	}
	for _, want := range []string{
		"HaloTenantClass planned", "HaloTenant firm-a\n  and alike, with names of their own, 1 other tenant: firm-b\n",
		"wait     Waiting for HaloTenantClass planned: the cluster has no HTTPRoute", "2 tenants: 0 to change",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "create   HTTPRoute") {
		t.Errorf("a route is foretold in a cluster that knows none:\n%s", out)
	}
	if done := wrote.rest(t, false); len(done) > 0 {
		t.Errorf("asking for a plan made the manager write %v", done)
	}
}

func TestPlanTellsWhatTheAPIServerRefuses(t *testing.T) {
	apply(t, sampleText(t, "halotenantclass"))
	wrong := strings.Replace(sampleText(t, "halotenant"), "https://www.acme.example", "https://*.acme.example", 1)
	wrong = strings.Replace(wrong, "name: acme", "name: refused", 1)
	exit, _, problems := haloCommand(t, wrong, "plan", "-f", "-")
	if exit != exitTrouble || !strings.Contains(problems, "an origin is exactly scheme://host[:port]") {
		t.Errorf("exit %d: %s", exit, problems)
	}
	unknown := strings.Replace(sampleText(t, "halotenant"), "  hostname:", "  hostnames: []\n  hostname:", 1)
	exit, _, problems = haloCommand(t, unknown, "plan", "-f", "-")
	if exit != exitTrouble || !strings.Contains(problems, "spec.hostnames") || !strings.Contains(problems, "field") {
		t.Errorf("exit %d: %s", exit, problems)
	}
	err := cluster.Get(context.Background(), client.ObjectKey{Name: "refused"}, &halo.HaloTenant{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("a plan made a tenant: %v", err)
	}
}
