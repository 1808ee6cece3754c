// Package mariadb starts a real MariaDB for a test: on a loopback address and a
// free port, with TLS required, a certificate of its own authority for the host
// name "localhost", and a master user with the rights that RDS gives one. It
// uses the programs of Debian's mariadb-server and ends with the test.
package mariadb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Host is the name that the server's certificate is for.
const Host = "localhost"

// MasterUsername is the user who may create schemas and users.
const MasterUsername = "halo_master"

// MasterPassword is that user's password.
const MasterPassword = "the master's password"

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 30 * time.Second
	portTries    = 3
	lowestPort   = 20000
	highestPort  = 32000
)

// Server is one running MariaDB.
type Server struct {
	// Port is where it listens on 127.0.0.1; Host resolves to it.
	Port int
	// CAFile holds the certificate (PEM) of the authority that signed the
	// server's.
	CAFile string
	// MasterPasswordFile holds MasterPassword.
	MasterPasswordFile string

	dir     string
	further []string
	process *os.Process
	ended   chan struct{}
}

// Start starts a small server with empty data. Further arguments of mariadbd come last, and so replace those that are
// there. Stop must be called in the end.
func Start(ctx context.Context, further ...string) (*Server, error) {
	template, err := template(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "halo-mariadb-")
	if err != nil {
		return nil, fmt.Errorf("making the server's folder: %w", err)
	}
	server := &Server{dir: dir, further: further, CAFile: filepath.Join(dir, "ca.pem"), MasterPasswordFile: filepath.Join(dir, "master-password")}
	if err := server.prepare(ctx, template); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := server.startOnFreePort(ctx); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	if err := server.createMaster(ctx); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return server, nil
}

// prepare fills the server's folder.
func (s *Server) prepare(ctx context.Context, template string) error {
	if output, err := exec.CommandContext(ctx, "cp", "-a", template, s.path("data")).CombinedOutput(); err != nil {
		return fmt.Errorf("copying the empty data: %w: %s", err, output)
	}
	if err := os.WriteFile(s.MasterPasswordFile, []byte(MasterPassword+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing the master's password: %w", err)
	}
	return writeCertificates(s.dir)
}

// startOnFreePort tries again when somebody takes the port first.
func (s *Server) startOnFreePort(ctx context.Context) error {
	for try := 1; ; try++ {
		port, err := freePort()
		if err != nil {
			return err
		}
		s.Port = port
		err = s.StartAgain(ctx)
		if err == nil || try == portTries || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
}

// StartAgain starts the server on its port, with the data that it has. It
// returns when the server answers.
func (s *Server) StartAgain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.launch(); err != nil {
		return err
	}
	for {
		connection, err := (&net.Dialer{}).DialContext(ctx, "unix", s.socket())
		if err == nil {
			return connection.Close()
		}
		select {
		case <-s.ended:
			return fmt.Errorf("MariaDB ended at its start: %s", s.lastLog())
		case <-ctx.Done():
			return fmt.Errorf("waiting for MariaDB: %w: %s", ctx.Err(), s.lastLog())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// launch starts the process. It dies with this one: the kernel watches over
// the thread that started it, which therefore stays.
func (s *Server) launch() error {
	log, err := os.OpenFile(s.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the server's log: %w", err)
	}
	command := exec.Command(program("mariadbd"), s.arguments()...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ended, started := make(chan struct{}), make(chan error)
	go func() {
		runtime.LockOSThread()
		defer close(ended)
		defer func() { _ = log.Close() }()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("starting MariaDB: %w (is the package mariadb-server installed?)", err)
	}
	s.process, s.ended = command.Process, ended
	return nil
}

// arguments make a small server that reads no configuration of the machine. Its
// mode and its time zone are not what a program may hope for, so that a program
// which does not set its own fails.
func (s *Server) arguments() []string {
	arguments := []string{
		"--no-defaults", "--datadir=" + s.path("data"), "--socket=" + s.socket(), "--pid-file=" + s.path("pid"),
		"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.Port), "--skip-name-resolve",
		"--require-secure-transport=ON", "--ssl-ca=" + s.CAFile, "--tls-version=TLSv1.2,TLSv1.3",
		"--ssl-cert=" + s.path("server.pem"), "--ssl-key=" + s.path("server-key.pem"),
		"--sql-mode=NO_BACKSLASH_ESCAPES", "--default-time-zone=+05:30", "--character-set-server=latin1", "--skip-log-bin", "--performance-schema=OFF",
		"--innodb-buffer-pool-size=32M", "--innodb-log-file-size=" + logFileSize,
		"--innodb-flush-log-at-trx-commit=2", "--max-connections=100",
	}
	return append(append(arguments, asRoot()...), s.further...)
}

// asRoot allows the server to run as root, where the test does.
func asRoot() []string {
	if os.Geteuid() == 0 {
		return []string{"--user=root"}
	}
	return nil
}

// createMaster makes the master user, with what RDS gives its own.
func (s *Server) createMaster(ctx context.Context) error {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User = "unix", s.socket(), "root"
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("preparing to create the master user: %w", err)
	}
	db := sql.OpenDB(connector)
	defer func() { _ = db.Close() }()
	quoted := strings.ReplaceAll(MasterPassword, "'", "''")
	for _, statement := range []string{
		"CREATE USER '" + MasterUsername + "'@'%' IDENTIFIED BY '" + quoted + "' REQUIRE SSL",
		`GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER,
		   SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW,
		   CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER
		 ON *.* TO '` + MasterUsername + `'@'%' WITH GRANT OPTION`,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("creating the master user: %w", err)
		}
	}
	return nil
}

// Kill ends the server at once, as a crash would. Its data stays, for
// StartAgain.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

// Halt ends the server in an orderly way. Its data stays, for StartAgain.
func (s *Server) Halt() error { return s.end(syscall.SIGTERM) }

// Stop ends the server and removes its data.
func (s *Server) Stop() error {
	return errors.Join(s.end(syscall.SIGTERM), os.RemoveAll(s.dir))
}

// end sends a signal to the process, by its id, and waits for its end.
func (s *Server) end(signal os.Signal) error {
	if s.process == nil {
		return nil
	}
	select {
	case <-s.ended:
		return nil
	default:
	}
	if err := s.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending MariaDB: %w", err)
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(stopTimeout):
		_ = s.process.Kill()
		<-s.ended
		return errors.New("MariaDB did not end in time and was killed")
	}
}

// socket is short enough for a UNIX address: the folder lies in the temporary
// folder itself.
func (s *Server) socket() string          { return s.path("socket") }
func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// lastLog returns the end of the server's log.
func (s *Server) lastLog() string {
	data, err := os.ReadFile(s.path("log"))
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-2000):])
}

// program finds a program that may be outside of an ordinary user's PATH.
func program(name string) string {
	if found, err := exec.LookPath(name); err == nil {
		return found
	}
	return "/usr/sbin/" + name
}

// freePort finds a port that nobody uses, below those that the kernel gives to
// whoever asks for any: a server that is halted finds it free again.
func freePort() (int, error) {
	for {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("looking for a free port: %w", err)
		}
		return port, listener.Close()
	}
}
