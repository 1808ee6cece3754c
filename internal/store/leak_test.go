package store_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/store"
)

// marks are what no error may hold: parts of the marked person, also as the
// database writes bytes that it rejects, and of the passwords.
func marks() []string {
	found := []string{"Marked", "marked@", intakePassword, deliveryPassword, "intake's"}
	for _, name := range []string{"Marked-First", "marked@visitor.test"} {
		found = append(found, hex.EncodeToString([]byte(name)))
	}
	return found
}

func wantNoMarks(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("there was no error to look at")
		return
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		for _, mark := range marks() {
			if text := fmt.Sprintf(verb, err); strings.Contains(strings.ToLower(text), strings.ToLower(mark)) {
				t.Errorf("an error tells %q: %s", mark, text)
			}
		}
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		for _, mark := range marks() {
			if strings.Contains(inner.Error(), mark) {
				t.Errorf("a wrapped error tells %q: %s", mark, inner)
			}
		}
	}
}

// TestNoErrorTellsWhatWasStored makes the database refuse a submission in the
// ways in which it likes to quote: a trigger's text with the row's values, a
// duplicate key, bytes that are no text, a value that is too long.
func TestNoErrorTellsWhatWasStored(t *testing.T) {
	for name, spoil := range map[string]struct {
		statements []string
		submission func(*store.Submission)
	}{
		"a trigger that quotes the row": {statements: []string{
			`CREATE TRIGGER halo_person.quote BEFORE INSERT ON halo_person.person FOR EACH ROW
			 SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not Marked-First <marked@visitor.test>'`}},
		"a column that wants a number": {statements: []string{
			`ALTER TABLE halo_person.person MODIFY first_sealed INT NOT NULL`}},
		"a column of a character set": {statements: []string{
			`ALTER TABLE halo_person.person MODIFY last_sealed VARCHAR(900) CHARACTER SET utf8mb4 NOT NULL`}},
		"a check that fails": {statements: []string{
			`ALTER TABLE halo_person.person ADD CONSTRAINT plain CHECK (email <> '')`}},
		"a name that is too long": {submission: func(s *store.Submission) {
			s.First = personal.New(strings.Repeat("Marked-First", 80))
		}},
		"input that is not JSON": {submission: func(s *store.Submission) { s.Input = []byte("Marked") }},
	} {
		t.Run(name, func(t *testing.T) {
			opened := openStore(t)
			for _, statement := range spoil.statements {
				if _, err := server.Master(t).Exec(statement); err != nil {
					t.Fatal(err)
				}
			}
			what := submission(1)
			if spoil.submission != nil {
				spoil.submission(&what)
			}
			_, err := opened.Save(t.Context(), what)
			wantNoMarks(t, err)
		})
	}
}

func TestNoErrorOfTheOutboxTellsAnything(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	claimed := claim(t, opened, "worker", time.Minute, 1)[0]
	_, err := server.Master(t).Exec(`CREATE TRIGGER halo_person.quote BEFORE UPDATE ON halo_person.outbox FOR EACH ROW
		SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not Marked-First'`)
	if err != nil {
		t.Fatal(err)
	}
	wantNoMarks(t, opened.Sent(t.Context(), claimed))
	wantNoMarks(t, opened.Retry(t.Context(), claimed, time.Now(), "x"))
	wantNoMarks(t, opened.Park(t.Context(), claimed, "x"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = opened.Claim(ended, "worker", time.Minute, 1)
	wantNoMarks(t, err)
}

func TestNoErrorOfAMigrationTellsAPassword(t *testing.T) {
	config := migrateConfig(t)
	server.Reset(t)
	// The master may not create users: the statement with the password fails.
	write("intake-username", "halo_master2")(t, &config)
	master := server.Master(t)
	for _, statement := range []string{
		"CREATE USER halo_weak@'%' IDENTIFIED BY 'weak' REQUIRE SSL",
		"GRANT CREATE, ALTER, DROP, INDEX, REFERENCES, SELECT, INSERT ON *.* TO halo_weak@'%'",
	} {
		if _, err := master.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	config.MasterUsername, config.MasterPasswordFile = "halo_weak", config.CredentialsDir+"/weak"
	write("weak", "weak")(t, &config)
	err := store.Migrate(t.Context(), config)
	wantNumber(t, err, 1227)
	wantNoMarks(t, err)
}
