// The manager turns HaloTenants into services. This command is flags and wiring only.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"halo.dev/halo/controllers"
	"halo.dev/halo/controllers/served"
	"halo.dev/halo/internal/certificate"
	"halo.dev/halo/internal/desired"
)

// look is how soon what a class needs and the cluster lacks is looked for again.
const look = 20 * time.Second

type flags struct {
	caFolder, platformSecrets, metricsAddress, healthAddress string
	electLeader                                              bool
	concurrency                                              int
}

func main() {
	if err := run(ctrl.SetupSignalHandler(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (flags, error) {
	var f flags
	set := flag.NewFlagSet("manager", flag.ContinueOnError)
	set.StringVar(&f.caFolder, "ca-dir", "/etc/halo-operator/ca", "folder with tls.crt and tls.key of the CA that signs servers' certificates")
	set.StringVar(&f.platformSecrets, "platform-secrets-dir", "/etc/halo-operator/platform-secrets", "folder with <credentials>.username and <credentials>.password of mail relays, and with sealing-root")
	set.StringVar(&f.metricsAddress, "metrics-listen", ":8080", "address of the metrics; 0 for none")
	set.StringVar(&f.healthAddress, "health-listen", ":8081", "address of /healthz and /readyz")
	set.BoolVar(&f.electLeader, "leader-elect", true, "work only while holding the lease, so that replicas do not work at once")
	set.IntVar(&f.concurrency, "concurrency", 8, "how many tenants are worked on at once")
	return f, set.Parse(arguments)
}

func run(ctx context.Context, arguments []string) error {
	f, err := parse(arguments)
	if err != nil {
		return err
	}
	ctrl.SetLogger(logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, nil)))
	authority, err := certificate.LoadAuthority(f.caFolder)
	if err != nil {
		return fmt.Errorf("--ca-dir %s: %w", f.caFolder, err)
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	controllers.TuneConnection(config)
	options, err := managerOptions(f)
	if err != nil {
		return err
	}
	m, err := ctrl.NewManager(config, options)
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	if err := addChecks(m); err != nil {
		return err
	}
	err = controllers.Setup(ctx, m, controllers.Options{
		Authority: authority, PlatformSecrets: f.platformSecrets, Now: time.Now, Concurrency: f.concurrency,
		Metrics: metrics.Registry, Look: look, Namespace: namespace(), Ask: served.HTTP(desired.HealthPort),
	})
	if err != nil {
		return err
	}
	if err := m.Start(ctx); err != nil {
		return fmt.Errorf("running: %w", err)
	}
	return nil
}

// namespaceFile is where Kubernetes tells a pod its namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// namespace is the manager's own; empty outside of a cluster.
func namespace() string {
	text, err := os.ReadFile(namespaceFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func managerOptions(f flags) (ctrl.Options, error) {
	scheme, err := controllers.NewScheme()
	if err != nil {
		return ctrl.Options{}, err
	}
	return ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(), Client: controllers.ClientOptions(),
		Metrics:                metricsserver.Options{BindAddress: f.metricsAddress},
		HealthProbeBindAddress: f.healthAddress,
		LeaderElection:         f.electLeader, LeaderElectionID: "halo-operator.halo.dev",
		// The process ends when the manager does, so that another may begin at once.
		LeaderElectionReleaseOnCancel: true,
	}, nil
}

func addChecks(m manager.Manager) error {
	if err := m.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the liveness check: %w", err)
	}
	if err := m.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the readiness check: %w", err)
	}
	return nil
}
