// Package telemetry sends halo-server's traces and metrics to an OpenTelemetry
// collector by OTLP over HTTP, when the environment names one
// (OTEL_EXPORTER_OTLP_ENDPOINT and its kin); otherwise it does nothing and
// costs nothing.
//
// The metrics are the ones of /metrics, read from the same registry, so that
// the two can never differ.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// The variables of the OpenTelemetry specification that decide here what is
// sent. Those that say how (headers, certificates, sampling, intervals) are
// read by the exporters.
const (
	variableEndpoint        = "OTEL_EXPORTER_OTLP_ENDPOINT"
	variableTracesEndpoint  = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	variableMetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
	variableDisabled        = "OTEL_SDK_DISABLED"
	variableTraces          = "OTEL_TRACES_EXPORTER"
	variableMetrics         = "OTEL_METRICS_EXPORTER"
)

// protocolVariables choose a protocol; there is one.
func protocolVariables() []string {
	return []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"}
}

const (
	protocol = "http/protobuf"
	// scope names the spans' instrumentation.
	scope = "halo.dev/halo"
	// defaultService is the service's name where the environment gives none.
	defaultService = "halo-server"
	// failureInterval is how often at most a failed export is logged.
	failureInterval = time.Minute
)

// Options are what is told besides spans.
type Options struct {
	// Version is the program's, Tenant the name of the tenant that it serves.
	Version, Tenant string
	// Metrics are sent along with the traces.
	Metrics prometheus.Gatherer
	// Logger is told when nothing can be sent.
	Logger *slog.Logger
}

// Telemetry is what sends; the zero value sends nothing.
type Telemetry struct {
	traces  *sdktrace.TracerProvider
	metrics *metric.MeterProvider
}

// FromEnvironment makes a Telemetry as the environment says. The error names
// the variable that cannot be followed.
func FromEnvironment(ctx context.Context, options Options) (*Telemetry, error) {
	withTraces, err := wanted(variableTraces, variableTracesEndpoint)
	if err != nil {
		return nil, err
	}
	withMetrics, err := wanted(variableMetrics, variableMetricsEndpoint)
	if err != nil {
		return nil, err
	}
	t := &Telemetry{}
	if !withTraces && !withMetrics {
		return t, nil
	}
	quieten(options.Logger)
	about, err := describe(ctx, options)
	if err != nil {
		return nil, err
	}
	if withTraces {
		if t.traces, err = newTraces(ctx, about); err != nil {
			return nil, err
		}
	}
	if withMetrics {
		if t.metrics, err = newMetrics(ctx, about, options.Metrics); err != nil {
			return nil, errors.Join(err, t.Shutdown(ctx))
		}
	}
	return t, nil
}

// wanted tells whether a kind of signal is to be sent.
func wanted(exporter, endpoint string) (bool, error) {
	if strings.EqualFold(os.Getenv(variableDisabled), "true") || os.Getenv(variableEndpoint) == "" && os.Getenv(endpoint) == "" {
		return false, nil
	}
	for _, variable := range protocolVariables() {
		if chosen := os.Getenv(variable); chosen != "" && chosen != protocol {
			return false, fmt.Errorf("%s: %q is not spoken here; use %s, which collectors take on port 4318", variable, chosen, protocol)
		}
	}
	switch os.Getenv(exporter) {
	case "", "otlp":
		return true, nil
	case "none":
		return false, nil
	}
	return false, fmt.Errorf("%s: %q is neither otlp nor none", exporter, os.Getenv(exporter))
}

// quieten takes the SDK's own output over. Its internal log quotes variables
// that it cannot read, and one of them holds credentials; so it is dropped.
// What failed to be sent is told, but not for every batch.
func quieten(logger *slog.Logger) {
	otel.SetLogger(logr.Discard())
	var last atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(cause error) {
		now, before := time.Now().UnixNano(), last.Load()
		if now-before < int64(failureInterval) || !last.CompareAndSwap(before, now) {
			return
		}
		logger.Warn(failed(cause).Error(), "quiet_for", failureInterval.String())
	}))
}

// describe says who sends. Nothing of the process or the host is looked up:
// its arguments and its user are nobody's business.
func describe(ctx context.Context, options Options) (*resource.Resource, error) {
	about, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", defaultService), attribute.String("service.version", options.Version),
			attribute.String("halo.tenant", options.Tenant)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, errors.New("OTEL_RESOURCE_ATTRIBUTES: it cannot be read; write key=value,key=value")
	}
	return about, nil
}

func newTraces(ctx context.Context, about *resource.Resource) (*sdktrace.TracerProvider, error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("preparing to send traces; see %s: %w", variableEndpoint, err)
	}
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about)), nil
}

func newMetrics(ctx context.Context, about *resource.Resource, gatherer prometheus.Gatherer) (*metric.MeterProvider, error) {
	exporter, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("preparing to send metrics; see %s: %w", variableEndpoint, err)
	}
	reader := metric.NewPeriodicReader(exporter, metric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(gatherer))))
	return metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(about)), nil
}

// Tracer makes spans; ones that go nowhere when traces are not wanted.
func (t *Telemetry) Tracer() trace.Tracer {
	if t.traces == nil {
		return noop.NewTracerProvider().Tracer(scope)
	}
	return t.traces.Tracer(scope)
}

// On tells whether anything is sent.
func (t *Telemetry) On() bool { return t.traces != nil || t.metrics != nil }

// Flush sends what there is now.
func (t *Telemetry) Flush(ctx context.Context) error {
	var traces, metrics error
	if t.traces != nil {
		traces = t.traces.ForceFlush(ctx)
	}
	if t.metrics != nil {
		metrics = t.metrics.ForceFlush(ctx)
	}
	return failed(traces, metrics)
}

// Shutdown sends what is left, for as long as the context lasts.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	var traces, metrics error
	if t.traces != nil {
		traces = t.traces.Shutdown(ctx)
	}
	if t.metrics != nil {
		metrics = t.metrics.Shutdown(ctx)
	}
	return failed(traces, metrics)
}

// failed says that something could not be sent, and not why: the reason may
// quote an answer or an address with a password in it.
func failed(causes ...error) error {
	if errors.Join(causes...) == nil {
		return nil
	}
	return errors.New("traces or metrics could not be sent to the collector; see " + variableEndpoint)
}
