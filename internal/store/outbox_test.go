package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/internal/store"
)

func claim(t *testing.T, from *store.Store, worker string, lease time.Duration, limit int) []store.Delivery {
	t.Helper()
	claimed, err := from.Claim(t.Context(), worker, lease, limit)
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

// claimSoon claims one mail as soon as one is due.
func claimSoon(t *testing.T, from *store.Store) store.Delivery {
	t.Helper()
	ctx := within(t, 10*time.Second)
	for {
		claimed, err := from.Claim(ctx, "later", time.Minute, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(claimed) == 1 {
			return claimed[0]
		}
	}
}

func wantStats(t *testing.T, of *store.Store, pending, parked int) {
	t.Helper()
	gotPending, gotParked, _, err := of.OutboxStats(t.Context())
	if err != nil || gotPending != pending || gotParked != parked {
		t.Errorf("%d wait and %d are parked, want %d and %d (error %v)", gotPending, gotParked, pending, parked, err)
	}
}

func TestWhatIsDueLongestIsClaimedFirst(t *testing.T) {
	opened := openStore(t)
	for number := range byte(5) {
		save(t, opened, submission(number))
	}
	master := server.Master(t)
	_, err := master.Exec(`UPDATE halo_person.outbox SET due_at = TIMESTAMPADD(SECOND, -(id % 1000) - 1, UTC_TIMESTAMP(6))`)
	if err != nil {
		t.Fatal(err)
	}
	var want int64
	for range 10 {
		err := master.QueryRow(`SELECT id FROM halo_person.outbox WHERE attempts = 0 ORDER BY due_at, id LIMIT 1`).Scan(&want)
		if got := claim(t, opened, "worker", time.Minute, 1); err != nil || got[0].ID != want {
			t.Errorf("claimed %d, want %d (error %v)", got[0].ID, want, err)
		}
	}
}

func TestASubmissionQueuesAReportAndAConfirmation(t *testing.T) {
	opened := openStore(t)
	before := time.Now().Add(-2 * time.Second)
	save(t, opened, submission(1))
	byKind := map[store.Kind]store.Delivery{}
	for _, delivery := range claim(t, opened, "worker", time.Minute, 10) {
		byKind[delivery.Kind] = delivery
	}
	if len(byKind) != 2 {
		t.Fatalf("claimed %d kinds", len(byKind))
	}
	want := submission(1)
	for kind, got := range byKind {
		if !got.First.Equal(want.First) || !got.Last.Equal(want.Last) || !got.Email.Equal(want.Email) || got.Advisor != "planning" {
			t.Errorf("the %s is for another person", kind)
		}
		if got.Attempts != 1 || got.ID <= 0 || got.CreatedAt.Before(before) || got.CreatedAt.After(time.Now().Add(time.Second)) {
			t.Errorf("the %s: attempt %d, id %d, stored at %s", kind, got.Attempts, got.ID, got.CreatedAt)
		}
		if got.ModelVersion != want.ModelVersion || got.DataSHA256 != want.DataSHA256 || got.ValuationYear != 2026 {
			t.Errorf("the %s does not say what computed it", kind)
		}
	}
	report, confirmation := byKind[store.KindReport], byKind[store.KindConfirmation]
	if string(report.Input) != string(want.Input) || string(report.Result) != string(want.Result) {
		t.Errorf("the report has input %s, result %s", report.Input, report.Result)
	}
	if confirmation.Input != nil || confirmation.Result != nil {
		t.Errorf("the confirmation knows %s, %s", confirmation.Input, confirmation.Result)
	}
}

func TestTwoWorkersAtOnceGetEachMailOnce(t *testing.T) {
	opened := openStore(t)
	const submissions, workers = 20, 4
	for number := range byte(submissions) {
		save(t, opened, submission(number))
	}
	var mutex sync.Mutex
	seen := map[int64]int{}
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for {
				claimed, err := opened.Claim(t.Context(), fmt.Sprint("worker ", worker), time.Minute, 3)
				if err != nil {
					t.Error(err)
					return
				}
				if len(claimed) == 0 {
					return
				}
				mutex.Lock()
				for _, delivery := range claimed {
					seen[delivery.ID]++
				}
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	for id, times := range seen {
		if times != 1 {
			t.Errorf("mail %d was claimed %d times", id, times)
		}
	}
	// A worker passes over rows that another one holds at that moment, and may
	// stop early; what it left is still there.
	left := len(claim(t, opened, "last", time.Minute, 100))
	if len(seen)+left != 2*submissions {
		t.Errorf("%d were claimed and %d left, of %d", len(seen), left, 2*submissions)
	}
}

func TestAClaimDoesNotWaitForAnother(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	holder, err := server.Master(t).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback() }()
	if _, err := holder.Exec(`SELECT id FROM halo_person.outbox WHERE kind = 'report' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	claimed := claim(t, opened, "worker", time.Minute, 10)
	if took := time.Since(started); took > 3*time.Second || len(claimed) > 1 {
		t.Errorf("claimed %d in %s", len(claimed), took)
	}
}

func TestAMailIsDueAgainWhenItsLeaseEnds(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	first := claim(t, opened, "first", 200*time.Millisecond, 1)[0]
	claim(t, opened, "other mail", time.Minute, 1)
	again := claimSoon(t, opened)
	if again.ID != first.ID || again.Attempts != 2 {
		t.Errorf("claimed %d at attempt %d, want %d at 2", again.ID, again.Attempts, first.ID)
	}
	// Whoever lost the lease cannot decide any more, except that it was sent.
	if err := opened.Retry(t.Context(), first, time.Now(), "late"); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("Retry after the lease: %v", err)
	}
	if err := opened.Park(t.Context(), first, "late"); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("Park after the lease: %v", err)
	}
	if err := opened.Sent(t.Context(), first); err != nil {
		t.Errorf("Sent after the lease: %v", err)
	}
	wantStats(t, opened, 1, 0)
}

func TestSentEndsADeliveryForGood(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	for _, delivery := range claim(t, opened, "worker", 50*time.Millisecond, 2) {
		if delivery.Request != submission(1).Request {
			t.Errorf("the mail belongs to the request %q", delivery.Request)
		}
		for range 2 {
			if err := opened.Sent(t.Context(), delivery); err != nil {
				t.Fatal(err)
			}
		}
		if err := opened.Retry(t.Context(), delivery, time.Now(), "no"); !errors.Is(err, store.ErrLeaseLost) {
			t.Errorf("Retry after Sent: %v", err)
		}
	}
	wantStats(t, opened, 0, 0)
	var finished int
	err := server.Master(t).QueryRow(
		`SELECT COUNT(*) FROM halo_person.outbox WHERE state = 'sent' AND finished_at IS NOT NULL AND request = ''`).Scan(&finished)
	if err != nil || finished != 2 {
		t.Errorf("%d finished, error %v", finished, err)
	}
}

func TestRetryMakesAMailDueAtItsTime(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	both := claim(t, opened, "worker", time.Hour, 2)
	if err := opened.Retry(t.Context(), both[0], time.Now().Add(300*time.Millisecond), "busy"); err != nil {
		t.Fatal(err)
	}
	if err := opened.Retry(t.Context(), both[1], time.Now().Add(time.Hour), "busy"); err != nil {
		t.Fatal(err)
	}
	if early := claim(t, opened, "worker", time.Minute, 10); len(early) != 0 {
		t.Errorf("%d are due too early", len(early))
	}
	if again := claimSoon(t, opened); again.ID != both[0].ID || again.Attempts != 2 {
		t.Errorf("got %d at attempt %d", again.ID, again.Attempts)
	}
	wantStats(t, opened, 2, 0)
}

func TestAParkedMailWaitsForItsRelease(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	both := claim(t, opened, "worker", time.Minute, 2)
	long := make([]byte, 300)
	for index := range long {
		long[index] = 'x'
	}
	if err := opened.Park(t.Context(), both[0], string(long[:254])+"é and more"); err != nil {
		t.Fatal(err)
	}
	wantStats(t, opened, 1, 1)
	released, err := opened.Release(t.Context())
	if err != nil || released != 1 {
		t.Fatalf("released %d, error %v", released, err)
	}
	again := claimSoon(t, opened)
	if again.ID != both[0].ID || again.Attempts != 1 {
		t.Errorf("got %d at attempt %d", again.ID, again.Attempts)
	}
	wantStats(t, opened, 2, 0)
}

func TestTheStatsTellTheOldestThatWaits(t *testing.T) {
	opened := openStore(t)
	if _, _, oldest, err := opened.OutboxStats(t.Context()); err != nil || !oldest.IsZero() {
		t.Errorf("of an empty outbox: %s, error %v", oldest, err)
	}
	save(t, opened, submission(1))
	save(t, opened, submission(2))
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	_, err := server.Master(t).Exec(`UPDATE halo_person.outbox SET created_at = ? WHERE kind = 'report' ORDER BY id LIMIT 1`, want)
	if err != nil {
		t.Fatal(err)
	}
	pending, parked, oldest, err := opened.OutboxStats(t.Context())
	if err != nil || pending != 4 || parked != 0 || !oldest.Equal(want) {
		t.Errorf("%d wait, %d are parked, the oldest from %s, error %v", pending, parked, oldest, err)
	}
}

func TestErasingAPersonErasesConsentAndMailsButNoAssessment(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	claimed := claim(t, opened, "worker", time.Minute, 1)[0]
	if _, err := server.As(t, "halo_delivery", deliveryPassword).Exec(`DELETE FROM halo_person.person`); err != nil {
		t.Fatal(err)
	}
	db := server.Master(t)
	for table, want := range map[string]int{
		"halo_person.consent": 0, "halo_person.outbox": 0, "halo_assessment.assessment": 1, "halo_assessment.nonce": 1,
	} {
		if got := count(t, db, table); got != want {
			t.Errorf("%s has %d rows, want %d", table, got, want)
		}
	}
	if err := opened.Sent(t.Context(), claimed); err != nil {
		t.Errorf("Sent for an erased person: %v", err)
	}
	if err := opened.Retry(t.Context(), claimed, time.Now(), "x"); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("Retry for an erased person: %v", err)
	}
}
