package retention_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/retention"
)

// persons is a database of some that are due.
type persons struct {
	due    int
	leased bool // by another pod
	fails  error
	asked  []string
}

func (p *persons) Lease(ctx context.Context, name string, work func(ctx context.Context) error) (bool, error) {
	if p.leased {
		return false, nil
	}
	return true, work(ctx)
}

func (p *persons) Purge(_ context.Context, days, limit int) (int, error) {
	p.asked = append(p.asked, fmt.Sprintf("%d days, %d at most", days, limit))
	if p.fails != nil {
		return 0, p.fails
	}
	purged := min(p.due, limit)
	p.due -= purged
	return purged, nil
}

func TestEverybodyWhoseTimeIsOverIsPurgedInBatchesAndNoted(t *testing.T) {
	p := &persons{due: 450}
	var noted []int
	var log bytes.Buffer
	w := &retention.Worker{Persons: p, Days: func() int { return 365 }, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Record: func(_ context.Context, purged, days int) error {
			noted = append(noted, purged, days)
			return errors.New("away")
		}}
	if err := w.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.due != 0 || fmt.Sprint(noted) != "[200 365 200 365 50 365]" || len(p.asked) != 3 {
		t.Errorf("%d are left, noted %v, asked %v", p.due, noted, p.asked)
	}
	if !strings.Contains(log.String(), "noting purged persons") {
		t.Error("that the staff's log lacks an entry is not told")
	}
}

func TestNobodyIsPurgedWithoutAPeriodOrBesideAnotherPod(t *testing.T) {
	for name, test := range map[string]struct {
		days   int
		leased bool
	}{"no period": {0, false}, "another pod": {365, true}} {
		p := &persons{due: 10, leased: test.leased}
		w := &retention.Worker{Persons: p, Days: func() int { return test.days }, Logger: slog.New(slog.DiscardHandler)}
		if err := w.Sweep(t.Context()); err != nil || len(p.asked) > 0 {
			t.Errorf("%s: asked %v, error %v", name, p.asked, err)
		}
	}
}

func TestAPeriodThatIsTakenBackStopsTheSweep(t *testing.T) {
	p := &persons{due: 1000}
	days := []int{90, 90, 0}
	w := &retention.Worker{Persons: p, Logger: slog.New(slog.DiscardHandler), Record: func(context.Context, int, int) error { return nil },
		Days: func() int { now := days[0]; days = days[1:]; return now }}
	if err := w.Sweep(t.Context()); err != nil || p.due != 800 {
		t.Errorf("%d are left, error %v", p.due, err)
	}
}

func TestItGoesOnAfterAFailureAndEndsWithItsContext(t *testing.T) {
	p := &persons{due: 3, fails: errors.New("connection refused")}
	tick, done, noted := make(chan time.Time), make(chan struct{}), make(chan int, 1)
	var pauses []time.Duration
	clock := func(pause time.Duration) <-chan time.Time { pauses = append(pauses, pause); return tick }
	w := &retention.Worker{Persons: p, Days: func() int { return 30 }, Logger: slog.New(slog.DiscardHandler), After: clock,
		Record: func(_ context.Context, purged, _ int) error { noted <- purged; return nil }}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { w.Run(ctx); close(done) }()
	tick <- time.Time{}
	tick <- time.Time{} // it has come back from the failure
	cancel()
	<-done
	if len(pauses) != 3 || pauses[0] != time.Minute || pauses[1] != time.Hour {
		t.Errorf("it looks after %v", pauses)
	}
	p.fails = nil
	ctx, cancel = context.WithCancel(t.Context())
	done = make(chan struct{})
	go func() { w.Run(ctx); close(done) }()
	tick <- time.Time{}
	if got := <-noted; got != 3 {
		t.Errorf("%d were noted", got)
	}
	cancel()
	<-done
}
