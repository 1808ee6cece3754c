package desired

import (
	"maps"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

func (in Input) policy(name, component string, spec networkingv1.NetworkPolicySpec) *networkingv1.NetworkPolicy {
	labels := naming.TenantLabels(in.Tenant.Name)
	if component != "" {
		labels = naming.ComponentLabels(in.Tenant.Name, component)
		spec.PodSelector = metav1.LabelSelector{MatchLabels: naming.PodSelector(component)}
	}
	spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: in.meta(name, labels), Spec: spec,
	}
}

// DefaultDeny shuts every pod of the namespace off in both directions.
func DefaultDeny(in Input) *networkingv1.NetworkPolicy {
	return in.policy(naming.PolicyDeny, "", networkingv1.NetworkPolicySpec{})
}

// ServerPolicy lets each entrance in at its own port, monitoring to the metrics and the manager to the same port, where
// it asks for erasures; and the server out to DNS, its database, the relay and the collector of its traces.
func ServerPolicy(in Input) *networkingv1.NetworkPolicy {
	class := in.Class.Spec
	ingress := []networkingv1.NetworkPolicyIngressRule{{From: callers(class.Ingress.Entrance), Ports: tcp(portHTTPS)}}
	if in.hasConsole() {
		ingress = append(ingress, networkingv1.NetworkPolicyIngressRule{From: callers(class.Console.Entrance), Ports: tcp(portConsole)})
	}
	if class.Monitoring != nil {
		ingress = append(ingress, networkingv1.NetworkPolicyIngressRule{
			From:  []networkingv1.NetworkPolicyPeer{podPeer(class.Monitoring.Namespace, class.Monitoring.PodLabels)},
			Ports: tcp(portHealth),
		})
	}
	if in.ManagerNamespace != "" {
		ingress = append(ingress, networkingv1.NetworkPolicyIngressRule{
			From:  []networkingv1.NetworkPolicyPeer{podPeer(in.ManagerNamespace, managerLabels())},
			Ports: tcp(portHealth),
		})
	}
	egress := []networkingv1.NetworkPolicyEgressRule{
		dnsRule(class.Network.DNS),
		networkRule(class.Network.DatabaseCIDRs, in.databasePort()),
		networkRule(class.Network.MailRelayCIDRs, class.Mail.Port),
	}
	if class.Telemetry != nil {
		egress = append(egress, collectorRule(class.Telemetry))
	}
	return in.policy(naming.PolicyServer, naming.ComponentServer, networkingv1.NetworkPolicySpec{Ingress: ingress, Egress: egress})
}

func managerLabels() map[string]string {
	return map[string]string{naming.LabelName: naming.NameOperator}
}

// ManagerNamespace is where a policy lets the manager in from; empty when it does not.
func ManagerNamespace(policy *networkingv1.NetworkPolicy) string {
	for _, rule := range policy.Spec.Ingress {
		for _, peer := range rule.From {
			if peer.PodSelector != nil && peer.NamespaceSelector != nil && maps.Equal(peer.PodSelector.MatchLabels, managerLabels()) {
				return peer.NamespaceSelector.MatchLabels[corev1.LabelMetadataName]
			}
		}
	}
	return ""
}

// callers are those who connect from an entrance. The schema wants one of the two: an empty list would let in everybody.
func callers(entrance halo.Entrance) []networkingv1.NetworkPolicyPeer {
	var peers []networkingv1.NetworkPolicyPeer
	if entrance.Controller != nil {
		peers = append(peers, podPeer(entrance.Controller.Namespace, entrance.Controller.PodLabels))
	}
	for _, network := range entrance.SourceCIDRs {
		peers = append(peers, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: network}})
	}
	if peers == nil {
		peers = []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"halo.dev/nobody": "true"}}}}
	}
	return peers
}

// collectorRule opens the collector's port. The endpoint's form is the schema's to check.
func collectorRule(telemetry *halo.ClassTelemetry) networkingv1.NetworkPolicyEgressRule {
	number := telemetry.PodPort
	if number == 0 {
		_, text, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(telemetry.Endpoint, "https://"), "http://"), ":")
		parsed, _ := strconv.ParseUint(text, 10, 16)
		number = int32(parsed)
	}
	rule := networkRule(telemetry.CIDRs, number)
	if telemetry.Collector != nil {
		rule.To = append(rule.To, podPeer(telemetry.Collector.Namespace, telemetry.Collector.PodLabels))
	}
	return rule
}

// MigratePolicy lets the migration out to DNS and the database, and nobody in.
func MigratePolicy(in Input) *networkingv1.NetworkPolicy {
	network := in.Class.Spec.Network
	return in.policy(naming.PolicyMigrate, naming.ComponentMigrate, networkingv1.NetworkPolicySpec{
		Egress: []networkingv1.NetworkPolicyEgressRule{dnsRule(network.DNS), networkRule(network.DatabaseCIDRs, in.databasePort())},
	})
}

func podPeer(namespace string, labels map[string]string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
		PodSelector:       &metav1.LabelSelector{MatchLabels: labels},
	}
}

func port(protocol corev1.Protocol, number int32) networkingv1.NetworkPolicyPort {
	value := intstr.FromInt32(number)
	return networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &value}
}

func tcp(number int32) []networkingv1.NetworkPolicyPort {
	return []networkingv1.NetworkPolicyPort{port(corev1.ProtocolTCP, number)}
}

// dnsRule opens the DNS pods' own ports: a policy is judged after the Service's address has been translated.
func dnsRule(dns halo.ClusterDNS) networkingv1.NetworkPolicyEgressRule {
	rule := networkingv1.NetworkPolicyEgressRule{
		To: []networkingv1.NetworkPolicyPeer{podPeer(dns.Namespace, dns.PodLabels)},
	}
	for _, number := range dns.Ports {
		rule.Ports = append(rule.Ports, port(corev1.ProtocolUDP, number), port(corev1.ProtocolTCP, number))
	}
	return rule
}

// metadata are the addresses at which clouds hand out credentials to whoever asks.
var metadata = []netip.Prefix{netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fd00:ec2::254/128")}

// networkRule opens a port of networks, but never the metadata address, however wide a network is.
func networkRule(networks []string, number int32) networkingv1.NetworkPolicyEgressRule {
	rule := networkingv1.NetworkPolicyEgressRule{Ports: tcp(number)}
	for _, network := range networks {
		block := &networkingv1.IPBlock{CIDR: network}
		wide, err := netip.ParsePrefix(network)
		for _, forbidden := range metadata {
			if err == nil && wide.Bits() < forbidden.Bits() && wide.Overlaps(forbidden) {
				block.Except = append(block.Except, forbidden.String())
			}
		}
		rule.To = append(rule.To, networkingv1.NetworkPolicyPeer{IPBlock: block})
	}
	return rule
}
