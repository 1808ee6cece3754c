package mariadb

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

var server *Server

func TestMain(m *testing.M) { Main(m, &server) }

func TestAConnectionOverTLSAnswers(t *testing.T) {
	var cipher, name string
	err := server.Master(t).QueryRow("SHOW SESSION STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher)
	if err != nil || cipher == "" {
		t.Fatalf("cipher %q, error %v", cipher, err)
	}
}

func TestAPlainConnectionIsRefused(t *testing.T) {
	err := server.Plain(t, MasterUsername, MasterPassword).Ping()
	var answer *mysql.MySQLError
	if !errors.As(err, &answer) {
		t.Fatalf("a plain connection got %v", err)
	}
}

func TestTheCertificateIsForTheHostAlone(t *testing.T) {
	config := server.driverConfig(MasterUsername, MasterPassword)
	config.TLS = server.tlsConfig(t)
	config.TLS.ServerName = "elsewhere.test"
	err := open(t, config).Ping()
	var wrong x509.HostnameError
	if !errors.As(err, &wrong) {
		t.Fatalf("another host name got %v", err)
	}
}

func TestResetForgetsSchemasAndUsers(t *testing.T) {
	db := server.Master(t)
	mustExec(t, db, "CREATE SCHEMA forgotten")
	mustExec(t, db, "CREATE USER forgotten@'%' IDENTIFIED BY 'secret'")
	server.Reset(t)
	left := texts(t, db, `SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'forgotten'
		UNION SELECT user FROM mysql.user WHERE user = 'forgotten'`)
	if len(left) != 0 {
		t.Fatalf("still there: %v", left)
	}
}

func TestDataOutlivesAKill(t *testing.T) {
	server.Reset(t)
	db := server.Master(t)
	mustExec(t, db, "CREATE SCHEMA kept")
	mustExec(t, db, "CREATE TABLE kept.kept (id INT PRIMARY KEY)")
	mustExec(t, db, "INSERT INTO kept.kept VALUES (7)")
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := server.StartAgain(ctx); err != nil {
		t.Fatal(err)
	}
	var id int
	if err := server.Master(t).QueryRow("SELECT id FROM kept.kept").Scan(&id); err != nil || id != 7 {
		t.Fatalf("id %d, error %v", id, err)
	}
}

func TestStopLeavesNothingBehind(t *testing.T) {
	other, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(other.dir); !os.IsNotExist(err) {
		t.Fatalf("the folder is still there: %v", err)
	}
	if connection, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(other.Port))); err == nil {
		_ = connection.Close()
		t.Fatal("somebody still listens")
	}
}

func mustExec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
