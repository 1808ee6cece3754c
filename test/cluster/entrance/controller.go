package entrance

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// retryAfter is the pause before a failed report is tried again.
const retryAfter = time.Second

// Controller keeps a proxy's routes in step with the API server.
type Controller struct {
	client  kubernetes.Interface
	class   string
	address netip.Addr
	use     func(Backends)
}

// NewController prepares a controller that hands the routes of a class to use
// and reports the address, at which clients reach the proxy, on every Ingress it
// serves.
func NewController(client kubernetes.Interface, class string, address netip.Addr, use func(Backends)) *Controller {
	return &Controller{client: client, class: class, address: address, use: use}
}

// Run works until the context ends. synced is called once the routes are known.
func (c *Controller) Run(ctx context.Context, synced func()) error {
	factory := informers.NewSharedInformerFactory(c.client, 0)
	ingresses, services := factory.Networking().V1().Ingresses(), factory.Core().V1().Services()
	endpoints := factory.Discovery().V1().EndpointSlices()
	changed := make(chan struct{}, 1)
	notice := func() {
		select {
		case changed <- struct{}{}:
		default: // a change is already waiting, and will be seen together with this one
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { notice() }, UpdateFunc: func(_, _ any) { notice() }, DeleteFunc: func(any) { notice() },
	}
	for _, informer := range []cache.SharedIndexInformer{ingresses.Informer(), services.Informer(), endpoints.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("watching for changes: %w", err)
		}
	}
	factory.Start(ctx.Done())
	for kind, ok := range factory.WaitForCacheSync(ctx.Done()) {
		if !ok {
			return fmt.Errorf("reading %s: %w", kind, context.Cause(ctx))
		}
	}
	notice() // an empty cluster is in step too
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		known, err := ingresses.Lister().List(labels.Everything())
		if err != nil {
			return fmt.Errorf("listing ingresses: %w", err)
		}
		allServices, err := services.Lister().List(labels.Everything())
		if err != nil {
			return fmt.Errorf("listing services: %w", err)
		}
		allEndpoints, err := endpoints.Lister().List(labels.Everything())
		if err != nil {
			return fmt.Errorf("listing endpoints: %w", err)
		}
		c.use(Routes(c.class, known, allServices, allEndpoints))
		synced()
		if !c.report(ctx, known) {
			time.AfterFunc(retryAfter, notice)
		}
	}
}

// report writes the entrance's address where an Ingress does not show it yet;
// ok is false when one could not be written.
func (c *Controller) report(ctx context.Context, ingresses []*networkingv1.Ingress) (ok bool) {
	want := []networkingv1.IngressLoadBalancerIngress{{IP: c.address.String()}}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"loadBalancer": map[string]any{"ingress": want}}})
	if err != nil {
		slog.Error("status not encoded", "error", err)
		return true // another attempt would end the same
	}
	ok = true
	for _, one := range ingresses {
		shown := one.Status.LoadBalancer.Ingress
		if !serves(c.class, one) || (len(shown) == 1 && shown[0].IP == want[0].IP && shown[0].Hostname == "") {
			continue
		}
		_, err := c.client.NetworkingV1().Ingresses(one.Namespace).Patch(ctx, one.Name, types.MergePatchType, patch,
			metav1.PatchOptions{FieldManager: "halo-entrance"}, "status")
		if err != nil && !apierrors.IsNotFound(err) {
			slog.Error("status not written", "ingress", one.Namespace+"/"+one.Name, "error", err)
			ok = false
		}
	}
	return ok
}
