package store_test

import (
	"database/sql"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/store"
)

func TestSaveFillsBothSchemasUnderOneNumber(t *testing.T) {
	opened := openStore(t)
	receipt := save(t, opened, submission(1))
	if receipt.Replayed || string(receipt.Browser) != `{"years": 38.4, "active": 30}` {
		t.Errorf("receipt %s, replayed %t", receipt.Browser, receipt.Replayed)
	}
	wantCounts(t, 1)
	var link int64
	var advisor, plain, input, result, browser, version, sum string
	var year int
	var given time.Time
	err := server.Master(t).QueryRow(`SELECT a.id, p.advisor, CONCAT(p.first_name, p.last_name, p.email), c.given_at,
		   a.input, a.result, a.browser, a.model_version, a.data_sha256, a.valuation_year
		 FROM halo_assessment.assessment a
		 JOIN halo_person.person p ON p.assessment_id = a.id
		 JOIN halo_person.consent c ON c.assessment_id = a.id
		 JOIN halo_assessment.nonce n ON n.assessment_id = a.id`).
		Scan(&link, &advisor, &plain, &given, &input, &result, &browser, &version, &sum, &year)
	if err != nil {
		t.Fatal(err)
	}
	want := submission(1)
	for name, pair := range map[string][2]string{
		"advisor": {advisor, "planning"}, "what is plain of the person": {plain, ""}, "input": {input, string(want.Input)},
		"result": {result, string(want.Result)}, "browser view": {browser, string(want.Browser)},
		"model version": {version, want.ModelVersion}, "checksum": {sum, want.DataSHA256},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", name, pair[0], pair[1])
		}
	}
	person, err := opened.Person(t.Context(), link)
	if err != nil || !person.First.Equal(want.First) || !person.Last.Equal(want.Last) || !person.Email.Equal(want.Email) || person.Advisor != "planning" {
		t.Errorf("the person is another one, error %v", err)
	}
	if link <= 0 || year != 2026 || !given.Equal(time.Date(2026, 3, 4, 4, 6, 7, 0, time.UTC)) {
		t.Errorf("number %d, year %d, consent at %s", link, year, given)
	}
}

func TestNumbersAreRandom(t *testing.T) {
	opened := openStore(t)
	for number := range byte(8) {
		save(t, opened, submission(number))
	}
	var small, large int
	err := server.Master(t).QueryRow(
		`SELECT COUNT(CASE WHEN id < 1 << 40 THEN 1 END), COUNT(DISTINCT id) FROM (
		   SELECT id FROM halo_assessment.assessment UNION ALL SELECT id FROM halo_person.outbox) AS ids`).
		Scan(&small, &large)
	if err != nil || small != 0 || large != 24 {
		t.Errorf("%d small and %d distinct numbers, error %v", small, large, err)
	}
}

func TestTheSameNonceAgainReturnsWhatWasStored(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	again := submission(1)
	again.Browser = []byte(`{"years": 1}`)
	receipt := save(t, opened, again)
	if !receipt.Replayed || string(receipt.Browser) != `{"years": 38.4, "active": 30}` {
		t.Errorf("receipt %s, replayed %t", receipt.Browser, receipt.Replayed)
	}
	wantCounts(t, 1)
}

func TestByNonceFindsWhatWasStoredAndNothingElse(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	browser, found, err := opened.ByNonce(t.Context(), submission(1).Nonce)
	if err != nil || !found || string(browser) != `{"years": 38.4, "active": 30}` {
		t.Errorf("found %t %s, error %v", found, browser, err)
	}
	browser, found, err = opened.ByNonce(t.Context(), submission(2).Nonce)
	if err != nil || found || browser != nil {
		t.Errorf("a nonce that was never used: found %t %s, error %v", found, browser, err)
	}
}

