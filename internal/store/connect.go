package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// The users' names as the credential files begin.
const (
	userIntake   = "intake"
	userDelivery = "delivery"
	userConsole  = "console"
)

const (
	defaultPort               = 3306
	defaultMaxConnections     = 8
	defaultConnectionLifetime = 5 * time.Minute
	defaultDialTimeout        = 3 * time.Second
	firstDial                 = time.Second
	defaultQueryTimeout       = 10 * time.Second
)

// complete fills in what has a default, and names what is missing.
func (c Config) complete() (Config, error) {
	switch {
	case c.Host == "":
		return c, errors.New("the database's host is missing")
	case c.CAFile == "":
		return c, errors.New("the file of the database's certificate authority is missing: connections are never plain")
	case c.CredentialsDir == "":
		return c, errors.New("the folder of the database users' credentials is missing")
	case c.Port < 0 || c.Port > 65535:
		return c, fmt.Errorf("the database's port %d is not between 1 and 65535", c.Port)
	}
	c.Port = or(c.Port, defaultPort)
	c.MaxConnections = or(c.MaxConnections, defaultMaxConnections)
	c.ConnectionLifetime = or(c.ConnectionLifetime, defaultConnectionLifetime)
	c.DialTimeout = or(c.DialTimeout, defaultDialTimeout)
	c.QueryTimeout = or(c.QueryTimeout, defaultQueryTimeout)
	return c, nil
}

// or returns the value, or the fallback when the value is zero.
func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// pool makes the connections of one user; none is opened yet.
func (c Config) pool(user string) *sql.DB {
	db := sql.OpenDB(connector{config: c, credentials: func() (string, string, error) {
		return readCredentials(c.CredentialsDir, user)
	}})
	db.SetMaxOpenConns(c.MaxConnections)
	db.SetMaxIdleConns(c.MaxConnections)
	db.SetConnMaxLifetime(c.ConnectionLifetime)
	return db
}

// connector opens connections with what its files say at that moment, so that
// neither a new password nor a new certificate authority needs a restart.
type connector struct {
	config      Config
	credentials func() (username, password string, err error)
}

// Connect opens one connection over TLS, or fails.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	username, password, err := c.credentials()
	if err != nil {
		return nil, err
	}
	roots, err := readAuthorities(c.config.CAFile)
	if err != nil {
		return nil, err
	}
	dialer, err := mysql.NewConnector(c.driverConfig(username, password, roots))
	if err != nil {
		return nil, errors.New("the database's address or credentials cannot be used by the driver")
	}
	opened, err := dialer.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return keepPrepared(ctx, opened.(inner))
}

func (c connector) driverConfig(username, password string, roots *x509.CertPool) *mysql.Config {
	driverConfig := mysql.NewConfig()
	driverConfig.User, driverConfig.Passwd = username, password
	driverConfig.Net = "tcp"
	driverConfig.Addr = net.JoinHostPort(c.config.Host, strconv.Itoa(c.config.Port))
	driverConfig.TLS = &tls.Config{
		RootCAs:    roots,
		ServerName: c.config.Host,
		MinVersion: tls.VersionTLS12,
	}
	driverConfig.AllowFallbackToPlaintext = false
	driverConfig.Timeout = c.config.DialTimeout
	driverConfig.DialFunc = c.config.dial
	driverConfig.ReadTimeout = c.config.QueryTimeout
	driverConfig.WriteTimeout = c.config.QueryTimeout
	// After a failover the old writer answers as a reader: leave it.
	driverConfig.RejectReadOnly = true
	driverConfig.ParseTime = true
	driverConfig.Loc = time.UTC
	driverConfig.Params = sessionVariables()
	// The driver's own log lines say nothing that its errors do not.
	driverConfig.Logger = &mysql.NopLogger{}
	return driverConfig
}

// dial opens a connection, and begins anew when nothing has come of it for a
// second: a packet of the name's lookup that is lost is otherwise asked for
// again after 5 s (resolv.conf(5), timeout), when the visitor has been refused.
// The second try has all the time that is left, because one that is only slow
// must come to its end.
func (c Config) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Resolver: c.resolver}
	first, cancel := context.WithTimeout(ctx, firstDial)
	defer cancel()
	opened, err := dialer.DialContext(first, network, address)
	if err == nil || first.Err() == nil || ctx.Err() != nil {
		return opened, err
	}
	return dialer.DialContext(ctx, network, address)
}

// sessionVariables are set at the start of every connection, so that nothing
// depends on a server's defaults.
func sessionVariables() map[string]string {
	return map[string]string{
		"sql_mode":                 "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'",
		"time_zone":                "'+00:00'",
		"innodb_lock_wait_timeout": "5",
	}
}

// Driver is part of driver.Connector.
func (connector) Driver() driver.Driver { return mysql.MySQLDriver{} }

// readCredentials reads a user's name and password from their files.
func readCredentials(dir, user string) (username, password string, err error) {
	if username, err = readSecret(filepath.Join(dir, user+"-username")); err != nil {
		return "", "", err
	}
	password, err = readSecret(filepath.Join(dir, user+"-password"))
	return username, password, err
}

// readSecret reads a file of one line. The error names the file, never what is
// in it.
func readSecret(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading a credential: %w", err)
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if secret == "" {
		return "", fmt.Errorf("the credential %s is empty", path)
	}
	return secret, nil
}

// readAuthorities reads certificates in PEM.
func readAuthorities(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the database's certificate authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("the file %s holds no certificate in PEM", path)
	}
	return roots, nil
}
