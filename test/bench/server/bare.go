package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"halo.dev/halo/test/mariadb"
)

// row is one that the service stored, and how to insert one like it.
type row struct {
	insert string
	values []any
	links  []int // the values that name the assessment
	ids    []int // those that are random anew in every row
	nonces []int
}

// newBare makes a worker that inserts what the service inserts for one
// assessment, in one transaction, and does nothing else: on one connection, with
// every statement prepared. The rows are copies of stored ones.
func newBare(ctx context.Context, s site) (work, error) {
	rows, err := storedRows(ctx, s)
	if err != nil {
		return nil, err
	}
	connection, err := connect(s, "halo_intake", intakePassword).Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	if _, err := connection.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"); err != nil {
		return nil, err
	}
	var statements []*sql.Stmt
	for _, row := range rows {
		statement, err := connection.PrepareContext(ctx, row.insert) //nolint:sqlclosecheck // it lives as long as its connection, which is the program's
		if err != nil {
			return nil, fmt.Errorf("preparing %s: %w", row.insert, err)
		}
		statements = append(statements, statement)
	}
	return func(ctx context.Context) error {
		transaction, err := connection.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		link := randomID()
		for i, row := range rows {
			insert := transaction.StmtContext(ctx, statements[i]) //nolint:sqlclosecheck // the transaction closes it
			if _, err := insert.ExecContext(ctx, row.fresh(link)...); err != nil {
				_ = transaction.Rollback()
				return err
			}
		}
		return transaction.Commit()
	}, nil
}

// fresh is a row's values with other ids.
func (r row) fresh(link int64) []any {
	values := append([]any(nil), r.values...)
	for _, i := range r.links {
		values[i] = link
	}
	for _, i := range r.ids {
		values[i] = randomID()
	}
	for _, i := range r.nonces {
		nonce := make([]byte, 16)
		_, _ = rand.Read(nonce)
		values[i] = nonce
	}
	return values
}

func randomID() int64 {
	var bytes [8]byte
	_, _ = rand.Read(bytes[:])
	return int64(binary.BigEndian.Uint64(bytes[:]) >> 1)
}

// storedRows reads the rows of one assessment in the order of their insertion.
func storedRows(ctx context.Context, s site) ([]row, error) {
	db := connect(s, mariadb.MasterUsername, mariadb.MasterPassword)
	defer func() { _ = db.Close() }()
	var link int64
	if err := db.QueryRowContext(ctx, "SELECT MIN(id) FROM halo_assessment.assessment").Scan(&link); err != nil {
		return nil, fmt.Errorf("looking for a stored assessment: %w", err)
	}
	var rows []row
	for _, table := range []struct{ name, link string }{
		{"halo_assessment.nonce", "assessment_id"}, {"halo_assessment.assessment", "id"}, {"halo_person.person", "assessment_id"},
		{"halo_person.consent", "assessment_id"}, {"halo_person.outbox", "assessment_id"},
	} {
		found, err := rowsOf(ctx, db, table.name, table.link, link)
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

func rowsOf(ctx context.Context, db *sql.DB, table, link string, id int64) ([]row, error) {
	found, err := db.QueryContext(ctx, fmt.Sprintf("SELECT * FROM %s WHERE %s = ?", table, link), id)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", table, err)
	}
	defer func() { _ = found.Close() }()
	columns, err := found.Columns()
	if err != nil {
		return nil, err
	}
	var rows []row
	for found.Next() {
		r := row{values: make([]any, len(columns)), insert: fmt.Sprintf("INSERT INTO %s (`%s`) VALUES (?%s)", table,
			strings.Join(columns, "`, `"), strings.Repeat(", ?", len(columns)-1))}
		targets := make([]any, len(columns))
		for i, column := range columns {
			targets[i] = &r.values[i]
			switch column {
			case link:
				r.links = append(r.links, i)
			case "id":
				r.ids = append(r.ids, i)
			case "nonce":
				r.nonces = append(r.nonces, i)
			}
		}
		if err := found.Scan(targets...); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}

// connect opens the database as a user, over TLS as the service does.
func connect(s site, user, password string) *sql.DB {
	roots := x509.NewCertPool()
	if text, err := os.ReadFile(s.database.CAFile); err == nil {
		roots.AppendCertsFromPEM(text)
	}
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = user, password, "tcp", net.JoinHostPort(mariadb.Host, strconv.Itoa(s.database.Port))
	config.TLS = &tls.Config{RootCAs: roots, ServerName: mariadb.Host, MinVersion: tls.VersionTLS12}
	config.ParseTime, config.Loc = true, time.UTC
	config.Params = map[string]string{"time_zone": "'+00:00'", "sql_mode": "'STRICT_ALL_TABLES'"}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		panic(err) // the configuration is all of this file's
	}
	return sql.OpenDB(connector)
}
