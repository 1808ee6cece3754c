package networkpolicy

import (
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// pod makes a running pod with two named ports.
func pod(namespace, name, address string, set map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(namespace + "/" + name), Labels: set},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{
			{Name: "https", ContainerPort: 8443, Protocol: corev1.ProtocolTCP},
			{Name: "dns", ContainerPort: 1053, Protocol: corev1.ProtocolUDP},
		}}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address},
	}
}

// small is a cluster of two tenants and an entrance.
func small(policies ...string) State {
	state := State{
		Pods: []*corev1.Pod{
			pod("acme", "server", "10.244.0.2", map[string]string{"app": "server"}),
			pod("acme", "migrate", "10.244.0.3", map[string]string{"app": "migrate"}),
			pod("other", "server", "10.244.0.4", map[string]string{"app": "server"}),
			pod("entrance", "way-in", "10.244.0.5", map[string]string{"app": "entrance"}),
		},
		Namespaces: map[string]labels.Set{
			"acme": {"name": "acme", "tenant": "yes"}, "other": {"name": "other", "tenant": "yes"}, "entrance": {"name": "entrance"},
		},
		Range: netip.MustParsePrefix("10.244.0.0/24"),
	}
	for _, text := range policies {
		policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "acme"}}
		if err := yaml.UnmarshalStrict([]byte(text), &policy.Spec); err != nil {
			panic(err) // the test's own text
		}
		state.Policies = append(state.Policies, policy)
	}
	return state
}

// chain gives the rules of one pod's chain, nil when it has none.
func chain(script, name string) []string {
	_, rest, found := strings.Cut(script, "chain "+name+" {")
	if !found {
		return nil
	}
	body, _, _ := strings.Cut(rest, "\n\t}")
	var rules []string
	for line := range strings.Lines(body) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			rules = append(rules, line)
		}
	}
	return rules
}

func TestPoliciesBecomeRules(t *testing.T) {
	const server = "podSelector: {matchLabels: {app: server}}\n"
	for _, test := range []struct {
		name   string
		policy string
		chain  string
		want   []string // between the pod itself and the drop; nil for no chain at all
	}{
		{"deny all", "podSelector: {}\npolicyTypes: [Ingress, Egress]", "ingress-10-244-0-2", []string{}},
		{"deny all, of the other direction", "podSelector: {}\npolicyTypes: [Ingress, Egress]", "egress-10-244-0-3", []string{}},
		{"a policy of another namespace is none of ours", "podSelector: {}\npolicyTypes: [Ingress]", "ingress-10-244-0-4", nil},
		{"a pod that is not selected stays open", server + "policyTypes: [Ingress]", "ingress-10-244-0-3", nil},
		{"a direction that is not named stays open", server + "policyTypes: [Ingress]", "egress-10-244-0-2", nil},
		{"an empty rule admits everything", server + "policyTypes: [Ingress]\ningress: [{}]", "ingress-10-244-0-2", []string{"return"}},
		{
			"a port alone admits everybody there", server + "policyTypes: [Ingress]\ningress: [{ports: [{port: 8443}]}]",
			"ingress-10-244-0-2", []string{"tcp dport 8443 return"},
		},
		{
			"a range of ports", server + "policyTypes: [Ingress]\ningress: [{ports: [{port: 8000, endPort: 8999, protocol: UDP}]}]",
			"ingress-10-244-0-2", []string{"udp dport 8000-8999 return"},
		},
		{
			"a protocol without a port", server + "policyTypes: [Ingress]\ningress: [{ports: [{protocol: UDP}]}]",
			"ingress-10-244-0-2", []string{"meta l4proto udp return"},
		},
		{
			"a named port is the pod's own", server + "policyTypes: [Ingress]\ningress: [{ports: [{port: https}]}]",
			"ingress-10-244-0-2", []string{"ip daddr 10.244.0.2 tcp dport 8443 return"},
		},
		{
			"a named port of the other protocol is none", server + "policyTypes: [Ingress]\ningress: [{ports: [{port: dns}]}]",
			"ingress-10-244-0-2", []string{},
		},
		{
			"pods of the same namespace, and not of that name in others", "podSelector: {}\npolicyTypes: [Ingress]\ningress: [{from: [{podSelector: {matchLabels: {app: server}}}]}]",
			"ingress-10-244-0-3", []string{"ip saddr { 10.244.0.2 } return"},
		},
		{
			"all pods of selected namespaces", server + "policyTypes: [Ingress]\ningress: [{from: [{namespaceSelector: {matchLabels: {tenant: 'yes'}}}]}]",
			"ingress-10-244-0-2", []string{"ip saddr { 10.244.0.2, 10.244.0.3, 10.244.0.4 } return"},
		},
		{
			"pods of selected namespaces must match both",
			server + "policyTypes: [Ingress]\ningress: [{from: [{namespaceSelector: {matchLabels: {name: entrance}}, podSelector: {matchLabels: {app: entrance}}}], ports: [{port: https}]}]",
			"ingress-10-244-0-2", []string{"ip saddr { 10.244.0.5 } ip daddr 10.244.0.2 tcp dport 8443 return"},
		},
		{
			"two peers are either", server + "policyTypes: [Ingress]\ningress: [{from: [{namespaceSelector: {matchLabels: {name: entrance}}}, {podSelector: {matchLabels: {app: migrate}}}]}]",
			"ingress-10-244-0-2", []string{"ip saddr { 10.244.0.3 } return", "ip saddr { 10.244.0.5 } return"},
		},
		{
			"a peer that selects nobody admits nobody", server + "policyTypes: [Ingress]\ningress: [{from: [{podSelector: {matchLabels: {app: none}}}]}]",
			"ingress-10-244-0-2", []string{},
		},
		{
			"a block with exceptions", server + "policyTypes: [Egress]\negress: [{to: [{ipBlock: {cidr: 10.250.1.7/24, except: [10.250.1.0/28, 10.250.1.8/29]}}], ports: [{port: 3306}]}]",
			"egress-10-244-0-2", []string{"ip daddr 10.250.1.0/24 ip daddr != 10.250.1.0/28 ip daddr != 10.250.1.8/29 tcp dport 3306 return"},
		},
		{
			"a block of the other address family admits nobody", server + "policyTypes: [Egress]\negress: [{to: [{ipBlock: {cidr: 'fd00::/8'}}]}]",
			"egress-10-244-0-2", []string{},
		},
		{
			"outward, a named port is that of each receiver", server + "policyTypes: [Egress]\negress: [{to: [{namespaceSelector: {matchLabels: {name: other}}}], ports: [{port: dns, protocol: UDP}]}]",
			"egress-10-244-0-2", []string{"ip daddr { 10.244.0.4 } ip daddr 10.244.0.4 udp dport 1053 return"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := Render(small(test.policy))
			if test.want == nil {
				if got := chain(script, test.chain); got != nil {
					t.Fatalf("got %q, want no chain", got)
				}
				return
			}
			hasChain(t, script, test.chain, test.want)
		})
	}
}

