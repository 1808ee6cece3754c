package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// turns are what the names of a user's two sets end in; a name with another
// ending is from before there were two.
func turns() []string { return []string{"_a", "_b", "_1", ""} }

// Retire drops the users whose turn is over: of each user of the credentials
// directory, those of the other endings. It first signs in as every user of
// the directory, and waits until nobody is signed in as one that is to go. It
// may be repeated and interrupted at any time.
func Retire(ctx context.Context, config MigrateConfig) error {
	users, err := wantedUsers(config)
	if err != nil {
		return fmt.Errorf("retiring: %w", err)
	}
	progress := progress{to: config.Progress}
	connection, end, err := begin(ctx, config, progress)
	if err != nil {
		return err
	}
	defer end()
	if err := verify(ctx, config, users, progress); err != nil {
		return err
	}
	leaving := previous(users)
	if err := waitUntilUnused(ctx, connection, leaving, config, progress); err != nil {
		return err
	}
	for _, name := range leaving {
		if _, err := connection.ExecContext(ctx, fmt.Sprintf("DROP USER IF EXISTS '%s'@'%%'", name)); err != nil {
			return failed("retiring: dropping the user "+name, err)
		}
		progress.say("user %s: dropped, or never there", name)
	}
	progress.say("only the users in force are left")
	return nil
}

// previous names the users of the other endings.
func previous(users []account) []string {
	var names []string
	for _, user := range users {
		base := user.name
		for _, turn := range turns() {
			base = strings.TrimSuffix(base, turn)
		}
		for _, turn := range turns() {
			if name := base + turn; name != user.name {
				names = append(names, name)
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(users, func(user account) bool { return user.name == name })
	})
}

// verify signs in as each user, the way the server does.
func verify(ctx context.Context, config MigrateConfig, users []account, progress progress) error {
	complete, err := Config{
		Host: config.Host, Port: config.Port, CAFile: config.CAFile, CredentialsDir: config.CredentialsDir,
	}.complete()
	if err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	for _, user := range users {
		db := sql.OpenDB(connector{config: complete, credentials: func() (string, string, error) {
			return user.name, user.password, nil
		}})
		err := failed("signing in as the user "+user.name, db.PingContext(ctx))
		_ = db.Close()
		if err != nil {
			return err
		}
		progress.say("user %s: can sign in", user.name)
	}
	return nil
}

// waitUntilUnused returns when nobody is signed in under any of the names.
func waitUntilUnused(ctx context.Context, connection *sql.Conn, names []string, config MigrateConfig, progress progress) error {
	deadline := time.Now().Add(or(config.Wait, defaultWait))
	said := 0
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		sessions, err := countSessions(ctx, connection, names)
		if err != nil {
			return err
		}
		if sessions == 0 {
			return nil
		}
		if time.Now().Add(pause).After(deadline) {
			return fmt.Errorf("retiring: the previous users still have %d connections; a program that does not have the new credentials uses them", sessions)
		}
		if sessions != said {
			said = sessions
			progress.say("waiting for %d connections of the previous users to end", sessions)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("retiring: waiting for connections to end: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
}

func countSessions(ctx context.Context, connection *sql.Conn, names []string) (int, error) {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(names)), ", ")
	arguments := make([]any, 0, len(names))
	for _, name := range names {
		arguments = append(arguments, name)
	}
	var sessions int
	//nolint:gosec // what is joined is question marks
	row := connection.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.processlist WHERE user IN ("+marks+")", arguments...)
	return sessions, failed("retiring: counting the previous users' connections", row.Scan(&sessions))
}
