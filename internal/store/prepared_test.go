package store_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/mariadb"
)

// intake is one connection of the user intake to a database that was just
// migrated.
func intake(t *testing.T) *sql.Conn {
	t.Helper()
	db, err := store.Intake(store.Config{Host: mariadb.Host, Port: server.Port, CAFile: server.CAFile, CredentialsDir: migrated(t).CredentialsDir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	connection, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

// counter reads one of the connection's own counters.
func counter(t *testing.T, connection *sql.Conn, name string) (value int) {
	t.Helper()
	var label string
	if err := connection.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE '"+name+"'").Scan(&label, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestAStatementIsPreparedOnceForAConnection(t *testing.T) {
	connection := intake(t)
	before := counter(t, connection, "Com_stmt_prepare")
	for i := range 50 {
		var got int
		if err := connection.QueryRowContext(t.Context(), "SELECT ? + 1", i).Scan(&got); err != nil || got != i+1 {
			t.Fatalf("%d, %v", got, err)
		}
		if _, err := connection.ExecContext(t.Context(), "DO ?", i); err != nil {
			t.Fatal(err)
		}
	}
	if prepared := counter(t, connection, "Com_stmt_prepare") - before; prepared != 2 {
		t.Errorf("two statements were prepared %d times", prepared)
	}
}

func TestStatementsWithoutEndAreNotKept(t *testing.T) {
	connection := intake(t)
	for i := range 300 {
		var got int
		query := fmt.Sprintf("SELECT %d%s", i, strings.Repeat(" + ?", 1))
		if err := connection.QueryRowContext(t.Context(), query, 1).Scan(&got); err != nil || got != i+1 {
			t.Fatalf("%d, %v", got, err)
		}
	}
	kept := counter(t, connection, "Com_stmt_prepare") - counter(t, connection, "Com_stmt_close")
	if kept > 64 {
		t.Errorf("%d statements are kept prepared", kept)
	}
}

func TestEveryTransactionReadsWhatIsCommitted(t *testing.T) {
	connection := intake(t)
	for _, isolation := range []sql.IsolationLevel{sql.LevelDefault, sql.LevelReadCommitted} {
		transaction, err := connection.BeginTx(t.Context(), &sql.TxOptions{Isolation: isolation})
		if err != nil {
			t.Fatal(err)
		}
		var got string
		err = transaction.QueryRowContext(t.Context(), "SELECT @@tx_isolation").Scan(&got)
		if rollback := transaction.Rollback(); err != nil || rollback != nil || got != "READ-COMMITTED" {
			t.Errorf("%s: %q, %v, %v", isolation, got, err, rollback)
		}
	}
}
