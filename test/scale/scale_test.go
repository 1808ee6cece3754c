package scale_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/test/apiserver"
	"halo.dev/halo/test/authority"
	"halo.dev/halo/test/played"
	"halo.dev/halo/test/sample"
)

var tenants = flag.Int("tenants", 8, "how many tenants to measure with")

func TestMain(m *testing.M) {
	if kubeconfig := os.Getenv("HALO_SCALE_KUBECONFIG"); kubeconfig != "" {
		if err := runManager(kubeconfig, os.Getenv("HALO_SCALE_FOLDER")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctrl.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// environment is an API server with a class, and everybody but the operator.
type environment struct {
	config  *rest.Config
	scheme  *runtime.Scheme
	cluster client.WithWatch
	folder  string
	class   *halo.HaloTenantClass
	sample  *halo.HaloTenant
}

func newEnvironment(t *testing.T) *environment {
	t.Helper()
	config, stop, err := apiserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stop() })
	e := &environment{config: config, folder: t.TempDir()}
	controllers.TuneConnection(e.config)
	if e.scheme, err = controllers.NewScheme(); err != nil {
		t.Fatal(err)
	}
	if e.cluster, err = client.NewWithWatch(e.config, client.Options{Scheme: e.scheme}); err != nil {
		t.Fatal(err)
	}
	e.class, e.sample = sample.Tenant(t)
	for _, object := range []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: naming.BackupsNamespace}}, e.class} {
		if err := e.cluster.Create(context.Background(), object); err != nil {
			t.Fatal(err)
		}
	}
	e.writeFiles(t)
	ctx, cancel := context.WithCancel(context.Background())
	player := rest.CopyConfig(e.config)
	ended, err := played.Start(ctx, player, e.scheme)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); <-ended })
	return e
}

func (e *environment) writeFiles(t *testing.T) {
	t.Helper()
	ca, err := authority.New("test CA")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"tls.crt": string(ca.Pair().Certificate), "tls.key": string(ca.Pair().Key), "mail-relay.username": "relay-user",
		"mail-relay.password": "relay-password", "sealing-root": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
	} {
		if err := os.WriteFile(filepath.Join(e.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := clientcmdapi.NewConfig()
	file.Clusters["test"] = &clientcmdapi.Cluster{Server: e.config.Host, CertificateAuthorityData: e.config.CAData}
	file.AuthInfos["test"] = &clientcmdapi.AuthInfo{ClientCertificateData: e.config.CertData, ClientKeyData: e.config.KeyData}
	file.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test"}
	file.CurrentContext = "test"
	if err := clientcmd.WriteToFile(*file, e.kubeconfig()); err != nil {
		t.Fatal(err)
	}
}

func (e *environment) kubeconfig() string { return filepath.Join(e.folder, "kubeconfig") }

func (e *environment) tenant(name string) *halo.HaloTenant {
	tenant := e.sample.DeepCopy()
	tenant.Name, tenant.Spec.Hostname = name, "halo."+name+".example"
	return tenant
}

// atOnce is how many tenants are worked on at once, by the operator and by the bare loop.
const atOnce = 8

// deployedEnvironment is what the manager's Deployment sets.
func deployedEnvironment(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(apiserver.Path("config/manager/deployment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	deployment := &appsv1.Deployment{}
	if err := yaml.UnmarshalStrict(text, deployment); err != nil {
		t.Fatal(err)
	}
	var settings []string
	for _, variable := range deployment.Spec.Template.Spec.Containers[0].Env {
		settings = append(settings, variable.Name+"="+variable.Value)
	}
	return settings
}

// operator is the manager in its process.
type operator struct {
	command *exec.Cmd
	address string
	began   time.Time
}

func startOperator(t *testing.T, e *environment) *operator { return startOperatorWith(t, e, atOnce) }

func startOperatorWith(t *testing.T, e *environment, concurrency int) *operator {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program)
	command.Env = append(append(os.Environ(), deployedEnvironment(t)...),
		"HALO_SCALE_KUBECONFIG="+e.kubeconfig(), "HALO_SCALE_FOLDER="+e.folder, fmt.Sprint("HALO_SCALE_CONCURRENCY=", concurrency))
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	o := &operator{command: command, began: time.Now()}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.stop)
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal("the operator said nothing: ", err)
	}
	o.address = strings.TrimSpace(line)
	waitFor(t, "caches", func() string {
		if !o.figures(t, "/").Synced {
			return "not filled yet"
		}
		return ""
	})
	return o
}

func (o *operator) stop() {
	if o.command.ProcessState != nil {
		return
	}
	_ = o.command.Process.Signal(syscall.SIGTERM)
	_ = o.command.Wait()
}

func (o *operator) figures(t *testing.T, path string) figures {
	t.Helper()
	response, err := http.Get("http://" + o.address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var told figures
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
		t.Fatal(err)
	}
	return told
}

// rest waits until there was no request for a while.
func (o *operator) rest(t *testing.T) figures {
	t.Helper()
	last, since := o.figures(t, "/"), time.Now()
	waitFor(t, "an operator at rest", func() string {
		now := o.figures(t, "/")
		if now.Writes != last.Writes || now.Reads != last.Reads {
			last, since = now, time.Now()
		}
		if time.Since(since) < 3*time.Second {
			return fmt.Sprintf("%d writes and %d reads so far", now.Writes, now.Reads)
		}
		return ""
	})
	return last
}

// patience is how long a step may take.
func patience() time.Duration { return time.Minute + time.Duration(*tenants)*3*time.Second }

func waitFor(t *testing.T, what string, check func() string) {
	t.Helper()
	deadline, said := time.Now().Add(patience()), ""
	for time.Now().Before(deadline) {
		if said = check(); said == "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s: %s", what, said)
}

// ready waits until so many tenants are Ready. It watches: to list a thousand of them again and again would be a load of
// its own on the API server that is measured.
func (e *environment) ready(t *testing.T, count int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience())
	defer cancel()
	list := &halo.HaloTenantList{}
	events, err := e.cluster.Watch(ctx, list)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	waits := map[string]string{}
	for event := range events.ResultChan() {
		tenant, ok := event.Object.(*halo.HaloTenant)
		if !ok {
			t.Fatalf("watching tenants: %v", event.Object)
		}
		waits[tenant.Name] = "its first look"
		if condition := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionReady); condition != nil {
			waits[tenant.Name] = condition.Message
			if condition.Status == metav1.ConditionTrue {
				waits[tenant.Name] = ""
			}
		}
		if readyOf(waits) == count {
			return
		}
	}
	t.Fatalf("%d of %d are Ready: %v", readyOf(waits), count, waits)
}

