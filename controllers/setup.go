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
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlmanager "sigs.k8s.io/controller-runtime/pkg/manager"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/backup"
	"halo.dev/halo/controllers/class"
	"halo.dev/halo/controllers/erasures"
	"halo.dev/halo/controllers/prerequisites"
	"halo.dev/halo/controllers/served"
	"halo.dev/halo/controllers/tenant"
	"halo.dev/halo/internal/certificate"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// Options is what the controllers need from outside of the cluster.
type Options struct {
	// Authority issues servers' certificates.
	Authority *certificate.Authority
	// Namespace is the manager's own; empty when it runs outside of the cluster.
	Namespace string
	// PlatformSecrets is the folder with <credentials>.username, <credentials>.password and sealing-root.
	PlatformSecrets string
	// Now is the clock.
	Now func() time.Time
	// Concurrency is how many tenants are worked on at once.
	Concurrency int
	// Erasures is what tells of erased persons; nil is every tenant's own pods.
	Erasures erasures.Source
	// CollectEvery is how often they are asked; zero is erasures.DefaultEvery.
	CollectEvery time.Duration
	// Metrics is where the tenants' metrics are registered; nil for nowhere.
	Metrics prometheus.Registerer
	// Ask asks a pod which configuration it serves; nil asks none.
	Ask served.Ask
	// Look is how soon a kind or a file that a class needs and that is missing is looked for again.
	Look time.Duration
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

// TuneConnection sets what a manager's connection to the API server does without: a limit of its own, where the API server
// shares itself out by priority and fairness, and compression, which costs both sides more processor time than a cluster's
// network costs (each event of a watch is packed by itself).
func TuneConnection(config *rest.Config) {
	config.QPS = -1
	config.DisableCompression = true
}

// CacheOptions keeps the caches small: of the kinds that everybody uses, only the operator's own objects.
func CacheOptions() cache.Options {
	all := cache.ByObject{Label: labels.Everything()}
	return cache.Options{
		DefaultLabelSelector: labels.SelectorFromSet(labels.Set{naming.LabelManagedBy: naming.ManagedBy}),
		ByObject:             map[client.Object]cache.ByObject{&halo.HaloTenant{}: all, &halo.HaloTenantClass{}: all, &halo.HaloBackup{}: all},
		DefaultTransform:     (&shrinker{}).shrink,
	}
}

// ClientOptions never caches Secrets: a cache would ask for the right to read them all. Kinds that a cluster may lack
// have no Go type and are cached without one.
func ClientOptions() client.Options {
	return client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}, Unstructured: true}}
}

// Setup registers the controllers. Without ACK's kinds only that of classes works, which says so; the others begin when
// the kinds are there.
func Setup(ctx context.Context, manager ctrl.Manager, options Options) error {
	if options.Look == 0 {
		options.Look = 20 * time.Second
	}
	for _, index := range tenant.Indexes() {
		if err := manager.GetFieldIndexer().IndexField(ctx, index.Object, index.Field, index.Value); err != nil {
			return fmt.Errorf("indexing %s: %w", index.Field, err)
		}
	}
	kinds := prerequisites.New(manager.GetRESTMapper())
	classes := &class.Reconciler{Client: manager.GetClient(), Kinds: kinds, PlatformSecrets: options.PlatformSecrets, Look: options.Look, Now: options.Now}
	if err := classes.SetupWithManager(manager); err != nil {
		return err
	}
	missing, err := kinds.Missing(desired.DatabaseKinds())
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		return setupTenants(manager, kinds, options)
	}
	return addWait(manager, kinds, options)
}

func addWait(manager ctrl.Manager, kinds *prerequisites.Kinds, options Options) error {
	err := manager.Add(ctrlmanager.RunnableFunc(func(ctx context.Context) error {
		return wait.PollUntilContextCancel(ctx, options.Look, false, func(ctx context.Context) (bool, error) {
			missing, err := kinds.Missing(desired.DatabaseKinds())
			if err != nil {
				ctrl.LoggerFrom(ctx).Error(err, "looking for ACK's kinds")
			}
			if err != nil || len(missing) > 0 {
				return false, nil //nolint:nilerr // it is looked for again
			}
			return true, setupTenants(manager, kinds, options)
		})
	}))
	if err != nil {
		return fmt.Errorf("waiting for ACK's kinds: %w", err)
	}
	return nil
}

func setupTenants(manager ctrl.Manager, kinds *prerequisites.Kinds, options Options) error {
	if options.Metrics != nil {
		if err := options.Metrics.Register(tenant.NewCollector(manager.GetClient(), manager.Elected())); err != nil {
			return fmt.Errorf("registering the tenants' metrics: %w", err)
		}
	}
	recorder := manager.GetEventRecorder(naming.ManagedBy)
	var asker *served.Asker
	if options.Ask != nil {
		asker = served.New(options.Ask, options.Now)
		if err := manager.Add(asker); err != nil {
			return fmt.Errorf("registering who asks pods what they serve: %w", err)
		}
	}
	collector := &erasures.Collector{Client: manager.GetClient(), APIReader: manager.GetAPIReader(), Source: options.Erasures, Now: options.Now, Every: options.CollectEvery}
	if options.Erasures == nil {
		collector.Source = erasures.NewPods()
	}
	if err := manager.Add(collector); err != nil {
		return fmt.Errorf("adding the collector of erasures: %w", err)
	}
	tenants := &tenant.Reconciler{
		Client: manager.GetClient(), APIReader: manager.GetAPIReader(), Recorder: recorder, Authority: options.Authority,
		PlatformSecrets: options.PlatformSecrets, Kinds: kinds, Now: options.Now, Concurrency: options.Concurrency, Namespace: options.Namespace,
		Served: asker, Erasures: collector,
	}
	if err := tenants.SetupWithManager(manager); err != nil {
		return err
	}
	backups := &backup.Reconciler{Client: manager.GetClient(), APIReader: manager.GetAPIReader(), Recorder: recorder, Now: options.Now}
	return backups.SetupWithManager(manager)
}
