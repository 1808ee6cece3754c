package main

import (
	"bytes"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"halo.dev/halo/test/mariadb"
)

func migrateArguments(t *testing.T, server *mariadb.Server) []string {
	t.Helper()
	return []string{
		"migrate", "--database-host", mariadb.Host, "--database-port", strconv.Itoa(server.Port), "--database-ca", server.CAFile,
		"--master-username", mariadb.MasterUsername, "--master-password-file", server.MasterPasswordFile,
		"--credentials-dir", mariadb.Credentials(t, "intake secret", "delivery secret"),
	}
}

func TestMigrateMakesADatabaseReadyAndSaysHow(t *testing.T) {
	server, err := mariadb.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	arguments := migrateArguments(t, server)
	for _, want := range []string{"migration 1 applied", "the database is ready"} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), arguments, streams{out: &out, err: &errs}); code != exitOK {
			t.Fatalf("exit %d: %s", code, &errs)
		}
		if !strings.Contains(out.String(), want) || errs.Len() != 0 {
			t.Errorf("it says %s %s, want %s", &out, &errs, want)
		}
	}
	if err := server.As(t, "halo_intake", "intake secret").Ping(); err != nil {
		t.Errorf("the user intake: %v", err)
	}
}

func TestMigrateRefusesACallThatCannotWork(t *testing.T) {
	whole := map[string]string{
		"--database-host": "localhost", "--database-ca": "ca.pem",
		"--master-password-file": filepath.Join(t.TempDir(), "none"), "--credentials-dir": t.TempDir(),
	}
	for name, test := range map[string]struct {
		without string
		extra   []string
		code    int
		says    string
	}{
		"without a host":                {without: "--database-host", code: exitMisused, says: "--database-host is missing"},
		"without an authority":          {without: "--database-ca", code: exitMisused, says: "--database-ca is missing"},
		"without the master's password": {without: "--master-password-file", code: exitMisused, says: "--master-password-file is missing"},
		"without credentials":           {without: "--credentials-dir", code: exitMisused, says: "--credentials-dir is missing"},
		"with an unknown flag":          {extra: []string{"--plain"}, code: exitMisused, says: "flag provided but not defined"},
		"with an argument":              {extra: []string{"now"}, code: exitMisused, says: `unexpected argument "now"`},
		"with files that are not there": {code: exitFailed, says: "reading a credential"},
		"asking for help":               {extra: []string{"-h"}, code: exitOK, says: "-credentials-dir folder"},
	} {
		t.Run(name, func(t *testing.T) {
			arguments := []string{"migrate"}
			for flag, value := range whole {
				if flag != test.without {
					arguments = append(arguments, flag, value)
				}
			}
			var out, errs bytes.Buffer
			code := run(t.Context(), append(arguments, test.extra...), streams{out: &out, err: &errs})
			if code != test.code || !strings.Contains(errs.String(), test.says) {
				t.Errorf("exit %d, says %s", code, &errs)
			}
		})
	}
}
