package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/mariadb"
)

func TestMigrateSaysWhatItDidAndThenHasNothingLeftToDo(t *testing.T) {
	server.Reset(t)
	config := migrateConfig(t)
	first, second := new(bytes.Buffer), new(bytes.Buffer)
	for _, progress := range []*bytes.Buffer{first, second} {
		config.Progress = progress
		if err := store.Migrate(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []string{
		"schema halo_assessment created", "schema halo_person created", "schema halo_staff created",
		"migration 1 applied: assessments and people",
		"user halo_intake: granted INSERT ON `halo_person`.`person`",
		"migration 3 applied: requests of mails", "migration 4 applied: sealed persons", "migration 5 applied: noted erasures", "the database is ready, at version 5",
	} {
		if !strings.Contains(first.String(), step+"\n") {
			t.Errorf("the first time lacks %q:\n%s", step, first)
		}
	}
	for _, word := range []string{"created", "applied", "granted", "revoked"} {
		if strings.Contains(second.String(), word) {
			t.Errorf("the second time still has something %s:\n%s", word, second)
		}
	}
	for _, secret := range []string{intakePassword, deliveryPassword, mariadb.MasterPassword} {
		if strings.Contains(first.String(), secret) {
			t.Error("a password was printed")
		}
	}
}

func TestMigrateTwiceAtOnceIsLikeOnce(t *testing.T) {
	server.Reset(t)
	config := migrateConfig(t)
	var errs [6]error
	var group sync.WaitGroup
	for index := range errs {
		group.Go(func() { errs[index] = store.Migrate(t.Context(), config) })
	}
	group.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	if applied := count(t, server.Master(t), "halo_assessment.migration"); applied != len(files) {
		t.Errorf("%d migrations are noted, want %d", applied, len(files))
	}
	save(t, openWith(t, config.CredentialsDir), submission(1))
}

func TestMigrateStartsOverWhereItWasCutOff(t *testing.T) {
	config := migrated(t)
	master := server.Master(t)
	// As if it had ended in the middle: some tables, and no note.
	for _, statement := range []string{"DROP TABLE halo_person.outbox", "DELETE FROM halo_assessment.migration"} {
		if _, err := master.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	save(t, openWith(t, config.CredentialsDir), submission(1))
}

func TestMigrateGivesARestoredDatabaseItsNewPasswords(t *testing.T) {
	config := migrated(t)
	before := openWith(t, config.CredentialsDir)
	save(t, before, submission(1))
	config.CredentialsDir = mariadb.Credentials(t, "other", "another")
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	after := openWith(t, config.CredentialsDir)
	if _, found, err := after.ByNonce(t.Context(), submission(1).Nonce); err != nil || !found {
		t.Errorf("with the new passwords: found %t, error %v", found, err)
	}
	if err := server.As(t, "halo_intake", intakePassword).Ping(); numberOf(err) != 1045 {
		t.Errorf("the old password: %v", err)
	}
}

func TestMigrateDoesNotDisturbAProgramAtWork(t *testing.T) {
	config := migrated(t)
	opened := openWith(t, config.CredentialsDir)
	working, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() {
		var number byte
		for ; working.Err() == nil; number++ {
			if _, err := opened.Save(t.Context(), submission(number%250)); err != nil {
				stopped <- err
				return
			}
		}
		stopped <- nil
	}()
	for range 5 {
		if err := store.Migrate(t.Context(), config); err != nil {
			t.Error(err)
		}
	}
	stop()
	if err := <-stopped; err != nil {
		t.Errorf("a visitor was turned away: %v", err)
	}
}

func TestMigrateLeavesALaterVersionAlone(t *testing.T) {
	config := migrated(t)
	_, err := server.Master(t).Exec(`INSERT INTO halo_assessment.migration VALUES (9999, 'of the future', 'sum', UTC_TIMESTAMP())`)
	if err != nil {
		t.Fatal(err)
	}
	progress := new(bytes.Buffer)
	config.Progress = progress
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(progress.String(), "at version 9999 already, later than this program's ") {
		t.Errorf("it said:\n%s", progress)
	}
}

func TestMigrateRefusesAMigrationThatWasChangedAfterItsRelease(t *testing.T) {
	config := migrated(t)
	if _, err := server.Master(t).Exec(`UPDATE halo_assessment.migration SET sha256 = 'other'`); err != nil {
		t.Fatal(err)
	}
	err := store.Migrate(t.Context(), config)
	if err == nil || !strings.Contains(err.Error(), "must not be changed") {
		t.Errorf("got %v", err)
	}
}

func TestMigrateWaitsForTheDatabaseAndSaysSo(t *testing.T) {
	server.Reset(t)
	config := migrateConfig(t)
	said := &signal{text: "waiting for the database localhost", seen: make(chan struct{})}
	config.Progress = said
	if err := server.Halt(); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- store.Migrate(t.Context(), config) }()
	select {
	case <-said.seen:
	case <-within(t, 10*time.Second).Done():
		t.Error("it did not say that it waits")
	}
	if err := server.StartAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Fatal(err)
	}
}

// signal closes a channel once a text was written to it.
type signal struct {
	text string
	seen chan struct{}
	once sync.Once
}

func (s *signal) Write(data []byte) (int, error) {
	if strings.Contains(string(data), s.text) {
		s.once.Do(func() { close(s.seen) })
	}
	return len(data), nil
}

func TestMigrateGivesUpAfterItsTimeAndNamesTheReason(t *testing.T) {
	for name, spoil := range map[string]func(*store.MigrateConfig){
		"connection refused": func(c *store.MigrateConfig) { c.Port = 1 },
		"certificate is valid for localhost, not 127.0.0.1|doesn't contain any IP SANs": func(c *store.MigrateConfig) { c.Host = "127.0.0.1" },
		"1045": func(c *store.MigrateConfig) { c.MasterUsername = "halo_nobody" },
	} {
		t.Run(name, func(t *testing.T) {
			config := migrateConfig(t)
			config.Wait = time.Millisecond
			spoil(&config)
			err := store.Migrate(t.Context(), config)
			if err == nil || !containsOne(err.Error(), strings.Split(name, "|")) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func containsOne(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func TestMigrateEndsWithItsContext(t *testing.T) {
	config := migrateConfig(t)
	config.Port, config.Wait = 1, time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := store.Migrate(ctx, config); err == nil {
		t.Error("migrated a database that is not there")
	}
}

func TestMigrateNamesTheCredentialThatIsWrong(t *testing.T) {
	for want, spoil := range map[string]func(t *testing.T, c *store.MigrateConfig){
		"intake-password: no such file": func(t *testing.T, c *store.MigrateConfig) {
			if err := os.Remove(filepath.Join(c.CredentialsDir, "intake-password")); err != nil {
				t.Fatal(err)
			}
		},
		"delivery-username is empty":                 write("delivery-username", "\n"),
		"intake-username is not a name":              write("intake-username", "halo'; DROP"),
		"delivery-password has more than one line":   write("delivery-password", "secret\nsecond line"),
		"must all have different names":              write("delivery-username", "halo_intake"),
		"and the master user, must all have differe": write("delivery-username", mariadb.MasterUsername),
		"the master user's name is missing":          func(_ *testing.T, c *store.MigrateConfig) { c.MasterUsername = "" },
		"reading a credential":                       func(_ *testing.T, c *store.MigrateConfig) { c.MasterPasswordFile = "/nowhere" },
		"host is missing":                            func(_ *testing.T, c *store.MigrateConfig) { c.Host = "" },
		"certificate authority":                      func(_ *testing.T, c *store.MigrateConfig) { c.CAFile = "/nowhere" },
	} {
		t.Run(want, func(t *testing.T) {
			config := migrateConfig(t)
			spoil(t, &config)
			err := store.Migrate(t.Context(), config)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Error("the error tells a password")
			}
		})
	}
}

// write puts a content into a credential's file.
func write(file, content string) func(*testing.T, *store.MigrateConfig) {
	return func(t *testing.T, config *store.MigrateConfig) {
		if err := os.WriteFile(filepath.Join(config.CredentialsDir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
