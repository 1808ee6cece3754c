//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// database is a connection as the master user, which no pod has.
type database struct {
	*sql.DB
	configuration *mysql.Config
}

// endpointOf gives the host name of the tenant's database.
func endpointOf(ctx context.Context, t *testing.T, s *story, tenant string) string {
	t.Helper()
	endpoint, err := s.platform.Cluster.Kubectl(ctx, "", "get", "halotenant", tenant, "-o", "jsonpath={.status.database.endpoint}")
	if err != nil || endpoint == "" {
		t.Fatalf("the endpoint of %s is %q: %v", tenant, endpoint, err)
	}
	return endpoint
}

// connect opens the tenant's database as its master, with TLS verified.
func connect(ctx context.Context, t *testing.T, s *story, tenant string) database {
	t.Helper()
	endpoint := endpointOf(ctx, t, s, tenant)
	pem, err := os.ReadFile(s.platform.DatabaseCAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in the databases' CA file")
	}
	configuration := mysql.NewConfig()
	configuration.User, configuration.Passwd = masterOf(ctx, t, s, tenant)
	configuration.Net, configuration.Addr = "tcp", endpoint+":3306"
	configuration.TLS = &tls.Config{RootCAs: roots, ServerName: endpoint, MinVersion: tls.VersionTLS12}
	configuration.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		ip, err := addressIn(endpoint)
		if err != nil {
			return nil, err
		}
		dialer := net.Dialer{Timeout: 5 * time.Second}
		return dialer.DialContext(ctx, network, net.JoinHostPort(ip, "3306"))
	}
	connector, err := mysql.NewConnector(configuration)
	if err != nil {
		t.Fatal(err)
	}
	open := sql.OpenDB(connector)
	t.Cleanup(func() { _ = open.Close() })
	return database{open, configuration}
}

// addressIn reads the address out of a name such as x.10-251-1-10.halo.test,
// which only the cluster's DNS answers.
func addressIn(name string) (string, error) {
	for label := range strings.SplitSeq(name, ".") {
		if ip := net.ParseIP(strings.ReplaceAll(label, "-", ".")); ip != nil {
			return ip.String(), nil
		}
	}
	return "", fmt.Errorf("no address in the name %q", name)
}

// masterOf gives the master user and the password that the DBCluster refers to.
func masterOf(ctx context.Context, t *testing.T, s *story, tenant string) (user, password string) {
	t.Helper()
	reference, err := s.platform.Cluster.Kubectl(ctx, "", "get", "dbclusters", "-n", "halo-"+tenant, "-o",
		"jsonpath={.items[0].spec.masterUsername} {.items[0].spec.masterUserPassword.name} {.items[0].spec.masterUserPassword.key}")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(reference)
	if len(fields) != 3 {
		t.Fatalf("the DBCluster's credentials read %q", reference)
	}
	encoded, err := s.platform.Cluster.Kubectl(ctx, "", "get", "secret", "-n", "halo-"+tenant, fields[1], "-o", "jsonpath={.data."+fields[2]+"}")
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return fields[0], string(decoded)
}

func (d database) query(ctx context.Context, t *testing.T, query string) string {
	t.Helper()
	var answer string
	if err := d.QueryRowContext(ctx, query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func (d database) count(ctx context.Context, t *testing.T, table string) int {
	t.Helper()
	number, err := strconv.Atoi(d.query(ctx, t, "SELECT COUNT(*) FROM "+table))
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// textOfSchema gives every value of every row of a schema.
func (d database) textOfSchema(ctx context.Context, t *testing.T, schema string) string {
	t.Helper()
	tables, err := d.QueryContext(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", schema)
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	var all strings.Builder
	for tables.Next() {
		var table string
		if err := tables.Scan(&table); err != nil {
			t.Fatal(err)
		}
		d.textOfTable(ctx, t, schema+"."+table, &all)
	}
	if err := tables.Err(); err != nil {
		t.Fatal(err)
	}
	if all.Len() == 0 {
		t.Fatalf("schema %s is empty: nothing was looked at", schema)
	}
	return all.String()
}

func (d database) textOfTable(ctx context.Context, t *testing.T, table string, all *strings.Builder) {
	t.Helper()
	rows, err := d.QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]sql.RawBytes, len(columns))
		targets := make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		for _, value := range values {
			all.Write(value)
			all.WriteByte('\n')
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
