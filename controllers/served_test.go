package controllers_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// answers play the pods that the manager asks for their configuration.
type answers struct {
	mutex     sync.Mutex
	byAddress map[string]string
	asked     int
}

var told = &answers{byAddress: map[string]string{}}

func (a *answers) ask(_ context.Context, address string) (string, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.asked++
	if sha256, ok := a.byAddress[address]; ok {
		return sha256, nil
	}
	return "", errors.New("the connection was refused or broke")
}

func (a *answers) set(address, sha256 string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.byAddress[address] = sha256
}

// hash is that of the configuration that pods should serve.
func (w world) hash() string {
	w.t.Helper()
	config := &corev1.ConfigMap{}
	w.get(config, naming.ServerConfig)
	return desired.ConfigSHA256(config)
}

func TestTheStatusTellsWhatEachPodServes(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "served", nil)
	w.toReady()
	const address = "192.0.2.77"
	first := w.hash()
	told.set(address, first)
	pod := w.serverPod("server-1")
	w.editStatus(pod, pod.Name, func() { // the manager refreshes the pod meanwhile
		pod.Status.Phase, pod.Status.PodIP, pod.Status.PodIPs = corev1.PodRunning, address, []corev1.PodIP{{IP: address}}
	})
	w.condition(halo.ConditionConfigurationServed, "True", "1 of 1 pods serve configuration "+first[:12])
	if status := w.served(); status.SHA256 != first || len(status.Pods) != 1 || status.Pods[0] != (halo.ServedPod{Name: "server-1", SHA256: first}) {
		t.Errorf("the status has %+v", status)
	}
	w.change(func(tenant *halo.HaloTenant) {
		tenant.Spec.AllowedOrigins = append(tenant.Spec.AllowedOrigins, "https://partner.example")
	})
	w.condition(halo.ConditionConfigurationServed, "False", "pod server-1 serves "+first[:12])
	w.condition(halo.ConditionReady, "True", "")
	second := w.hash()
	if second == first {
		t.Fatal("the configuration is as before")
	}
	told.set(address, second)
	w.condition(halo.ConditionConfigurationServed, "True", "serve configuration "+second[:12])
	if err := cluster.Delete(context.Background(), pod, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pod that is gone", func() string {
		if w.served() != nil {
			return "is still told of"
		}
		return ""
	})
}

func (w world) served() *halo.ServedConfiguration {
	w.t.Helper()
	tenant := &halo.HaloTenant{}
	w.getTenant(tenant)
	return tenant.Status.Configuration
}
