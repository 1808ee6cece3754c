package tenant

import (
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/served"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// reportServed tells which configuration each pod serves, as far as the pods have said, and has the others asked. It does
// not bear on Ready: a pod that is some seconds behind serves its visitors.
func (r *Reconciler) reportServed(w *work) {
	if r.Served == nil || w.config == nil {
		return
	}
	wanted, pods := desired.ConfigSHA256(w.config), decide.Askable(w.state.Pods(naming.ComponentServer))
	ask := make([]served.Pod, 0, len(pods))
	for _, pod := range pods {
		ask = append(ask, served.Pod{UID: pod.UID, Address: pod.Status.PodIP})
	}
	status, all, message := decide.Served(wanted, pods, r.Served.Want(w.tenant.Name, wanted, ask))
	w.status.Configuration = status
	switch {
	case status == nil:
		w.report.Remove(halo.ConditionConfigurationServed)
	case all:
		w.report.True(halo.ConditionConfigurationServed, halo.ReasonReady, message)
	default:
		w.report.False(halo.ConditionConfigurationServed, halo.ReasonProgressing, message)
	}
}
