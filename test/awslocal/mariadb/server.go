// Package mariadb runs MariaDB servers: it makes their data folders from a pristine one, starts, adopts and stops them,
// copies them while they run, and speaks to them as their administrator over a Unix socket. It knows nothing of RDS.
package mariadb

import (
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

// Server describes one database server. Its folder belongs to it alone.
type Server struct {
	Folder    string            // holds data/, my.cnf, server.log
	Socket    string            // at most 107 bytes, as the kernel has it
	Namespace string            // network namespace to run in; "" is the caller's
	Address   string            // to listen on
	Port      int               // likewise
	Names     []string          // host names of its certificate
	KeyFile   string            // of file_key_management; "" leaves its files unencrypted
	Options   map[string]string // further options of mariadbd
	Retention int64             // days that binary logs are kept
	// Maintenance starts it without any network, for its administrator alone.
	Maintenance bool
}

// Data is the data folder.
func (s Server) Data() string { return filepath.Join(s.Folder, "data") }

// optionFile is where the options are written. Maintenance has a file of its own, so that a process found running
// shows by its command line what it is for.
func (s Server) optionFile() string {
	if s.Maintenance {
		return filepath.Join(s.Folder, "maintenance.cnf")
	}
	return filepath.Join(s.Folder, "my.cnf")
}

func (s Server) pidFile() string { return filepath.Join(s.Folder, "pid") }
func (s Server) logFile() string { return filepath.Join(s.Folder, "server.log") }

// OptionText is the option file for a server run by account.
func (s Server) OptionText(account string) string {
	lines := []string{
		"datadir=" + s.Data(), "socket=" + s.Socket, "pid-file=" + s.pidFile(), "user=" + account,
		"skip-name-resolve", "innodb-log-file-size=8M", "innodb-buffer-pool-size=48M", "performance-schema=OFF",
		"innodb-flush-method=fsync", "log-bin=" + filepath.Join(s.Data(), "binlog"), "server-id=1", "binlog-format=ROW",
		// Processes are killed here, machines are not: what was written is there. Each wait for the disk is one for every database on it.
		"sync-binlog=0",
		fmt.Sprintf("binlog-expire-logs-seconds=%d", max(1, s.Retention)*24*60*60),
		"skip-slave-start", "loose-default-time-zone=+00:00",
	}
	lines = append(lines, s.networkLines()...)
	lines = append(lines, s.encryptionLines()...)
	for _, name := range slices.Sorted(maps.Keys(s.Options)) {
		lines = append(lines, fmt.Sprintf("%s=\"%s\"", name, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.Options[name])))
	}
	return "[mysqld]\n" + strings.Join(lines, "\n") + "\n"
}

func (s Server) networkLines() []string {
	if s.Maintenance {
		return []string{"skip-networking"}
	}
	return []string{
		"bind-address=" + s.Address, fmt.Sprintf("port=%d", s.Port),
		"ssl-cert=" + filepath.Join(s.Folder, "server.pem"), "ssl-key=" + filepath.Join(s.Folder, "server-key.pem"),
	}
}

// encryptionLines turn on everything that MariaDB can encrypt: tables (and refuse any that is not), both logs,
// temporary files and Aria tables.
func (s Server) encryptionLines() []string {
	if s.KeyFile == "" {
		return nil
	}
	return []string{
		"plugin-load-add=file_key_management.so", "file-key-management-filename=" + s.KeyFile,
		"file-key-management-encryption-algorithm=AES_CTR",
		"innodb-encrypt-tables=FORCE", "innodb-encrypt-log=ON", "innodb-encrypt-temporary-tables=ON",
		"innodb-encryption-threads=1", "encrypt-tmp-disk-tables=ON", "encrypt-tmp-files=ON", "encrypt-binlog=ON", "aria-encrypt-tables=ON",
	}
}

func (s Server) write() error {
	account, err := currentAccount()
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.optionFile(), []byte(s.OptionText(account)), 0o600); err != nil {
		return fmt.Errorf("write the server's options: %w", err)
	}
	return nil
}

// currentAccount is the operating system's name for who runs us: the server's administrator is that account, over the
// Unix socket, without a password.
func currentAccount() (string, error) {
	account, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("find the current user's name: %w", err)
	}
	return account.Username, nil
}
