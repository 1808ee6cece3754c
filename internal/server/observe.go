package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// contextKey is the type of this package's keys in a context.
type contextKey int

const keyRequestID contextKey = iota

// headerRequestID tells the id under which a request is logged.
const headerRequestID = "X-Request-Id"

// requestID is the id under which a request is logged.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(keyRequestID).(string)
	return id
}

// newRequestID makes a random UUID (RFC 9562, version 4). What a caller sends
// as an id is not believed: it would let strangers write into the logs.
func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails: the program would have ended
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// observe gives each request an id and a span, logs it and counts it. The span
// is the first of its trace: what a caller sends as a trace is not believed
// either.
func (a *api) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		w.Header().Set(headerRequestID, id)
		ctx, span := a.Tracer.Start(context.WithValue(r.Context(), keyRequestID, id), "request",
			trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("halo.request", id)))
		defer span.End()
		request := r.WithContext(ctx)
		counted := &countingWriter{ResponseWriter: w}
		defer a.tell(request, counted, time.Now())
		next.ServeHTTP(counted, request)
	})
}

// part makes a span of a part of a request. What failed is in the log, under
// the request's id; the span tells only that it did.
func (a *api) part(ctx context.Context, name string, work func(context.Context) error) error {
	ctx, span := a.Tracer.Start(ctx, name)
	defer span.End()
	err := work(ctx)
	if err != nil {
		span.SetStatus(codes.Error, "")
	}
	return err
}

// tell logs and counts a request that was answered. The line holds nothing of
// the visitor: no query, no body, no page, and of the address the network only.
func (a *api) tell(r *http.Request, counted *countingWriter, start time.Time) {
	// The mux has noted its pattern in the request that it was given.
	route, method, elapsed := routeName(r.Pattern), methodName(r.Method), time.Since(start)
	a.Metrics.served(route, method, counted.statusCode(), elapsed)
	span := trace.SpanFromContext(r.Context())
	span.SetName(method + " " + route)
	span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route),
		attribute.Int("http.response.status_code", counted.statusCode()))
	if counted.statusCode() >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	a.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.String("request", requestID(r.Context())), slog.String("method", method), slog.String("route", route),
		slog.Int("status", counted.statusCode()), slog.Int64("bytes", counted.bytes),
		slog.Float64("milliseconds", float64(elapsed.Microseconds())/1000),
		slog.String("protocol", r.Proto), slog.String("network", networkName(clientAddress(r, a.TrustedProxies))))
}

// recoverPanics answers 500 where a handler gave up.
func (a *api) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer a.recovered(w, r)
		next.ServeHTTP(w, r)
	})
}

// recovered is deferred. What a panic said is logged only where the runtime
// said it: other texts might quote an answer.
func (a *api) recovered(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	said := fmt.Sprintf("a value of the type %T", cause)
	if err, ok := cause.(error); ok {
		if errors.Is(err, http.ErrAbortHandler) {
			panic(cause)
		}
		var bug runtime.Error
		if errors.As(err, &bug) {
			said = bug.Error()
		}
	}
	a.Metrics.panicked()
	a.Logger.LogAttrs(r.Context(), slog.LevelError, "a handler panicked", slog.String("request", requestID(r.Context())),
		slog.String("cause", said), slog.String("stack", string(debug.Stack())))
	if counted, ok := w.(*countingWriter); !ok || counted.status == 0 {
		writeProblem(w, problem{Status: http.StatusInternalServerError, Detail: "Something went wrong on our side."})
	}
}

// countingWriter remembers what was answered.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *countingWriter) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *countingWriter) Write(data []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(data)
	c.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (c *countingWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *countingWriter) statusCode() int {
	if c.status == 0 {
		return http.StatusOK
	}
	return c.status
}

// routeName keeps what strangers type out of logs and metrics.
func routeName(pattern string) string {
	if pattern == "" || pattern == "/" {
		return "other"
	}
	return pattern
}

func methodName(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions:
		return method
	}
	return "other"
}

// networkName is the part of an address that is shared by many: 24 bits of
// IPv4, 48 of IPv6.
func networkName(address netip.Addr) string {
	bits := 24
	if address.Is6() {
		bits = 48
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}