func readyOf(waits map[string]string) (ready int) {
	for _, reason := range waits {
		if reason == "" {
			ready++
		}
	}
	return ready
}

func (e *environment) create(t *testing.T, name string) {
	t.Helper()
	if err := e.cluster.Create(context.Background(), e.tenant(name)); err != nil {
		t.Fatal(err)
	}
}

// TestWhatManyTenantsCost is the measurement, and holds what does not hang on the machine's speed to its bounds. Each part
// has a fresh API server to itself. The bare loop runs before the operator and after it: a virtual machine's speed changes
// while one looks.
func TestWhatManyTenantsCost(t *testing.T) {
	var before, after, operator lap
	t.Run("bare loop", func(t *testing.T) { before = applyBare(t, newEnvironment(t), *tenants) })
	t.Run("operator", func(t *testing.T) { operator = measureOperator(t, newEnvironment(t), *tenants) })
	t.Run("bare loop again", func(t *testing.T) { after = applyBare(t, newEnvironment(t), *tenants) })
	if t.Failed() || before.took == 0 || operator.took == 0 || after.took == 0 { // -run may leave one out
		return
	}
	byClock := operator.took / ((before.took + after.took) / 2)
	had := operator.had() / ((before.had() + after.had()) / 2)
	t.Logf("%d tenants: the bare loop takes %s and %s, the operator %s until all are Ready: %.2f times as long, by the time that the machine had %.2f times",
		*tenants, before, after, operator, byClock, had)
	if *tenants >= measured && had > mostOfBare {
		t.Errorf("the operator took %.2f times as long as the bare loop, and %d are enough", had, mostOfBare)
	}
}

