// Package collector is an OpenTelemetry collector for tests: it takes what is
// sent by OTLP over HTTP and keeps it.
package collector

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Collector keeps what it was sent.
type Collector struct {
	// URL is what OTEL_EXPORTER_OTLP_ENDPOINT names.
	URL string

	mutex   sync.Mutex
	headers []http.Header
	bodies  []string
	spans   []Span
	metrics map[string]float64
}

// Span is what tests look at of one.
type Span struct {
	Name, ID, Parent, Trace string
	Failed                  bool
	Attributes, Resource    map[string]string
}

// Start starts a collector on loopback; it ends with the test.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{metrics: map[string]float64{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		var request collectortrace.ExportTraceServiceRequest
		if c.read(w, r, &request) {
			c.keepSpans(&request)
		}
	})
	mux.HandleFunc("POST /v1/metrics", func(w http.ResponseWriter, r *http.Request) {
		var request collectormetrics.ExportMetricsServiceRequest
		if c.read(w, r, &request) {
			c.keepMetrics(&request)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// read takes a body apart and keeps it as a whole too.
func (c *Collector) read(w http.ResponseWriter, r *http.Request, into proto.Message) bool {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return false
		}
		body = unzipped
	}
	data, err := io.ReadAll(body)
	if err == nil {
		err = proto.Unmarshal(data, into)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.headers = append(c.headers, r.Header.Clone())
	c.bodies = append(c.bodies, protojson.Format(into))
	return true
}

func (c *Collector) keepSpans(request *collectortrace.ExportTraceServiceRequest) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, Span{
					Name: span.GetName(), ID: string(span.GetSpanId()), Parent: string(span.GetParentSpanId()), Trace: string(span.GetTraceId()),
					Failed:     span.GetStatus().GetCode() == 2,
					Attributes: texts(span.GetAttributes()), Resource: texts(resource.GetResource().GetAttributes()),
				})
			}
		}
	}
}

func texts(attributes []*common.KeyValue) map[string]string {
	found := map[string]string{}
	for _, attribute := range attributes {
		text := attribute.GetValue().GetStringValue()
		if text == "" {
			text = protojson.Format(attribute.GetValue())
		}
		found[attribute.GetKey()] = text
	}
	return found
}

func (c *Collector) keepMetrics(request *collectormetrics.ExportMetricsServiceRequest) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, resource := range request.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, metric := range scope.GetMetrics() {
				c.metrics[metric.GetName()] = sum(metric)
			}
		}
	}
}

// sum adds a metric's points up; of a histogram the number of observations.
func sum(metric *metrics.Metric) (total float64) {
	points := append(metric.GetSum().GetDataPoints(), metric.GetGauge().GetDataPoints()...)
	for _, point := range points {
		total += point.GetAsDouble() + float64(point.GetAsInt())
	}
	for _, point := range metric.GetHistogram().GetDataPoints() {
		total += float64(point.GetCount())
	}
	return total
}

// Spans are those that have come so far.
func (c *Collector) Spans() []Span {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return append([]Span(nil), c.spans...)
}

// Metric is the newest value of a metric, over all its attributes.
func (c *Collector) Metric(name string) (value float64, found bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	value, found = c.metrics[name]
	return value, found
}

// Header is a header of the last request.
func (c *Collector) Header(name string) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.headers) == 0 {
		return ""
	}
	return c.headers[len(c.headers)-1].Get(name)
}

// Text is everything that has come, for searching in.
func (c *Collector) Text() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return strings.Join(c.bodies, "\n")
}
