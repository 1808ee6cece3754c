// Package server is halo-server's face to the network: the widget's script and
// its API over TLS, and health and metrics for the cluster. It decides who may
// ask and how often; what is answered comes from the packages below it.
//
// Nothing that is personal leaves it: not in a log line, not in a metric, not
// in an error.
package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/server/throttle"
	"halo.dev/halo/internal/server/token"
	"halo.dev/halo/internal/store"
	"halo.dev/halo/internal/widget"
)

// Store keeps submissions; *store.Store is one.
type Store interface {
	// Save keeps a submission and its mails in one transaction, or nothing. A
	// nonce that is known already returns what was stored with it.
	Save(ctx context.Context, submission store.Submission) (store.Receipt, error)
}

// Options are what the API needs. All are required but TrustedProxies, Wake
// and Tracer.
type Options struct {
	// Config and Keys return what is in force now; they change while the
	// server runs.
	Config func() config.Config
	Keys   func() token.Ring
	Store  Store
	// Wake is called when mail has been queued; it must not block.
	Wake func()
	// Now is the clock. The valuation year is its year in UTC.
	Now func() time.Time
	// Script is the widget; Released are earlier ones, which pages may have pinned by their hash.
	Script   widget.Version
	Released []widget.Version
	// TrustedProxies may say on whose behalf they ask (X-Forwarded-For).
	TrustedProxies []netip.Prefix
	Metrics        *Metrics
	Logger         *slog.Logger
	// Tracer makes a span of each request and of its dear parts. A span holds
	// what a log line holds, and no more.
	Tracer trace.Tracer
}

// api holds what the handlers share.
type api struct {
	Options
	throttle  *throttle.Throttle
	questions questions
}

// NewHandler makes the handler of the public listener.
func NewHandler(options Options) (http.Handler, error) {
	if options.Tracer == nil {
		options.Tracer = noop.NewTracerProvider().Tracer("")
	}
	questions, err := encodeQuestions()
	if err != nil {
		return nil, err
	}
	document, err := DescribeAPI(halo.Questions())
	if err != nil {
		return nil, err
	}
	scripts, err := newScripts(options.Script, options.Released)
	if err != nil {
		return nil, err
	}
	a := &api{Options: options, questions: questions, throttle: throttle.New(limitsOf(options.Config()), 0)}
	mux := http.NewServeMux()
	mux.Handle("/widget.js", methods{http.MethodGet: scripts.newest()})
	mux.Handle("/widget.json", methods{http.MethodGet: a.describe(options.Script)})
	mux.Handle("/widget/{file}", methods{http.MethodGet: scripts.versioned()})
	mux.Handle("/api/v1/session", a.crossOrigin(methods{http.MethodGet: http.HandlerFunc(a.session)}))
	mux.Handle("/api/v1/assessments", a.crossOrigin(methods{http.MethodPost: http.HandlerFunc(a.assess)}))
	mux.Handle("/api/v1/openapi.json", methods{http.MethodGet: serveDocument(document)})
	mux.HandleFunc("/", notFound)
	return a.observe(securityHeaders(a.recoverPanics(plainPaths(mux)))), nil
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, problem{Status: http.StatusNotFound, Detail: "There is nothing at this address."})
}

// plainPaths finds nothing at paths with .. or // in them. The mux would send
// the caller elsewhere, to an address that is made of what the caller wrote.
func plainPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean(r.URL.Path) != r.URL.Path {
			notFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func limitsOf(c config.Config) throttle.Limits {
	return throttle.Limits{PerClient: c.Limits.RequestsPerMinutePerClient, Together: c.Limits.RequestsPerMinute}
}

// methods answers each method with its handler and the rest with 405; what
// GET answers HEAD does too.
type methods map[string]http.Handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if _, ok := m[method]; !ok && method == http.MethodHead {
		method = http.MethodGet
	}
	if handler, ok := m[method]; ok {
		handler.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Allow", m.allowed())
	writeProblem(w, problem{Status: http.StatusMethodNotAllowed, Detail: "This address does not take the method."})
}

// allowed lists the methods as the headers Allow and
// Access-Control-Allow-Methods want them.
func (m methods) allowed() string {
	var names []string
	for _, name := range []string{http.MethodGet, http.MethodPost} {
		if _, ok := m[name]; ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// securityHeaders tell browsers to do nothing with an answer but what it is
// for. Handlers may narrow or widen a header for their own answer.
func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Strict-Transport-Security", "max-age=63072000")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
