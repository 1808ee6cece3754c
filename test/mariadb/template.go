package mariadb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// logFileSize is small, because every server starts with a copy of the log.
const logFileSize = "8M"

// template returns a data folder in which nothing has happened yet, made once
// for each version of MariaDB and kept in the user's cache.
func template(ctx context.Context) (string, error) {
	version, err := exec.CommandContext(ctx, program("mariadbd"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("asking for MariaDB's version: %w (is the package mariadb-server installed?)", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache: %w", err)
	}
	arguments := append([]string{
		"--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db",
		"--skip-name-resolve", "--innodb-log-file-size=" + logFileSize,
	}, asRoot()...)
	sum := sha256.Sum256([]byte(string(version) + strings.Join(arguments, " ")))
	parent := filepath.Join(cache, "halo", "mariadb")
	finished := filepath.Join(parent, hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(finished); err == nil {
		return finished, nil
	}
	return finished, makeTemplate(ctx, parent, finished, arguments)
}

// makeTemplate makes the folder beside its place and moves it there when it is
// whole; who comes second keeps the first one's.
func makeTemplate(ctx context.Context, parent, finished string, arguments []string) error {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("making the cache: %w", err)
	}
	making, err := os.MkdirTemp(parent, "making-")
	if err != nil {
		return fmt.Errorf("making the cache: %w", err)
	}
	defer func() { _ = os.RemoveAll(making) }()
	data := filepath.Join(making, "data")
	arguments = append(arguments, "--datadir="+data)
	output, err := exec.CommandContext(ctx, program("mariadb-install-db"), arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("making an empty database: %w: %s", err, output)
	}
	if err := os.Rename(data, finished); err != nil {
		if _, there := os.Stat(finished); there != nil {
			return fmt.Errorf("keeping an empty database: %w", err)
		}
	}
	return nil
}
