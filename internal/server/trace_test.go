package server_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"halo.dev/halo/internal/server"
)

func TestARequestIsASpanWithItsDearParts(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	b := start(t, func(o *server.Options) { o.Tracer = tracer })
	token := b.token()
	const foreign = "4bf92f3577b34da6a3ce929d0e0e4736"
	got := b.do("POST", "/api/v1/assessments", body, "Origin", acme, "Content-Type", "application/json", "Halo-Token", token,
		"Traceparent", "00-"+foreign+"-00f067aa0ba902b7-01", "Baggage", "name=Marked", "User-Agent", "Marked")
	b.store.fault = func(context.Context) error { return errors.New("Marked") }
	b.post(b.token(), body)
	waitFor(t, func() bool { return len(spans.Ended()) == 8 })

	found := map[string][]sdktrace.ReadOnlySpan{}
	for _, span := range spans.Ended() {
		found[span.Name()] = append(found[span.Name()], span)
	}
	if names := slices.Sorted(maps.Keys(found)); !slices.Equal(names, []string{"GET /api/v1/session", "POST /api/v1/assessments", "model", "store"}) {
		t.Fatalf("spans are %q", names)
	}
	whole, failed := found["POST /api/v1/assessments"][0], found["POST /api/v1/assessments"][1]
	attributes := map[string]string{}
	for _, attribute := range whole.Attributes() {
		attributes[string(attribute.Key)] = attribute.Value.String()
	}
	want := map[string]string{"halo.request": got.header.Get("X-Request-Id"), "http.request.method": "POST",
		"http.route": "/api/v1/assessments", "http.response.status_code": "200"}
	if !maps.Equal(attributes, want) {
		t.Errorf("attributes are %v, want %v", attributes, want)
	}
	if whole.Parent().IsValid() || whole.SpanContext().TraceID().String() == foreign {
		t.Error("a stranger's trace is believed")
	}
	for _, part := range []string{"model", "store"} {
		if found[part][0].Parent().SpanID() != whole.SpanContext().SpanID() {
			t.Errorf("%s is no part of the request", part)
		}
	}
	if whole.Status().Code == codes.Error || failed.Status().Code != codes.Error || found["store"][1].Status().Code != codes.Error {
		t.Error("what failed is not told, or what did not is")
	}
	for _, span := range spans.Ended() {
		if len(span.Events()) != 0 || strings.Contains(span.Status().Description, "Marked") {
			t.Errorf("%s tells of the failure: %v %v", span.Name(), span.Events(), span.Status())
		}
	}
}
