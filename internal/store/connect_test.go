package store_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/mariadb"
	"halo.dev/halo/test/sealingkeys"
)

func TestOpenNamesWhatIsMissing(t *testing.T) {
	whole := store.Config{Host: "db.test", CAFile: "ca.pem", CredentialsDir: "credentials", Sealing: sealingkeys.Always(t, "1")}
	for want, spoil := range map[string]func(*store.Config){
		"host is missing":               func(c *store.Config) { c.Host = "" },
		"certificate authority is miss": func(c *store.Config) { c.CAFile = "" },
		"credentials is missing":        func(c *store.Config) { c.CredentialsDir = "" },
		"port -1":                       func(c *store.Config) { c.Port = -1 },
		"sealing keys are missing":      func(c *store.Config) { c.Sealing = nil },
		"port 70000":                    func(c *store.Config) { c.Port = 70000 },
	} {
		spoilt := whole
		spoil(&spoilt)
		if _, err := store.Open(t.Context(), spoilt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAStoreOpensWhileTheDatabaseIsAwayAndFindsItLater(t *testing.T) {
	config := migrated(t)
	if err := server.Halt(); err != nil {
		t.Fatal(err)
	}
	opened := openWith(t, config.CredentialsDir)
	if err := opened.Ping(t.Context()); err == nil {
		t.Error("a database that is away answers")
	}
	if _, err := opened.Save(t.Context(), submission(1)); err == nil {
		t.Error("saved without a database")
	}
	if err := server.StartAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := opened.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	save(t, opened, submission(1))
	wantCounts(t, 1)
}

func TestNothingThatWasSavedIsLostInACrash(t *testing.T) {
	opened := openStore(t)
	save(t, opened, submission(1))
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.StartAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The pool still has connections to the dead server.
	if receipt := save(t, opened, submission(1)); !receipt.Replayed {
		t.Error("the assessment was forgotten")
	}
	wantCounts(t, 1)
	if claimed := claim(t, opened, "worker", time.Minute, 10); len(claimed) != 2 {
		t.Errorf("%d mails wait, want 2", len(claimed))
	}
}

func TestTheServersCertificateIsVerified(t *testing.T) {
	config := migrated(t)
	base := store.Config{Host: mariadb.Host, Port: server.Port, CAFile: server.CAFile, CredentialsDir: config.CredentialsDir,
		Sealing: sealingkeys.Always(t, "1")}
	t.Run("for its host name", func(t *testing.T) {
		other := base
		other.Host = "127.0.0.1"
		var wrong x509.HostnameError
		if err := ping(t, other); !errors.As(err, &wrong) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("against the given authority", func(t *testing.T) {
		stranger, err := mariadb.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stranger.Stop() }()
		other := base
		other.CAFile = stranger.CAFile
		var unknown x509.UnknownAuthorityError
		if err := ping(t, other); !errors.As(err, &unknown) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("and a file without certificates is refused", func(t *testing.T) {
		other := base
		other.CAFile = filepath.Join(config.CredentialsDir, "intake-username")
		if err := ping(t, other); err == nil || !strings.Contains(err.Error(), "no certificate in PEM") {
			t.Errorf("got %v", err)
		}
	})
}

func ping(t *testing.T, config store.Config) error {
	t.Helper()
	opened, err := store.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	return opened.Ping(t.Context())
}

func TestPingNamesTheUserThatIsRefused(t *testing.T) {
	config := migrated(t)
	opened := openWith(t, config.CredentialsDir)
	write("delivery-password", "wrong")(t, &config)
	err := opened.Ping(t.Context())
	wantNumber(t, err, 1045)
	if err != nil && (!strings.Contains(err.Error(), "user delivery") || strings.Contains(err.Error(), "user intake:")) {
		t.Errorf("got %v", err)
	}
}

func TestAnExchangedPasswordNeedsNoRestart(t *testing.T) {
	config := migrated(t)
	opened, err := store.Open(t.Context(), store.Config{
		Host: mariadb.Host, Port: server.Port, CAFile: server.CAFile, CredentialsDir: config.CredentialsDir,
		ConnectionLifetime: time.Millisecond, Sealing: sealingkeys.Always(t, "1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	save(t, opened, submission(1))
	write("intake-password", "exchanged")(t, &config)
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	save(t, opened, submission(2))
	if err := os.Remove(filepath.Join(config.CredentialsDir, "intake-password")); err != nil {
		t.Fatal(err)
	}
	if _, err := opened.Save(t.Context(), submission(3)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a password: %v", err)
	}
}

func TestADatabaseThatDoesNotAnswerIsGivenUp(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	opened, err := store.Open(t.Context(), store.Config{
		Host: mariadb.Host, Port: silent.Addr().(*net.TCPAddr).Port, CAFile: server.CAFile,
		CredentialsDir: mariadb.Credentials(t, "a", "b"), QueryTimeout: 100 * time.Millisecond,
		Sealing: sealingkeys.Always(t, "1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	started := time.Now()
	if err := opened.Ping(t.Context()); err == nil {
		t.Error("silence was taken for an answer")
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := opened.Ping(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}
