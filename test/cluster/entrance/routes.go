package entrance

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// ClassName is the class of the Ingresses that are served, unless a program is
// told another.
const ClassName = "halo-local"

// ProxyProtocolAnnotation on an Ingress, with the value "v2", has each
// connection begin with a PROXY protocol header that tells the client's address
// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt): what is passed
// through has no other place for it.
const ProxyProtocolAnnotation = "entrance.halo.test/proxy-protocol"

// Backends gives by host name where its connections go.
type Backends map[string]Backend

// Backend is the ready pods of one host.
type Backend struct {
	Addresses     []netip.AddrPort
	ProxyProtocol bool // each connection begins with a PROXY header
}

// Routes works out where connections to a class's entrance go. Of an Ingress it reads the class, each
// rule's exact host and the first path's backend: a connection that is passed
// through has no path yet. The older of two Ingresses that claim a host has it,
// as the names break ties, so that nobody can take a host away.
func Routes(class string, ingresses []*networkingv1.Ingress, services []*corev1.Service, slicesOfEndpoints []*discoveryv1.EndpointSlice) Backends {
	ours := slices.DeleteFunc(slices.Clone(ingresses), func(one *networkingv1.Ingress) bool { return !serves(class, one) })
	slices.SortFunc(ours, func(a, b *networkingv1.Ingress) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	routes := Backends{}
	for _, one := range ours {
		for _, rule := range one.Spec.Rules {
			host := strings.ToLower(rule.Host)
			if _, taken := routes[host]; taken || host == "" || rule.HTTP == nil || len(rule.HTTP.Paths) == 0 {
				continue
			}
			routes[host] = Backend{
				Addresses:     addresses(one.Namespace, rule.HTTP.Paths[0].Backend.Service, services, slicesOfEndpoints),
				ProxyProtocol: one.Annotations[ProxyProtocolAnnotation] == "v2",
			}
		}
	}
	return routes
}

// serves tells whether an Ingress is of the class.
func serves(class string, one *networkingv1.Ingress) bool {
	return one.Spec.IngressClassName != nil && *one.Spec.IngressClassName == class
}

// addresses gives the ready endpoints of an Ingress's backend.
func addresses(namespace string, backend *networkingv1.IngressServiceBackend, services []*corev1.Service, all []*discoveryv1.EndpointSlice) []netip.AddrPort {
	if backend == nil {
		return nil
	}
	portName, ok := servicePort(namespace, backend, services)
	if !ok {
		return nil
	}
	var found []netip.AddrPort
	for _, slice := range all {
		if slice.Namespace != namespace || slice.Labels[discoveryv1.LabelServiceName] != backend.Name ||
			slice.AddressType != discoveryv1.AddressTypeIPv4 {
			continue
		}
		for _, port := range slice.Ports {
			if port.Port == nil || value(port.Name) != portName {
				continue
			}
			found = append(found, ready(slice.Endpoints, uint16(*port.Port))...)
		}
	}
	slices.SortFunc(found, netip.AddrPort.Compare)
	return slices.Compact(found)
}

// servicePort gives the name of the Service's port that the backend means:
// EndpointSlices know ports by that name. A Service's only port may have none.
func servicePort(namespace string, backend *networkingv1.IngressServiceBackend, services []*corev1.Service) (name string, ok bool) {
	for _, service := range services {
		if service.Namespace != namespace || service.Name != backend.Name {
			continue
		}
		for _, port := range service.Spec.Ports {
			byName := backend.Port.Name != "" && port.Name == backend.Port.Name
			byNumber := backend.Port.Name == "" && port.Port == backend.Port.Number
			if byName || byNumber {
				return port.Name, true
			}
		}
	}
	return "", false
}

// ready gives the first address of each endpoint that takes connections. A
// missing condition means ready.
func ready(endpoints []discoveryv1.Endpoint, port uint16) []netip.AddrPort {
	var found []netip.AddrPort
	for _, one := range endpoints {
		if (one.Conditions.Ready != nil && !*one.Conditions.Ready) || len(one.Addresses) == 0 {
			continue
		}
		if address, err := netip.ParseAddr(one.Addresses[0]); err == nil {
			found = append(found, netip.AddrPortFrom(address, port))
		}
	}
	return found
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
