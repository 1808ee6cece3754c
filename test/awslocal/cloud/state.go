package cloud

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"halo.dev/halo/test/awslocal/rds"
)

// folder is the state folder: everything that has to survive is under it.
type folder struct {
	path    string
	sockets string
	lock    *os.File
	saved   []byte // what the state file has
}

// ErrLocked means that another process uses the state folder.
var ErrLocked = errors.New("the state folder is in use by another halo-awslocal")

// longestFolder keeps <folder>/run/<26 characters>.sock within the 107 bytes that a Unix socket's path may have.
const longestFolder = 64

func openFolder(path string) (*folder, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("state folder %s: %w", path, err)
	}
	f := &folder{path: absolute, sockets: filepath.Join(absolute, "run")}
	if len(absolute) > longestFolder {
		digest := sha256.Sum256([]byte(absolute))
		f.sockets = filepath.Join(os.TempDir(), "halo-awslocal-"+hex.EncodeToString(digest[:6]))
	}
	for _, needed := range []string{absolute, f.sockets, f.clusters(), f.snapshots(), filepath.Join(absolute, "keys")} {
		if err := privateFolder(needed); err != nil {
			return nil, err
		}
	}
	return f, f.acquire()
}

// privateFolder makes a folder for us alone, and refuses one that is another's.
func privateFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make folder %s: %w", path, err)
	}
	information, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("look at folder %s: %w", path, err)
	}
	status, ok := information.Sys().(*syscall.Stat_t)
	if !ok || !information.IsDir() || int(status.Uid) != os.Getuid() {
		return fmt.Errorf("folder %s is not ours: remove it or choose another state folder", path)
	}
	return nil
}

func (f *folder) acquire() error {
	lock, err := os.OpenFile(filepath.Join(f.path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the state folder's lock: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return fmt.Errorf("%s: %w", f.path, ErrLocked)
	}
	f.lock = lock
	return nil
}

func (f *folder) release() error {
	if f.sockets != filepath.Join(f.path, "run") {
		_ = os.Remove(f.sockets) // stays when servers were left running in it
	}
	return f.lock.Close()
}

func (f *folder) clusters() string  { return filepath.Join(f.path, "clusters") }
func (f *folder) snapshots() string { return filepath.Join(f.path, "snapshots") }

func (f *folder) cluster(resourceID string) string { return filepath.Join(f.clusters(), resourceID) }
func (f *folder) snapshot(name string) string      { return filepath.Join(f.snapshots(), name) }
func (f *folder) key(name string) string           { return filepath.Join(f.path, "keys", name) }

func (f *folder) stateFile() string { return filepath.Join(f.path, "state.json") }

// load reads what the account held; a folder without a state file is an empty account.
func (f *folder) load(settings rds.Settings) (*rds.Account, error) {
	account := rds.NewAccount(settings)
	text, err := os.ReadFile(f.stateFile())
	if errors.Is(err, fs.ErrNotExist) {
		return account, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	if err := json.Unmarshal(text, account); err != nil {
		return nil, fmt.Errorf("the state in %s does not parse (move it away to begin anew): %w", f.stateFile(), err)
	}
	return account, nil
}

// save replaces the state file, or leaves the old one whole.
func (f *folder) save(account *rds.Account) error {
	text, err := json.MarshalIndent(account, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the state: %w", err)
	}
	if bytes.Equal(text, f.saved) {
		return nil
	}
	making := f.stateFile() + ".tmp"
	if err := writeSynced(making, text); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	if err := os.Rename(making, f.stateFile()); err != nil {
		return fmt.Errorf("put the state in its place: %w", err)
	}
	f.saved = text
	return nil
}

func writeSynced(path string, text []byte) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.Write(text); err != nil {
		return err
	}
	return file.Sync()
}
