// Package played stands in for ACK, RDS and Kubernetes' controllers on an API server that has none of them: it gives
// databases, Jobs and Deployments the statuses that they have when all goes well.
package played

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	managerconfig "sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	rds "halo.dev/halo/api/rds/v1alpha1"
	"halo.dev/halo/controllers/rehearsal"
	"halo.dev/halo/internal/naming"
)

func kinds() map[string]func() client.Object {
	return map[string]func() client.Object{
		"cluster":    func() client.Object { return &rds.DBCluster{} },
		"instance":   func() client.Object { return &rds.DBInstance{} },
		"job":        func() client.Object { return &batchv1.Job{} },
		"deployment": func() client.Object { return &appsv1.Deployment{} },
	}
}

func lists() []client.ObjectList {
	return []client.ObjectList{&rds.DBClusterList{}, &rds.DBInstanceList{}, &batchv1.JobList{}, &appsv1.DeploymentList{}}
}

// Once plays what waits in a namespace at this moment, and tells what that was. What the manager makes meanwhile is left
// for the next time.
func Once(ctx context.Context, cluster client.Client, namespace string) ([]string, error) {
	var waiting []client.Object
	for _, list := range lists() {
		if err := cluster.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return nil, fmt.Errorf("listing %T: %w", list, err)
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			object, ok := item.(client.Object)
			if !ok {
				return fmt.Errorf("%T has no metadata", item)
			}
			waiting = append(waiting, object)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	var told []string
	for _, object := range waiting {
		said, err := play(ctx, cluster, object)
		if err != nil {
			return nil, err
		}
		if said != "" {
			told = append(told, said)
		}
	}
	return told, nil
}

func play(ctx context.Context, cluster client.Client, object client.Object) (string, error) {
	said := rehearsal.Play(object, false, time.Now())
	if said == "" {
		return "", nil
	}
	if err := cluster.Status().Update(ctx, object); client.IgnoreNotFound(err) != nil {
		return "", fmt.Errorf("playing %T %s: %w", object, object.GetName(), err)
	}
	return said, nil
}

// Start plays everything in every tenant's namespace as it appears, until the context ends; then the channel tells how
// it went.
func Start(ctx context.Context, config *rest.Config, scheme *runtime.Scheme) (<-chan error, error) {
	isTenants, err := labels.NewRequirement(naming.LabelTenant, selection.Exists, nil)
	if err != nil {
		return nil, fmt.Errorf("selecting what is played: %w", err)
	}
	own := cache.ByObject{Label: labels.NewSelector().Add(*isTenants)}
	byObject := map[client.Object]cache.ByObject{}
	for _, empty := range kinds() {
		byObject[empty()] = own
	}
	skip := true
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, Metrics: metricsserver.Options{BindAddress: "0"},
		Cache:      cache.Options{ByObject: byObject, DefaultTransform: cache.TransformStripManagedFields()},
		Controller: managerconfig.Controller{SkipNameValidation: &skip},
	})
	if err != nil {
		return nil, fmt.Errorf("making the player: %w", err)
	}
	for name, empty := range kinds() {
		player := reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
			object := empty()
			if err := manager.GetClient().Get(ctx, request.NamespacedName, object); err != nil {
				return reconcile.Result{}, client.IgnoreNotFound(err)
			}
			_, err := play(ctx, manager.GetClient(), object)
			return reconcile.Result{}, err
		})
		err := ctrl.NewControllerManagedBy(manager).Named("played-" + name).For(empty()).
			WithOptions(controller.Options{MaxConcurrentReconciles: 4}).Complete(player)
		if err != nil {
			return nil, fmt.Errorf("making the player of %s: %w", name, err)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	return ended, nil
}
