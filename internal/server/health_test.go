package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"halo.dev/halo/internal/server"
)

// database is one that can be away, or not answer at all.
type database struct {
	away, silent atomic.Bool
	asked        atomic.Int64
	oldest       time.Time
}

func (d *database) Ping(ctx context.Context) error {
	d.asked.Add(1)
	if d.silent.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if d.away.Load() {
		return errors.New("connection refused")
	}
	return nil
}

func (d *database) OutboxStats(context.Context) (pending, parked int, oldest time.Time, err error) {
	return 3, 1, d.oldest, nil
}

func (d *database) Unnoted(context.Context, int) ([]int64, error) { return []int64{5, 6}, nil }

// probe asks a health endpoint, and fails when the answer takes long.
func probe(t *testing.T, h *server.Health, path string) (int, map[string]any) {
	t.Helper()
	recorder := httptest.NewRecorder()
	begin := time.Now()
	h.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
	if took := time.Since(begin); took > time.Second {
		t.Errorf("%s took %v", path, took)
	}
	var body map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s answers %q", path, recorder.Body)
	}
	return recorder.Code, body
}

func runHealth(t *testing.T, d *database) (*server.Health, *server.Metrics) {
	t.Helper()
	m := server.NewMetrics()
	h := server.NewHealth(d, m, func() string { return "abc" }, "1.2.3", 10*time.Millisecond)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return h, m
}

func TestReadyOnceTheDatabaseHasAnswered(t *testing.T) {
	d := &database{}
	d.away.Store(true)
	h, _ := runHealth(t, d)
	waitFor(t, func() bool { return d.asked.Load() > 1 })
	if status, body := probe(t, h, "/readyz"); status != http.StatusServiceUnavailable || body["ready"] != false || body["database"] != "not reached yet" {
		t.Errorf("before: %d %v", status, body)
	}
	if status, _ := probe(t, h, "/livez"); status != 200 {
		t.Errorf("alive: %d", status)
	}
	d.away.Store(false)
	waitFor(t, h.Ready)
	if status, body := probe(t, h, "/readyz"); status != 200 || body["ready"] != true || body["database"] != "reachable" || body["config_sha256"] != "abc" {
		t.Errorf("after: %d %v", status, body)
	}
}

func TestAnOutageLeavesThePodReadyAndIsTold(t *testing.T) {
	d := &database{oldest: time.Now().Add(-time.Hour)}
	h, m := runHealth(t, d)
	waitFor(t, h.Ready)
	for _, line := range []string{"halo_database_up 1", "halo_outbox_pending 3", "halo_outbox_parked 1", "halo_outbox_oldest_seconds 36", "halo_erasures_unnoted 2"} {
		if !strings.Contains(scrape(t, m), "\n"+line) {
			t.Errorf("the metrics lack %q", line)
		}
	}
	d.silent.Store(true)
	waitFor(t, func() bool { return strings.Contains(scrape(t, m), "\nhalo_database_up 0") })
	if status, body := probe(t, h, "/readyz"); status != 200 || body["database"] != "unreachable" {
		t.Errorf("in an outage: %d %v", status, body)
	}
	if !strings.Contains(scrape(t, m), "\nhalo_outbox_pending 3") {
		t.Error("what was last known of the outbox is forgotten")
	}
}

func TestStatusTellsWhatRunsWhateverItsHealth(t *testing.T) {
	d := &database{}
	d.away.Store(true)
	h, _ := runHealth(t, d)
	if status, body := probe(t, h, "/status"); status != 200 || len(body) != 2 || body["config_sha256"] != "abc" || body["version"] != "1.2.3" {
		t.Errorf("%d %v", status, body)
	}
}

func TestDrainingIsNotReady(t *testing.T) {
	h, _ := runHealth(t, &database{})
	waitFor(t, h.Ready)
	h.Drain()
	if status, body := probe(t, h, "/readyz"); status != http.StatusServiceUnavailable || body["draining"] != true {
		t.Errorf("%d %v", status, body)
	}
	if status, _ := probe(t, h, "/livez"); status != 200 {
		t.Errorf("alive: %d", status)
	}
}

// TestKeptConnectionsEndWhenTheProcessIsAboutTo looks which requests share a connection: those before the drain, the first
// one in it too, and none after.
func TestKeptConnectionsEndWhenTheProcessIsAboutTo(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(protocol, func(t *testing.T) {
			h, _ := runHealth(t, &database{})
			s := httptest.NewUnstartedServer(h.Farewell(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })))
			s.EnableHTTP2 = protocol == "HTTP/2.0"
			s.StartTLS()
			defer s.Close()
			for number, request := range []struct{ draining, shared bool }{{false, false}, {false, true}, {true, true}, {true, false}, {true, false}} {
				if request.draining {
					h.Drain()
				}
				said, shared := askOnce(t, s)
				if said != protocol || shared != request.shared {
					t.Errorf("request %d: by %s, on a connection that was there: %v, want %v", number+1, said, shared, request.shared)
				}
			}
		})
	}
}

func askOnce(t *testing.T, s *httptest.Server) (said string, shared bool) {
	t.Helper()
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { shared = info.Reused }}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), shared
}
