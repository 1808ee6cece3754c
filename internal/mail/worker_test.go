package mail

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"halo.dev/halo/internal/store"
)

// wantSpans checks those of two mails that were sent.
func wantSpans(t *testing.T, spans []sdktrace.ReadOnlySpan) {
	t.Helper()
	var told []string
	for _, span := range spans {
		line := span.Name()
		for _, attribute := range span.Attributes() {
			if attribute.Key != "halo.delivery" { // which is random
				line += " " + attribute.Value.String()
			}
		}
		told = append(told, line)
	}
	slices.Sort(told)
	const request = "6fd1c2b4-0000-4000-8000-1234567890ab"
	want := []string{"mail " + request + " confirmation 1 sent", "mail " + request + " report 1 sent", "render", "render", "send", "send"}
	if !slices.Equal(told, want) {
		t.Errorf("the spans are %q, want %q", told, want)
	}
}

func TestWhatWaitsIsSentToTheAdvisorAndTheVisitor(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	submit(t, opened, 1)
	worker, lines := newWorker(t, opened, relay)
	var mutex sync.Mutex
	outcomes := map[string]int{}
	worker.Observe = func(kind store.Kind, outcome Outcome, _ time.Duration) {
		mutex.Lock()
		defer mutex.Unlock()
		outcomes[string(kind)+" "+string(outcome)]++
	}
	spans := tracetest.NewSpanRecorder()
	worker.Tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	stop := start(t, worker)
	outboxIs(t, opened, 0, 0)
	stop()
	wantEachOnce(t, relay, 2)
	wantSpans(t, spans.Ended())
	recipients := map[string]bool{}
	for _, message := range relay.taken() {
		recipients[message.to] = true
		if !message.encrypted {
			t.Error("a mail went in the clear")
		}
	}
	if !recipients["planning@acme.test"] || !recipients["marked@visitor.test"] {
		t.Errorf("the recipients are %v", recipients)
	}
	if len(outcomes) != 2 || outcomes["report sent"] != 1 || outcomes["confirmation sent"] != 1 {
		t.Errorf("the outcomes are %v", outcomes)
	}
	if strings.Count(lines.String(), "mail sent") != 2 || !strings.Contains(lines.String(), "request=6fd1c2b4-0000-4000-8000-1234567890ab kind=report attempt=1") {
		t.Errorf("the log says\n%s", lines)
	}
}

func TestTwoWorkersSendEachMailOnce(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	const submissions = 12
	for number := range byte(submissions) {
		submit(t, opened, number)
	}
	for range 2 {
		worker, _ := newWorker(t, opened, relay)
		start(t, worker)
	}
	outboxIs(t, opened, 0, 0)
	wantEachOnce(t, relay, 2*submissions)
}

func TestAWokenWorkerDoesNotWaitForItsNextLook(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	worker, _ := newWorker(t, opened, relay)
	wake := make(chan struct{}, 1)
	worker.Wake, worker.Poll = wake, time.Hour
	looked := make(chan struct{}, 10)
	worker.Outbox = watched{opened, func() { looked <- struct{}{} }}
	idle := make(chan int, 10)
	worker.Idle = func() { idle <- len(looked) }
	start(t, worker)
	if looks := <-idle; looks != 1 {
		t.Errorf("the worker was idle after %d looks, want 1", looks)
	}
	submit(t, opened, 1)
	wake <- struct{}{}
	outboxIs(t, opened, 0, 0)
	wantEachOnce(t, relay, 2)
	if looks := <-idle; looks != 4 { // two of them found a mail
		t.Errorf("the worker was idle again after %d looks, want 4", looks)
	}
}

// watched tells of each look into an outbox.
type watched struct {
	Outbox
	looked func()
}

func (w watched) Claim(ctx context.Context, worker string, lease time.Duration, limit int) ([]store.Delivery, error) {
	defer w.looked()
	return w.Outbox.Claim(ctx, worker, lease, limit)
}

