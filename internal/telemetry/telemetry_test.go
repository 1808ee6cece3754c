package telemetry_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"halo.dev/halo/internal/telemetry"
	"halo.dev/halo/test/collector"
)

// lines is a log that several goroutines write.
type lines struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.Write(line)
}

func (l *lines) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.String()
}

// options are those of a program with one metric.
func options(t *testing.T, log io.Writer) telemetry.Options {
	t.Helper()
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounter(prometheus.CounterOpts{Name: "halo_example_total", Help: "An example."})
	registry.MustRegister(counter)
	counter.Add(3)
	return telemetry.Options{Version: "1.2.3", Tenant: "acme", Metrics: registry, Logger: slog.New(slog.NewJSONHandler(log, nil))}
}

func TestNothingIsSentUnlessACollectorIsNamed(t *testing.T) {
	for name, variables := range map[string]map[string]string{
		"nothing":            {},
		"a name only":        {"OTEL_SERVICE_NAME": "halo"},
		"disabled":           {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
		"both kinds refused": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range variables {
				t.Setenv(variable, value)
			}
			sender, err := telemetry.FromEnvironment(t.Context(), options(t, io.Discard))
			if err != nil || sender.On() {
				t.Fatalf("on: %v, %v", sender.On(), err)
			}
			_, span := sender.Tracer().Start(t.Context(), "a span")
			if span.IsRecording() {
				t.Error("a span is recorded")
			}
			span.End()
			if err := sender.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSpansAndTheMetricsOfTheRegistryAreSent(t *testing.T) {
	c := collector.Start(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=production")
	sender, err := telemetry.FromEnvironment(t.Context(), options(t, io.Discard))
	if err != nil || !sender.On() {
		t.Fatalf("on: %v, %v", sender.On(), err)
	}
	_, span := sender.Tracer().Start(t.Context(), "a span")
	span.End()
	if err := sender.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := c.Spans()
	if len(spans) != 1 || spans[0].Name != "a span" {
		t.Fatalf("spans: %v", spans)
	}
	for key, want := range map[string]string{
		"service.name": "halo-server", "service.version": "1.2.3", "halo.tenant": "acme", "deployment.environment.name": "production",
	} {
		if got := spans[0].Resource[key]; got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	for key := range spans[0].Resource {
		if strings.HasPrefix(key, "process.") || strings.HasPrefix(key, "host.") {
			t.Errorf("it tells %s", key)
		}
	}
	if value, ok := c.Metric("halo_example_total"); !ok || value != 3 {
		t.Errorf("the metric is %v, %v", value, ok)
	}
	if got := c.Header("Authorization"); got != "Bearer secret" {
		t.Errorf("the collector is shown %q", got)
	}
}

func TestOneKindCanBeSentAlone(t *testing.T) {
	c := collector.Start(t)
	t.Setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", c.URL+"/v1/metrics")
	sender, err := telemetry.FromEnvironment(t.Context(), options(t, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	_, span := sender.Tracer().Start(t.Context(), "a span")
	span.End()
	if err := sender.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Metric("halo_example_total"); !ok || len(c.Spans()) != 0 {
		t.Errorf("metric %v, spans %v", ok, c.Spans())
	}
}

func TestWhatCannotBeFollowedIsNamed(t *testing.T) {
	for variable, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json", "OTEL_TRACES_EXPORTER": "console",
		"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_RESOURCE_ATTRIBUTES": "secret",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
			t.Setenv(variable, value)
			if _, err := telemetry.FromEnvironment(t.Context(), options(t, io.Discard)); err == nil || !strings.Contains(err.Error(), variable) {
				t.Errorf("%s=%s: %v", variable, value, err)
			}
		})
	}
}

func TestACollectorThatRefusesIsToldOnceAndNotQuoted(t *testing.T) {
	var refused atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refused.Add(1)
		http.Error(w, "no Marked here", http.StatusBadRequest)
	}))
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", strings.Replace(server.URL, "http://", "http://name:Marked@", 1))
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Marked")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
	t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "5")
	log := &lines{}
	sender, err := telemetry.FromEnvironment(t.Context(), options(t, log))
	if err != nil {
		t.Fatal(err)
	}
	_, span := sender.Tracer().Start(t.Context(), "a span")
	span.End()
	for deadline := time.Now().Add(20 * time.Second); refused.Load() < 5; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the collector was asked %d times in 20 s", refused.Load())
		}
	}
	if err := sender.Flush(t.Context()); err == nil || strings.Contains(err.Error(), "Marked") {
		t.Errorf("sending says %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := sender.Shutdown(ctx); err != nil && strings.Contains(err.Error(), "Marked") {
		t.Errorf("the error quotes: %v", err)
	}
	if said := log.String(); strings.Count(said, "could not be sent") != 1 || strings.Contains(said, "Marked") {
		t.Errorf("the log says %q", said)
	}
}
