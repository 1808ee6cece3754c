package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	wantLedger(t, opened, gone.ID)
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
	for after, want := range map[int64][]int64{0: {1, 2}, 2: {3}, 3: nil} {
		if got, err := opened.ErasedAfter(t.Context(), after, 2); err != nil || !slices.Equal(got, want) {
			t.Errorf("after %d: %v, error %v", after, got, err)
		}
	}
	writer := server.As(t, "halo_delivery", deliveryPassword)
	wantRefusal(t, writer, "DELETE FROM halo_person.erasure", forbidden)
	wantRefusal(t, writer, "UPDATE halo_person.erasure SET assessment_id = 9", 1143)
}

func TestANumberIsUnnotedUntilItIsNotedOutside(t *testing.T) {
	opened := openStore(t)
	if _, err := opened.Erase(t.Context(), 3, 1, 2); err != nil {
		t.Fatal(err)
	}
	unnoted := func(limit int, want ...int64) {
		t.Helper()
		if got, err := opened.Unnoted(t.Context(), limit); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, error %v, want %v", got, err, want)
		}
	}
	unnoted(2, 1, 2)
	for range 2 { // the second time nothing changes
		if err := opened.Noted(t.Context(), 2, 1, 77); err != nil {
			t.Fatal(err)
		}
	}
	unnoted(10, 3)
	if _, err := opened.Erase(t.Context(), 1); err != nil { // it stays noted
		t.Fatal(err)
	}
	unnoted(10, 3)
	wantLedger(t, opened, 1, 2, 3)
}

func wantLedger(t *testing.T, in *store.Store, want ...int64) {
	t.Helper()
	if got, err := in.ErasedAfter(t.Context(), 0, 10); err != nil || !slices.Equal(got, want) {
		t.Errorf("the ledger has %v, error %v, want %v", got, err, want)
	}
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
	wantLedger(t, opened)
	wantCounts(t, 1)
}

func TestPurgeTakesPersonsOfOldAndLeavesTheirAssessments(t *testing.T) {
	opened := openStore(t)
	for number := range byte(5) {
		save(t, opened, submission(number))
	}
	master := server.Master(t)
	if _, err := master.Exec(`UPDATE halo_person.outbox SET state = CASE kind WHEN 'report' THEN 'sent' ELSE 'canceled' END`); err != nil {
		t.Fatal(err)
	}
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

func TestWhoseReportWasNotSentIsPurgedAMonthLater(t *testing.T) {
	opened := openStore(t)
	master := server.Master(t)
	do := func(statement string, arguments ...any) {
		t.Helper()
		if _, err := master.Exec(statement, arguments...); err != nil {
			t.Fatal(err)
		}
	}
	for number, state := range []string{"queued", "pending", "parked", "sent"} {
		one := submission(byte(number))
		one.Email = personal.New(state + "@visitor.test")
		save(t, opened, one)
		do(`UPDATE halo_person.outbox SET state = CASE kind WHEN 'report' THEN ? ELSE 'sent' END WHERE assessment_id = ?`,
			state, onlyPerson(t, opened, state+"@visitor.test").ID)
	}
	for _, step := range []struct {
		age  int
		want int
	}{{59, 1}, {61, 3}} {
		do(`UPDATE halo_person.person SET created_at = UTC_TIMESTAMP() - INTERVAL ? DAY`, step.age)
		if purged, err := opened.Purge(t.Context(), 30, 10); err != nil || purged != step.want {
			t.Errorf("%d days old: %d were purged, error %v, want %d", step.age, purged, err, step.want)
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

// ledger is a folder with parts of a ledger, as a volume shows them.
func ledger(t *testing.T, parts map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "..data"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range parts {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// A copy that is older than an erasure brings back what the tables held then.
func TestAMigrationOfAnOlderCopyErasesWhoWasErasedSince(t *testing.T) {
	config := migrated(t)
	opened := openWith(t, config.CredentialsDir)
	for number := range byte(3) {
		one := submission(number)
		one.Email = personal.New(string('a'+rune(number)) + "@visitor.test")
		save(t, opened, one)
	}
	gone, kept := onlyPerson(t, opened, "a@visitor.test"), onlyPerson(t, opened, "c@visitor.test")
	master := server.Master(t)
	tables := []string{"person", "consent", "outbox", "erasure"}
	do := func(statement string) {
		t.Helper()
		if _, err := master.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	do("CREATE SCHEMA copied")
	defer do("DROP SCHEMA copied")
	for _, table := range tables {
		do("CREATE TABLE copied." + table + " AS SELECT * FROM halo_person." + table)
	}
	if _, err := opened.Erase(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	do("DELETE FROM halo_person.person")
	do("DELETE FROM halo_person.erasure")
	for _, table := range tables {
		do("INSERT INTO halo_person." + table + " SELECT * FROM copied." + table)
	}
	if onlyPerson(t, opened, "a@visitor.test").ID != gone.ID {
		t.Fatal("the copy does not have the person")
	}
	var said strings.Builder
	config.Progress = &said
	config.ErasuresDir = ledger(t, map[string]string{"part-1": "77\n", "part-2": strconv.FormatInt(gone.ID, 10) + "\n"})
	for _, found := range []string{"still had 1 persons", "still had 0 persons"} { // it may be repeated
		said.Reset()
		if err := store.Migrate(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(said.String(), "2 numbers, of which this copy "+found) {
			t.Errorf("it says %s", said.String())
		}
	}
	for table, want := range map[string]int{"halo_person.person": 2, "halo_person.consent": 2, "halo_person.outbox": 4, "halo_assessment.assessment": 3} {
		if got := count(t, master, table); got != want {
			t.Errorf("%s has %d rows, want %d", table, got, want)
		}
	}
	if onlyPerson(t, opened, "c@visitor.test").ID != kept.ID {
		t.Error("another person changed")
	}
	want := []int64{77, gone.ID}
	slices.Sort(want)
	wantLedger(t, opened, want...)
	if left, err := opened.Unnoted(t.Context(), 10); err != nil || len(left) != 0 {
		t.Errorf("what came from outside counts as not noted there: %v, error %v", left, err)
	}
}

func TestAMigrationWithoutItsLedgerDoesNothing(t *testing.T) {
	server.Reset(t)
	config := migrateConfig(t)
	for name, folder := range map[string]string{
		"no such file": filepath.Join(t.TempDir(), "none"),
		"line 2":       ledger(t, map[string]string{"part-1": "1\nx\n"}),
	} {
		config.ErasuresDir = folder
		if err := store.Migrate(t.Context(), config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %s", err, name)
		}
	}
	if n := count(t, server.Master(t), "information_schema.schemata WHERE schema_name LIKE 'halo%'"); n != 0 {
		t.Errorf("%d schemas were made", n)
	}
}
