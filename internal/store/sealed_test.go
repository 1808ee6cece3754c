package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/sealing"
	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/mariadb"
	"halo.dev/halo/test/sealingkeys"
)

// openSealed opens a store whose keys a test exchanges while it works.
func openSealed(t *testing.T, credentialsDir string, ring *sealing.Ring) *store.Store {
	t.Helper()
	opened, err := store.Open(t.Context(), store.Config{
		Host: mariadb.Host, Port: server.Port, CAFile: server.CAFile, CredentialsDir: credentialsDir,
		Sealing: func() sealing.Ring { return *ring },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

// dump is everything that a schema's tables hold, as bytes.
func dump(t *testing.T, schema string) string {
	t.Helper()
	master := server.Master(t)
	var all strings.Builder
	rows, err := master.Query(`SELECT table_name FROM information_schema.tables WHERE table_schema = ?`, schema)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		dumpTable(t, master, schema+"."+table, &all)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func dumpTable(t *testing.T, master *sql.DB, table string, into *strings.Builder) {
	t.Helper()
	rows, err := master.Query("SELECT * FROM " + table)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		cells, targets := make([]sql.RawBytes, len(names)), make([]any, len(names))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		for i, cell := range cells {
			fmt.Fprintf(into, "%s=%s\n", names[i], cell)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func wantNothingPlain(t *testing.T) {
	t.Helper()
	for _, schema := range []string{"halo_person", "halo_assessment"} {
		if all := dump(t, schema); strings.Contains(strings.ToLower(all), "marked") || !strings.Contains(all, "=") {
			t.Errorf("%s has plain names, or nothing:\n%s", schema, all)
		}
	}
}

func TestNoNameLiesPlainInTheDatabase(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	wantNothingPlain(t)
	if claimed := claim(t, opened, "worker", time.Minute, 2); len(claimed) != 2 || !claimed[0].Email.Equal(personal.New("marked@visitor.test")) {
		t.Errorf("%d mails", len(claimed))
	}
}

// statementsBefore are what a program of the version before sealing does with
// a person and a mail.
var statementsBefore = struct{ person, outbox, claim string }{
	`INSERT INTO halo_person.person (assessment_id, advisor, first_name, last_name, email, created_at)
	 VALUES (?, 'planning', 'Marked-First', 'Marked-Last', ?, UTC_TIMESTAMP())`,
	`INSERT INTO halo_person.outbox (id, assessment_id, kind, created_at, due_at)
	 VALUES (?, ?, 'confirmation', UTC_TIMESTAMP(), UTC_TIMESTAMP(6))`,
	`SELECT COUNT(*) FROM halo_person.outbox WHERE state = 'pending' AND due_at <= UTC_TIMESTAMP(6)`,
}

// savedBefore stores persons as the version before did, with the rights of its users.
func savedBefore(t *testing.T, ids ...int64) {
	t.Helper()
	intake := server.As(t, "halo_intake", intakePassword)
	for _, id := range ids {
		if _, err := intake.Exec(statementsBefore.person, id, "marked@visitor.test"); err != nil {
			t.Fatal(err)
		}
		if _, err := intake.Exec(statementsBefore.outbox, id, id); err != nil {
			t.Fatal(err)
		}
	}
}

func dueBefore(t *testing.T) (mails int) {
	t.Helper()
	if err := server.As(t, "halo_delivery", deliveryPassword).QueryRow(statementsBefore.claim).Scan(&mails); err != nil {
		t.Fatal(err)
	}
	return mails
}

func TestTheVersionBeforeGoesOnServingAndLosesNoMail(t *testing.T) {
	opened := openStore(t)
	savedBefore(t, 1)
	save(t, opened, submission(1))
	if due := dueBefore(t); due != 1 {
		t.Errorf("the version before takes %d mails, want its own alone", due)
	}
	claimed := claim(t, opened, "new", time.Minute, 10)
	if len(claimed) != 3 {
		t.Fatalf("the new version takes %d mails, want all three", len(claimed))
	}
	for _, one := range claimed {
		if !one.First.Equal(personal.New("Marked-First")) || !one.Email.Equal(personal.New("marked@visitor.test")) {
			t.Errorf("the %s is for somebody else", one.Kind)
		}
	}
}

func TestResealEmptiesPlainRowsAndMayBeCutOffAnywhere(t *testing.T) {
	opened := openStore(t)
	savedBefore(t, 1, 2, 3, 4, 5)
	// Whatever step was the last, the next run goes on from the start.
	for run := 1; ; run++ {
		step, err := opened.Reseal(t.Context(), 0, 2)
		if err != nil || len(step.Unreadable) > 0 {
			t.Fatalf("%+v, error %v", step, err)
		}
		if step.Done != (step.Sealed < 2) || run > 3 {
			t.Fatalf("run %d: %+v", run, step)
		}
		if step.Done {
			break
		}
	}
	wantNothingPlain(t)
	if stale, err := opened.Stale(t.Context()); err != nil || stale != 0 {
		t.Errorf("%d are left, error %v", stale, err)
	}
	if due := dueBefore(t); due != 0 {
		t.Errorf("the version before would send %d mails to nobody", due)
	}
	if claimed := claim(t, opened, "new", time.Minute, 10); len(claimed) != 5 || !claimed[4].Email.Equal(personal.New("marked@visitor.test")) {
		t.Errorf("%d mails are left of 5", len(claimed))
	}
	if found, err := opened.PersonsOf(t.Context(), personal.New("MARKED@visitor.test")); err != nil || len(found) != 5 {
		t.Errorf("%d are found by their address, error %v", len(found), err)
	}
}

func TestAfterARotationEverythingIsSealedWithTheNewestKey(t *testing.T) {
	credentials := migrated(t).CredentialsDir
	ring := sealingkeys.Ring(t, "1")
	opened := openSealed(t, credentials, &ring)
	for number := range byte(3) {
		save(t, opened, submission(number))
	}
	ring = sealingkeys.Ring(t, "1", "2")
	save(t, opened, submission(3))
	if step, err := opened.Reseal(t.Context(), 0, 10); err != nil || step.Sealed != 3 || !step.Done {
		t.Fatalf("%+v, error %v", step, err)
	}
	ring = sealingkeys.Ring(t, "2") // the old key is not needed any more
	found, err := opened.PersonsOf(t.Context(), personal.New("marked@visitor.test"))
	if err != nil || len(found) != 4 || !found[0].Last.Equal(personal.New("Marked-Last")) {
		t.Errorf("%d persons, error %v", len(found), err)
	}
}

func TestResealLeavesWhatItCannotOpenAndGoesOn(t *testing.T) {
	credentials := migrated(t).CredentialsDir
	ring := sealingkeys.Ring(t, "1")
	opened := openSealed(t, credentials, &ring)
	for number := range byte(3) {
		save(t, opened, submission(number))
	}
	_, err := server.Master(t).Exec(`UPDATE halo_person.person SET last_sealed = REVERSE(last_sealed) ORDER BY assessment_id LIMIT 1`)
	if err != nil {
		t.Fatal(err)
	}
	before := dump(t, "halo_person")
	ring = sealingkeys.Ring(t, "1", "2")
	first, err := opened.Reseal(t.Context(), 0, 1)
	if err != nil || first.Sealed != 0 || len(first.Unreadable) != 1 || first.Done || dump(t, "halo_person") != before {
		t.Fatalf("%+v, error %v", first, err)
	}
	if rest, err := opened.Reseal(t.Context(), first.Last, 10); err != nil || rest.Sealed != 2 || !rest.Done {
		t.Errorf("%+v, error %v", rest, err)
	}
	if _, err := opened.Person(t.Context(), first.Unreadable[0]); !errors.Is(err, sealing.ErrForged) {
		t.Errorf("the changed person: %v", err)
	}
}

// TestAMailWhoseKeyIsNotHereYetWaits: pods learn of a new key one after the
// other.
func TestAMailWhoseKeyIsNotHereYetWaits(t *testing.T) {
	credentials := migrated(t).CredentialsDir
	ahead, behind := sealingkeys.Ring(t, "1", "2"), sealingkeys.Ring(t, "1")
	first, second := openSealed(t, credentials, &ahead), openSealed(t, credentials, &behind)
	save(t, first, submission(1))
	if claimed := claim(t, second, "behind", time.Minute, 10); len(claimed) != 0 {
		t.Fatalf("%d mails were claimed without a key", len(claimed))
	}
	var attempts int
	var reason string
	master := server.Master(t)
	if err := master.QueryRow(`SELECT SUM(attempts), MAX(reason) FROM halo_person.outbox`).Scan(&attempts, &reason); err != nil {
		t.Fatal(err)
	}
	if attempts != 0 || !strings.Contains(reason, `"2": the key that it was sealed with is not here`) {
		t.Errorf("%d attempts are counted, reason %q", attempts, reason)
	}
	if _, err := master.Exec(`UPDATE halo_person.outbox SET due_at = UTC_TIMESTAMP(6)`); err != nil {
		t.Fatal(err)
	}
	behind = ahead
	if claimed := claim(t, second, "behind", time.Minute, 10); len(claimed) != 2 || claimed[0].Attempts != 1 {
		t.Errorf("%d mails with the key", len(claimed))
	}
}

func TestAMailOfAPersonThatWasTamperedWithIsParked(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	save(t, opened, submission(2))
	// Another row's texts: they are whole, and not of this person.
	master := server.Master(t)
	_, err := master.Exec(`UPDATE halo_person.person a, halo_person.person b SET a.email_sealed = b.email_sealed
		WHERE a.assessment_id < b.assessment_id`)
	if err != nil {
		t.Fatal(err)
	}
	if claimed := claim(t, opened, "worker", time.Minute, 10); len(claimed) != 2 {
		t.Errorf("%d mails were claimed, want those of the other person", len(claimed))
	}
	if _, parked, _, err := opened.OutboxStats(t.Context()); err != nil || parked != 2 {
		t.Errorf("%d mails are parked, error %v", parked, err)
	}
}

func TestPersonsAreFoundByAddressAndByNumberOnly(t *testing.T) {
	opened := openStore(t)
	savedBefore(t, 1)
	save(t, opened, submission(1))
	other := submission(2)
	other.Email = personal.New("other@visitor.test")
	save(t, opened, other)
	for address, want := range map[string]int{
		"marked@visitor.test": 2, " Marked@VISITOR.test": 2, "other@visitor.test": 1, "marked@visitor.tes": 0, "%": 0, "": 0,
	} {
		found, err := opened.PersonsOf(t.Context(), personal.New(address))
		if err != nil || len(found) != want {
			t.Errorf("%q: %d persons, want %d, error %v", address, len(found), want, err)
		}
		for _, person := range found {
			again, err := opened.Person(t.Context(), person.ID)
			if err != nil || !again.Email.Equal(person.Email) {
				t.Errorf("%q: by its number another one, error %v", address, err)
			}
		}
	}
	if _, err := opened.Person(t.Context(), 99); !errors.Is(err, store.ErrNoPerson) {
		t.Errorf("nobody: %v", err)
	}
}

func TestTheSameAddressHasTheSameIndexAndDifferentTexts(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	save(t, opened, submission(2))
	var indexes, texts int
	err := server.Master(t).QueryRow(`SELECT COUNT(DISTINCT email_index), COUNT(DISTINCT email_sealed) FROM halo_person.person`).Scan(&indexes, &texts)
	if err != nil || indexes != 1 || texts != 2 {
		t.Errorf("%d indexes and %d texts, error %v", indexes, texts, err)
	}
	if bytes.Contains([]byte(dump(t, "halo_person")), []byte("visitor")) {
		t.Error("the address shows")
	}
}
