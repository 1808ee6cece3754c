package scale_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/procfs"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"halo.dev/halo/controllers"
	"halo.dev/halo/internal/certificate"
)

// figures are what the manager's process tells of itself.
type figures struct {
	Synced bool
	// Writes, Reads and Watches are requests to the API server since the start.
	Writes, Reads, Watches int64
	// HeapBytes is what is in use after a collection; ResidentBytes is what the process then keeps of the machine's memory.
	HeapBytes, ResidentBytes int64
	// First is how many tenants had been taken from their queue when the first of them was written to.
	First uint64
	// Seconds is the processor time of the process.
	Seconds float64
	// Waits and ShortWaits are how many requests waited in the tenants' queue, and how many of them one second at most.
	Waits, ShortWaits uint64
}

// counter is a transport that counts.
type counter struct {
	next                   http.RoundTripper
	trace                  bool
	writes, reads, watches *atomic.Int64
	first                  *atomic.Uint64
}

func (c counter) RoundTrip(request *http.Request) (*http.Response, error) {
	switch {
	case request.Method != http.MethodGet:
		c.writes.Add(1)
		if c.first.Load() == 0 && strings.Contains(request.URL.Path, "/halotenants/") {
			all, _ := waits() // not at each request: to gather the figures takes a millisecond
			c.first.CompareAndSwap(0, all)
		}
		if c.trace {
			fmt.Fprintln(os.Stderr, request.Method, request.URL.Path)
		}
	case request.URL.Query().Get("watch") != "":
		c.watches.Add(1)
	default:
		c.reads.Add(1)
	}
	return c.next.RoundTrip(request)
}

// runManager is the operator in a process of its own, as cmd/manager wires it but for the election of a leader. It tells
// its figures over HTTP; the first line of its output is the address.
func runManager(kubeconfig, folder string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctrl.SetLogger(logr.Discard())
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	controllers.TuneConnection(config)
	var writes, reads, watches atomic.Int64
	var first atomic.Uint64
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return counter{next, os.Getenv("HALO_SCALE_TRACE") != "", &writes, &reads, &watches, &first}
	})
	scheme, err := controllers.NewScheme()
	if err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(), Client: controllers.ClientOptions(), Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		return err
	}
	authority, err := certificate.LoadAuthority(folder)
	if err != nil {
		return err
	}
	concurrency, err := strconv.Atoi(os.Getenv("HALO_SCALE_CONCURRENCY"))
	if err != nil {
		return fmt.Errorf("HALO_SCALE_CONCURRENCY: %w", err)
	}
	if err := controllers.Setup(ctx, manager, controllers.Options{Authority: authority, PlatformSecrets: folder, Concurrency: concurrency, Now: time.Now}); err != nil {
		return err
	}
	self, err := procfs.Self()
	if err != nil {
		return err
	}
	var synced atomic.Bool
	go func() { synced.Store(manager.GetCache().WaitForCacheSync(ctx)) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told := figures{Synced: synced.Load(), Writes: writes.Load(), Reads: reads.Load(), Watches: watches.Load(), First: first.Load()}
		if r.URL.Path == "/memory" {
			debug.FreeOSMemory()
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			told.HeapBytes, told.ResidentBytes = int64(memory.HeapAlloc), resident(self)
		}
		told.Waits, told.ShortWaits = waits()
		told.Seconds = processorTime(self)
		_ = json.NewEncoder(w).Encode(told)
	})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	return manager.Start(ctx)
}

// resident is what the process has of the machine's memory for itself: the program's own pages, which the machine shares
// and can read again, do not count.
func resident(self procfs.Proc) int64 {
	status, err := self.NewStatus()
	if err != nil {
		return 0
	}
	return int64(status.RssAnon)
}

// processorTime is how many seconds of all cores a process has used.
func processorTime(self procfs.Proc) float64 {
	stat, err := self.Stat()
	if err != nil {
		return 0
	}
	return stat.CPUTime()
}

// waits reads the histogram of the time that tenants wait in the queue.
func waits() (all, short uint64) {
	families, err := metrics.Registry.Gather()
	if err != nil {
		return 0, 0
	}
	for _, family := range families {
		if family.GetName() != "workqueue_queue_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() != "name" || label.GetValue() != "halotenant" {
					continue
				}
				all += metric.GetHistogram().GetSampleCount()
				below := uint64(0)
				for _, bucket := range metric.GetHistogram().GetBucket() {
					if bucket.GetUpperBound() <= 1.0001 {
						below = max(below, bucket.GetCumulativeCount())
					}
				}
				short += below
			}
		}
	}
	return all, short
}
