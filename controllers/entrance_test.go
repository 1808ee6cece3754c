package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/test/definitions"
)

// installed puts published definitions into the cluster while the manager runs.
func installed(t *testing.T, sources ...definitions.Source) {
	t.Helper()
	for _, source := range sources {
		paths, err := source.Paths(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := envtest.InstallCRDs(admin, envtest.CRDInstallOptions{Paths: paths, ErrorIfPathMissing: true}); err != nil {
			t.Fatal(err)
		}
	}
}

// classSays waits for a condition of a class that speaks of its present spec.
func classSays(t *testing.T, name, conditionType, status, message string) {
	t.Helper()
	class := &halo.HaloTenantClass{}
	eventually(t, "condition "+conditionType+" of class "+name, func() string {
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: name}, class); err != nil {
			return err.Error()
		}
		found := meta.FindStatusCondition(class.Status.Conditions, conditionType)
		if found == nil || string(found.Status) != status || found.ObservedGeneration != class.Generation || !strings.Contains(found.Message, message) {
			return "it says " + describe(found) + ", want " + status + " " + message
		}
		return ""
	})
}

// changeClass edits a class that is there.
func changeClass(t *testing.T, name string, edit func(*halo.HaloTenantClassSpec)) {
	t.Helper()
	class := &halo.HaloTenantClass{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: name}, class); err != nil {
		t.Fatal(err)
	}
	before := class.DeepCopy()
	edit(&class.Spec)
	if err := cluster.Patch(context.Background(), class, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
}

// optional waits for an object of a kind that the cluster may lack.
func (w world) optional(kind schema.GroupVersionKind, name string) *unstructured.Unstructured {
	w.t.Helper()
	object := untyped(kind)
	w.get(object, name)
	return object
}

func untyped(kind schema.GroupVersionKind) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	return object
}

func (w world) removed(object client.Object, name string) {
	w.t.Helper()
	eventually(w.t, name+" to go", func() string {
		if w.exists(object, name) {
			return object.GetObjectKind().GroupVersionKind().Kind + " is still there"
		}
		return ""
	})
}

// play sets the status of an object as its own controller would.
func (w world) play(kind schema.GroupVersionKind, name string, status map[string]any) {
	w.t.Helper()
	object := untyped(kind)
	w.editStatus(object, name, func() { object.Object["status"] = status })
}