func TestEqualNoncesAtOnceStoreOneAssessment(t *testing.T) {
	opened := openStore(t)
	const rounds, visitors = 5, 8
	for round := range byte(rounds) {
		receipts := make([]store.Receipt, visitors)
		errs := make([]error, visitors)
		begin := make(chan struct{})
		var group sync.WaitGroup
		for visitor := range visitors {
			group.Go(func() {
				<-begin
				receipts[visitor], errs[visitor] = opened.Save(t.Context(), submission(round))
			})
		}
		close(begin)
		group.Wait()
		stored := 0
		for visitor := range visitors {
			if errs[visitor] != nil {
				t.Fatal(errs[visitor])
			}
			if !receipts[visitor].Replayed {
				stored++
			}
			if string(receipts[visitor].Browser) != `{"years": 38.4, "active": 30}` {
				t.Errorf("visitor %d sees %s", visitor, receipts[visitor].Browser)
			}
		}
		if stored != 1 {
			t.Errorf("%d of %d calls say that they stored", stored, visitors)
		}
	}
	wantCounts(t, rounds)
}

func TestAWinnerThatFailsLeavesTheNonceFree(t *testing.T) {
	opened := openStore(t)
	// The test holds the nonce in a transaction that it gives up later.
	holder, err := server.Master(t).BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		t.Fatal(err)
	}
	nonce := submission(1).Nonce
	if _, err := holder.Exec(`INSERT INTO halo_assessment.nonce VALUES (?, 1, UTC_TIMESTAMP())`, nonce[:]); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() {
		_, err := opened.Save(t.Context(), submission(1))
		result <- err
	}()
	waitForLockWait(t)
	if err := holder.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	wantCounts(t, 1)
}

// waitForLockWait waits until some transaction waits for a lock. It looks a few
// times a second: InnoDB shows the same picture again to whoever looks within a
// tenth of a second.
func waitForLockWait(t *testing.T) {
	t.Helper()
	db := server.Master(t)
	ctx := within(t, 10*time.Second)
	for {
		var waiting int
		err := db.QueryRowContext(ctx,
			`SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting > 0 {
			return
		}
		time.Sleep(150 * time.Millisecond)
	}
}

func TestAFailureInTheMiddleStoresNothing(t *testing.T) {
	for name, table := range map[string]string{
		"after the nonce":      "halo_assessment.assessment",
		"after the assessment": "halo_person.person",
		"after the person":     "halo_person.consent",
		"after the consent":    "halo_person.outbox",
	} {
		t.Run(name, func(t *testing.T) {
			opened := openStore(t)
			db := server.Master(t)
			if _, err := db.Exec("RENAME TABLE " + table + " TO " + table + "_away"); err != nil {
				t.Fatal(err)
			}
			if _, err := opened.Save(t.Context(), submission(1)); err == nil {
				t.Fatal("saved without " + table)
			}
			if _, err := db.Exec("RENAME TABLE " + table + "_away TO " + table); err != nil {
				t.Fatal(err)
			}
			wantCounts(t, 0)
			if receipt := save(t, opened, submission(1)); receipt.Replayed {
				t.Error("the nonce was used up by the failure")
			}
			wantCounts(t, 1)
		})
	}
}

func TestSaveRefusesWhatCannotBeKept(t *testing.T) {
	opened := openStore(t)
	for name, spoil := range map[string]func(*store.Submission){
		"input that is not JSON":          func(s *store.Submission) { s.Input = []byte(`{`) },
		"a result that is not JSON":       func(s *store.Submission) { s.Result = nil },
		"a browser view that is not JSON": func(s *store.Submission) { s.Browser = []byte(`years`) },
		"no time of the consent":          func(s *store.Submission) { s.ConsentAt = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := submission(1)
			spoil(&spoilt)
			if _, err := opened.Save(t.Context(), spoilt); err == nil {
				t.Error("saved")
			}
		})
	}
	tooLong := submission(1)
	tooLong.First = personal.New(string(make([]byte, 900)))
	_, err := opened.Save(t.Context(), tooLong)
	wantNumber(t, err, 1406)
	wantCounts(t, 0)
}

func TestNamesComeBackByteForByte(t *testing.T) {
	opened := openStore(t)
	for number, name := range []string{"Zoë", "李 小龙", "O'Neill \\", "😀", "مريم", "a\r\nBcc: x@y.test"} {
		what := submission(byte(number))
		what.First = personal.New(name)
		save(t, opened, what)
		claimed, err := opened.Claim(t.Context(), "test", time.Minute, 2)
		if err != nil || len(claimed) != 2 || !claimed[0].First.Equal(what.First) {
			t.Errorf("name %d of the table came back changed (%d claimed, error %v)", number, len(claimed), err)
		}
	}
}
