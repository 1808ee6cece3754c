package awslocal_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-sql-driver/mysql"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"halo.dev/halo/test/awslocal"
	"halo.dev/halo/test/awslocal/ack"
)

// patience is the longest that any condition is waited for; none takes a tenth of it on an idle machine.
const patience = 90 * time.Second

// apiServer and templates are shared by all tests of the package: one API server, one pristine database.
var (
	apiServer *rest.Config
	templates string
)

func TestMain(m *testing.M) { os.Exit(withAPIServer(m)) }

func withAPIServer(m *testing.M) int {
	environment := &envtest.Environment{}
	config, err := environment.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "start an API server (KUBEBUILDER_ASSETS names the folder with etcd and kube-apiserver):", err)
		return 1
	}
	folder, err := os.MkdirTemp("", "pristine")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctrl.SetLogger(logr.Discard()) // of what the controllers tell, the tests ask nothing
	apiServer, templates = config, folder
	code := m.Run()
	_ = os.RemoveAll(folder)
	if err := environment.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the API server:", err)
		return 1
	}
	return code
}

// world is a namespace of the API server with a stand-in of its own, which minds every namespace: so tests do not run
// side by side.
type world struct {
	t         *testing.T
	api       client.Client
	namespace string
	state     string
	standIn   *awslocal.StandIn
	stop      func()
}

func newWorld(t *testing.T, change func(*awslocal.Options)) *world {
	t.Helper()
	api, err := client.New(apiServer, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, api: api, state: shortFolder(t)}
	namespace := &corev1.Namespace{}
	namespace.GenerateName = "t-"
	w.must(api.Create(t.Context(), namespace))
	w.namespace = namespace.Name
	t.Cleanup(w.forget)
	w.start(change)
	return w
}

// shortFolder is a temporary folder whose name is short enough for sockets.
func shortFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "aws")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// start opens a stand-in on the world's state folder; w.stop ends it.
func (w *world) start(change func(*awslocal.Options)) {
	w.t.Helper()
	options := awslocal.Options{Config: apiServer, StateFolder: w.state, TemplateFolder: templates, Speed: 10}
	if os.Getenv("AWSLOCAL_LOG") != "" {
		options.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	if change != nil {
		change(&options)
	}
	standIn, err := awslocal.Open(w.t.Context(), options)
	w.must(err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- standIn.Run(ctx) }()
	running := true
	w.standIn = standIn
	w.stop = func() {
		if !running {
			return
		}
		running = false
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("the stand-in ended with: %v", err)
		}
	}
	w.t.Cleanup(w.stop)
}

