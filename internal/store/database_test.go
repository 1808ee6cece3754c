package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/mariadb"
	"halo.dev/halo/test/sealingkeys"
)

// server is the database of this package's tests; each test begins with an
// empty one.
var server *mariadb.Server

func TestMain(m *testing.M) { mariadb.Main(m, &server) }

const (
	intakePassword   = `intake's \ "password"`
	deliveryPassword = "delivery password"
)

// migrateConfig is right for the server.
func migrateConfig(t *testing.T) store.MigrateConfig {
	t.Helper()
	return store.MigrateConfig{
		Host: mariadb.Host, Port: server.Port, CAFile: server.CAFile,
		CredentialsDir: mariadb.Credentials(t, intakePassword, deliveryPassword),
		MasterUsername: mariadb.MasterUsername, MasterPasswordFile: server.MasterPasswordFile,
		Wait: 20 * time.Second,
	}
}

// migrated empties the server, migrates it, and says with what.
func migrated(t *testing.T) store.MigrateConfig {
	t.Helper()
	server.Reset(t)
	config := migrateConfig(t)
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	return config
}

// openStore opens a store on a database that was just migrated.
func openStore(t *testing.T) *store.Store {
	t.Helper()
	return openWith(t, migrated(t).CredentialsDir)
}

func openWith(t *testing.T, credentialsDir string) *store.Store {
	t.Helper()
	opened, err := store.Open(t.Context(), store.Config{
		Host: mariadb.Host, Port: server.Port, CAFile: server.CAFile, CredentialsDir: credentialsDir,
		Sealing: sealingkeys.Always(t, "1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

// submission is a valid one; the number makes its nonce.
func submission(number byte) store.Submission {
	return store.Submission{
		Nonce: [16]byte{15: number}, Request: "6fd1c2b4-0000-4000-8000-1234567890ab", Advisor: "planning",
		First: personal.New("Marked-First"), Last: personal.New("Marked-Last"), Email: personal.New("marked@visitor.test"),
		ConsentAt:    time.Date(2026, 3, 4, 5, 6, 7, 890, time.FixedZone("elsewhere", 3600)),
		ModelVersion: "open-halo-1.0.0", DataSHA256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		ValuationYear: 2026,
		Input:         json.RawMessage(`{"sex": "female", "age": 52}`),
		Result:        json.RawMessage(`{"z": 1.50, "a": 90.25}`),
		Browser:       json.RawMessage(`{"years": 38.4, "active": 30}`),
	}
}

func save(t *testing.T, to *store.Store, what store.Submission) store.Receipt {
	t.Helper()
	receipt, err := to.Save(t.Context(), what)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// count counts the rows of a table, as the master user.
func count(t *testing.T, db *sql.DB, table string) (rows int) {
	t.Helper()
	if err := db.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// wantCounts compares the sizes of all tables that a submission fills.
func wantCounts(t *testing.T, submissions int) {
	t.Helper()
	db := server.Master(t)
	for table, each := range map[string]int{
		"halo_assessment.assessment": 1, "halo_assessment.nonce": 1,
		"halo_person.person": 1, "halo_person.consent": 1, "halo_person.outbox": 2,
	} {
		if got := count(t, db, table); got != each*submissions {
			t.Errorf("%s has %d rows, want %d", table, got, each*submissions)
		}
	}
}

// wantNumber checks that an error is the database's answer of a number.
func wantNumber(t *testing.T, err error, number uint16) {
	t.Helper()
	var answer *store.DatabaseError
	if !errors.As(err, &answer) || answer.Number != number {
		t.Errorf("got the error %v, want the database's %d", err, number)
	}
}

// within bounds a test's wait for something.
func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}
