// Package controllers puts the operator's controllers into a manager, with caches that hold the operator's own objects
// and no Secret.
package controllers

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/backup"
	"halo.dev/halo/controllers/class"
	"halo.dev/halo/controllers/tenant"
	"halo.dev/halo/internal/certificate"
	"halo.dev/halo/internal/naming"
)

// Options is what the controllers need from outside of the cluster.
type Options struct {
	// Authority issues servers' certificates.
	Authority *certificate.Authority
	// PlatformSecrets is the folder with <credentials>.username, <credentials>.password and sealing-root.
	PlatformSecrets string
	// Now is the clock.
	Now func() time.Time
	// Concurrency is how many tenants are worked on at once.
	Concurrency int
	// Metrics is where the tenants' metrics are registered; nil for nowhere.
	Metrics prometheus.Registerer
}

// NewScheme knows every kind that the operator reads or writes.
func NewScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, halo.AddToScheme, rds.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("registering kinds: %w", err)
		}
	}
	return scheme, nil
}

// CacheOptions keeps the caches small: of the kinds that everybody uses, only the operator's own objects.
func CacheOptions() cache.Options {
	own := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{naming.LabelManagedBy: naming.ManagedBy})}
	byObject := map[client.Object]cache.ByObject{&corev1.Namespace{}: own}
	for _, child := range tenant.Children() {
		byObject[child] = own
	}
	byObject[&rds.DBClusterSnapshot{}] = own
	return cache.Options{ByObject: byObject, DefaultTransform: cache.TransformStripManagedFields()}
}

// ClientOptions never caches Secrets: a cache would ask for the right to read them all.
func ClientOptions() client.Options {
	return client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}}
}

// Setup registers the three controllers.
func Setup(ctx context.Context, manager ctrl.Manager, options Options) error {
	if options.Metrics != nil {
		if err := options.Metrics.Register(tenant.NewCollector(manager.GetClient(), manager.Elected())); err != nil {
			return fmt.Errorf("registering the tenants' metrics: %w", err)
		}
	}
	recorder := manager.GetEventRecorder(naming.ManagedBy)
	tenants := &tenant.Reconciler{
		Client: manager.GetClient(), APIReader: manager.GetAPIReader(), Recorder: recorder, Authority: options.Authority,
		PlatformSecrets: options.PlatformSecrets, Now: options.Now, Concurrency: options.Concurrency,
	}
	if err := tenants.SetupWithManager(ctx, manager); err != nil {
		return err
	}
	backups := &backup.Reconciler{Client: manager.GetClient(), APIReader: manager.GetAPIReader(), Recorder: recorder, Now: options.Now}
	if err := backups.SetupWithManager(manager); err != nil {
		return err
	}
	return (&class.Reconciler{Client: manager.GetClient(), Now: options.Now}).SetupWithManager(manager)
}
