// Package service runs the real program of halo-server as a pod does: a process of its own with mounted folders, a
// real MariaDB behind it and TLS before it. Tests that attack, load or measure the whole program stand on it.
package service

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"halo.dev/halo/test/mariadb"
)

// startTimeout is far more than the program needs, also on a busy machine.
const startTimeout = 60 * time.Second

// Options say what the service is given. The zero value has a relay that is away and limits that nobody reaches.
type Options struct {
	Relay  Relay
	Limits Limits
	// Console makes the program serve the staff console too.
	Console bool
	// Flags are added to the program's.
	Flags []string
}

// Service is a migrated database and one process of halo-server.
type Service struct {
	// CA holds the certificate (PEM) of who signed the server's.
	CA []byte
	// Public is the address (host:port) of the widget's API by TLS, Health the plain one of health and metrics.
	Public, Health string
	// Console is the address (host:port) of the staff console; empty without it.
	Console string
	// Client trusts the server's certificate and no other.
	Client *http.Client
	// Process is the running program.
	Process *os.Process

	folder  string
	program string
	staff   []string // flags of commands about the staff
	log     logged
}

// Start migrates the database, which loses what it had, and runs the program until the test ends. It returns when the
// program is ready.
func Start(t testing.TB, database *mariadb.Server, options Options) *Service {
	t.Helper()
	if options.Limits == (Limits{}) {
		options.Limits = generous
	}
	database.Reset(t)
	s := &Service{folder: t.TempDir()}
	s.layOut(t, options)
	program, credentials := Program(t), mariadb.Credentials(t, "intake password", "delivery password")
	common := []string{"--database-host", mariadb.Host, "--database-port", strconv.Itoa(database.Port),
		"--database-ca", database.CAFile, "--credentials-dir", credentials}
	migrate := exec.CommandContext(t.Context(), program,
		append([]string{"migrate", "--master-password-file", database.MasterPasswordFile}, common...)...)
	if output, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("migrate: %v: %s", err, output)
	}
	serve := append([]string{"serve", "--config", s.path("config/config.yaml"), "--tls-dir", s.path("tls"),
		"--token-keys-dir", s.path("token-keys"), "--sealing-keys-dir", s.path("sealing-keys"), "--mail-credentials-dir", s.path("mail-relay"),
		"--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0", "--drain-delay", "0s"}, common...)
	s.program, s.staff = program, append([]string{"--config", s.path("config/config.yaml")}, common...)
	if options.Console {
		serve = append(serve, "--console-listen", "127.0.0.1:0")
	}
	s.run(t, program, append(serve, options.Flags...))
	s.makeClient(t)
	s.awaitReady(t)
	return s
}

func (s *Service) path(name string) string { return filepath.Join(s.folder, name) }

// Program builds halo-server as the release is built and returns its path. The go command's cache makes the second
// time cheap.
func Program(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "halo-server")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, "halo.dev/halo/cmd/halo-server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building halo-server: %v: %s", err, output)
	}
	return path
}

// run starts the process and reads its ports from the line that tells them.
func (s *Service) run(t testing.TB, program string, arguments []string) {
	t.Helper()
	command := exec.Command(program, arguments...)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = &s.log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s.Process = command.Process
	ports := make(chan [3]string, 1)
	read := make(chan struct{})
	go func() { defer close(read); s.log.follow(output, ports) }()
	t.Cleanup(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		<-read
		if err := command.Wait(); err != nil && !t.Failed() {
			t.Errorf("halo-server ended with %v", err)
		}
	})
	select {
	case found := <-ports:
		s.Public, s.Health, s.Console = found[0], found[1], found[2]
	case <-time.After(startTimeout):
		t.Fatalf("halo-server does not tell its ports: %s", s.Log())
	}
}

func (s *Service) makeClient(t testing.TB) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CA) {
		t.Fatal("the authority's certificate cannot be read")
	}
	transport := &http.Transport{
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64,
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: Host, MinVersion: tls.VersionTLS12},
	}
	t.Cleanup(transport.CloseIdleConnections)
	s.Client = &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func (s *Service) awaitReady(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(5 * time.Millisecond) {
		if s.Ready(t.Context()) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("halo-server does not become ready: %s", s.Log())
		}
	}
}

// Ready tells whether the program says that it is.
func (s *Service) Ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Health+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// Token asks for a session as the widget on the firm's page does.
func (s *Service) Token(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+s.Public+"/api/v1/session?advisor="+Advisor, nil)
	if err != nil {
		return "", fmt.Errorf("asking for a session: %w", err)
	}
	request.Header.Set("Origin", Origin)
	response, err := s.Client.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking for a session: %w", err)
	}
	defer response.Body.Close()
	var session struct{ Token string }
	if err := json.NewDecoder(response.Body).Decode(&session); err != nil {
		return "", fmt.Errorf("reading a session of status %d: %w", response.StatusCode, err)
	}
	if session.Token == "" {
		return "", fmt.Errorf("asking for a session: status %d and no token", response.StatusCode)
	}
	return session.Token, nil
}

// Invite makes an account by the program's command and returns the link by which its owner joins.
func (s *Service) Invite(t testing.TB, name, role string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), s.program, append([]string{"account", "create", "--name", name, "--role", role}, s.staff...)...)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	link, err := command.Output()
	if err != nil {
		t.Fatalf("account create: %v: %s", err, complaint.String())
	}
	return strings.TrimSpace(string(link))
}

// Log is what the program has written so far, both streams.
func (s *Service) Log() string { return s.log.String() }

// logged collects what a process writes.
type logged struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (l *logged) Write(data []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.Write(data)
}

func (l *logged) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.String()
}

// follow copies lines and hands out the ports of the first that tells them.
func (l *logged) follow(output io.Reader, ports chan<- [3]string) {
	lines := bufio.NewReader(output)
	for {
		text, err := lines.ReadString('\n')
		_, _ = l.Write([]byte(text))
		var line struct{ Msg, Listen, Health, Console string }
		if strings.Contains(text, `"serving"`) && json.Unmarshal([]byte(text), &line) == nil && line.Listen != "" {
			select {
			case ports <- [3]string{line.Listen, line.Health, line.Console}:
			default: // told already
			}
		}
		if err != nil {
			return
		}
	}
}
