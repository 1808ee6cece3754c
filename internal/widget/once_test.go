package widget_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/server/token"
	"halo.dev/halo/internal/store"
	"halo.dev/halo/internal/widget"
)

// kept is a store in memory.
type kept struct {
	mu   sync.Mutex
	rows []store.Submission
}

// Save keeps what has a new nonce.
func (k *kept) Save(_ context.Context, s store.Submission) (store.Receipt, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, known := range k.rows {
		if known.Nonce == s.Nonce {
			return store.Receipt{Browser: known.Browser, Replayed: true}, nil
		}
	}
	k.rows = append(k.rows, s)
	return store.Receipt{Browser: s.Browser}, nil
}

func (k *kept) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.rows)
}

// realServer is halo-server's own handler over a store in memory, for pages of any of this machine's ports. Its clock goes on
// by ahead once the first answers were taken, and the reply to them is lost.
func realServer(t *testing.T, ahead time.Duration, pages *httptest.Server) (*httptest.Server, *kept) {
	t.Helper()
	settings, err := config.Parse([]byte(fmt.Sprintf(`{tenant: acme, hostname: halo.acme.example, allowedOrigins: [%q],
		advisors: [{id: planning, name: Planning Desk, email: desk@acme.example}], brand: {name: Acme, color: "#0b6e4f"},
		mail: {host: smtp.example, port: 587, tls: required, from: halo@acme.example}}`, pages.URL)))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := token.ParseRing(map[string][]byte{"1": []byte(base64.StdEncoding.EncodeToString(make([]byte, 32)))})
	if err != nil {
		t.Fatal(err)
	}
	var shift atomic.Int64
	rows := &kept{}
	handler, err := server.NewHandler(server.Options{
		Config: func() config.Config { return settings }, Keys: func() token.Ring { return ring }, Store: rows,
		Now:    func() time.Time { return time.Now().Add(time.Duration(shift.Load())) },
		Script: widget.Newest(), Metrics: server.NewMetrics(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !shift.CompareAndSwap(0, int64(ahead)) {
			handler.ServeHTTP(w, r)
			return
		}
		shift.Store(0)
		handler.ServeHTTP(httptest.NewRecorder(), r)
		shift.Store(int64(ahead))
		cutShort(w, r)
	}))
	t.Cleanup(api.Close)
	return api, rows
}

// TestAnswersAreKeptOnceWheneverTheyAreSentAgain has the real server on the other side: it takes the answers, the reply is
// lost, and the next try comes at once or after the token's time.
func TestAnswersAreKeptOnceWheneverTheyAreSentAgain(t *testing.T) {
	for _, ahead := range []time.Duration{time.Second, 5 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			var text atomic.Value
			pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = io.WriteString(w, text.Load().(string))
			}))
			t.Cleanup(pages.Close)
			api, rows := realServer(t, ahead, pages)
			text.Store(fmt.Sprintf("<!doctype html><html lang=en><title>Advisor</title><script src='%s/widget.js' async></script>%s", api.URL, element))
			p := visit(t, pages.URL)
			p.send(with(fewest(), person()))
			result, err := p.Result()
			p.must(err)
			if rows.count() != 1 || !strings.Contains(result.LifeExpectancy, ".") {
				t.Errorf("%d kept; the visitor sees %+v", rows.count(), result)
			}
		})
	}
}
