package networkpolicy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// direction is the way of a packet, seen from the pod.
type direction string

const (
	ingress direction = "ingress"
	egress  direction = "egress"
)

// peerField is the packet's field that holds the other side's address.
func (d direction) peerField() string {
	if d == ingress {
		return "saddr"
	}
	return "daddr"
}

// allowance is an ingress or egress rule of a policy: it admits packets whose
// other side is one of the peers (all when there are none) and whose port is
// one of the ports (all when there are none).
type allowance struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

// rules gives the nftables rules that admit packets of the pod in one
// direction. isolated is false when no policy selects the pod for it, and then
// everything is admitted.
func (s State) rules(way direction, self endpoint, all []endpoint) (rules []string, isolated bool) {
	// A pod always reaches itself, also by way of a Service.
	rules = []string{fmt.Sprintf("ip %s %s return", way.peerField(), self.address)}
	for _, policy := range s.Policies {
		if policy.Namespace != self.pod.Namespace || !applies(policy, way) ||
			!selects(&policy.Spec.PodSelector, self.pod.Labels) {
			continue
		}
		isolated = true
		for _, one := range allowances(policy, way) {
			for _, match := range s.matches(way, policy.Namespace, one, self, all) {
				rules = append(rules, strings.Join(append(match, "return"), " "))
			}
		}
	}
	slices.Sort(rules[1:]) // the order of policies must not make a difference
	return slices.Compact(rules), isolated
}

func applies(policy *networkingv1.NetworkPolicy, way direction) bool {
	return slices.ContainsFunc(policy.Spec.PolicyTypes, func(kind networkingv1.PolicyType) bool {
		return strings.EqualFold(string(kind), string(way))
	})
}

func allowances(policy *networkingv1.NetworkPolicy, way direction) []allowance {
	var all []allowance
	if way == ingress {
		for _, rule := range policy.Spec.Ingress {
			all = append(all, allowance{rule.From, rule.Ports})
		}
		return all
	}
	for _, rule := range policy.Spec.Egress {
		all = append(all, allowance{rule.To, rule.Ports})
	}
	return all
}

// matches gives the conditions, each a list of nftables terms, under which a
// packet is admitted by one allowance of a policy in the namespace.
func (s State) matches(way direction, namespace string, one allowance, self endpoint, all []endpoint) [][]string {
	var found [][]string
	add := func(terms []string, receivers []endpoint) {
		if way == ingress {
			receivers = []endpoint{self}
		}
		for _, port := range portTerms(one.ports, receivers) {
			found = append(found, slices.Concat(terms, port))
		}
	}
	if len(one.peers) == 0 {
		add(nil, all)
	}
	for _, peer := range one.peers {
		if peer.IPBlock != nil {
			if terms, ok := blockTerms(way.peerField(), peer.IPBlock); ok {
				add(terms, nil) // a name of a port means nothing outside of pods
			}
			continue
		}
		if selected := s.selected(namespace, peer, all); len(selected) > 0 {
			add([]string{"ip " + way.peerField() + " " + set(selected)}, selected)
		}
	}
	return found
}

// blockTerms matches addresses of a block; ok is false for a block of another
// address family, which no packet here can match.
func blockTerms(field string, block *networkingv1.IPBlock) (terms []string, ok bool) {
	prefix, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !prefix.Addr().Is4() {
		return nil, false
	}
	terms = []string{fmt.Sprintf("ip %s %s", field, prefix.Masked())}
	for _, except := range block.Except {
		excepted, err := netip.ParsePrefix(except)
		if err != nil || !excepted.Addr().Is4() {
			continue
		}
		// One term each: a set must not hold two blocks that overlap.
		terms = append(terms, fmt.Sprintf("ip %s != %s", field, excepted.Masked()))
	}
	return terms, true
}

// selected gives the pods that a peer of a policy in the namespace means.
func (s State) selected(namespace string, peer networkingv1.NetworkPolicyPeer, all []endpoint) []endpoint {
	var found []endpoint
	for _, one := range all {
		if peer.NamespaceSelector == nil && one.pod.Namespace != namespace {
			continue
		}
		if peer.NamespaceSelector != nil && !selects(peer.NamespaceSelector, s.Namespaces[one.pod.Namespace]) {
			continue
		}
		if peer.PodSelector != nil && !selects(peer.PodSelector, one.pod.Labels) {
			continue
		}
		found = append(found, one)
	}
	return found
}

// portTerms gives the alternatives for a packet's port, each a list of terms;
// one empty alternative is any port. Names are looked up at the receivers.
func portTerms(ports []networkingv1.NetworkPolicyPort, receivers []endpoint) [][]string {
	if len(ports) == 0 {
		return [][]string{nil}
	}
	var alternatives [][]string
	for _, port := range ports {
		protocol := corev1.ProtocolTCP
		if port.Protocol != nil {
			protocol = *port.Protocol
		}
		lower := strings.ToLower(string(protocol))
		switch {
		case port.Port == nil:
			alternatives = append(alternatives, []string{"meta l4proto " + lower})
		case port.Port.Type == intstr.String:
			alternatives = append(alternatives, namedPortTerms(port.Port.StrVal, protocol, receivers)...)
		case port.EndPort != nil:
			alternatives = append(alternatives, []string{fmt.Sprintf("%s dport %d-%d", lower, port.Port.IntVal, *port.EndPort)})
		default:
			alternatives = append(alternatives, []string{fmt.Sprintf("%s dport %d", lower, port.Port.IntVal)})
		}
	}
	return alternatives
}

// namedPortTerms matches the port of this name at every receiver that has one;
// its number may differ from pod to pod.
func namedPortTerms(name string, protocol corev1.Protocol, receivers []endpoint) [][]string {
	var alternatives [][]string
	for _, receiver := range receivers {
		for _, container := range slices.Concat(receiver.pod.Spec.InitContainers, receiver.pod.Spec.Containers) {
			for _, port := range container.Ports {
				has := port.Protocol
				if has == "" {
					has = corev1.ProtocolTCP
				}
				if port.Name == name && has == protocol {
					alternatives = append(alternatives, []string{
						fmt.Sprintf("ip daddr %s", receiver.address),
						fmt.Sprintf("%s dport %d", strings.ToLower(string(protocol)), port.ContainerPort),
					})
				}
			}
		}
	}
	return alternatives
}
