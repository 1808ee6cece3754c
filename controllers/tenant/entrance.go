package tenant

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// told is what an entrance says of a tenant's Ingress or route.
type told struct {
	status          metav1.ConditionStatus
	reason, message string
}

// reportIngress tells whether the entrance has an address, or the Gateway has taken the route; some controllers never
// say, so that Ready does not wait.
func (w *work) reportIngress() {
	w.reportTold(halo.ConditionIngressReady, w.entranceSays(w.class.Spec.Ingress.Entrance, naming.Server))
}

// reportConsole tells where the staff find their console, and why they do not. Visitors are served all the same.
func (w *work) reportConsole() {
	if console := w.tenant.Spec.Console; console == nil || !console.Enabled {
		w.report.Remove(halo.ConditionConsoleReady)
		return
	}
	hostname := desired.ConsoleHostname(w.tenant, w.class)
	if hostname == "" {
		w.report.False(halo.ConditionConsoleReady, halo.ReasonInvalidSpec,
			"spec.console.enabled: HaloTenantClass "+w.class.Name+" has no spec.console, the entrance for it; add that, or take this back")
		return
	}
	said := w.entranceSays(w.class.Spec.Console.Entrance, naming.Console)
	said.message = "https://" + hostname + "/console: " + said.message
	w.reportTold(halo.ConditionConsoleReady, said)
}

func (w *work) reportTold(conditionType string, said told) {
	switch said.status {
	case metav1.ConditionTrue:
		w.report.True(conditionType, said.reason, said.message)
	case metav1.ConditionFalse:
		w.report.False(conditionType, said.reason, said.message)
	default:
		w.report.Unknown(conditionType, said.reason, said.message)
	}
}

func (w *work) entranceSays(entrance halo.Entrance, name string) told {
	if entrance.Gateway != nil {
		return routeSays(entrance.Gateway, w.state.Optional(desired.KindRoute, name))
	}
	ingress := w.state.Ingress(name)
	if ingress == nil || len(ingress.Status.LoadBalancer.Ingress) == 0 {
		return told{metav1.ConditionUnknown, halo.ReasonWaiting, "Ingress class " + entrance.ClassName + " has not told an address"}
	}
	address := ingress.Status.LoadBalancer.Ingress[0]
	return told{metav1.ConditionTrue, halo.ReasonReady, "Reached at " + first(address.Hostname, address.IP)}
}

// routeSays passes on what the Gateway says of the route: whether it takes it, and whether it can reach what is behind.
func routeSays(gateway *halo.GatewayReference, route *unstructured.Unstructured) told {
	name := "Gateway " + gateway.Namespace + "/" + gateway.Name
	if route == nil {
		return told{metav1.ConditionUnknown, halo.ReasonWaiting, "The route to " + name + " has not been made yet"}
	}
	parents, _, _ := unstructured.NestedSlice(route.Object, "status", "parents")
	for _, item := range parents {
		parent, _ := item.(map[string]any)
		for _, conditionType := range []string{"Accepted", "ResolvedRefs"} {
			status, message, found := conditionOf(parent, conditionType, "conditions")
			if found && status != string(metav1.ConditionTrue) {
				return told{metav1.ConditionFalse, halo.ReasonFailed, clip(name + " says, " + conditionType + ": " + message)}
			}
		}
	}
	if len(parents) == 0 {
		return told{metav1.ConditionUnknown, halo.ReasonWaiting, name + " has said nothing of the route"}
	}
	return told{metav1.ConditionTrue, halo.ReasonReady, name + " has taken the route"}
}
