package store_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/store"
)

// onlyPerson is the one person of an address.
func onlyPerson(t *testing.T, in *store.Store, address string) store.Person {
	t.Helper()
	found, err := in.PersonsOf(t.Context(), personal.New(address))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d persons, error %v", len(found), err)
	}
	return found[0]
}

func TestEraseTakesThePersonAndTheMailsAndLeavesTheNumber(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	other := submission(2)
	other.Email = personal.New("other@visitor.test")
	save(t, opened, other)
	gone := onlyPerson(t, opened, "marked@visitor.test")
	held := claim(t, opened, "worker", time.Minute, 1)[0]
	for _, want := range []int{1, 0} { // the second time there is nobody left
		if erased, err := opened.Erase(t.Context(), gone.ID); err != nil || erased != want {
			t.Fatalf("%d were erased, want %d, error %v", erased, want, err)
		}
	}
	db := server.Master(t)
	for table, want := range map[string]int{
		"halo_assessment.assessment": 2, "halo_person.person": 1, "halo_person.consent": 1, "halo_person.outbox": 2, "halo_person.erasure": 1,
	} {
		if got := count(t, db, table); got != want {
			t.Errorf("%s has %d rows, want %d", table, got, want)
		}
	}
	if _, err := opened.Person(t.Context(), gone.ID); !errors.Is(err, store.ErrNoPerson) {
		t.Errorf("the person: %v", err)
	}
	ledger, err := opened.Erasures(t.Context(), 0, 10)
	if err != nil || len(ledger) != 1 || ledger[0].ID != gone.ID || time.Since(ledger[0].At) > time.Minute {
		t.Errorf("the ledger: %+v, error %v", ledger, err)
	}
	if number, err := opened.CountErasures(t.Context()); err != nil || number != 1 {
		t.Errorf("the ledger has %d, error %v", number, err)
	}
	// The mail that a worker holds can still be ended, and comes to nothing.
	if err := opened.Sent(t.Context(), held); err != nil {
		t.Error(err)
	}
}

func TestTheLedgerCannotBeShortenedByWhoWritesIt(t *testing.T) {
	opened := openStore(t)
	if _, err := opened.Erase(t.Context(), 1, 2, 3); err != nil {
		t.Fatal(err)
	}
	first, err := opened.Erasures(t.Context(), 0, 2)
	if err != nil || len(first) != 2 {
		t.Fatalf("%+v, error %v", first, err)
	}
	rest, err := opened.Erasures(t.Context(), first[1].ID, 2)
	if err != nil || len(rest) != 1 || rest[0].ID != 3 {
		t.Errorf("%+v, error %v", rest, err)
	}
	wantRefusal(t, server.As(t, "halo_delivery", deliveryPassword), "DELETE FROM halo_person.erasure", forbidden)
}

func TestEraseIsAllOrNothing(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	gone := onlyPerson(t, opened, "marked@visitor.test")
	_, err := server.Master(t).Exec(`CREATE TRIGGER halo_person.keep BEFORE DELETE ON halo_person.person FOR EACH ROW
		SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Marked-First stays'`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opened.Erase(t.Context(), 5, gone.ID); err == nil || strings.Contains(err.Error(), "Marked") {
		t.Errorf("got %v", err)
	}
	if ledger, err := opened.Erasures(t.Context(), 0, 10); err != nil || len(ledger) != 0 {
		t.Errorf("the ledger has %+v, error %v", ledger, err)
	}
	wantCounts(t, 1)
}

func TestPurgeTakesPersonsOfOldAndLeavesTheirAssessments(t *testing.T) {
	opened := openStore(t)
	for number := range byte(5) {
		save(t, opened, submission(number))
	}
	master := server.Master(t)
	// Three are a minute over 30 days old, two a minute under.
	age := func(statement string) {
		if _, err := master.Exec(`UPDATE halo_person.person SET created_at = UTC_TIMESTAMP() - INTERVAL 30 DAY ` + statement); err != nil {
			t.Fatal(err)
		}
	}
	age(`+ INTERVAL 1 MINUTE`)
	age(`- INTERVAL 1 MINUTE ORDER BY assessment_id LIMIT 3`)
	for _, step := range []struct{ days, limit, want int }{{0, 10, 0}, {-1, 10, 0}, {31, 10, 0}, {30, 2, 2}, {30, 2, 1}, {30, 2, 0}} {
		if purged, err := opened.Purge(t.Context(), step.days, step.limit); err != nil || purged != step.want {
			t.Fatalf("%+v: %d were purged, error %v", step, purged, err)
		}
	}
	for table, want := range map[string]int{
		"halo_assessment.assessment": 5, "halo_person.person": 2, "halo_person.consent": 2, "halo_person.outbox": 4, "halo_person.erasure": 0,
	} {
		if got := count(t, master, table); got != want {
			t.Errorf("%s has %d rows, want %d", table, got, want)
		}
	}
}

func TestALeaseIsOnePodsAtATime(t *testing.T) {
	config := migrated(t)
	one, two := openWith(t, config.CredentialsDir), openWith(t, config.CredentialsDir)
	inner := false
	held, err := one.Lease(t.Context(), "test", func(ctx context.Context) error {
		other, err := two.Lease(ctx, "test", func(context.Context) error { inner = true; return nil })
		if other || err != nil {
			t.Errorf("held by both, error %v", err)
		}
		another, err := two.Lease(ctx, "other", func(context.Context) error { return nil })
		if !another || err != nil {
			t.Errorf("another lease: %t, error %v", another, err)
		}
		return sql.ErrTxDone
	})
	if !held || !errors.Is(err, sql.ErrTxDone) || inner {
		t.Errorf("held %t, inner %t, error %v", held, inner, err)
	}
	if held, err := two.Lease(t.Context(), "test", func(context.Context) error { return nil }); !held || err != nil {
		t.Errorf("after its end: %t, error %v", held, err)
	}
}
