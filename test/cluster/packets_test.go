package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// eventually waits until attempts to connect end as wanted.
func eventually(ctx context.Context, t *testing.T, c *Cluster, pod, target string, want bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err := poll(ctx, 100*time.Millisecond, "the rules", func() error {
		_, err := probe(ctx, c, pod, "dial", target)
		if want || err == nil {
			if !want {
				return errors.New("it connected")
			}
			return err
		}
		if !strings.Contains(err.Error(), "i/o timeout") { // the mark of a dropped packet
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s to %s, want connected %t: %v", pod, target, want, err)
	}
}

func policiesAreEnforced(ctx context.Context, t *testing.T, c *Cluster) {
	const policy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: server, namespace: probe}
spec:
  podSelector: {matchLabels: {app: server}}
  policyTypes: [Ingress]
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: probe}}
      podSelector: {matchLabels: {friend: "yes"}}
    ports: [{port: plain}]
`
	apply := func(input string, arguments ...string) {
		t.Helper()
		if _, err := c.Kubectl(ctx, input, arguments...); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_, _ = c.Kubectl(ctx, "", "-n", "probe", "delete", "networkpolicy", "--all")
	})
	eventually(ctx, t, c, "client", "server:80", true)
	apply(policy, "apply", "-f", "-")
	eventually(ctx, t, c, "client", "server:80", false)
	apply("", "-n", "probe", "label", "pod", "client", "friend=yes")
	eventually(ctx, t, c, "client", "server:80", true)
	eventually(ctx, t, c, "client", "server:90", false) // another port of the same pod
	if _, err := probe(ctx, c, "server", "dial", "server.probe:80"); err != nil {
		t.Errorf("a pod does not reach itself by its Service: %v", err)
	}
	apply(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: client, namespace: probe}
spec:
  podSelector: {matchLabels: {app: client}}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 10.0.0.0/8, except: ["`+c.Addresses.Node.String()+`/32"]}}]
`, "apply", "-f", "-")
	eventually(ctx, t, c, "client", c.Addresses.APIService.String()+":443", false) // the node itself
	eventually(ctx, t, c, "client", "server:80", true)
}

// firstPackets proves that a pod which may not talk never does, from the moment
// it starts, and that one which may need not wait.
func firstPackets(ctx context.Context, t *testing.T, c *Cluster) {
	manifest := func(name string) string {
		return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %[1]s, namespace: probe, labels: {app: %[1]s}}
spec:
  restartPolicy: Never
  containers:
  - {name: probe, image: "halo.local/probe:test", imagePullPolicy: Never, args: [insist, "%[2]s:6443"]}
`, name, c.Addresses.Node)
	}
	const policy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: first-packets, namespace: probe}
spec:
  podSelector: {matchLabels: {app: silent}}
  policyTypes: [Egress]
`
	if _, err := c.Kubectl(ctx, policy, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, phase, want string }{
		{"silent", "Failed", "never connected"}, {"talking", "Succeeded", "connected at attempt 1\n"},
	} {
		if _, err := c.Kubectl(ctx, manifest(test.name), "apply", "-f", "-"); err != nil {
			t.Fatal(err)
		}
		_, waited := c.Kubectl(ctx, "", "-n", "probe", "wait", "--for=jsonpath={.status.phase}="+test.phase, "pod/"+test.name, "--timeout=30s")
		log, err := c.Kubectl(ctx, "", "-n", "probe", "logs", test.name)
		if waited != nil || err != nil || !strings.Contains(log, test.want) {
			t.Errorf("pod %s: %q (errors %v, %v), want %q", test.name, log, waited, err, test.want)
		}
	}
}

// packetsOfOthers looks from where the servers of a pretended address see the
// caller's connections come.
func packetsOfOthers(ctx context.Context, t *testing.T, c *Cluster) {
	const pretended = "198.51.100.7"
	if err := c.PretendAddress(ctx, pretended); err != nil {
		t.Fatal(err)
	}
	pod, err := c.Kubectl(ctx, "", "-n", "probe", "get", "pod", "client", "-o", "jsonpath={.metadata.uid} {.status.podIP}")
	if err != nil {
		t.Fatal(err)
	}
	uid, address, _ := strings.Cut(pod, " ")
	var listener net.Listener
	err = c.InCloud(func() (err error) {
		listener, err = net.Listen("tcp", pretended+":80")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	network, err := c.PodNetwork(uid)
	if err != nil {
		t.Fatal(err)
	}
	defer network.Close()
	for want, enter := range map[string]func(func() error) error{
		address:                           network.Do,
		c.Addresses.CloudGateway.String(): c.InNode, pretended: c.InCloud,
	} {
		err := enter(func() error {
			connection, err := net.DialTimeout("tcp", pretended+":80", 2*time.Second)
			if err == nil {
				err = connection.Close()
			}
			return err
		})
		if err != nil {
			t.Errorf("from %s: %v", want, err)
			continue
		}
		accepted, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if from, _, _ := net.SplitHostPort(accepted.RemoteAddr().String()); from != want {
			t.Errorf("a connection comes from %s; want %s", from, want)
		}
		_ = accepted.Close()
	}
	if _, err := c.PodNetwork("no-such-pod"); err == nil {
		t.Error("the network of a pod that is not there was opened")
	}
}

func nothingRoutesOut(ctx context.Context, t *testing.T, c *Cluster) {
	_, err := probe(ctx, c, "client", "dial", "192.0.2.1:443")
	if err == nil {
		t.Fatal("a pod connected to an address of nobody")
	}
	if _, err := run(ctx, "", "ip", "netns", "exec", c.CloudNamespace(), "ip", "route", "get", "192.0.2.1"); err != nil {
		t.Fatal(err) // it leads to the node …
	}
	if out, err := run(ctx, "", "ip", "netns", "exec", c.NodeNamespace(), "ip", "route", "get", "192.0.2.1"); err == nil {
		t.Errorf("the node has a way out: %s", out) // … and ends there
	}
}
