//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// packet is one attempt of one place to reach another. What it tells is whether
// the network lets the packets through: nothing is said to who answers.
type packet struct {
	from, to string // names of places, or addresses in targets
	port     int
	udp      bool
	passes   bool // with the policies that the operator made
}

func (p packet) String() string {
	protocol := "TCP"
	if p.udp {
		protocol = "UDP"
	}
	return fmt.Sprintf("%s → %s, %s %d", p.from, p.to, protocol, p.port)
}

// Places whose packets are tried. Those of acme carry the labels that the
// policies of its pods go by; impostors carry a guest's labels in a namespace
// that is not the guest's.
const (
	server, secondServer = "acme's server", "acme's second server"
	migration, stray     = "acme's migration", "a stray pod of acme"
	neighbourPod         = "a pod of the neighbour"
	entrance             = "the entrance"
	entranceRoommate     = "another pod beside the entrance"
	entranceImpostor     = "a pod with the entrance's labels elsewhere"
	monitoring           = "monitoring"
	monitoringRoommate   = "another pod beside monitoring"
	monitoringImpostor   = "a pod with monitoring's labels elsewhere"
	intranet             = "the console's entrance"
	intranetRoommate     = "another pod beside the console's entrance"
	intranetImpostor     = "a pod with the labels of the console's entrance elsewhere"
	manager              = "the manager"
	managerRoommate      = "another pod beside the manager"
	managerImpostor      = "a pod with the manager's labels elsewhere"
	anybody              = "a pod without any policy"
	dnsPod               = "the cluster's DNS"
	node                 = "the node, where the kubelet is"

	dnsService   = "the DNS service"
	theDatabase  = "acme's database"
	relay        = "the relay"
	metadata     = "the metadata address"
	internet     = "an address of the Internet"
	apiServer    = "the API server"
	apiService   = "the API server's service"
	kubelet      = "the kubelet"
	portHTTPS    = 8443
	portConsole  = 8444
	portHealth   = 8081
	portDatabase = 3306
	portRelay    = 587
)

// Addresses outside of the cluster: that of clouds' credentials, and one that
// the Internet will never give to anybody (RFC 5737).
const (
	metadataAddress = "169.254.169.254"
	internetAddress = "198.51.100.10"
)

// packets has, for each allowance of the policies, what it allows and what lies
// beside it: the same port elsewhere, another port there, another pod, a
// namesake, and the way back.
func packets() []packet {
	return slices.Concat(
		// Into the server: each entrance at its port, monitoring at the metrics, the manager and the kubelet at the same.
		from([]string{entrance}, server, portHTTPS, true),
		from([]string{intranet}, server, portConsole, true),
		from([]string{monitoring, manager}, server, portHealth, true),
		from([]string{node}, server, portHealth, true),
		from([]string{entrance, intranet, entranceRoommate, monitoringRoommate, monitoringImpostor, managerRoommate, managerImpostor, anybody, neighbourPod, stray, secondServer}, server, portHealth, false),
		from([]string{entrance, intranetRoommate, intranetImpostor, monitoring, anybody, neighbourPod, stray, migration, secondServer}, server, portConsole, false),
		from([]string{intranet, managerRoommate, entranceRoommate, entranceImpostor, monitoring, anybody, neighbourPod, stray, migration, secondServer, dnsPod}, server, portHTTPS, false),
		// Into the migration and into what is neither: nobody.
		from([]string{entrance, monitoring, anybody, neighbourPod, server, stray}, migration, portHTTPS, false),
		from([]string{entrance, monitoring, anybody, neighbourPod, server, migration}, stray, portHTTPS, false),
		// Out of the server: names, its database, the relay.
		to(server, true, dnsService, 53), udp(to(server, true, dnsService, 53)),
		to(server, true, theDatabase, portDatabase),
		to(server, true, relay, portRelay),
		to(server, false, theDatabase, 3307, portRelay), // its database at another port, and at the relay's
		to(server, false, relay, 2525),
		to(server, false, dnsPod, 8181), // DNS pods at a port that is not DNS
		// Out of the migration: names and the database.
		to(migration, true, dnsService, 53), udp(to(migration, true, dnsService, 53)),
		to(migration, true, theDatabase, portDatabase),
		to(migration, false, theDatabase, 3307),
		to(migration, false, relay, portRelay),
		// Out of what is neither: nothing.
		udp(to(stray, false, dnsService, 53)),
		to(stray, false, theDatabase, portDatabase),
		to(stray, false, relay, portRelay),
		// Out of the neighbour's: not to this database either.
		to(neighbourPod, false, theDatabase, portDatabase),
		// Nowhere else, from any of them; not back to those who may come in.
		everywhere(server), everywhere(migration), everywhere(stray),
	)
}

