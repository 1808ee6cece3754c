package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// MigrateConfig says which database to migrate, and as whom.
type MigrateConfig struct {
	// Host, Port, CAFile and CredentialsDir are as in Config.
	Host           string
	Port           int
	CAFile         string
	CredentialsDir string
	// MasterUsername and MasterPasswordFile are the credentials of the user
	// who may create schemas and users.
	MasterUsername     string
	MasterPasswordFile string
	// ErasuresDir holds a ledger of erasures that was kept outside of this
	// database: see the package erasures. Persons of its numbers are removed.
	// Empty where there is none.
	ErasuresDir string
	// Wait bounds the waiting for the database; five minutes when zero.
	Wait time.Duration
	// Progress gets a line for each step that was done and for each thing
	// that is waited for; nil means nobody looks.
	Progress io.Writer
}

const (
	defaultWait = 5 * time.Minute
	// statementTimeout bounds one statement of a migration.
	statementTimeout = 15 * time.Minute
	// lockName keeps two migrations of one server apart.
	lockName = "halo-migrate"
)

// Migrate brings a database to what this program needs: the schemas, the
// tables, the two users with exactly their grants and the passwords of the
// credentials directory; and erases again the persons of the ledger that it is
// given, before anybody can sign in to a database that was restored: the users
// come last. It may be repeated and interrupted at any time, may
// run more than once at a time, and does not disturb a program of the version
// before that is at work. A database of a later version is left as it is.
func Migrate(ctx context.Context, config MigrateConfig) error {
	steps, err := migrations()
	if err != nil {
		return err
	}
	users, err := wantedUsers(config)
	if err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	erased, err := readErasures(config.ErasuresDir)
	if err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	progress := progress{to: config.Progress}
	connection, end, err := begin(ctx, config, progress)
	if err != nil {
		return err
	}
	defer end()
	if err := applyAll(ctx, connection, steps, progress); err != nil {
		return err
	}
	if err := eraseAgain(ctx, connection, erased, progress); err != nil {
		return err
	}
	for _, user := range users {
		if err := ensureUser(ctx, connection, user, progress); err != nil {
			return err
		}
	}
	if err := verify(ctx, config, users, progress); err != nil {
		return err
	}
	progress.say("the database is ready, at version %d", steps[len(steps)-1].version)
	return nil
}

// begin connects as the master user, once nobody else migrates the database.
// The caller calls end.
func begin(ctx context.Context, config MigrateConfig, progress progress) (connection *sql.Conn, end func(), err error) {
	db, err := config.master()
	if err != nil {
		return nil, nil, fmt.Errorf("migrating: %w", err)
	}
	closing := []func(){func() { _ = db.Close() }}
	end = func() {
		for _, one := range slices.Backward(closing) {
			one()
		}
	}
	if connection, err = waitForDatabase(ctx, db, config, progress); err != nil {
		end()
		return nil, nil, err
	}
	closing = append(closing, func() { _ = connection.Close() })
	unlock, err := takeLock(ctx, connection, progress)
	if err != nil {
		end()
		return nil, nil, err
	}
	closing = append(closing, unlock)
	return connection, end, nil
}

// master makes the pool of the master user; nothing is opened yet.
func (c MigrateConfig) master() (*sql.DB, error) {
	if c.MasterUsername == "" {
		return nil, errors.New("the master user's name is missing")
	}
	if _, err := readSecret(c.MasterPasswordFile); err != nil {
		return nil, err
	}
	config, err := Config{
		Host: c.Host, Port: c.Port, CAFile: c.CAFile, CredentialsDir: c.CredentialsDir,
		QueryTimeout: statementTimeout,
	}.complete()
	if err != nil {
		return nil, err
	}
	if _, err := readAuthorities(config.CAFile); err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{config: config, credentials: func() (string, string, error) {
		password, err := readSecret(c.MasterPasswordFile)
		return c.MasterUsername, password, err
	}}), nil
}

// progress tells a person what goes on.
type progress struct{ to io.Writer }

func (p progress) say(format string, arguments ...any) {
	if p.to != nil {
		_, _ = fmt.Fprintf(p.to, format+"\n", arguments...)
	}
}

// waitForDatabase returns a connection as soon as there is one. A refused
// password is waited out as well: after a restore or a change the database
// takes a while to know it.
func waitForDatabase(ctx context.Context, db *sql.DB, config MigrateConfig, progress progress) (*sql.Conn, error) {
	wait := or(config.Wait, defaultWait)
	started := time.Now()
	deadline := started.Add(wait)
	address := fmt.Sprintf("%s:%d", config.Host, or(config.Port, defaultPort))
	var said string
	for pause := 250 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		connection, err := db.Conn(ctx)
		if err == nil {
			return connection, nil
		}
		reason := failed("connecting", err)
		if ctx.Err() != nil || time.Now().Add(pause).After(deadline) {
			return nil, fmt.Errorf("migrating: waited %s for the database %s: %w",
				time.Since(started).Round(time.Second), address, reason)
		}
		if reason.Error() != said {
			said = reason.Error()
			progress.say("waiting for the database %s, %s of at most %s so far: %s",
				address, time.Since(started).Round(time.Second), wait, said)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// takeLock waits until no other migration is at work on this server. The lock
// ends with the connection, whatever becomes of this program.
func takeLock(ctx context.Context, connection *sql.Conn, progress progress) (unlock func(), err error) {
	for try := 0; ; try++ {
		var taken sql.NullInt64
		err := connection.QueryRowContext(ctx, `SELECT GET_LOCK(?, ?)`, lockName, min(try, 10)).Scan(&taken)
		if err != nil {
			return nil, failed("migrating: taking the lock", err)
		}
		if taken.Int64 == 1 {
			break
		}
		if try == 0 {
			progress.say("waiting for another migration of this database to end")
		}
	}
	return func() {
		var released sql.NullInt64
		_ = connection.QueryRowContext(context.WithoutCancel(ctx), `SELECT RELEASE_LOCK(?)`, lockName).Scan(&released)
	}, nil
}