func measureOperator(t *testing.T, e *environment, count int) lap {
	t.Helper()
	o := startOperator(t, e)
	empty := o.figures(t, "/memory")
	idle := o.rest(t)
	clock := startWatch(t)
	each(t, count, func(i int) error { return e.cluster.Create(context.Background(), e.tenant(fmt.Sprintf("firm-%d", i))) })
	e.ready(t, count)
	took := clock.stop(t)
	made := o.rest(t)
	writes, reads := perTenant(made.Writes-idle.Writes, count), perTenant(made.Reads-idle.Reads, count)
	t.Logf("for each tenant until it is at rest: %.1f writes, %.1f reads, %.0f ms of processor time", writes, reads,
		1000*(made.Seconds-idle.Seconds)/float64(count))
	t.Logf("all at once: %d of %d waits in the queue were 1 s at most", made.ShortWaits, made.Waits)

	pause := min(time.Duration(count)*time.Second/4, time.Minute)
	time.Sleep(max(pause, 3*time.Second))
	still := o.figures(t, "/memory")
	t.Logf("at rest for %s: %d writes, %d reads", max(pause, 3*time.Second), still.Writes-made.Writes, still.Reads-made.Reads)
	if still.Writes != made.Writes || still.Reads != made.Reads {
		t.Error("tenants at rest cost requests")
	}
	t.Logf("memory: %.1f MiB resident, %.1f MiB of heap in use; %.1f and %.1f before the first tenant: %.1f KiB of heap a tenant",
		mib(still.ResidentBytes), mib(still.HeapBytes), mib(empty.ResidentBytes), mib(empty.HeapBytes),
		float64(still.HeapBytes-empty.HeapBytes)/1024/float64(count))

	holdMemory(t, still, count)
	count += trickle(t, e, o, count)
	restart(t, e, o, count)
	if writes > mostWrites {
		t.Errorf("%.1f writes for each tenant, and %d are enough", writes, mostWrites)
	}
	if reads > mostReads {
		t.Errorf("%.1f reads for each tenant, and %d are enough", reads, mostReads)
	}
	return took
}

// Bounds of requests for a tenant from its creation until it is at rest.
const (
	mostWrites = 45
	mostReads  = 4
)

// mostOfBare is how many times as long as the bare loop the operator may take.
const mostOfBare = 2

// measured is how many tenants make a measurement, on a machine that does nothing else. What hangs on time or memory is not
// held to a bound beside other tests and with the race detector.
const measured = 100

// holdMemory holds what the process keeps of the machine's memory to 40 MiB and 35 KiB a tenant.
func holdMemory(t *testing.T, told figures, count int) {
	t.Helper()
	if bound := int64(40<<20 + count*35<<10); count >= measured && told.ResidentBytes > bound {
		t.Errorf("%.1f MiB resident with %d tenants, and %.1f are enough", mib(told.ResidentBytes), count, mib(bound))
	}
}

// trickle adds tenants one after the other, as people do, to those that are there. What waits in the queue then is not the
// backlog of a burst.
func trickle(t *testing.T, e *environment, o *operator, count int) int {
	t.Helper()
	more, before := min(max(count/2, 2), 20), o.figures(t, "/")
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for i := range more {
		e.create(t, fmt.Sprintf("later-%d", i))
		<-ticker.C
	}
	e.ready(t, count+more)
	after := o.rest(t)
	all, short := after.Waits-before.Waits, after.ShortWaits-before.ShortWaits
	t.Logf("%d more, one a second: %d of %d waits in the queue were 1 s at most", more, short, all)
	if count >= measured && short*100 < all*99 {
		t.Error("of a hundred waits, more than one took over 1 s")
	}
	return more
}

func restart(t *testing.T, e *environment, o *operator, count int) {
	t.Helper()
	o.stop()
	o = startOperator(t, e)
	after := o.rest(t)
	t.Logf("restart with %d tenants: %d writes, %d reads; at rest after %.1f s", count, after.Writes, after.Reads, time.Since(o.began).Seconds()-3)
	if after.Writes != 0 {
		t.Error("a restart writes")
	}
	fresh := o.figures(t, "/memory")
	holdMemory(t, fresh, count)
	t.Logf("memory after the restart: %.1f MiB resident, %.1f MiB of heap in use", mib(fresh.ResidentBytes), mib(fresh.HeapBytes))
	o.stop()
	// Made while no operator is there, and last by its name: the next one finds it among all the others.
	e.create(t, "newcomer")
	o = startOperatorWith(t, e, 1)
	e.ready(t, count+1)
	first := o.rest(t).First
	t.Logf("a tenant made while the operator was away: begun as number %d of %d", first, count+1)
	if first != 1 {
		t.Error("tenants that are ready were looked at before the one that is not")
	}
}

func perTenant(total int64, count int) float64 { return float64(total) / float64(count) }

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
