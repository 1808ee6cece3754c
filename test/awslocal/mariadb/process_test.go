package mariadb_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halo.dev/halo/test/awslocal/mariadb"
)

// server has a pristine data folder, and runs without a network.
func server(t *testing.T) mariadb.Server {
	t.Helper()
	folder, err := os.MkdirTemp("", "maria")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	pristine, err := mariadb.Template(t.Context(), filepath.Join(folder, "templates"))
	if err != nil {
		t.Fatal(err)
	}
	made := mariadb.Server{Folder: filepath.Join(folder, "one"), Socket: filepath.Join(folder, "s"), Maintenance: true, Retention: 1}
	if err := mariadb.CopyData(t.Context(), pristine, made.Data()); err != nil {
		t.Fatal(err)
	}
	return made
}

func TestAServerIsStartedFoundAndStopped(t *testing.T) {
	s := server(t)
	if _, found := mariadb.Adopt(s); found {
		t.Error("a server was found before it was started")
	}
	process, err := mariadb.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	found, running := mariadb.Adopt(s)
	if !running || found.PID() != process.PID() {
		t.Fatalf("found %+v, running %v", found, running)
	}
	serving := s
	serving.Maintenance = false
	if _, running := mariadb.Adopt(serving); running {
		t.Error("a server in maintenance passes for one that serves")
	}
	for range 2 {
		if err := found.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if process.Alive() || found.Alive() {
		t.Error("it is stopped and alive")
	}
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	s := server(t)
	s.Options = map[string]string{"no_such_option": "1"}
	process, err := mariadb.Start(t.Context(), s)
	if err == nil || !strings.Contains(err.Error(), "no_such_option") {
		t.Errorf("started %v, %v", process, err)
	}
}

func TestABackupOfARunningServerIsADataFolder(t *testing.T) {
	s := server(t)
	process, err := mariadb.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer process.Stop(t.Context())
	if err := mariadb.CreateMaster(t.Context(), s.Socket, "m", "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "first"); err != nil {
		t.Fatal(err)
	}
	copied := mariadb.Server{Folder: s.Folder + "-copy", Socket: s.Socket + "2", Maintenance: true}
	if err := os.MkdirAll(copied.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := mariadb.Backup(t.Context(), s, copied.Data()); err != nil {
		t.Fatal(err)
	}
	second, err := mariadb.Start(t.Context(), copied)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Stop(t.Context())
	database, err := mariadb.Administrator(copied.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	var users, schemas int
	row := database.QueryRow("SELECT (SELECT COUNT(*) FROM mysql.user WHERE user = 'm'), (SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'first')")
	if err := row.Scan(&users, &schemas); err != nil || users != 1 || schemas != 1 {
		t.Errorf("the copy has %d master users and %d schemas, %v", users, schemas, err)
	}
}

func TestCopiesLeaveBinaryLogsBehindAndDoNotOverwrite(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	for _, name := range []string{"ibdata1", "binlog.000001", "binlog.index", "ibtmp1", "halo/note.ibd"} {
		path := filepath.Join(from, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(name), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := mariadb.CopyData(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string]bool{"ibdata1": true, "halo/note.ibd": true, "binlog.000001": false, "binlog.index": false, "ibtmp1": false} {
		if _, err := os.Stat(filepath.Join(to, name)); errors.Is(err, fs.ErrNotExist) == wanted {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := mariadb.CopyData(t.Context(), from, to); err == nil {
		t.Error("a second copy went over the first")
	}
}