// everywhere is what no pod of a tenant may reach: the metadata address and the
// Internet, at the ports of databases and relays too, the API server, the
// kubelet, and pods of others.
func everywhere(pod string) []packet {
	return slices.Concat(
		to(pod, false, metadata, 80, portDatabase, portRelay),
		to(pod, false, internet, 443, portDatabase, portRelay), udp(to(pod, false, internet, 53)),
		to(pod, false, apiServer, 6443), to(pod, false, apiService, 443), to(pod, false, kubelet, 10250),
		to(pod, false, neighbourPod, portHTTPS), to(pod, false, anybody, portHTTPS),
		to(pod, false, entranceRoommate, portHTTPS), to(pod, false, monitoring, portHTTPS),
		to(pod, false, entrance, portHTTPS), to(pod, false, intranet, portHTTPS),
	)
}

func from(places []string, target string, port int, passes bool) (found []packet) {
	for _, place := range places {
		found = append(found, packet{from: place, to: target, port: port, passes: passes})
	}
	return found
}

func to(place string, passes bool, target string, ports ...int) (found []packet) {
	for _, port := range ports {
		found = append(found, packet{from: place, to: target, port: port, passes: passes})
	}
	return found
}

func udp(packets []packet) []packet {
	for i := range packets {
		packets[i].udp = true
	}
	return packets
}

// packetsAreHeldUp tries every packet three times: with the policies as they
// are; without the two that allow something, when nothing passes but what the
// kubelet sends; and without any, when all pass. So no packet of the table is
// held up by anything but a policy, and none passes but by one.
func packetsAreHeldUp(ctx context.Context, t *testing.T, s *story) {
	if err := s.platform.Apply(ctx, neighbour); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := s.platform.Cluster.Kubectl(context.WithoutCancel(ctx), "", "delete", "halotenant", "neighbour", "--wait=false"); err != nil {
			t.Error(err)
		}
	})
	awaitPolicies(ctx, t, s, "neighbour")
	setSuspended(ctx, t, s, "neighbour", true)
	world := buildWorld(ctx, t, s)
	for _, one := range world.tryAll(packets()) {
		if one.passed && !one.passes {
			t.Errorf("%s passes; want it held up", one.packet)
		}
	}
	world.awaitAll(ctx, t, "with the policies", func(p packet) bool { return p.passes }) // a busy machine may be late
	setSuspended(ctx, t, s, "acme", true)
	t.Cleanup(func() {
		setSuspended(context.WithoutCancel(ctx), t, s, "acme", false)
		setSuspended(context.WithoutCancel(ctx), t, s, "neighbour", false)
	})
	removePolicies(ctx, t, s, "acme", "server", "migrate")
	world.awaitAll(ctx, t, "without the allowances", func(p packet) bool { return p.from == node })
	removePolicies(ctx, t, s, "acme", "default-deny")
	removePolicies(ctx, t, s, "neighbour", "server", "migrate", "default-deny")
	world.awaitAll(ctx, t, "without any policy", func(packet) bool { return true })
	setSuspended(ctx, t, s, "acme", false)
	setSuspended(ctx, t, s, "neighbour", false)
	world.awaitAll(ctx, t, "with the policies that the operator has made again", func(p packet) bool { return p.passes })
}

// world is where the places are.
type world struct {
	uids      map[string]string // of pods, by place
	addresses map[string]string // by place or target
	enter     map[string]func(func() error) error
}

// attempt is a packet and what became of it.
type attempt struct {
	packet
	passed bool
	err    error // neither let through nor dropped: the table's target is not there
}

// tryAll tries all packets at once.
func (w world) tryAll(packets []packet) []attempt {
	attempts := make([]attempt, len(packets))
	var all sync.WaitGroup
	for i, one := range packets {
		all.Go(func() {
			attempts[i].packet = one
			err := w.enter[one.from](func() error { return w.try(one) })
			var late net.Error
			switch {
			case err == nil:
				attempts[i].passed = true
			case !errors.As(err, &late) || !late.Timeout():
				attempts[i].err = err
			}
		})
	}
	all.Wait()
	return attempts
}

// question asks a DNS server for the A records of kubernetes.default.svc.cluster.local.
const question = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" +
	"\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01"