func TestAClassSaysWhatTheClusterLacksAndGoesOnWhenItIsThere(t *testing.T) {
	newClass(t, "gateways", func(class *halo.HaloTenantClass) {
		class.Spec.Ingress.ClassName = ""
		class.Spec.Ingress.Gateway = &halo.GatewayReference{Namespace: "edge", Name: "public"}
		class.Spec.Certificate.IssuerRef = &halo.IssuerReference{Name: "platform"}
	})
	classSays(t, "gateways", halo.ConditionPrerequisitesReady, "False", "the cluster has no HTTPRoute of gateway.networking.k8s.io/v1: install the Gateway API's")
	classSays(t, "gateways", halo.ConditionReady, "False", "no Certificate of cert-manager.io/v1: install cert-manager, or leave spec.certificate.issuerRef out")
	w := newTenant(t, "routed", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "gateways" })
	w.condition(halo.ConditionReady, "False", "Waiting for HaloTenantClass gateways: the cluster has no HTTPRoute")
	installed(t, definitions.Gateway(), definitions.CertManager())
	classSays(t, "gateways", halo.ConditionReady, "True", "Tenants can use it")

	w.optional(desired.KindRoute, naming.Server)
	w.optional(desired.KindBackendPolicy, naming.Server)
	w.condition(halo.ConditionCertificateReady, "False", "cert-manager has not looked")
	if w.exists(&networkingv1.Ingress{}, naming.Server) {
		t.Error("an Ingress was made beside the route")
	}
	w.play(desired.KindCertificate, naming.ServerTLS, map[string]any{
		"notAfter": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		"conditions": []any{map[string]any{"type": "Ready", "status": "True", "reason": "Ready", "message": "Certificate is up to date",
			"lastTransitionTime": time.Now().UTC().Format(time.RFC3339)}},
	})
	w.condition(halo.ConditionCertificateReady, "True", "Certificate is up to date")
	w.play(desired.KindRoute, naming.Server, map[string]any{"parents": []any{map[string]any{
		"controllerName": "example.com/gateways", "parentRef": map[string]any{"namespace": "edge", "name": "public"},
		"conditions": []any{map[string]any{"type": "Accepted", "status": "False", "reason": "NoMatchingListenerHostname", "message": "no listener takes the name",
			"lastTransitionTime": time.Now().UTC().Format(time.RFC3339)}},
	}}})
	w.toReady()
	w.condition(halo.ConditionIngressReady, "False", "Gateway edge/public says, Accepted: no listener takes the name")
	tenant := &halo.HaloTenant{}
	w.getTenant(tenant)
	if issued := tenant.Status.Certificate; issued == nil || issued.Issuer != "ClusterIssuer/platform" || issued.Hostname != tenant.Spec.Hostname {
		t.Errorf("the certificate is remembered as %+v", issued)
	}

	changeClass(t, "gateways", func(spec *halo.HaloTenantClassSpec) {
		spec.Ingress.Gateway, spec.Ingress.ClassName, spec.Certificate.IssuerRef = nil, "halo-local", nil
	})
	w.get(&networkingv1.Ingress{}, naming.Server)
	for kind, name := range map[schema.GroupVersionKind]string{
		desired.KindRoute: naming.Server, desired.KindBackendPolicy: naming.Server, desired.KindCertificate: naming.ServerTLS,
	} {
		w.removed(untyped(kind), name)
	}
	eventually(t, "a certificate of the operator's own", func() string {
		w.getTenant(tenant)
		if strings.HasPrefix(tenant.Status.Certificate.Issuer, "ClusterIssuer") || meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionCertificateReady) != nil {
			return "it is still said to be cert-manager's"
		}
		return ""
	})
	w.condition(halo.ConditionReady, "True", "Serving")
	before := quiet(t)
	w.touch("1")
	if after := quiet(t); after != before {
		t.Errorf("%d writes for a tenant that was as it should be", after-before)
	}
}

func TestTraefikIsToldToVerifyThePods(t *testing.T) {
	installed(t, definitions.Traefik())
	newClass(t, "proxied", func(class *halo.HaloTenantClass) {
		class.Spec.Ingress.ClassName, class.Spec.Ingress.ServersTransport = "traefik", "traefik"
	})
	w := newTenant(t, "proxied", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "proxied" })
	transport := w.optional(desired.KindServersTransport, naming.Server)
	if name, _, _ := unstructured.NestedString(transport.Object, "spec", "serverName"); name != "halo.proxied.example" {
		t.Errorf("the pods' certificate is verified for %q", name)
	}
	w.get(&networkingv1.Ingress{}, naming.Server)
	changeClass(t, "proxied", func(spec *halo.HaloTenantClassSpec) {
		spec.Ingress.ClassName, spec.Ingress.ServersTransport = "other", ""
	})
	w.removed(untyped(desired.KindServersTransport), naming.Server)
	quiet(t)
}

// scale sets the number of pods as the autoscaler does.
func (w world) scale(replicas int32) {
	w.t.Helper()
	deployment := &appsv1.Deployment{}
	w.get(deployment, naming.Server)
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	if err := cluster.SubResource("scale").Update(context.Background(), deployment, client.WithSubResourceBody(scale), client.FieldOwner("kube-controller-manager")); err != nil {
		w.t.Fatal(err)
	}
}

// replicas waits until the Deployment has a number of pods and the manager is done.
func (w world) replicas(want int32) {
	w.t.Helper()
	quiet(w.t)
	deployment := &appsv1.Deployment{}
	w.get(deployment, naming.Server)
	if *deployment.Spec.Replicas != want {
		w.t.Errorf("%d pods are wanted, want %d", *deployment.Spec.Replicas, want)
	}
}

func describe(condition *metav1.Condition) string {
	if condition == nil {
		return "nothing"
	}
	return fmt.Sprintf("%s %s (generation %d)", condition.Status, condition.Message, condition.ObservedGeneration)
}
