// Package retention purges persons whose time is over: the firm says for how
// many days it keeps names and addresses. Answers stay, and lead to nobody.
package retention

import (
	"context"
	"log/slog"
	"time"
)

// A pod looks a minute after its start and every hour from then on.
const (
	first = time.Minute
	every = time.Hour
)

const (
	// batch is how many persons one statement purges: few enough to hold up
	// nobody. What a worker that ends in between leaves, the next one finds.
	batch = 200
	// lease is the name of the lease under which one pod purges at a time.
	lease = "retention"
)

// Persons is the database; *store.Store is one.
type Persons interface {
	// Lease calls work while no other pod does the same.
	Lease(ctx context.Context, name string, work func(ctx context.Context) error) (held bool, err error)
	// Purge removes up to limit persons that are older than a number of days.
	Purge(ctx context.Context, days, limit int) (purged int, err error)
}

// Worker purges at intervals. All fields are required.
type Worker struct {
	Persons Persons
	// Days is after how many days persons are purged now; 0 is never.
	Days func() int
	// Record notes in the staff's log how many persons were purged.
	Record func(ctx context.Context, purged, days int) error
	Logger *slog.Logger
	// After is the clock: time.After.
	After func(pause time.Duration) <-chan time.Time
}

// Run purges until the context ends. What fails is tried again an hour later.
func (w *Worker) Run(ctx context.Context) {
	for pause := first; ; pause = every {
		select {
		case <-ctx.Done():
			return
		case <-w.After(pause):
		}
		if err := w.Sweep(ctx); err != nil && ctx.Err() == nil {
			w.Logger.Error("purging persons; it is tried again", "error", err)
		}
	}
}

// Sweep purges everybody whose time is over, unless another pod is at it. The
// period is read before each batch: one that was lengthened in the meantime
// counts at once.
func (w *Worker) Sweep(ctx context.Context) error {
	if w.Days() == 0 {
		return nil
	}
	_, err := w.Persons.Lease(ctx, lease, func(ctx context.Context) error {
		for {
			days := w.Days()
			if days == 0 {
				return nil
			}
			purged, err := w.Persons.Purge(ctx, days, batch)
			if purged > 0 {
				w.Logger.Info("purged persons", "persons", purged, "days", days)
				// They are gone: the entry is written even at the end of the program.
				if err := w.Record(context.WithoutCancel(ctx), purged, days); err != nil {
					w.Logger.Error("noting purged persons in the staff's log", "error", err, "persons", purged)
				}
			}
			if err != nil || purged < batch {
				return err
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	})
	return err
}