func TestAMailThatHasBegunIsFinishedWhenTheWorkerStops(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	submit(t, opened, 1)
	goOn := make(chan struct{})
	relay.onData = func() error {
		<-goOn
		return nil
	}
	worker, _ := newWorker(t, opened, relay)
	stop := start(t, worker)
	<-relay.begun
	stopped := make(chan struct{})
	go func() {
		stop()
		close(stopped)
	}()
	select {
	case <-stopped:
		t.Error("the worker stopped in the middle of a mail")
	case <-time.After(100 * time.Millisecond):
	}
	close(goOn)
	<-stopped
	wantEachOnce(t, relay, 1)
	outboxIs(t, opened, 1, 0)
}

func TestNothingIsLostWhileTheRelayIsAway(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	relay.stop()
	const submissions = 3
	for number := range byte(submissions) {
		submit(t, opened, number)
	}
	worker, _ := newWorker(t, opened, relay)
	var retried atomic.Int32
	worker.Observe = func(_ store.Kind, outcome Outcome, _ time.Duration) {
		if outcome == OutcomeRetried {
			retried.Add(1)
		}
	}
	start(t, worker)
	eventually(t, "waiting for some failures", func() bool { return retried.Load() > 2*submissions })
	outboxIs(t, opened, 2*submissions, 0)
	relay.start(t)
	outboxIs(t, opened, 0, 0)
	wantEachOnce(t, relay, 2*submissions)
}

// TestAnHourWithoutTheRelay goes by the clock of the outbox, which the test puts forward: the pauses are the real ones.
func TestAnHourWithoutTheRelay(t *testing.T) {
	opened, relay, root := openStore(t), startRelay(t), server.Root(t)
	relay.stop()
	const submissions = 3
	for number := range byte(submissions) {
		submit(t, opened, number)
	}
	worker, _ := newWorker(t, opened, relay)
	worker.Backoff = nil
	const look = 15 * time.Second
	for away := time.Duration(0); away < time.Hour; away += look {
		worker.drain(t.Context())
		putForward(t, root, look)
	}
	outboxIs(t, opened, 2*submissions, 0)
	// 15 s, 30 s, a minute and so on, each a fifth more or less, are an hour after eight or nine tries.
	if fewest, most := attempts(t, root); fewest < 6 || most > 10 {
		t.Errorf("in an hour a mail was tried %d to %d times", fewest, most)
	}
	relay.start(t)
	for waited := time.Duration(0); waited < 2*time.Hour; waited += look {
		worker.drain(t.Context())
		putForward(t, root, look)
	}
	outboxIs(t, opened, 0, 0)
	wantEachOnce(t, relay, 2*submissions)
}

// putForward lets time pass for the mails that wait.
func putForward(t *testing.T, root *sql.DB, by time.Duration) {
	t.Helper()
	_, err := root.Exec(`UPDATE halo_person.outbox SET due_at = due_at - INTERVAL ? SECOND WHERE state = 'queued'`, by.Seconds())
	if err != nil {
		t.Fatal(err)
	}
}

// attempts are the fewest and the most that a mail had.
func attempts(t *testing.T, root *sql.DB) (fewest, most int) {
	t.Helper()
	if err := root.QueryRow(`SELECT MIN(attempts), MAX(attempts) FROM halo_person.outbox`).Scan(&fewest, &most); err != nil {
		t.Fatal(err)
	}
	return fewest, most
}

func TestAnAwayRelayIsAskedOnceALook(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	relay.stop()
	for number := range byte(4) {
		submit(t, opened, number)
	}
	worker, lines := newWorker(t, opened, relay)
	worker.drain(t.Context())
	if attempts := strings.Count(lines.String(), "attempt="); attempts != 1 {
		t.Errorf("%d attempts:\n%s", attempts, lines)
	}
}

