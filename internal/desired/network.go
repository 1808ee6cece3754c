package desired

import (
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

// ServerPolicy lets the entrance in, monitoring to the metrics, and the server out to DNS, its database and the relay.
func ServerPolicy(in Input) *networkingv1.NetworkPolicy {
	class := in.Class.Spec
	ingress := []networkingv1.NetworkPolicyIngressRule{{
		From:  []networkingv1.NetworkPolicyPeer{podPeer(class.Ingress.Controller.Namespace, class.Ingress.Controller.PodLabels)},
		Ports: tcp(portHTTPS),
	}}
	if class.Monitoring != nil {
		ingress = append(ingress, networkingv1.NetworkPolicyIngressRule{
			From:  []networkingv1.NetworkPolicyPeer{podPeer(class.Monitoring.Namespace, class.Monitoring.PodLabels)},
			Ports: tcp(portHealth),
		})
	}
	return in.policy(naming.PolicyServer, naming.ComponentServer, networkingv1.NetworkPolicySpec{
		Ingress: ingress,
		Egress: []networkingv1.NetworkPolicyEgressRule{
			dnsRule(class.Network.DNS),
			networkRule(class.Network.DatabaseCIDRs, in.databasePort()),
			networkRule(class.Network.MailRelayCIDRs, class.Mail.Port),
		},
	})
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

func networkRule(networks []string, number int32) networkingv1.NetworkPolicyEgressRule {
	rule := networkingv1.NetworkPolicyEgressRule{Ports: tcp(number)}
	for _, network := range networks {
		rule.To = append(rule.To, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: network}})
	}
	return rule
}
