package server

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"halo.dev/halo/internal/erasures"
)

// Database is what the probe asks; *store.Store is one.
type Database interface {
	Ping(ctx context.Context) error
	OutboxStats(ctx context.Context) (pending, parked int, oldest time.Time, err error)
	Unnoted(ctx context.Context, limit int) ([]int64, error)
}

const (
	defaultProbeInterval = 5 * time.Second
	probeDeadline        = 2 * time.Second
)

// databaseState is what the last probe found.
type databaseState struct {
	reachable       bool
	at              time.Time
	pending, parked int
	oldest          time.Time
	unnoted         int // erasures.AtOnce at most
}

// Health knows how the process is. The database is asked in the background at
// intervals, so that no probe of the cluster waits for it.
type Health struct {
	database Database
	metrics  *Metrics
	config   func() (hash string)
	version  string
	interval time.Duration

	state    atomic.Pointer[databaseState]
	met      atomic.Bool // the database answered once since the start
	draining atomic.Bool
}

// NewHealth makes a Health that asks the database every interval; 5 s when
// zero. config returns the hash of the configuration in force; version is the
// program's.
func NewHealth(database Database, metrics *Metrics, config func() (hash string), version string, interval time.Duration) *Health {
	if interval <= 0 {
		interval = defaultProbeInterval
	}
	h := &Health{database: database, metrics: metrics, config: config, version: version, interval: interval}
	h.state.Store(&databaseState{})
	return h
}

// Run asks the database until the context ends; it returns nil then.
func (h *Health) Run(ctx context.Context) error {
	tick := time.NewTicker(h.interval)
	defer tick.Stop()
	for {
		h.probe(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (h *Health) probe(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, probeDeadline)
	defer cancel()
	state := databaseState{}
	err := h.database.Ping(bounded)
	if err == nil {
		state.pending, state.parked, state.oldest, err = h.database.OutboxStats(bounded)
	}
	if err == nil {
		var numbers []int64
		numbers, err = h.database.Unnoted(bounded, erasures.AtOnce)
		state.unnoted = len(numbers)
	}
	if ctx.Err() != nil {
		return // the end of the process is no finding about the database
	}
	state.reachable, state.at = err == nil, time.Now()
	if state.reachable {
		h.met.Store(true)
	}
	h.state.Store(&state)
	h.metrics.database(state, state.at)
}

// Drain makes the process unready for good: it is about to end.
func (h *Health) Drain() { h.draining.Store(true) }

// Farewell lets a connection end with the answer to its next request while the process is about to end (RFC 9112, section
// 9.6; by HTTP/2 as GOAWAY). One that is kept until the listener closes may be cut just as a request comes, and no browser
// sends answers a second time by itself.
func (h *Health) Farewell(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// Ready tells whether requests should come here: the database has answered
// once, so that a version that cannot reach it never replaces one that can,
// and the process is not about to end. An outage later does not count: see
// docs/adr/0032.
func (h *Health) Ready() bool { return h.met.Load() && !h.draining.Load() }

// readiness is the body of /readyz.
type readiness struct {
	Ready    bool   `json:"ready"`
	Draining bool   `json:"draining"`
	Database string `json:"database"`
	Config   string `json:"config_sha256"`
}

func (h *Health) readiness() readiness {
	database := "unreachable"
	switch {
	case h.state.Load().reachable:
		database = "reachable"
	case !h.met.Load():
		database = "not reached yet"
	}
	return readiness{Ready: h.Ready(), Draining: h.draining.Load(), Database: database, Config: h.config()}
}

// status is the body of /status: what runs here, whatever its health.
type status struct {
	Config  string `json:"config_sha256"`
	Version string `json:"version"`
}

// Handler is the handler of the health listener.
func (h *Health) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, "application/json", map[string]bool{"live": true})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		status := http.StatusOK
		found := h.readiness()
		if !found.Ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, "application/json", found)
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, "application/json", status{Config: h.config(), Version: h.version})
	})
	mux.Handle("GET /metrics", h.metrics.Handler())
	return mux
}
