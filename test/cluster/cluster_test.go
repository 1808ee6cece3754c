package cluster

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"halo.dev/halo/test/cluster/image"
)

// TestARealCluster brings one cluster up, because that is what takes the time,
// and asks it everything.
func TestARealCluster(t *testing.T) {
	c, err := New("selftest")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	if err := c.Down(ctx); err != nil { // what a killed run may have left
		t.Fatal(err)
	}
	before := machineState(t)
	t.Cleanup(func() {
		if err := c.Down(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := c.Up(ctx, UpOptions{StopWithCaller: true}); err != nil {
		t.Fatal(err)
	}
	loadProbe(ctx, t, c)
	t.Run("up again leaves it as it is", func(t *testing.T) { upAgain(ctx, t, c) })
	if _, err := c.Kubectl(ctx, probes, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	for _, pod := range []string{"server", "client"} {
		if _, err := c.Kubectl(ctx, "", "-n", "probe", "wait", "--for=condition=Ready", "pod/"+pod, "--timeout=60s"); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("names are answered by the contract", func(t *testing.T) { namesAreAnswered(ctx, t, c) })
	t.Run("policies allow, deny and allow again", func(t *testing.T) { policiesAreEnforced(ctx, t, c) })
	t.Run("a policy holds from the first packet", func(t *testing.T) { firstPackets(ctx, t, c) })
	t.Run("the entrance chooses by server name", func(t *testing.T) { entranceBySNI(ctx, t, c) })
	t.Run("the cloud is reached from pods and from the host", func(t *testing.T) { cloudIsReached(ctx, t, c) })
	t.Run("the caller sends packets of a pod, of the node and of the cloud", func(t *testing.T) { packetsOfOthers(ctx, t, c) })
	t.Run("nothing routes out", func(t *testing.T) { nothingRoutesOut(ctx, t, c) })
	t.Run("down leaves nothing", func(t *testing.T) {
		for range 2 { // the second has nothing to do
			if err := c.Down(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if after := machineState(t); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
	})
	t.Run("a cluster ends with a caller that was killed", func(t *testing.T) { killedCaller(ctx, t, c, before) })
}

// probes are a server, a client, and a way in.
const probes = `
apiVersion: v1
kind: Namespace
metadata: {name: probe}
---
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: probe, labels: {app: server}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: probe
    image: halo.local/probe:test
    imagePullPolicy: Never
    args: [serve, one.example]
    ports: [{name: plain, containerPort: 8080}, {name: https, containerPort: 8443}]
    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: probe, labels: {app: client}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: probe, image: "halo.local/probe:test", imagePullPolicy: Never, args: [serve, client]}
---
apiVersion: v1
kind: Service
metadata: {name: server, namespace: probe}
spec:
  selector: {app: server}
  ports: [{name: plain, port: 80, targetPort: plain}, {name: other, port: 90, targetPort: 9090}, {name: https, port: 443, targetPort: https}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: server, namespace: probe}
spec:
  ingressClassName: halo-local
  rules:
  - host: one.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: server, port: {name: https}}}}]}
`

func loadProbe(ctx context.Context, t *testing.T, c *Cluster) {
	t.Helper()
	folder := t.TempDir()
	if err := image.Build(ctx, folder, []string{"halo.dev/halo/test/cluster/probe"}); err != nil {
		t.Fatal(err)
	}
	assembled, err := image.Assemble(filepath.Join(folder, "probe"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "probe.tar")
	if err := image.Write(file, map[string]v1.Image{"halo.local/probe:test": assembled}); err != nil {
		t.Fatal(err)
	}
	if err := c.LoadImage(ctx, file); err != nil {
		t.Fatal(err)
	}
}

func upAgain(ctx context.Context, t *testing.T, c *Cluster) {
	before, err := inhabitants(c.NodeNamespace())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := c.Up(ctx, UpOptions{}); err != nil {
		t.Fatal(err)
	}
	after, err := inhabitants(c.NodeNamespace())
	if err != nil {
		t.Fatal(err)
	}
	if len(before) == 0 || len(after) == 0 || before[0] != after[0] {
		t.Errorf("the node's processes %v became %v in %s", before, after, time.Since(start))
	}
}

// probe runs the probe in a pod and gives what it printed.
func probe(ctx context.Context, c *Cluster, pod string, arguments ...string) (string, error) {
	return c.Kubectl(ctx, "", append([]string{"-n", "probe", "exec", pod, "--", "/probe"}, arguments...)...)
}

func namesAreAnswered(ctx context.Context, t *testing.T, c *Cluster) {
	for name, want := range map[string]string{
		"acme.cluster-x1.10-250-1-10.halo.test": "[10.250.1.10]",
		"10-250-1-10.halo.test":                 "[10.250.1.10]",
		"a-10-250-1-10.halo.test":               "",
		"x.10-250-1-256.halo.test":              "",
		"other.halo.test":                       "",
		"example.com":                           "",
		"kubernetes.default.svc.cluster.local":  "[10.96.0.1]",
		"server.probe.svc.cluster.local":        "[10.96.",
	} {
		got, err := probe(ctx, c, "client", "lookup", name)
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), "no such host") {
				t.Errorf("%s: got %q, error %v; want no such host", name, got, err)
			}
		} else if err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, error %v; want %s", name, got, err, want)
		}
	}
}

func entranceBySNI(ctx context.Context, t *testing.T, c *Cluster) {
	address := netip.AddrPortFrom(c.Addresses.Node, 443).String()
	greeting := func(serverName string) (string, error) {
		dialer := tls.Dialer{Config: &tls.Config{ServerName: serverName, InsecureSkipVerify: true}}
		connection, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return "", err
		}
		defer connection.Close()
		certificate := connection.(*tls.Conn).ConnectionState().PeerCertificates[0]
		return certificate.Subject.CommonName, nil
	}
	patience, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := poll(patience, 100*time.Millisecond, "the entrance", func() error {
		got, err := greeting("one.example")
		if err == nil && got != "one.example" {
			return fmt.Errorf("certificate of %q", got)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for _, unknown := range []string{"two.example", ""} {
		if got, err := greeting(unknown); err == nil {
			t.Errorf("server name %q was let in to %q", unknown, got)
		}
	}
	status, err := c.Kubectl(ctx, "", "-n", "probe", "get", "ingress", "server", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}")
	if err != nil || status != c.Addresses.Node.String() {
		t.Errorf("status %q, error %v", status, err)
	}
}

func cloudIsReached(ctx context.Context, t *testing.T, c *Cluster) {
	address, _ := c.Addresses.Database(3)
	for range 2 { // adding twice is no error
		if err := c.AddCloudAddress(ctx, address.String()); err != nil {
			t.Fatal(err)
		}
	}
	var listener net.Listener
	err := inNamespace(c.CloudNamespace(), func() (err error) {
		listener, err = net.Listen("tcp", netip.AddrPortFrom(address, 3306).String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(connection, "database for "+connection.RemoteAddr().(*net.TCPAddr).IP.String())
			_ = connection.Close()
		}
	}()
	got, err := probe(ctx, c, "server", "dial", HostName("acme", address)+":3306")
	if err != nil || !strings.HasPrefix(got, "database for 10.246.0.") { // the pod's own address
		t.Errorf("from a pod: %q, error %v", got, err)
	}
	connection, err := net.DialTimeout("tcp", netip.AddrPortFrom(address, 3306).String(), 2*time.Second)
	if err != nil {
		t.Fatalf("from the host: %v", err)
	}
	_ = connection.Close()
	if err := c.RemoveCloudAddress(ctx, address.String()); err != nil {
		t.Error(err)
	}
}

// callerVariable makes a test process be the caller that killedCaller kills.
const callerVariable = "HALO_TEST_BE_THE_CALLER"

// TestMain lets the test program also be a process that owns a cluster.
func TestMain(m *testing.M) {
	if os.Getenv(callerVariable) == "" {
		os.Exit(m.Run())
	}
	c, err := New("selftest")
	if err == nil {
		err = c.Up(context.Background(), UpOptions{StopWithCaller: true})
	}
	fmt.Println("up:", err)
	select {} // until killed
}

func killedCaller(ctx context.Context, t *testing.T, c *Cluster, before string) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	caller := exec.CommandContext(ctx, self)
	caller.Env = append(os.Environ(), callerVariable+"=yes")
	output, err := caller.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := caller.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(output).ReadString('\n')
	if err != nil || said != "up: <nil>\n" {
		t.Errorf("the caller said %q (error %v)", said, err)
	}
	if err := c.nodeLives(); err != nil {
		t.Error(err)
	}
	if err := caller.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = caller.Wait() // it was killed
	patience, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err = poll(patience, 50*time.Millisecond, "the node to end", func() error {
		if left, err := c.processes(); err != nil || len(left) > 0 {
			return fmt.Errorf("%d processes, error %w", len(left), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := c.Down(ctx); err != nil {
		t.Fatal(err)
	}
	if after := machineState(t); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// machineState lists what of a cluster could be left: links, routes, names,
// mounts, control groups, files.
func machineState(t *testing.T) string {
	t.Helper()
	var state []string
	for _, command := range [][]string{
		{"ip", "-o", "link", "show"}, {"ip", "route"}, {"ip", "netns", "list"}, {"nft", "list", "tables"},
	} {
		output, err := run(t.Context(), "", command[0], command[1:]...)
		if err != nil {
			t.Fatal(err)
		}
		state = append(state, output)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	state = append(state, string(mounts))
	for _, pattern := range []string{"/sys/fs/cgroup/*selftest*", "/sys/fs/cgroup/*/*selftest*", "/var/lib/halo-local/selftest", "/var/lib/kubelet", "/var/lib/cni", "/var/log/pods", "/var/log/containers", "/opt/containerd", "/run/containerd", "/etc/cni"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		state = append(state, strings.Join(found, "\n"))
	}
	var mine []string // other clusters may come and go meanwhile
	for line := range strings.Lines(strings.Join(state, "\n")) {
		if strings.Contains(line, "selftest") || strings.Contains(line, "10.252.") || strings.Contains(line, "10.246.") || strings.HasPrefix(line, "/") {
			mine = append(mine, line)
		}
	}
	return strings.Join(mine, "")
}
