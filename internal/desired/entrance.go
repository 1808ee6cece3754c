package desired

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// way is one entrance of a tenant. Its objects, its Service and the container's port go by one pattern of names.
type way struct {
	name     string
	hostname string
	port     string
	entrance halo.Entrance
}

// ways are the visitors' entrance and, where the tenant has a staff console, that one's own.
func (in Input) ways() []way {
	ways := []way{{name: naming.Server, port: portNameHTTPS, hostname: in.Tenant.Spec.Hostname, entrance: in.Class.Spec.Ingress.Entrance}}
	if in.hasConsole() {
		ways = append(ways, way{name: naming.Console, port: naming.Console, hostname: ConsoleHostname(in.Tenant, in.Class), entrance: in.Class.Spec.Console.Entrance})
	}
	return ways
}

func (in Input) hasConsole() bool { return ConsoleHostname(in.Tenant, in.Class) != "" }

// ConsoleHostname is where a tenant's staff find their console; empty when it has none: the tenant must want it and the
// class must have an entrance for it.
func ConsoleHostname(tenant *halo.HaloTenant, class *halo.HaloTenantClass) string {
	if class.Spec.Console == nil || tenant.Spec.Console == nil || !tenant.Spec.Console.Enabled {
		return ""
	}
	return tenant.Name + "." + class.Spec.Console.Domain
}

// Entrances are the Services and what leads to each: an Ingress, or a HTTPRoute with the policy by which the Gateway
// verifies the pods.
func Entrances(in Input) []Item {
	var items []Item
	if in.verifies() {
		items = append(items, Item{Object: serverCA(in), Reason: "what entrances verify the pods by"})
	}
	for _, w := range in.ways() {
		items = append(items, Item{Object: in.service(w), Reason: "what the entrance connects to"})
		if w.entrance.ServersTransport != "" {
			items = append(items, Item{Object: in.serversTransport(w), Reason: "makes the entrance encrypt again and verify the pods"})
		}
		if w.entrance.Gateway == nil {
			items = append(items, Item{Object: in.ingress(w), Reason: "gives the hostname to the entrance"})
			continue
		}
		items = append(items,
			Item{Object: in.backendPolicy(w), Reason: "makes the Gateway encrypt again and verify the pods"},
			Item{Object: in.route(w), Reason: "gives the hostname to the Gateway"})
	}
	return items
}

func (in Input) entranceMeta(name string) metav1.ObjectMeta {
	return in.meta(name, naming.ComponentLabels(in.Tenant.Name, naming.ComponentServer))
}

// fill puts the tenant's own values into annotations of the class. The result is a copy, nil for none.
func (in Input) fill(annotations map[string]string, hostname string) map[string]string {
	values := strings.NewReplacer("{tenant}", in.Tenant.Name, "{namespace}", in.namespace(), "{hostname}", hostname)
	var filled map[string]string
	for key, value := range annotations {
		filled = put(filled, key, values.Replace(value))
	}
	return filled
}

func put(annotations map[string]string, key, value string) map[string]string {
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	return annotations
}

func (in Input) service(w way) *corev1.Service {
	object := in.entranceMeta(w.name)
	object.Annotations = in.fill(w.entrance.ServiceAnnotations, w.hostname)
	if w.entrance.ServersTransport != "" {
		object.Annotations = put(object.Annotations, "traefik.ingress.kubernetes.io/service.serversscheme", "https")
		object.Annotations = put(object.Annotations, "traefik.ingress.kubernetes.io/service.serverstransport", in.namespace()+"-"+w.name+"@kubernetescrd")
	}
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: object,
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, Selector: naming.PodSelector(naming.ComponentServer),
			Ports: []corev1.ServicePort{{
				Name: portNameHTTPS, Port: 443, TargetPort: intstr.FromString(w.port), Protocol: corev1.ProtocolTCP,
			}},
		},
	}
}