// try sends one packet and waits for an answer: to a handshake, or to a datagram.
func (w world) try(one packet) error {
	const patience = 1500 * time.Millisecond // one repetition of a lost handshake is within it
	network := "tcp"
	if one.udp {
		network = "udp"
	}
	connection, err := net.DialTimeout(network, fmt.Sprintf("%s:%d", w.addresses[one.to], one.port), patience)
	if err != nil {
		return err
	}
	defer connection.Close()
	if !one.udp {
		return nil
	}
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := io.WriteString(connection, question); err != nil {
		return err
	}
	_, err = connection.Read(make([]byte, 512))
	return err
}

// awaitAll tries those that are not as wanted again, until the network has
// learnt of the change.
func (w world) awaitAll(ctx context.Context, t *testing.T, when string, passes func(packet) bool) {
	t.Helper()
	left := packets()
	deadline := time.Now().Add(30 * time.Second)
	for {
		attempts := slices.DeleteFunc(w.tryAll(left), func(a attempt) bool { return a.err == nil && a.passed == passes(a.packet) })
		if len(attempts) == 0 {
			return
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			for _, a := range attempts {
				t.Errorf("%s: %s: passes %v (%v); want %v", when, a.packet, a.passed, a.err, passes(a.packet))
			}
			return
		}
		left = left[:0]
		for _, a := range attempts {
			left = append(left, a.packet)
		}
	}
}

// buildWorld starts pods in the places where none is, and servers at the
// addresses outside of the cluster.
func buildWorld(ctx context.Context, t *testing.T, s *story) world {
	t.Helper()
	addresses := s.platform.Cluster.Addresses
	databaseAddress, err := addressIn(endpointOf(ctx, t, s, "acme"))
	if err != nil {
		t.Fatal(err)
	}
	w := world{uids: map[string]string{}, enter: map[string]func(func() error) error{node: s.platform.Cluster.InNode}, addresses: map[string]string{
		dnsService: addresses.DNSService.String(), theDatabase: databaseAddress, relay: addresses.MailHost.String(),
		metadata: metadataAddress, internet: internetAddress,
		apiServer: addresses.Node.String(), apiService: addresses.APIService.String(), kubelet: addresses.Node.String(),
	}}
	listenOutside(ctx, t, s, databaseAddress)
	startPods(ctx, t, s)
	w.findPods(ctx, t, s)
	return w
}

