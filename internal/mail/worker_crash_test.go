package mail

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/store"
)

// deaf is an outbox in which nothing can be noted, as for a worker that was
// killed right after the relay had taken its mail.
type deaf struct{ Outbox }

func (deaf) Sent(context.Context, store.Delivery) error { return errors.New("killed") }

func TestAWorkerThatDiesBeforeItNotesIsRepeatedWithTheSameID(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	submit(t, opened, 1)
	killed, lines := newWorker(t, deaf{opened}, relay)
	killed.SendTimeout = 500 * time.Millisecond
	stop := start(t, killed)
	eventually(t, "waiting for the first mail", func() bool { return len(relay.taken()) > 0 })
	stop()
	if !strings.Contains(lines.String(), "cannot be noted") {
		t.Errorf("the log says\n%s", lines)
	}
	outboxIs(t, opened, 2, 0)
	worker, _ := newWorker(t, opened, relay)
	start(t, worker)
	outboxIs(t, opened, 0, 0)
	counts := ids(t, relay)
	var arrivals []int
	for _, times := range counts {
		arrivals = append(arrivals, times)
	}
	if len(counts) != 2 || len(relay.taken()) != 3 {
		t.Errorf("%d different mails arrived, so often: %v", len(counts), arrivals)
	}
}

func TestAnAnswerThatIsLostIsRepeatedWithTheSameID(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	submit(t, opened, 1)
	relay.cutAfterContent = true
	worker, lines := newWorker(t, opened, relay)
	stop := start(t, worker)
	eventually(t, "waiting for lost answers", func() bool { return strings.Count(lines.String(), "to be tried again") >= 4 })
	stop()
	outboxIs(t, opened, 2, 0)
	relay.stop()
	relay.cutAfterContent = false
	relay.start(t)
	again, _ := newWorker(t, opened, relay)
	start(t, again)
	outboxIs(t, opened, 0, 0)
	if counts := ids(t, relay); len(counts) != 2 {
		t.Errorf("so many different mails arrived: %d", len(counts))
	}
}

func TestAConnectionCutWithinTheMailLosesNothing(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	submit(t, opened, 1)
	relay.cutInContent = true
	worker, lines := newWorker(t, opened, relay)
	stop := start(t, worker)
	eventually(t, "waiting for a cut", func() bool { return strings.Contains(lines.String(), "to be tried again") })
	stop()
	relay.stop()
	relay.cutInContent = false
	relay.start(t)
	again, _ := newWorker(t, opened, relay)
	start(t, again)
	outboxIs(t, opened, 0, 0)
	wantEachOnce(t, relay, 2)
}

func TestADatabaseThatRestartsWhileAMailIsSentCostsNoSecondMail(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	submit(t, opened, 1)
	restarted := make(chan error, 1)
	relay.onData = func() error {
		if relay.refusals.Add(1) == 1 {
			// The relay takes the mail while the database is gone.
			if err := server.Kill(); err != nil {
				return err
			}
			go func() { restarted <- server.StartAgain(context.Background()) }()
		}
		return nil
	}
	worker, _ := newWorker(t, opened, relay)
	worker.SendTimeout = 10 * time.Second
	start(t, worker)
	if err := <-restarted; err != nil {
		t.Fatal(err)
	}
	outboxIs(t, opened, 0, 0)
	wantEachOnce(t, relay, 2)
}

func TestAWorkerOutlivesADatabaseThatIsAway(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	submit(t, opened, 1)
	if err := server.Halt(); err != nil {
		t.Fatal(err)
	}
	worker, lines := newWorker(t, opened, relay)
	start(t, worker)
	eventually(t, "waiting for a complaint", func() bool { return strings.Contains(lines.String(), "the outbox cannot be read") })
	if err := server.StartAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	outboxIs(t, opened, 0, 0)
	wantEachOnce(t, relay, 2)
}

func TestAMailThatKilledItsWorkersIsParked(t *testing.T) {
	opened, relay := openStore(t), startRelay(t)
	submit(t, opened, 1)
	for range 3 {
		if _, err := opened.Claim(t.Context(), "killed", 0, 2); err != nil {
			t.Fatal(err)
		}
	}
	worker, lines := newWorker(t, opened, relay)
	worker.MaxAttempts = 3
	start(t, worker)
	outboxIs(t, opened, 0, 2)
	if len(relay.taken()) != 0 || !strings.Contains(lines.String(), "ended without a word") {
		t.Errorf("%d arrived; the log says\n%s", len(relay.taken()), lines)
	}
}
