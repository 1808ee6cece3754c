package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"halo.dev/halo/internal/sealing"
	"halo.dev/halo/internal/server/reload"
	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/authority"
	"halo.dev/halo/test/mariadb"
)

const (
	hostname       = "halo.acme.example"
	origin         = "https://www.acme.example"
	intakePassword = "intake password"
)

// site is a tenant's files and database as a pod finds them.
type site struct {
	dir      string
	database *mariadb.Server
}

func (s site) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

// layOut writes the files and migrates the database. The limits let the
// benchmark through; the relay is nowhere, so that no mail is on its way while
// something else is measured.
func layOut(ctx context.Context, dir string, database *mariadb.Server) (site, error) {
	s := site{dir, database}
	authorities, err := authority.New("bench")
	if err != nil {
		return s, err
	}
	certificate, err := authorities.Issue(authority.Leaf{CommonName: hostname, DNSNames: []string{hostname}, Usage: x509.ExtKeyUsageServerAuth})
	if err != nil {
		return s, err
	}
	ca, err := os.ReadFile(database.CAFile)
	if err != nil {
		return s, err
	}
	for path, text := range map[string]string{
		"config/config.yaml": `tenant: acme
hostname: ` + hostname + `
allowedOrigins: ["` + origin + `"]
advisors: [{id: planning, name: Planning Desk, email: desk@acme.example}]
brand: {name: Acme Planning, color: "#0b6e4f"}
mail: {host: 127.0.0.1, port: 9, tls: required, from: halo@acme.example}
limits: {requestsPerMinutePerClient: 1000000, requestsPerMinute: 10000000}
`,
		"config/mail-ca.pem": string(ca), "tls/tls.crt": string(certificate.Certificate), "tls/tls.key": string(certificate.Key), "ca.pem": string(authorities.Pair().Certificate),
		"token-keys/1":   base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32)),
		"sealing-keys/1": base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{2}, 32)), "sealing-keys/index": base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{3}, 32)),
		"users/intake-username": "halo_intake", "users/intake-password": intakePassword,
		"users/delivery-username": "halo_delivery", "users/delivery-password": "delivery password",
		"users/console-username": "halo_console", "users/console-password": "console password",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(s.path(path)), 0o700), os.WriteFile(s.path(path), []byte(text), 0o600)); err != nil {
			return s, fmt.Errorf("laying out %s: %w", path, err)
		}
	}
	return s, store.Migrate(ctx, store.MigrateConfig{
		Host: mariadb.Host, Port: database.Port, CAFile: database.CAFile, CredentialsDir: s.path("users"),
		MasterUsername: mariadb.MasterUsername, MasterPasswordFile: database.MasterPasswordFile, Wait: time.Minute, Progress: io.Discard,
	})
}

// storeConfig is how a pod reaches the database.
func (s site) storeConfig() (store.Config, error) {
	files, err := reload.Read(s.path("sealing-keys"))
	if err != nil {
		return store.Config{}, err
	}
	ring, err := sealing.ParseRing(files)
	return store.Config{
		Host: mariadb.Host, Port: s.database.Port, CAFile: s.database.CAFile, CredentialsDir: s.path("users"),
		Sealing: func() sealing.Ring { return ring },
	}, err
}

// serveArguments are a pod's.
func (s site) serveArguments() []string {
	return []string{"serve", "--config", s.path("config", "config.yaml"), "--tls-dir", s.path("tls"), "--token-keys-dir", s.path("token-keys"), "--sealing-keys-dir", s.path("sealing-keys"),
		"--database-host", mariadb.Host, "--database-port", strconv.Itoa(s.database.Port), "--database-ca", s.database.CAFile,
		"--credentials-dir", s.path("users"), "--drain-delay", "0s"}
}
