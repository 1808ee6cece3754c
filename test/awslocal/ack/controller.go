package ack

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// Options are what a Controller needs; all are required.
type Options struct {
	Account        Account
	Timings        Timings
	DeletionPolicy Policy // the flag: what holds where neither object nor namespace says
	Log            logr.Logger
	Now            func() time.Time
}

// Controller plays ACK's rds-controller for one API server.
type Controller struct {
	manager ctrl.Manager
	faults  *faults
}

// New sets up a controller of every kind.
func New(config *rest.Config, options Options) (*Controller, error) {
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme.Scheme, Logger: options.Log, Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
	})
	if err != nil {
		return nil, fmt.Errorf("set up the controllers: %w", err)
	}
	// No cache: Secrets must not be watched, and ACK's writes are judged by what the API server has now.
	direct, err := client.New(config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		return nil, fmt.Errorf("set up the client: %w", err)
	}
	c := &Controller{manager: manager, faults: newFaults()}
	for _, kind := range kinds() {
		if err := c.add(kind, direct, options); err != nil {
			return nil, fmt.Errorf("set up the controller of %s: %w", kind.name, err)
		}
	}
	return c, nil
}

func (c *Controller) add(kind kind, direct client.Client, options Options) error {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(groupVersion.WithKind(kind.name))
	twice := true // two stand-ins in one process are no mistake
	return ctrl.NewControllerManagedBy(c.manager).
		Named("ack-"+strings.ToLower(kind.name)).
		For(object, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, faultChanged()))).
		WatchesRawSource(source.Channel(c.faults.notify[kind.name], &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{SkipNameValidation: &twice, MaxConcurrentReconciles: 2}).
		Complete(&reconciler{
			kind: kind, client: direct, account: options.Account, timings: options.Timings,
			policy: options.DeletionPolicy, faults: c.faults, now: options.Now,
		})
}

// faultChanged lets the stand-in's own annotation through. Of all others ACK takes no notice until it looks again.
func faultChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(update event.UpdateEvent) bool {
		return update.ObjectOld.GetAnnotations()[AnnotationFault] != update.ObjectNew.GetAnnotations()[AnnotationFault]
	}}
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	if err := c.manager.Start(ctx); err != nil {
		return fmt.Errorf("run the controllers: %w", err)
	}
	return nil
}

// InjectFault plays a fault on an object of a kind ("DBCluster") from now on; the zero Fault ends it.
func (c *Controller) InjectFault(kind string, name types.NamespacedName, fault Fault) error {
	if c.faults.notify[kind] == nil {
		return fmt.Errorf("there is no kind %s here", kind)
	}
	c.faults.inject(kind, name, fault)
	return nil
}
