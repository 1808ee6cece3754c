package networkpolicy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// tableName is the nftables table that belongs to this package alone.
const tableName = "halo-networkpolicy"

// State is all that the rules depend on.
type State struct {
	Pods       []*corev1.Pod
	Namespaces map[string]labels.Set // labels by namespace
	Policies   []*networkingv1.NetworkPolicy
	// Announced are the addresses that pods were given but that their status may
	// not show yet; they count before the status.
	Announced map[types.UID]netip.Addr
	// Range holds every address that a pod can have.
	Range netip.Prefix
}

// endpoint is a pod with its address.
type endpoint struct {
	pod     *corev1.Pod
	address netip.Addr
}

// Render gives the nftables script that makes the kernel enforce the policies.
// Equal states give equal scripts.
func Render(state State) string {
	endpoints := state.endpoints()
	var chains strings.Builder
	jumps := map[direction][]string{}
	for _, one := range endpoints {
		for _, way := range []direction{ingress, egress} {
			rules, isolated := state.rules(way, one, endpoints)
			if !isolated {
				continue
			}
			name := fmt.Sprintf("%s-%s", way, strings.ReplaceAll(one.address.String(), ".", "-"))
			fmt.Fprintf(&chains, "\tchain %s { # %s/%s\n", name, one.pod.Namespace, one.pod.Name)
			for _, rule := range rules {
				fmt.Fprintf(&chains, "\t\t%s\n", rule)
			}
			fmt.Fprintf(&chains, "\t\tcounter drop\n\t}\n")
			jumps[way] = append(jumps[way], fmt.Sprintf("%s : jump %s", one.address, name))
		}
	}
	from, to := verdicts("saddr", jumps[egress]), verdicts("daddr", jumps[ingress])
	unknownFrom, unknownTo := unknown("saddr", state.Range, endpoints), unknown("daddr", state.Range, endpoints)
	// Traffic between pods, or between a pod and the outside, is forwarded.
	// Traffic from a pod to the node itself is input. What the node's own
	// processes send to a pod, as probes do, is output, which is always allowed.
	return fmt.Sprintf(`table ip %[1]s
delete table ip %[1]s
table ip %[1]s {
%[2]s	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state established,related accept
%[3]s%[4]s%[5]s%[6]s	}
	chain input {
		type filter hook input priority filter; policy accept;
		ct state established,related accept
%[3]s%[5]s	}
}
`, tableName, chains.String(), unknownFrom, unknownTo, from, to)
}

// verdicts is the rule that sends a packet to the chain of its pod.
func verdicts(field string, jumps []string) string {
	if len(jumps) == 0 {
		return ""
	}
	return fmt.Sprintf("\t\tip %s vmap { %s }\n", field, strings.Join(jumps, ", "))
}

// unknown is the rule that drops packets of addresses in the pods' range that
// are no pod's.
func unknown(field string, all netip.Prefix, endpoints []endpoint) string {
	rule := fmt.Sprintf("\t\tip %s %s", field, all.Masked())
	if len(endpoints) > 0 {
		rule += fmt.Sprintf(" ip %s != %s", field, set(endpoints))
	}
	return rule + " counter drop\n"
}

// set lists addresses as nftables does.
func set(endpoints []endpoint) string {
	addresses := make([]string, len(endpoints))
	for i, one := range endpoints {
		addresses[i] = one.address.String()
	}
	return "{ " + strings.Join(addresses, ", ") + " }"
}

// endpoints gives the pods that have an address of their own, in the order of
// their addresses, each address once.
func (s State) endpoints() []endpoint {
	var found []endpoint
	for _, pod := range s.Pods {
		address, ok := s.address(pod)
		if ok {
			found = append(found, endpoint{pod, address})
		}
	}
	// Where two pods claim an address, the younger has it: the other has ended,
	// and its status is late.
	slices.SortFunc(found, func(a, b endpoint) int {
		return cmp.Or(a.address.Compare(b.address),
			b.pod.CreationTimestamp.Compare(a.pod.CreationTimestamp.Time),
			cmp.Compare(a.pod.UID, b.pod.UID))
	})
	return slices.CompactFunc(found, func(a, b endpoint) bool { return a.address == b.address })
}

// address is where the pod can be reached; ok is false when it has no address
// of its own or has ended.
func (s State) address(pod *corev1.Pod) (address netip.Addr, ok bool) {
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	if pod.Spec.HostNetwork || ended {
		return netip.Addr{}, false
	}
	if announced, ok := s.Announced[pod.UID]; ok {
		return announced, true
	}
	address, err := netip.ParseAddr(pod.Status.PodIP)
	return address, err == nil && address.Is4()
}

// selects tells whether a selector matches; the API server has checked that it
// is well formed, and one that is not matches nothing.
func selects(selector *metav1.LabelSelector, set map[string]string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(set))
}
