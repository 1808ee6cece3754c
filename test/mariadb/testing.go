package mariadb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Main is a TestMain: it starts the package's server, runs the tests and stops
// it. The server is at *server while they run.
func Main(m *testing.M, server **Server) {
	os.Exit(run(m, server))
}

func run(m *testing.M, server **Server) int {
	started, err := Start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := started.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	*server = started
	return m.Run()
}

// Reset drops every schema and user that a test before this one has made.
func (s *Server) Reset(t testing.TB) {
	t.Helper()
	db := s.Master(t)
	for _, statement := range []string{
		`SELECT CONCAT('DROP SCHEMA ', schema_name) FROM information_schema.schemata
		 WHERE schema_name NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')`,
		`SELECT CONCAT('DROP USER ''', user, '''@''', host, '''') FROM mysql.user
		 WHERE host = '%' AND user <> '` + MasterUsername + `'`,
	} {
		for _, drop := range texts(t, db, statement) {
			if _, err := db.Exec(drop); err != nil {
				t.Fatalf("%s: %v", drop, err)
			}
		}
	}
}

// texts reads a query's only column.
func texts(t testing.TB, db *sql.DB, query string) (found []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		found = append(found, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// Master connects as the master user, until the test ends.
func (s *Server) Master(t testing.TB) *sql.DB {
	t.Helper()
	return s.As(t, MasterUsername, MasterPassword)
}

// Root connects as whom nobody is in the cloud: over the server's own socket,
// until the test ends. It is for faults, as a failover is one.
func (s *Server) Root(t testing.TB) *sql.DB {
	t.Helper()
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.InterpolateParams = "unix", s.socket(), "root", true
	return open(t, config)
}

// As connects as a user, over TLS, until the test ends.
func (s *Server) As(t testing.TB, username, password string) *sql.DB {
	t.Helper()
	config := s.driverConfig(username, password)
	config.TLS = s.tlsConfig(t)
	return open(t, config)
}

func (s *Server) tlsConfig(t testing.TB) *tls.Config {
	t.Helper()
	authority, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	return &tls.Config{RootCAs: roots, ServerName: Host, MinVersion: tls.VersionTLS12}
}

// Plain connects as a user without TLS; the server should refuse it.
func (s *Server) Plain(t testing.TB, username, password string) *sql.DB {
	t.Helper()
	return open(t, s.driverConfig(username, password))
}

func (s *Server) driverConfig(username, password string) *mysql.Config {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.ParseTime = username, password, true
	config.Net, config.Addr = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
	config.Timeout, config.ReadTimeout = 5*time.Second, 20*time.Second
	return config
}

func open(t testing.TB, config *mysql.Config) *sql.DB {
	t.Helper()
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// ConsolePassword is the password of the user halo_console in the folders that
// Credentials writes.
const ConsolePassword = `console's \ "password"`

// Credentials writes a folder with the credentials of the users of a tenant's
// database: halo_intake, halo_delivery and halo_console.
func Credentials(t testing.TB, intakePassword, deliveryPassword string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"intake-username": "halo_intake", "intake-password": intakePassword,
		"delivery-username": "halo_delivery", "delivery-password": deliveryPassword,
		"console-username": "halo_console", "console-password": ConsolePassword,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