// hasChain fails unless the pod's chain holds the pod itself, then rules, then
// the drop, and unless something leads to it.
func hasChain(t *testing.T, script, name string, rules []string) {
	t.Helper()
	direction, pod, _ := strings.Cut(name, "-")
	pod = strings.ReplaceAll(pod, "-", ".")
	field := "saddr"
	if direction == "egress" {
		field = "daddr"
	}
	want := slices.Concat([]string{"ip " + field + " " + pod + " return"}, rules, []string{"counter drop"})
	got := chain(script, name)
	if len(got) > 0 && strings.HasPrefix(got[0], "#") {
		got = got[1:]
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if jump := pod + " : jump " + name; !strings.Contains(script, jump) {
		t.Errorf("nothing leads to the chain: %s", script)
	}
}

func TestPoliciesAddUp(t *testing.T) {
	const a = "podSelector: {}\npolicyTypes: [Ingress]"
	const b = "podSelector: {matchLabels: {app: server}}\npolicyTypes: [Ingress]\ningress: [{ports: [{port: 8443}]}]"
	one, other := Render(small(a, b)), Render(small(b, a))
	if one != other {
		t.Error("the order of policies makes a difference")
	}
	if got := chain(one, "ingress-10-244-0-2"); !slices.Contains(got, "tcp dport 8443 return") {
		t.Errorf("the allowance is lost: %q", got)
	}
	if got := chain(one, "ingress-10-244-0-3"); slices.Contains(got, "tcp dport 8443 return") {
		t.Errorf("the allowance reaches a pod that is not selected: %q", got)
	}
}

func TestOnlyPodsWithAnAddressOfTheirOwnAreKnown(t *testing.T) {
	state := small("podSelector: {}\npolicyTypes: [Ingress]")
	state.Pods[0].Spec.HostNetwork = true
	state.Pods[1].Status.Phase = corev1.PodSucceeded
	script := Render(state)
	for _, name := range []string{"ingress-10-244-0-2", "ingress-10-244-0-3"} {
		if chain(script, name) != nil {
			t.Errorf("there is a chain %s", name)
		}
	}
	if want := "ip saddr 10.244.0.0/24 ip saddr != { 10.244.0.4, 10.244.0.5 } counter drop"; strings.Count(script, want) != 2 {
		t.Errorf("packets of unknown addresses pass:\n%s", script)
	}
	state.Pods = nil
	if script := Render(state); !strings.Contains(script, "ip daddr 10.244.0.0/24 counter drop") {
		t.Errorf("without any pod, packets to pods pass:\n%s", script)
	}
}

func TestAnAnnouncedAddressCountsBeforeTheStatus(t *testing.T) {
	state := small("podSelector: {matchLabels: {app: server}}\npolicyTypes: [Egress]")
	state.Announced = map[types.UID]netip.Addr{"acme/server": netip.MustParseAddr("10.244.0.99")}
	script := Render(state)
	if chain(script, "egress-10-244-0-99") == nil || chain(script, "egress-10-244-0-2") != nil {
		t.Errorf("the pod's chain is not at its new address:\n%s", script)
	}
}

func TestAnAddressBelongsToTheYoungerPod(t *testing.T) {
	state := small("podSelector: {matchLabels: {app: server}}\npolicyTypes: [Egress]")
	younger := pod("other", "new", "10.244.0.2", nil)
	younger.CreationTimestamp = metav1.NewTime(time.Unix(2000000000, 0))
	state.Pods = append(state.Pods, younger)
	if script := Render(state); chain(script, "egress-10-244-0-2") != nil {
		t.Errorf("the ended pod's policy is enforced on the new pod:\n%s", script)
	}
}

func TestTheKernelTakesTheScript(t *testing.T) {
	all := small(
		"podSelector: {}\npolicyTypes: [Ingress, Egress]",
		"podSelector: {matchLabels: {app: server}}\npolicyTypes: [Ingress, Egress]\ningress: [{from: [{namespaceSelector: {}}], ports: [{port: https}, {port: 1, endPort: 9, protocol: SCTP}]}]\n"+
			"egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 10.1.0.0/16]}}], ports: [{protocol: UDP}]}]")
	command := exec.Command("nft", "--check", "-f", "-")
	command.Stdin = strings.NewReader(Render(all))
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, output, Render(all))
	}
}
