// Command halo-entrance is the local cluster's way in: an Ingress controller
// that passes TLS through.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"halo.dev/halo/test/cluster/entrance"
)

func main() {
	listen := flag.String("listen", ":8443", "where connections are taken")
	health := flag.String("health-listen", ":8081", "where /readyz is served")
	address := flag.String("address", "", "address to report on each Ingress")
	class := flag.String("class", entrance.ClassName, "class of the Ingresses that are served")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *health, *class, *address); err != nil {
		slog.Error("the entrance closes", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen, health, class, address string) error {
	reported, err := netip.ParseAddr(address)
	if err != nil {
		return fmt.Errorf("--address: %w", err)
	}
	configuration, err := rest.InClusterConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	client, err := kubernetes.NewForConfig(configuration)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return fmt.Errorf("opening the entrance: %w", err)
	}
	proxy := entrance.NewProxy()
	var ready atomic.Bool
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return proxy.Serve(ctx, listener) })
	group.Go(func() error {
		return entrance.NewController(client, class, reported, proxy.Use).Run(ctx, func() { ready.Store(true) })
	})
	group.Go(func() error { return serveHealth(ctx, health, &ready) })
	return group.Wait()
}

// serveHealth tells whether the routes are known.
func serveHealth(ctx context.Context, listen string, ready *atomic.Bool) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			http.Error(w, "routes are not known yet", http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{Addr: listen, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving health: %w", err)
	}
	return nil
}
