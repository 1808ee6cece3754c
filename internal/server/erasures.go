package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"halo.dev/halo/internal/erasures"
)

// Ledger is the database's ledger of erasures; *store.Store is one.
type Ledger interface {
	Unnoted(ctx context.Context, limit int) ([]int64, error)
	ErasedAfter(ctx context.Context, after int64, limit int) ([]int64, error)
	Noted(ctx context.Context, ids ...int64) error
}

const (
	// ledgerPatience bounds the wait for the database.
	ledgerPatience = 5 * time.Second
	// mostNoted is the most bytes of a list of numbers: erasures.AtOnce of the
	// longest.
	mostNoted = erasures.AtOnce * 20
)

// WithErasures adds the ledger of erasures to the handler of the health
// listener. It tells numbers only, and what it is told changes nothing but
// which numbers it tells unasked.
func WithErasures(health http.Handler, ledger Ledger, tenant func() string, logger *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", health)
	mux.HandleFunc("GET "+erasures.Path, func(w http.ResponseWriter, r *http.Request) {
		numbers, status, err := listErasures(r, ledger)
		if err != nil {
			logger.Warn("telling erasures", "error", err)
			writeProblem(w, problem{Status: status, Detail: "The ledger of erasures cannot be told now, or ?after= is no number."})
			return
		}
		writeJSON(w, http.StatusOK, "application/json", erasures.Answer{Tenant: tenant(), Numbers: erasures.Format(numbers)})
	})
	mux.HandleFunc("POST "+erasures.NotedPath, func(w http.ResponseWriter, r *http.Request) {
		if status, err := noteErasures(r, ledger); err != nil {
			logger.Warn("noting erasures", "error", err)
			writeProblem(w, problem{Status: status, Detail: "The body must be a list of numbers, one a line, not more than " + strconv.Itoa(erasures.AtOnce) + "."})
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func listErasures(r *http.Request, ledger Ledger) (numbers []int64, status int, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), ledgerPatience)
	defer cancel()
	if !r.URL.Query().Has("after") {
		numbers, err = ledger.Unnoted(ctx, erasures.AtOnce)
		return numbers, http.StatusServiceUnavailable, err
	}
	after, err := strconv.ParseUint(r.URL.Query().Get("after"), 10, 63)
	if err != nil {
		return nil, http.StatusBadRequest, err
	}
	numbers, err = ledger.ErasedAfter(ctx, int64(after), erasures.AtOnce) //nolint:gosec // of 63 bits
	return numbers, http.StatusServiceUnavailable, err
}

func noteErasures(r *http.Request, ledger Ledger) (status int, err error) {
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, mostNoted))
	if err != nil {
		return http.StatusRequestEntityTooLarge, err
	}
	numbers, err := erasures.Parse(string(text))
	if err != nil {
		return http.StatusBadRequest, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), ledgerPatience)
	defer cancel()
	return http.StatusServiceUnavailable, ledger.Noted(ctx, numbers...)
}