// listenOutside serves what must not be reached, and would be if the policies let it.
func listenOutside(ctx context.Context, t *testing.T, s *story, databaseAddress string) {
	t.Helper()
	for _, address := range []string{metadataAddress, internetAddress} {
		if err := s.platform.Cluster.PretendAddress(ctx, address); err != nil {
			t.Fatal(err)
		}
	}
	for address, ports := range map[string][]int{
		metadataAddress: {80, portDatabase, portRelay}, internetAddress: {443, portDatabase, portRelay},
		databaseAddress: {3307, portRelay}, s.platform.Cluster.Addresses.MailHost.String(): {2525},
	} {
		for _, port := range ports {
			err := s.platform.Cluster.InCloud(func() error {
				listener, err := net.Listen("tcp", fmt.Sprintf("%s:%d", address, port)) // the kernel accepts
				if err == nil {
					t.Cleanup(func() { _ = listener.Close() })
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	err := s.platform.Cluster.InCloud(func() error {
		answering, err := net.ListenPacket("udp", internetAddress+":53")
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = answering.Close() })
		go func() {
			for buffer := make([]byte, 512); ; {
				read, asker, err := answering.ReadFrom(buffer)
				if err != nil {
					return // closed
				}
				_, _ = answering.WriteTo(buffer[:read], asker)
			}
		}()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// guests are the pods that the test starts: what each serves is on 8080, 9090
// and 8443.
var guests = []struct{ place, name, namespace, labels string }{
	{migration, "packets-migration", "halo-acme", "app.kubernetes.io/name: halo-server, app.kubernetes.io/component: migrate"},
	{stray, "packets-stray", "halo-acme", "app: curious"},
	{neighbourPod, "packets", "halo-neighbour", "app: curious"},
	{entranceRoommate, "packets", "entrance", "app: curious"},
	{entranceImpostor, "packets-entrance", "default", "app.kubernetes.io/name: entrance"},
	{monitoring, "packets-prometheus", "monitoring", "app.kubernetes.io/name: prometheus"},
	{monitoringRoommate, "packets", "monitoring", "app: curious"},
	{monitoringImpostor, "packets-prometheus", "default", "app.kubernetes.io/name: prometheus"},
	{intranet, "packets-proxy", "intranet", "app: internal-proxy"},
	{intranetRoommate, "packets", "intranet", "app: curious"},
	{intranetImpostor, "packets-proxy", "default", "app: internal-proxy"},
	{managerRoommate, "packets", "halo-operator", "app: curious"},
	{managerImpostor, "packets-manager", "default", "app.kubernetes.io/name: halo-operator"},
	{anybody, "packets", "default", "app: curious"},
}

func startPods(ctx context.Context, t *testing.T, s *story) {
	t.Helper()
	reference, err := s.platform.LoadProgram(ctx, "halo.dev/halo/test/cluster/probe")
	if err != nil {
		t.Fatal(err)
	}
	var manifests strings.Builder
	manifests.WriteString("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: monitoring}\n")
	for _, guest := range guests {
		fmt.Fprintf(&manifests, `---
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: %s, labels: {%s, test: packets}}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 0
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: probe
    image: %s
    args: [serve, packets]
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    resources: {requests: {cpu: 5m, memory: 8Mi, ephemeral-storage: 1Mi}, limits: {cpu: 100m, memory: 32Mi, ephemeral-storage: 8Mi}}
`, guest.name, guest.namespace, guest.labels, reference)
	}
	if err := s.platform.Apply(ctx, manifests.String()); err != nil {
		t.Fatal(err)
	}
	kubectl := func(ctx context.Context, args ...string) {
		t.Helper()
		if _, err := s.platform.Cluster.Kubectl(ctx, "", args...); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		kubectl(context.WithoutCancel(ctx), "delete", "pods", "-A", "-l", "test=packets", "--wait=false")
	})
	kubectl(ctx, "wait", "pods", "-A", "-l", "test=packets", "--for=condition=Ready", "--timeout=60s")
}

// findPods notes where the test's pods are, and the real ones: two servers, the
// entrance and the DNS.
func (w world) findPods(ctx context.Context, t *testing.T, s *story) {
	t.Helper()
	output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "pods", "-A", "--field-selector=status.phase=Running", "-o",
		`jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name} {.metadata.uid} {.status.podIP} {.metadata.labels.app\.kubernetes\.io/component}{"\n"}{end}`)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, guest := range guests {
		names[guest.namespace+"/"+guest.name] = guest.place
	}
	for line := range strings.Lines(output) {
		fields := append(strings.Fields(line), "")
		namespace, name, uid, address, component := fields[0], fields[1], fields[2], fields[3], fields[4]
		place := names[namespace+"/"+name]
		switch {
		case namespace == "halo-acme" && component == "server" && w.uids[server] == "":
			place = server
		case namespace == "halo-acme" && component == "server":
			place = secondServer
		case namespace == "entrance" && strings.HasPrefix(name, "entrance-"):
			place = entrance
		case namespace == "halo-operator" && strings.HasPrefix(name, "halo-operator-"):
			place = manager
		case namespace == "kube-system" && strings.HasPrefix(name, "coredns-"):
			place = dnsPod
		}
		if place == "" {
			continue
		}
		w.uids[place], w.addresses[place] = uid, address
		network, err := s.platform.Cluster.PodNetwork(uid)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = network.Close() })
		w.enter[place] = network.Do
	}
	for _, one := range packets() {
		if w.enter[one.from] == nil || w.addresses[one.to] == "" && one.to != node {
			t.Fatalf("%s: one of the two is nowhere", one)
		}
	}
}

func awaitPolicies(ctx context.Context, t *testing.T, s *story, tenant string) {
	t.Helper()
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "networkpolicies", "-n", "halo-"+tenant, "-o", "name")
		return output + fmt.Sprint(err), err == nil && strings.Count(output, "\n") == 3
	})
}

func removePolicies(ctx context.Context, t *testing.T, s *story, tenant string, names ...string) {
	t.Helper()
	if _, err := s.platform.Cluster.Kubectl(ctx, "", append([]string{"delete", "networkpolicy", "-n", "halo-" + tenant}, names...)...); err != nil {
		t.Fatal(err)
	}
}

// setSuspended stops or resumes what the operator does with a tenant, and waits
// until it has noticed.
func setSuspended(ctx context.Context, t *testing.T, s *story, tenant string, suspended bool) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"suspend":%v}}`, suspended)
	if _, err := s.platform.Cluster.Kubectl(ctx, "", "patch", "halotenant", tenant, "--type=merge", "-p", patch); err != nil {
		t.Fatal(err)
	}
	patience, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "halotenant", tenant, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].reason}`)
		return output + fmt.Sprint(err), err == nil && (output == "Suspended") == suspended
	})
}
