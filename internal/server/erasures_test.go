package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"halo.dev/halo/internal/erasures"
	"halo.dev/halo/internal/server"
)

// ledger is one in memory that can be away.
type ledger struct {
	all, unnoted []int64
	away         bool
}

func (l *ledger) answer(from []int64, after int64, limit int) ([]int64, error) {
	if l.away {
		return nil, errors.New("connection refused")
	}
	var found []int64
	for _, number := range from {
		if number > after && len(found) < limit {
			found = append(found, number)
		}
	}
	return found, nil
}

func (l *ledger) Unnoted(_ context.Context, limit int) ([]int64, error) {
	return l.answer(l.unnoted, 0, limit)
}

func (l *ledger) ErasedAfter(_ context.Context, after int64, limit int) ([]int64, error) {
	return l.answer(l.all, after, limit)
}

func (l *ledger) Noted(_ context.Context, ids ...int64) error {
	if l.away {
		return errors.New("connection refused")
	}
	l.unnoted = slices.DeleteFunc(l.unnoted, func(number int64) bool { return slices.Contains(ids, number) })
	return nil
}

func TestTheHealthPortTellsWhichErasuresAreToBeNotedOutside(t *testing.T) {
	l := &ledger{all: []int64{3, 5, 9223372036854775807}, unnoted: []int64{5, 9223372036854775807}}
	health := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	handler := server.WithErasures(health, l, func() string { return "acme" }, slog.New(slog.DiscardHandler))
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(body)))
		return recorder
	}
	for path, want := range map[string]string{
		"/erasures": "5\n9223372036854775807\n", "/erasures?after=0": "3\n5\n9223372036854775807\n", "/erasures?after=5": "9223372036854775807\n",
		"/erasures?after=9223372036854775807": "",
	} {
		var answer erasures.Answer
		got := ask("GET", path, "")
		if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil || got.Code != http.StatusOK || answer != (erasures.Answer{Tenant: "acme", Numbers: want}) {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/erasures?after=-1", "", 400}, {"GET", "/erasures?after=x", "", 400}, {"GET", "/erasures?after=9223372036854775808", "", 400},
		{"POST", "/erasures/noted", "5\nx\n", 400}, {"POST", "/erasures/noted", strings.Repeat("1\n", 20_000), 413},
		{"DELETE", "/erasures", "", 418}, {"GET", "/livez", "", 418}, // the others are health's
	} {
		if got := ask(test.method, test.path, test.body); got.Code != test.want {
			t.Errorf("%s %s answers %d, want %d", test.method, test.path, got.Code, test.want)
		}
	}
	if got := ask("POST", "/erasures/noted", "5\n77\n"); got.Code != http.StatusNoContent || !slices.Equal(l.unnoted, []int64{9223372036854775807}) {
		t.Errorf("noting answers %d %s and leaves %v", got.Code, got.Body, l.unnoted)
	}
	l.away = true
	for method, path := range map[string]string{"GET": "/erasures", "POST": "/erasures/noted"} {
		if got := ask(method, path, "5\n"); got.Code != http.StatusServiceUnavailable {
			t.Errorf("without a database %s %s answers %d", method, path, got.Code)
		}
	}
}
