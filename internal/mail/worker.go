package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"halo.dev/halo/internal/personal"
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

const (
	// leaseFactor leaves room for the attempt, and for noting how it ended
	// while the database is away for a moment.
	leaseFactor = 3
	// notePause is between two tries to note how an attempt ended.
	notePause = 500 * time.Millisecond
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
	// SendTimeout bounds one attempt; 15 seconds when zero. Noting how it
	// ended may take half as long again, and so Run goes on after its context
	// has ended for one and a half times this at most. The lease is three
	// times this.
	SendTimeout time.Duration
	// MaxAttempts is after how many attempts a mail is parked; 120 when zero,
	// which is about five days.
	MaxAttempts int
	// Backoff says how long to wait after an attempt, counted from 1;
	// ExponentialBackoff when nil.
	Backoff func(attempt int) time.Duration
	// Observe, when not nil, is told how each attempt ended and how long it
	// took.
	Observe func(kind store.Kind, outcome Outcome, took time.Duration)
	// Idle, when not nil, is called each time that nothing more is to be sent,
	// at least once in each Poll.
	Idle func()
	// Tracer, when not nil, makes a span of each attempt. It holds what a log
	// line holds but the reason.
	Tracer trace.Tracer
}

// Run drains the outbox until the context ends. A mail that is being sent then
// is finished first.
func (w *Worker) Run(ctx context.Context) {
	for {
		w.drain(ctx)
		if w.Idle != nil {
			w.Idle()
		}
		timer := time.NewTimer(w.poll())
		select {
		case <-ctx.Done():
		case <-w.Wake:
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// drain sends what is due, one mail at a time, until there is no more or
// another one would fare no better.
func (w *Worker) drain(ctx context.Context) {
	for ctx.Err() == nil {
		claimed, err := w.Outbox.Claim(ctx, w.Name, leaseFactor*w.sendTimeout(), 1)
		if err != nil {
			if ctx.Err() == nil {
				w.Logger.Warn("the outbox cannot be read; its mails wait", "error", err)
			}
			return
		}
		if len(claimed) == 0 {
			return
		}
		if goOn := w.attempt(ctx, claimed[0]); !goOn {
			return
		}
	}
}

// attempt makes one attempt at a delivery and notes how it ended. It says
// whether to go on with the next.
func (w *Worker) attempt(ctx context.Context, delivery store.Delivery) (goOn bool) {
	// What has begun is finished, also when the worker is to stop.
	ctx, span := w.span(context.WithoutCancel(ctx), delivery)
	defer span.End()
	begin := time.Now()
	sending, cancel := context.WithTimeout(ctx, w.sendTimeout())
	err := w.send(sending, delivery)
	cancel()
	var refused *Error
	isRefused := errors.As(err, &refused)
	reason := ""
	if err != nil {
		reason = withoutNames(err.Error(), delivery)
	}
	var outcome Outcome
	var note func(context.Context) error
	switch {
	case err == nil:
		outcome = OutcomeSent
		note = func(ctx context.Context) error { return w.Outbox.Sent(ctx, delivery) }
	case delivery.Attempts >= w.maxAttempts(), isRefused && refused.Permanent():
		outcome = OutcomeParked
		note = func(ctx context.Context) error { return w.Outbox.Park(ctx, delivery, reason) }
	default:
		outcome = OutcomeRetried
		again := time.Now().Add(w.backoff(delivery.Attempts))
		note = func(ctx context.Context) error { return w.Outbox.Retry(ctx, delivery, again, reason) }
	}
	span.SetAttributes(attribute.String("halo.outcome", string(outcome)))
	w.tell(delivery, outcome, reason)
	if w.Observe != nil {
		w.Observe(delivery.Kind, outcome, time.Since(begin))
	}
	return w.keepNoting(ctx, delivery, note) && (!isRefused || !refused.RelayAway())
}

// span begins the span of an attempt. Its trace is its own: the request that
// queued the mail ended long ago, and is found by its id.
func (w *Worker) span(ctx context.Context, delivery store.Delivery) (context.Context, trace.Span) {
	return w.tracer().Start(ctx, "mail", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("halo.request", delivery.Request), attribute.String("halo.delivery", label(delivery)),
		attribute.String("halo.kind", string(delivery.Kind)), attribute.Int("halo.attempt", delivery.Attempts)))
}

// send renders a mail and hands it to the relay.
func (w *Worker) send(ctx context.Context, delivery store.Delivery) error {
	if delivery.Attempts > w.maxAttempts() {
		return errors.New("the attempts before this one ended without a word")
	}
	rendering, span := w.tracer().Start(ctx, "render")
	message, err := w.render(rendering, delivery)
	end(span, err)
	if err != nil {
		return err
	}
	relay := w.Relay()
	message.ID = MessageID(delivery, relay)
	sending, span := w.tracer().Start(ctx, "send", trace.WithSpanKind(trace.SpanKindClient))
	err = Send(sending, relay, message)
	end(span, err)
	return err
}

// end ends a span; the reason of a failure is in the log.
func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// render calls Render. A panic there is an error of this one mail, and must
// not take the whole program down with every retry.
func (w *Worker) render(ctx context.Context, delivery store.Delivery) (message Message, err error) {
	defer func() {
		if recover() != nil {
			// What was thrown may be personal; where from is not.
			w.Logger.Error("rendering a mail panicked", "delivery", label(delivery), "request", delivery.Request, "stack", string(debug.Stack()))
			err = errors.New("rendering the mail panicked")
		}
	}()
	message, err = w.Render(ctx, delivery)
	if err != nil {
		return Message{}, fmt.Errorf("rendering the mail: %w", err)
	}
	return message, nil
}

// keepNoting repeats a note while the database is away, well within the
// lease: a mail that was sent and is not noted would be sent again.
func (w *Worker) keepNoting(ctx context.Context, delivery store.Delivery, note func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, w.sendTimeout()/2)
	defer cancel()
	for {
		err := note(ctx)
		if err == nil {
			return true
		}
		if errors.Is(err, store.ErrLeaseLost) {
			w.Logger.Warn("a mail was taken over by another worker", "delivery", label(delivery), "request", delivery.Request)
			return true
		}
		select {
		case <-ctx.Done():
			w.Logger.Warn("how a mail ended cannot be noted; it is tried again when its lease ends",
				"delivery", label(delivery), "request", delivery.Request, "error", err)
			return false
		case <-time.After(notePause):
		}
	}
}

// tell logs an attempt.
func (w *Worker) tell(delivery store.Delivery, outcome Outcome, reason string) {
	attributes := []any{"delivery", label(delivery), "request", delivery.Request, "kind", delivery.Kind, "attempt", delivery.Attempts}
	switch outcome {
	case OutcomeSent:
		w.Logger.Info("mail sent", attributes...)
	case OutcomeRetried:
		w.Logger.Warn("mail not sent, to be tried again", append(attributes, "reason", reason)...)
	case OutcomeParked:
		w.Logger.Error("mail not sent and parked", append(attributes, "reason", reason)...)
	}
}

// MessageID is the id of a delivery's mail, the same at every attempt, so that
// a repeat can be recognised. It links to nothing but the outbox's row.
func MessageID(delivery store.Delivery, relay Relay) string {
	return "halo-" + label(delivery) + "@" + domainOf(relay.From)
}

// label names a delivery in logs and in its Message-ID.
func label(delivery store.Delivery) string { return fmt.Sprintf("%016x", delivery.ID) }

// ExponentialBackoff waits 15 seconds after the first attempt, then twice as
// long each time, at most an hour; one fifth more or less by chance, so that
// what failed together is not tried together.
func ExponentialBackoff(attempt int) time.Duration {
	const shortest, longest = 15 * time.Second, time.Hour
	wait := longest
	if doublings := attempt - 1; doublings < 8 {
		wait = min(shortest<<max(doublings, 0), longest)
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // chance spreads the load here and keeps no secret
}

// withoutNames takes a delivery's personal data out of a text that comes from
// elsewhere and should hold none.
func withoutNames(text string, delivery store.Delivery) string {
	for _, datum := range []personal.Text{delivery.Email, delivery.First, delivery.Last} {
		if name := datum.Reveal(); name != "" {
			text = strings.ReplaceAll(text, name, personal.Redacted)
		}
	}
	return text
}

func (w *Worker) poll() time.Duration        { return cmp.Or(w.Poll, 5*time.Second) }
func (w *Worker) sendTimeout() time.Duration { return cmp.Or(w.SendTimeout, 15*time.Second) }
func (w *Worker) maxAttempts() int           { return cmp.Or(w.MaxAttempts, 120) }

func (w *Worker) tracer() trace.Tracer {
	if w.Tracer == nil {
		return noop.NewTracerProvider().Tracer("")
	}
	return w.Tracer
}

func (w *Worker) backoff(attempt int) time.Duration {
	if w.Backoff == nil {
		return ExponentialBackoff(attempt)
	}
	return w.Backoff(attempt)
}