func TestAMailThatIsRefusedForGoodIsParkedAndTheOthersGo(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	submit(t, opened, 1)
	relay.onRcpt = func() error {
		if len(relay.taken()) == 0 && relay.refusals.Add(1) == 1 {
			return refuse(550, smtp.EnhancedCode{5, 1, 1})()
		}
		return nil
	}
	worker, lines := newWorker(t, opened, relay)
	start(t, worker)
	outboxIs(t, opened, 0, 1)
	wantEachOnce(t, relay, 1)
	if !strings.Contains(lines.String(), "mail not sent and parked") || !strings.Contains(lines.String(), "550 5.1.1") {
		t.Errorf("the log says\n%s", lines)
	}
	if _, err := opened.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	outboxIs(t, opened, 0, 0)
	wantEachOnce(t, relay, 2)
}

func TestAMailIsParkedAfterItsLastAttempt(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	relay.onRcpt = refuse(450, smtp.EnhancedCode{4, 2, 1})
	submit(t, opened, 1)
	worker, lines := newWorker(t, opened, relay)
	worker.MaxAttempts = 3
	start(t, worker)
	outboxIs(t, opened, 0, 2)
	if strings.Count(lines.String(), "to be tried again") != 4 || strings.Count(lines.String(), "and parked") != 2 {
		t.Errorf("the log says\n%s", lines)
	}
}

func TestWhatCannotBeRenderedIsTriedAgain(t *testing.T) {
	for name, fail := range map[string]func() (Message, error){
		"after an error": func() (Message, error) {
			return Message{}, errors.New("no advisor for Marked-First <marked@visitor.test>")
		},
		"after a panic": func() (Message, error) { panic("Marked-Last") },
	} {
		t.Run(name, func(t *testing.T) {
			opened, relay := openStore(t), startRelay(t)
			submit(t, opened, 1)
			worker, lines := newWorker(t, opened, relay)
			var broken atomic.Bool
			broken.Store(true)
			worker.Render = func(ctx context.Context, delivery store.Delivery) (Message, error) {
				if broken.Load() {
					return fail()
				}
				return render(ctx, delivery)
			}
			start(t, worker)
			eventually(t, "waiting for both to fail", func() bool { return strings.Count(lines.String(), "to be tried again") > 2 })
			if got := strings.Join(reasons(t), " "); !strings.Contains(got, "rendering the mail") {
				t.Errorf("the outbox says %s", got)
			}
			broken.Store(false)
			outboxIs(t, opened, 0, 0)
			wantEachOnce(t, relay, 2)
		})
	}
}

func TestTheRelayIsTheOneConfiguredNow(t *testing.T) {
	opened, old, fresh := openStore(t), startRelay(t), startRelay(t)
	old.stop()
	submit(t, opened, 1)
	worker, lines := newWorker(t, opened, old)
	var current atomic.Pointer[relay]
	current.Store(old)
	worker.Relay = func() Relay { return current.Load().now() }
	start(t, worker)
	eventually(t, "waiting for a failure", func() bool { return strings.Contains(lines.String(), "to be tried again") })
	current.Store(fresh)
	outboxIs(t, opened, 0, 0)
	wantEachOnce(t, fresh, 2)
}

func TestTheWaitGrowsToAnHourWithSomeChance(t *testing.T) {
	for attempt, want := range map[int]time.Duration{
		-1: 15 * time.Second, 0: 15 * time.Second, 1: 15 * time.Second, 2: 30 * time.Second, 5: 4 * time.Minute,
		8: 32 * time.Minute, 9: time.Hour, 10: time.Hour, 100: time.Hour, 1 << 40: time.Hour,
	} {
		different := map[time.Duration]bool{}
		for range 50 {
			got := ExponentialBackoff(attempt)
			different[got] = true
			if got < want*8/10 || got > want*12/10 {
				t.Errorf("after attempt %d it waits %s, want about %s", attempt, got, want)
			}
		}
		if len(different) < 10 {
			t.Errorf("after attempt %d the wait is always the same", attempt)
		}
	}
}
