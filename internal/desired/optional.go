package desired

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// Kinds that a cluster may lack, and that only some classes need (ADR 0100).
var (
	KindRoute            = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}
	KindBackendPolicy    = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "BackendTLSPolicy"}
	KindServersTransport = schema.GroupVersionKind{Group: "traefik.io", Version: "v1alpha1", Kind: "ServersTransport"}
	KindCertificate      = schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"}
)

// OptionalKinds returns them all.
func OptionalKinds() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{KindRoute, KindBackendPolicy, KindServersTransport, KindCertificate}
}

// DatabaseKinds are ACK's, which every tenant is made of.
func DatabaseKinds() []schema.GroupVersionKind {
	var kinds []schema.GroupVersionKind
	for _, kind := range []string{"DBSubnetGroup", "DBClusterParameterGroup", "DBCluster", "DBInstance", "DBClusterSnapshot"} {
		kinds = append(kinds, rds.GroupVersion.WithKind(kind))
	}
	return kinds
}

// NeededKinds returns those of them that tenants of a class are made of.
func NeededKinds(class *halo.HaloTenantClass) []schema.GroupVersionKind {
	entrances := []halo.Entrance{class.Spec.Ingress.Entrance}
	if console := class.Spec.Console; console != nil {
		entrances = append(entrances, console.Entrance)
	}
	needed := func(kind schema.GroupVersionKind) bool {
		switch kind {
		case KindCertificate:
			return class.Spec.Certificate.IssuerRef != nil
		case KindServersTransport:
			return slices.ContainsFunc(entrances, func(e halo.Entrance) bool { return e.ServersTransport != "" })
		}
		return slices.ContainsFunc(entrances, func(e halo.Entrance) bool { return e.Gateway != nil })
	}
	return slices.DeleteFunc(OptionalKinds(), func(kind schema.GroupVersionKind) bool { return !needed(kind) })
}

// optional is an object of such a kind.
func (in Input) optional(kind schema.GroupVersionKind, name string, spec map[string]any) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	object.SetGroupVersionKind(kind)
	meta := in.meta(name, naming.ComponentLabels(in.Tenant.Name, naming.ComponentServer))
	object.SetName(meta.Name)
	object.SetNamespace(meta.Namespace)
	object.SetLabels(meta.Labels)
	object.SetOwnerReferences(meta.OwnerReferences)
	return object
}

// CertificateNames are the DNS names of the certificate that pods serve: the visitors', the console's where there is one
// and, where the CA is the operator's own, that of the Service inside the cluster, which no public issuer would sign.
func CertificateNames(tenant *halo.HaloTenant, class *halo.HaloTenantClass) []string {
	names := []string{tenant.Spec.Hostname}
	if console := ConsoleHostname(tenant, class); console != "" {
		names = append(names, console)
	}
	if class.Spec.Certificate.IssuerRef == nil {
		names = append(names, naming.Server+"."+naming.Namespace(tenant.Name)+".svc")
	}
	return names
}

// Certificate asks cert-manager for the certificate that pods serve; nil where the operator's own CA signs it. A new key
// with each, and pods take it without a restart.
func Certificate(in Input) *unstructured.Unstructured {
	issuer := in.Class.Spec.Certificate.IssuerRef
	if issuer == nil {
		return nil
	}
	var names []any
	for _, name := range CertificateNames(in.Tenant, in.Class) {
		names = append(names, name)
	}
	var labels = map[string]any{}
	for key, value := range naming.TenantLabels(in.Tenant.Name) {
		labels[key] = value
	}
	return in.optional(KindCertificate, naming.ServerTLS, map[string]any{
		"secretName": naming.ServerTLS, "secretTemplate": map[string]any{"labels": labels},
		"dnsNames": names, "usages": []any{"digital signature", "server auth"},
		"privateKey": map[string]any{"algorithm": "ECDSA", "size": int64(256), "rotationPolicy": "Always"},
		"issuerRef":  map[string]any{"group": issuer.Group, "kind": issuer.Kind, "name": issuer.Name},
	})
}