// forget removes the namespace's resources and their finalizers, so that the next test's stand-in does not see them.
func (w *world) forget() {
	ctx := context.WithoutCancel(w.t.Context())
	for _, kind := range []string{"DBInstance", "DBClusterSnapshot", "DBCluster", "DBClusterParameterGroup", "DBSubnetGroup"} {
		list := &unstructured.UnstructuredList{}
		list.SetAPIVersion("rds.services.k8s.aws/v1alpha1")
		list.SetKind(kind + "List")
		if err := w.api.List(ctx, list, client.InNamespace(w.namespace)); err != nil {
			w.t.Error(err)
		}
		for i := range list.Items {
			_ = w.api.Patch(ctx, &list.Items[i], client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":[]}}`)))
			_ = w.api.Delete(ctx, &list.Items[i])
		}
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// apply does what an operator does: server-side apply with force.
func (w *world) apply(text string, arguments ...any) *unstructured.Unstructured {
	w.t.Helper()
	object := &unstructured.Unstructured{}
	w.must(yaml.Unmarshal([]byte(fmt.Sprintf(text, arguments...)), &object.Object))
	object.SetNamespace(w.namespace)
	if object.GetAPIVersion() == "" {
		object.SetAPIVersion("rds.services.k8s.aws/v1alpha1")
	}
	w.must(w.api.Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("test"), client.ForceOwnership))
	return object
}

func (w *world) secret(name, password string) {
	w.t.Helper()
	w.apply("{apiVersion: v1, kind: Secret, metadata: {name: %s}, stringData: {password: %q}}", name, password)
}

func (w *world) get(kind, name string) *unstructured.Unstructured {
	w.t.Helper()
	object, err := w.read(kind, name)
	w.must(err)
	return object
}

func (w *world) read(kind, name string) (*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("rds.services.k8s.aws/v1alpha1")
	object.SetKind(kind)
	err := w.api.Get(w.t.Context(), types.NamespacedName{Namespace: w.namespace, Name: name}, object)
	return object, err
}

// eventually polls until holds returns "", and otherwise fails with what it returned last.
func (w *world) eventually(what string, holds func() string) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		missing := holds()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: %s", what, missing)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// awaitCondition waits until an object has a condition with a status and text in its message, and returns the object.
func (w *world) awaitCondition(kind, name, condition, status, text string) *unstructured.Unstructured {
	w.t.Helper()
	var object *unstructured.Unstructured
	w.eventually(kind+" "+name, func() string {
		object = w.get(kind, name)
		have, message := conditionOf(object, condition)
		if have == status && strings.Contains(message, text) {
			return ""
		}
		return fmt.Sprintf("want %s=%s with %q, status is %v", condition, status, text, object.Object["status"])
	})
	return object
}

func conditionOf(object *unstructured.Unstructured, kind string) (status, message string) {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range conditions {
		if condition, _ := entry.(map[string]any); condition["type"] == kind {
			status, _ = condition["status"].(string)
			message, _ = condition["message"].(string)
		}
	}
	return status, message
}

func (w *world) awaitSynced(kind, name string) *unstructured.Unstructured {
	w.t.Helper()
	return w.awaitCondition(kind, name, "ACK.ResourceSynced", "True", "")
}

func (w *world) delete(kind, name string) {
	w.t.Helper()
	w.must(w.api.Delete(w.t.Context(), w.get(kind, name)))
}

func (w *world) awaitGone(kind, name string) {
	w.t.Helper()
	w.eventually(kind+" "+name+" is gone", func() string {
		object, err := w.read(kind, name)
		if client.IgnoreNotFound(err) == nil && err != nil {
			return ""
		}
		return fmt.Sprintf("still there: %v %v", object.Object["status"], err)
	})
}

func text(object *unstructured.Unstructured, path ...string) string {
	value, _, _ := unstructured.NestedFieldNoCopy(object.Object, path...)
	return fmt.Sprint(value)
}

// fault is what a test plays.
func (w *world) inject(kind, name string, fault ack.Fault) {
	w.t.Helper()
	w.must(w.standIn.InjectFault(kind, types.NamespacedName{Namespace: w.namespace, Name: name}, fault))
}

const clusterYAML = `
kind: DBCluster
metadata: {name: %[1]s, annotations: {%[3]s}}
spec:
  dbClusterIdentifier: %[1]s
  engine: aurora-mysql
  engineVersion: "8.0"
  masterUsername: halo_master
  masterUserPassword: {name: %[2]s, key: password}
  databaseName: halo
  storageEncrypted: true
  backupRetentionPeriod: 35
  dbSubnetGroupRef: {from: {name: subnets}}
  dbClusterParameterGroupRef: {from: {name: parameters}}
  serverlessV2ScalingConfiguration: {minCapacity: 0.5, maxCapacity: 2}
`

// groups makes the groups that clusterYAML refers to; transport is the value of require_secure_transport.
func (w *world) groups(transport string) {
	w.t.Helper()
	w.apply("{kind: DBSubnetGroup, metadata: {name: subnets}, spec: {name: subnets, description: d, subnetIDs: [subnet-a, subnet-b]}}")
	w.apply(`{kind: DBClusterParameterGroup, metadata: {name: parameters}, spec: {name: parameters, family: aurora-mysql8.0, description: d,
		parameterOverrides: {require_secure_transport: %q, tls_version: "TLSv1.2,TLSv1.3"}}}`, transport)
}

func (w *world) instance(cluster string) {
	w.t.Helper()
	w.apply(`{kind: DBInstance, metadata: {name: %[1]s-1}, spec: {dbInstanceIdentifier: %[1]s-1, dbClusterIdentifier: %[1]s,
		dbInstanceClass: db.serverless, engine: aurora-mysql}}`, cluster)
}

// cluster makes a cluster with an instance and waits until it serves.
func (w *world) cluster(name, secret string) *unstructured.Unstructured {
	w.t.Helper()
	w.apply(clusterYAML, name, secret, "")
	w.instance(name)
	w.awaitSynced("DBInstance", name+"-1")
	return w.awaitSynced("DBCluster", name)
}

// open connects to a cluster's endpoint by name, with its certificate verified by the stand-in's authority.
func (w *world) open(cluster *unstructured.Unstructured, password, mode string) *sql.DB {
	w.t.Helper()
	endpoint := text(cluster, "status", "endpoint")
	config := mysql.NewConfig()
	config.User, config.Passwd, config.DBName = "halo_master", password, "halo"
	config.Net, config.Addr = "tcp", net.JoinHostPort(addressIn(endpoint), "3306")
	config.Timeout = 5 * time.Second
	config.Logger = quiet{}
	if mode == "tls" {
		roots := x509.NewCertPool()
		authority, err := os.ReadFile(filepath.Join(w.state, "ca.pem"))
		w.must(err)
		roots.AppendCertsFromPEM(authority)
		config.TLS = &tls.Config{RootCAs: roots, ServerName: endpoint, MinVersion: tls.VersionTLS12}
	}
	connector, err := mysql.NewConnector(config)
	w.must(err)
	database := sql.OpenDB(connector)
	w.t.Cleanup(func() { _ = database.Close() })
	return database
}

type quiet struct{}

func (quiet) Print(...any) {}

// addressIn reads the address out of an endpoint's name, as the local cluster's DNS does.
func addressIn(endpoint string) string {
	label := strings.Split(strings.TrimSuffix(endpoint, ".halo.test"), ".")
	return strings.ReplaceAll(label[len(label)-1], "-", ".")
}

func (w *world) exec(database *sql.DB, statement string, arguments ...any) {
	w.t.Helper()
	if _, err := database.ExecContext(w.t.Context(), statement, arguments...); err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

func (w *world) count(database *sql.DB, query string) int {
	w.t.Helper()
	var number int
	w.must(database.QueryRowContext(w.t.Context(), query).Scan(&number))
	return number
}

func keyOf(name string) types.NamespacedName { return types.NamespacedName{Name: name} }
