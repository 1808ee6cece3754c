package tenant

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// reportIngress tells whether the entrance has an address, or the Gateway has taken the route; some controllers never
// say, so that Ready does not wait.
func (w *work) reportIngress() {
	if w.class.Spec.Ingress.Gateway != nil {
		w.reportRoute(w.state.Optional(desired.KindRoute, naming.Server))
		return
	}
	ingress := w.state.Ingress()
	if ingress == nil || len(ingress.Status.LoadBalancer.Ingress) == 0 {
		w.report.Unknown(halo.ConditionIngressReady, halo.ReasonWaiting, "Ingress class "+w.class.Spec.Ingress.ClassName+" has not told an address")
		return
	}
	address := ingress.Status.LoadBalancer.Ingress[0]
	w.report.True(halo.ConditionIngressReady, halo.ReasonReady, "Reached at "+first(address.Hostname, address.IP))
}

// reportRoute passes on what the Gateway says of the route: whether it takes it, and whether it can reach what is behind.
func (w *work) reportRoute(route *unstructured.Unstructured) {
	gateway := w.class.Spec.Ingress.Gateway
	name := "Gateway " + gateway.Namespace + "/" + gateway.Name
	if route == nil {
		w.report.Unknown(halo.ConditionIngressReady, halo.ReasonWaiting, "The route to "+name+" has not been made yet")
		return
	}
	parents, _, _ := unstructured.NestedSlice(route.Object, "status", "parents")
	for _, item := range parents {
		parent, _ := item.(map[string]any)
		for _, conditionType := range []string{"Accepted", "ResolvedRefs"} {
			status, message, found := conditionOf(parent, conditionType, "conditions")
			if found && status != string(metav1.ConditionTrue) {
				w.report.False(halo.ConditionIngressReady, halo.ReasonFailed, clip(name+" says, "+conditionType+": "+message))
				return
			}
		}
	}
	if len(parents) == 0 {
		w.report.Unknown(halo.ConditionIngressReady, halo.ReasonWaiting, name+" has said nothing of the route")
		return
	}
	w.report.True(halo.ConditionIngressReady, halo.ReasonReady, name+" has taken the route")
}
