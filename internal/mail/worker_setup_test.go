package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/mariadb"
	"halo.dev/halo/test/sealingkeys"
)

var server *mariadb.Server

func TestMain(m *testing.M) { mariadb.Main(m, &server) }

// patience bounds every wait of a test.
const patience = 20 * time.Second

// openStore opens a store on a fresh database.
func openStore(t *testing.T) *store.Store {
	t.Helper()
	server.Reset(t)
	credentials := mariadb.Credentials(t, "intake secret", "delivery secret")
	err := store.Migrate(t.Context(), store.MigrateConfig{
		Host: mariadb.Host, Port: server.Port, CAFile: server.CAFile, CredentialsDir: credentials,
		MasterUsername: mariadb.MasterUsername, MasterPasswordFile: server.MasterPasswordFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := store.Open(t.Context(), store.Config{
		Host: mariadb.Host, Port: server.Port, CAFile: server.CAFile, CredentialsDir: credentials,
		Sealing: sealingkeys.Always(t, "1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

// submit stores a submission with marked names; the number makes its nonce.
func submit(t *testing.T, to *store.Store, number byte) {
	t.Helper()
	_, err := to.Save(t.Context(), store.Submission{
		Nonce: [16]byte{number}, Request: "6fd1c2b4-0000-4000-8000-1234567890ab", Advisor: "planning",
		First: text("Marked-First"), Last: text("Marked-Last"), Email: text("marked@visitor.test"),
		ConsentAt: time.Now(), ModelVersion: "open-halo-1.0.0", DataSHA256: strings.Repeat("0", 64), ValuationYear: 2026,
		Input: json.RawMessage(`{"sex": "male"}`), Result: json.RawMessage(`{"status": "computed"}`), Browser: json.RawMessage(`{}`),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// logLines is where a worker logs; tests read it while it writes.
type logLines struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (l *logLines) Write(data []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.Buffer.Write(data)
}

func (l *logLines) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.Buffer.String()
}

// newWorker makes an impatient worker. When the test ends, neither its log nor
// the reasons in the outbox may hold a mark.
func newWorker(t *testing.T, outbox Outbox, relay *relay) (*Worker, *logLines) {
	t.Helper()
	lines := new(logLines)
	worker := &Worker{
		Outbox: outbox, Name: t.Name(), Logger: slog.New(slog.NewTextHandler(lines, nil)),
		Relay: relay.now, Render: render,
		Poll: 20 * time.Millisecond, SendTimeout: 3 * time.Second,
		Backoff: func(int) time.Duration { return 50 * time.Millisecond },
	}
	t.Cleanup(func() {
		told := lines.String() + strings.Join(reasons(t), "\n")
		if strings.Contains(strings.ToLower(told), "marked") {
			t.Errorf("something personal was told:\n%s", told)
		}
	})
	return worker, lines
}

// render writes the real letters.
func render(_ context.Context, delivery store.Delivery) (Message, error) {
	about := lead()
	about.First, about.Last, about.Email, about.Received = delivery.First, delivery.Last, delivery.Email, delivery.CreatedAt
	if delivery.Kind == store.KindConfirmation {
		return ForVisitor(about)
	}
	return ForAdvisor(about, []byte("%PDF"))
}

// reasons reads what the outbox keeps of failures.
func reasons(t *testing.T) (found []string) {
	t.Helper()
	rows, err := server.Master(t).Query(`SELECT reason FROM halo_person.outbox WHERE reason <> ''`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var reason string
		if err := rows.Scan(&reason); err != nil {
			t.Fatal(err)
		}
		found = append(found, reason)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// start runs a worker until stop is called, which waits for its end, or until
// the test ends.
func start(t *testing.T, worker *Worker) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		worker.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// outboxIs waits until so many mails wait and are parked.
func outboxIs(t *testing.T, opened *store.Store, pending, parked int) {
	t.Helper()
	eventually(t, "waiting for the outbox to settle", func() bool {
		gotPending, gotParked, _, err := opened.OutboxStats(t.Context())
		return err == nil && gotPending == pending && gotParked == parked
	})
}

// ids counts how often each Message-ID has arrived.
func ids(t *testing.T, relay *relay) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, message := range relay.taken() {
		read, err := mail.ReadMessage(strings.NewReader(message.content))
		if err != nil {
			t.Fatal(err)
		}
		counts[read.Header.Get("Message-ID")]++
	}
	return counts
}

// wantEachOnce checks that so many different mails arrived, and none twice.
func wantEachOnce(t *testing.T, relay *relay, mails int) {
	t.Helper()
	counts := ids(t, relay)
	for id, times := range counts {
		if times != 1 {
			t.Errorf("%s arrived %d times", id, times)
		}
	}
	if len(counts) != mails {
		t.Errorf("%d mails arrived, want %d", len(counts), mails)
	}
}
