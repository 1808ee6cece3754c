package v1alpha1

// ClassIngress says which entrance brings visitors to the pods.
type ClassIngress struct {
	Entrance `json:",inline"`
	// trustedProxies are the networks that the controller's connections come from. From these, and from no others, the
	// PROXY protocol or X-Forwarded-For tells the visitor's address, which the limit per client counts. Absent means
	// that the address of the connection counts.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="trustedProxies must hold networks such as 10.20.0.0/16"
	// +listType=set
	// +optional
	TrustedProxies []string `json:"trustedProxies,omitempty"`
}

// ClassConsole is the entrance of the staff console: one of its own, which only the firm's staff can reach.
type ClassConsole struct {
	Entrance `json:",inline"`
	// domain is where the consoles are: that of tenant acme is acme.<domain>.
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$')",message="spec.console.domain must be a lower-case DNS domain, such as console.firm.example"
	Domain string `json:"domain"`
	// trustedProxies are the networks that this entrance's connections come from, as in spec.ingress: an attempt to sign
	// in is counted by the address that they tell.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="trustedProxies must hold networks such as 10.20.0.0/16"
	// +listType=set
	// +optional
	TrustedProxies []string `json:"trustedProxies,omitempty"`
}

// Entrance is a way into the cluster: an Ingress class or a Gateway, and who connects from there. In values of
// annotations {tenant}, {namespace} and {hostname} stand for the tenant's.
// +kubebuilder:validation:XValidation:rule="has(self.className) != has(self.gateway)",message="an entrance has either className, of an Ingress class, or gateway"
// +kubebuilder:validation:XValidation:rule="has(self.controller) || has(self.sourceCIDRs)",message="an entrance needs controller, the pods that connect to the server, or sourceCIDRs, the networks of a load balancer outside of the cluster: nobody else may"
// +kubebuilder:validation:XValidation:rule="!has(self.clientCIDRs) || (has(self.className) && has(self.clientCIDRAnnotation))",message="clientCIDRs need className and clientCIDRAnnotation, the annotation of your Ingress controller that takes networks; a Gateway has no field for them: restrict its clients at the Gateway itself"
// +kubebuilder:validation:XValidation:rule="!has(self.serversTransport) || has(self.className)",message="serversTransport goes with className: a Gateway is told by a BackendTLSPolicy"
type Entrance struct {
	// className is the Ingress class.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ClassName string `json:"className,omitempty"`
	// gateway is the Gateway that each tenant's HTTPRoute attaches to. It holds the visitors' certificates, and verifies
	// that of the pods by a BackendTLSPolicy.
	// +optional
	Gateway *GatewayReference `json:"gateway,omitempty"`
	// annotations are put on each tenant's Ingress or HTTPRoute: load balancer, web application firewall, external-dns.
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
	// serviceAnnotations are put on the Service behind it.
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	ServiceAnnotations map[string]string `json:"serviceAnnotations,omitempty"`
	// serversTransport is traefik where Traefik shall encrypt again and verify the pods' certificate: each tenant gets
	// a ServersTransport of its own.
	// +kubebuilder:validation:Enum=traefik
	// +optional
	ServersTransport string `json:"serversTransport,omitempty"`
	// clientCIDRs are the networks that clients may come from; absent means any.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="clientCIDRs must hold networks such as 198.51.100.0/24"
	// +listType=set
	// +optional
	ClientCIDRs []string `json:"clientCIDRs,omitempty"`
	// clientCIDRAnnotation is the annotation that takes clientCIDRs, with commas between them, such as
	// alb.ingress.kubernetes.io/inbound-cidrs.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +optional
	ClientCIDRAnnotation string `json:"clientCIDRAnnotation,omitempty"`
	// controller names the pods that connect to the server.
	// +optional
	Controller *PodPeer `json:"controller,omitempty"`
	// sourceCIDRs are the networks of a load balancer outside of the cluster that connects to the server.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="sourceCIDRs must hold networks such as 10.20.0.0/16"
	// +listType=set
	// +optional
	SourceCIDRs []string `json:"sourceCIDRs,omitempty"`
}

// GatewayReference names a Gateway of the platform's, and one of its listeners. The Gateway must allow routes from
// tenants' namespaces.
type GatewayReference struct {
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// sectionName is a listener; absent means every listener that fits.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	SectionName string `json:"sectionName,omitempty"`
}

// ClassCertificate chooses the issuer of the certificates that pods serve. Empty is the operator's own CA.
// +kubebuilder:validation:XValidation:rule="!has(self.caBundle) || has(self.issuerRef)",message="certificate.caBundle goes with certificate.issuerRef"
type ClassCertificate struct {
	// issuerRef is cert-manager's issuer.
	// +optional
	IssuerRef *IssuerReference `json:"issuerRef,omitempty"`
	// caBundle is the PEM of the certificates that sign the issuer's, for an entrance that verifies the pods; absent
	// means that the issuer is one that everybody's roots know.
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule="self.contains('-----BEGIN CERTIFICATE-----')",message="caBundle must hold certificates in PEM"
	// +optional
	CABundle string `json:"caBundle,omitempty"`
}

// IssuerReference names an issuer of cert-manager, or of one that cert-manager knows.
type IssuerReference struct {
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// +kubebuilder:default=ClusterIssuer
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Kind string `json:"kind,omitempty"`
	// +kubebuilder:default=cert-manager.io
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Group string `json:"group,omitempty"`
}