func (in Input) entranceAnnotations(w way) map[string]string {
	annotations := in.fill(w.entrance.Annotations, w.hostname)
	if len(w.entrance.ClientCIDRs) > 0 {
		annotations = put(annotations, w.entrance.ClientCIDRAnnotation, strings.Join(w.entrance.ClientCIDRs, ","))
	}
	return annotations
}

func (in Input) ingress(w way) *networkingv1.Ingress {
	object := in.entranceMeta(w.name)
	object.Annotations = in.entranceAnnotations(w)
	return &networkingv1.Ingress{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"},
		ObjectMeta: object,
		Spec: networkingv1.IngressSpec{
			IngressClassName: pointer(w.entrance.ClassName),
			TLS:              []networkingv1.IngressTLS{{Hosts: []string{w.hostname}, SecretName: naming.ServerTLS}},
			Rules: []networkingv1.IngressRule{{
				Host: w.hostname,
				IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
					Paths: []networkingv1.HTTPIngressPath{{
						Path: "/", PathType: pointer(networkingv1.PathTypePrefix),
						Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
							Name: w.name, Port: networkingv1.ServiceBackendPort{Name: portNameHTTPS},
						}},
					}},
				}},
			}},
		},
	}
}

func (in Input) route(w way) *unstructured.Unstructured {
	gateway := w.entrance.Gateway
	parent := map[string]any{"group": KindRoute.Group, "kind": "Gateway", "namespace": gateway.Namespace, "name": gateway.Name}
	if gateway.SectionName != "" {
		parent["sectionName"] = gateway.SectionName
	}
	route := in.optional(KindRoute, w.name, map[string]any{
		"parentRefs": []any{parent}, "hostnames": []any{w.hostname},
		"rules": []any{map[string]any{
			"matches":     []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}},
			"backendRefs": []any{map[string]any{"name": w.name, "port": int64(443)}},
		}},
	})
	route.SetAnnotations(in.entranceAnnotations(w))
	return route
}

// backendPolicy has the pods' certificate verified for the hostname: no two tenants share one, so that no pod can pass
// for another tenant's.
func (in Input) backendPolicy(w way) *unstructured.Unstructured {
	validation := map[string]any{"hostname": w.hostname}
	if in.publiclySigned() {
		validation["wellKnownCACertificates"] = "System"
	} else {
		validation["caCertificateRefs"] = []any{map[string]any{"group": "", "kind": "ConfigMap", "name": naming.ServerCA}}
	}
	return in.optional(KindBackendPolicy, w.name, map[string]any{
		"targetRefs": []any{map[string]any{"group": "", "kind": "Service", "name": w.name}},
		"validation": validation,
	})
}

// serversTransport is Traefik's own resource for what a BackendTLSPolicy says.
func (in Input) serversTransport(w way) *unstructured.Unstructured {
	spec := map[string]any{"serverName": w.hostname}
	if !in.publiclySigned() {
		spec["rootCAs"] = []any{map[string]any{"configMap": naming.ServerCA}}
	}
	return in.optional(KindServersTransport, w.name, spec)
}

// verifies tells whether an entrance needs the CA of the pods' certificate.
func (in Input) verifies() bool {
	for _, w := range in.ways() {
		if (w.entrance.Gateway != nil || w.entrance.ServersTransport != "") && !in.publiclySigned() {
			return true
		}
	}
	return false
}

// publiclySigned tells whether everybody's roots know the CA that signs the pods' certificate.
func (in Input) publiclySigned() bool {
	certificate := in.Class.Spec.Certificate
	return certificate.IssuerRef != nil && certificate.CABundle == ""
}

// publicCA is the PEM of the CA that signs the pods' certificate.
func (in Input) publicCA() string {
	if certificate := in.Class.Spec.Certificate; certificate.IssuerRef != nil {
		return certificate.CABundle
	}
	return in.AuthorityPEM
}

func serverCA(in Input) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: in.entranceMeta(naming.ServerCA),
		Data:       map[string]string{"ca.crt": in.publicCA()},
	}
}
