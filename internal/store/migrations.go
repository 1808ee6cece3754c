package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one numbered file. Its statements may each be repeated, because
// MySQL commits every one of them on its own: a migration that was cut off
// starts over.
type migration struct {
	version    int
	name       string
	sha256     string
	statements []string
}

var migrationName = regexp.MustCompile(`^(\d{4})_([a-z0-9_]+)\.sql$`)

// migrations returns the embedded files in their order.
func migrations() ([]migration, error) { return readMigrations(migrationFiles) }

// readMigrations reads the folder "migrations": numbered from 1 without gaps.
func readMigrations(files fs.FS) ([]migration, error) {
	entries, err := fs.ReadDir(files, "migrations")
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	var found []migration
	for _, entry := range entries {
		parts := migrationName.FindStringSubmatch(entry.Name())
		if parts == nil {
			return nil, fmt.Errorf("the migration %q is not named NNNN_what_it_does.sql", entry.Name())
		}
		data, err := fs.ReadFile(files, "migrations/"+entry.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the migration %s: %w", entry.Name(), err)
		}
		version, err := strconv.Atoi(parts[1])
		if err != nil || version != len(found)+1 {
			return nil, fmt.Errorf("the migration %q should have the number %04d", entry.Name(), len(found)+1)
		}
		sum := sha256.Sum256(data)
		found = append(found, migration{
			version: version, name: strings.ReplaceAll(parts[2], "_", " "),
			sha256: hex.EncodeToString(sum[:]), statements: splitStatements(string(data)),
		})
	}
	return found, nil
}

// splitStatements cuts SQL at the semicolons that end a line, and leaves out
// lines that are a comment.
func splitStatements(text string) []string {
	var statements []string
	var current strings.Builder
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || strings.HasPrefix(trimmed, "--") {
			continue
		}
		current.WriteString(line)
		if strings.HasSuffix(trimmed, ";") {
			statements = append(statements, strings.TrimSuffix(strings.TrimSpace(current.String()), ";"))
			current.Reset()
		}
	}
	if rest := strings.TrimSpace(current.String()); rest != "" {
		statements = append(statements, rest)
	}
	return statements
}

// applyAll applies the migrations that the database has not seen.
func applyAll(ctx context.Context, connection *sql.Conn, steps []migration, progress progress) error {
	if err := prepare(ctx, connection, progress); err != nil {
		return err
	}
	applied, err := appliedMigrations(ctx, connection)
	if err != nil {
		return err
	}
	for version := range applied {
		if version > len(steps) {
			progress.say("the database is at version %d already, later than this program's %d: left as it is", version, len(steps))
		}
	}
	for _, step := range steps {
		switch sum, done := applied[step.version]; {
		case !done:
			if err := step.apply(ctx, connection); err != nil {
				return err
			}
			progress.say("migration %d applied: %s", step.version, step.name)
		case sum != step.sha256:
			return fmt.Errorf("migrating: migration %d (%s) is not the one that this database has seen: "+
				"a migration that was released must not be changed; add one with the next number", step.version, step.name)
		}
	}
	return nil
}

// prepare makes the schemas, and the table of what was applied.
func prepare(ctx context.Context, connection *sql.Conn, progress progress) error {
	// A statement that waits for a lock on a table blocks those who come
	// after it: it gives up soon, and the migration is repeated.
	if _, err := connection.ExecContext(ctx, `SET SESSION lock_wait_timeout = 30`); err != nil {
		return failed("migrating: bounding the wait for locks", err)
	}
	for _, schema := range []string{"halo_assessment", "halo_person", "halo_staff"} {
		var there int
		err := connection.QueryRowContext(ctx,
			`SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?`, schema).Scan(&there)
		if err != nil {
			return failed("migrating: looking for the schema "+schema, err)
		}
		if there > 0 {
			continue
		}
		_, err = connection.ExecContext(ctx,
			"CREATE SCHEMA IF NOT EXISTS "+schema+" DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
		if err != nil {
			return failed("migrating: creating the schema "+schema, err)
		}
		progress.say("schema %s created", schema)
	}
	_, err := connection.ExecContext(ctx,
		`CREATE TABLE IF NOT EXISTS halo_assessment.migration (
		   version INT NOT NULL, name VARCHAR(200) NOT NULL, sha256 CHAR(64) NOT NULL,
		   applied_at DATETIME NOT NULL, PRIMARY KEY (version)
		 ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
	return failed("migrating: creating the table of applied migrations", err)
}

// appliedMigrations returns the checksum of each migration that was applied.
func appliedMigrations(ctx context.Context, connection *sql.Conn) (map[int]string, error) {
	rows, err := connection.QueryContext(ctx, `SELECT version, sha256 FROM halo_assessment.migration`)
	if err != nil {
		return nil, failed("migrating: reading what was applied", err)
	}
	defer func() { _ = rows.Close() }()
	applied := map[int]string{}
	for rows.Next() {
		var version int
		var sum string
		if err := rows.Scan(&version, &sum); err != nil {
			return nil, failed("migrating: reading what was applied", err)
		}
		applied[version] = sum
	}
	return applied, failed("migrating: reading what was applied", rows.Err())
}

// apply runs the statements and notes that they ran.
func (m migration) apply(ctx context.Context, connection *sql.Conn) error {
	for number, statement := range m.statements {
		_, err := connection.ExecContext(ctx, statement)
		err = failed(fmt.Sprintf("migrating: statement %d of migration %d (%s)", number+1, m.version, m.name), err)
		if err != nil && !hasNumber(err, numbersDone...) {
			return err
		}
	}
	_, err := connection.ExecContext(ctx,
		`INSERT INTO halo_assessment.migration (version, name, sha256, applied_at) VALUES (?, ?, ?, UTC_TIMESTAMP())`,
		m.version, m.name, m.sha256)
	return failed(fmt.Sprintf("migrating: noting migration %d", m.version), err)
}
