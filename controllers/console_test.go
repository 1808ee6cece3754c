package controllers_test

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

func staffEntrance(domain string) *halo.ClassConsole {
	return &halo.ClassConsole{Domain: domain, Entrance: halo.Entrance{
		ClassName: "halo-internal", Controller: &halo.PodPeer{Namespace: "intranet", PodLabels: map[string]string{"app": "proxy"}},
	}}
}

// generation counts the changes of a tenant's Deployment: while it stays, no pod is replaced.
func (w world) generation() int64 {
	w.t.Helper()
	deployment := &appsv1.Deployment{}
	w.get(deployment, naming.Server)
	return deployment.Generation
}

func TestAConsoleComesAndGoesWithItsEntrance(t *testing.T) {
	newClass(t, "consoles", func(class *halo.HaloTenantClass) { class.Spec.Console = nil })
	w := newTenant(t, "staffed", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "consoles" })
	w.toReady()
	before := w.generation()
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Console = &halo.TenantConsole{Enabled: true} })
	w.condition(halo.ConditionConsoleReady, "False", "spec.console.enabled: HaloTenantClass consoles has no spec.console")
	w.condition(halo.ConditionReady, "True", "Serving")
	if w.generation() != before {
		t.Error("pods were replaced for a console that cannot be")
	}

	changeClass(t, "consoles", func(spec *halo.HaloTenantClassSpec) { spec.Console = staffEntrance("console.staffed.example") })
	ingress := &networkingv1.Ingress{}
	w.get(ingress, naming.Console)
	if host := ingress.Spec.Rules[0].Host; host != "staffed.console.staffed.example" || *ingress.Spec.IngressClassName != "halo-internal" {
		t.Errorf("the console is at %s, by %s", host, *ingress.Spec.IngressClassName)
	}
	w.condition(halo.ConditionConsoleReady, "Unknown", "https://staffed.console.staffed.example/console: Ingress class halo-internal has not told an address")
	w.editStatus(ingress, naming.Console, func() {
		ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "192.0.2.8"}}
	})
	w.condition(halo.ConditionConsoleReady, "True", "Reached at 192.0.2.8")
	tenant := &halo.HaloTenant{}
	w.getTenant(tenant)
	if names := tenant.Status.Certificate.Names; !slices.Contains(names, "staffed.console.staffed.example") || names[0] != tenant.Spec.Hostname {
		t.Errorf("the certificate is for %v", names)
	}
	w.rollOut()
	w.condition(halo.ConditionReady, "True", "Serving")

	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Console.Enabled = false })
	w.removed(&networkingv1.Ingress{}, naming.Console)
	w.removed(&corev1.Service{}, naming.Console)
	eventually(t, "no more word of the console", func() string {
		w.getTenant(tenant)
		if found := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionConsoleReady); found != nil {
			return found.Message
		}
		return ""
	})
	w.get(&networkingv1.Ingress{}, naming.Server)
}

func TestAClassThatGetsConsolesRestartsNobody(t *testing.T) {
	newClass(t, "calm", func(class *halo.HaloTenantClass) { class.Spec.Console = nil })
	w := newTenant(t, "calm", func(tenant *halo.HaloTenant) { tenant.Spec.ClassName = "calm" })
	w.toReady()
	quiet(t)
	before := w.generation()
	changeClass(t, "calm", func(spec *halo.HaloTenantClassSpec) { spec.Console = staffEntrance("console.calm.example") })
	quiet(t)
	if w.generation() != before || w.exists(&corev1.Service{}, naming.Console) {
		t.Error("a tenant that did not ask was given a console")
	}
}

func TestNoVisitorsHostnameIsAmongTheConsoles(t *testing.T) {
	newClass(t, "development", nil)
	newClass(t, "staffdomain", func(class *halo.HaloTenantClass) { class.Spec.Console = staffEntrance("staff.firm.example") })
	w := newTenant(t, "pretender", func(tenant *halo.HaloTenant) { tenant.Spec.Hostname = "other.staff.firm.example" })
	w.condition(halo.ConditionStalled, "True", "spec.hostname: names in staff.firm.example are those of staff consoles, by spec.console of HaloTenantClass staffdomain")
	if w.exists(&networkingv1.Ingress{}, naming.Server) {
		t.Error("it was given the name all the same")
	}
	changeClass(t, "staffdomain", func(spec *halo.HaloTenantClassSpec) { spec.Console = nil })
	w.condition(halo.ConditionStalled, "False", "")
}

func TestACertificateIsRenewedBeforeItsTimeAndNoPodIsReplaced(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "renewed", nil)
	w.toReady()
	tenant := &halo.HaloTenant{}
	w.getTenant(tenant)
	first, generation := tenant.Status.Certificate.NotAfter, w.generation()
	const later = 61 * 24 * time.Hour // beyond two thirds of its ninety days
	clock.Add(int64(later))
	defer clock.Add(-int64(later))
	w.touch("1")
	eventually(t, "a new certificate", func() string {
		w.getTenant(tenant)
		if !tenant.Status.Certificate.NotAfter.After(first.Add(60 * 24 * time.Hour)) {
			return "it ends at " + tenant.Status.Certificate.NotAfter.String()
		}
		return ""
	})
	if w.generation() != generation {
		t.Error("pods were replaced for a new certificate")
	}
}
