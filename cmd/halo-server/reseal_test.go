package main

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sealedWith lists the key of every person.
func sealedWith(t *testing.T) (keys []string) {
	t.Helper()
	rows, err := database.Master(t).QueryContext(t.Context(), "SELECT key_id FROM halo_person.person")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestResealTakesEveryPersonToTheNewestKey(t *testing.T) {
	n := newTenant(t)
	p := n.start()
	eventually(t, "ready", func() bool { return p.ready() == http.StatusOK })
	for range 3 {
		_, token := p.session(acme)
		if status, body := p.post(token, submission); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	reseal := n.staffArguments("reseal", "--sealing-keys-dir", filepath.Join(n.dir, "sealing-keys"))
	if code, out, errs := n.command(reseal...); code != exitOK || out != "every person is sealed with the newest key\n" {
		t.Errorf("before a rotation: %d %q %q", code, out, errs)
	}
	n.file("sealing-keys", "2", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{10}, 32)))
	if code, out, errs := n.command(reseal...); code != exitOK || !strings.Contains(out, "sealed 3 of 3 persons with the newest key\n") {
		t.Errorf("after a rotation: %d %q %q", code, out, errs)
	}
	if keys := sealedWith(t); len(keys) != 3 || strings.Join(keys, "") != "222" {
		t.Errorf("sealed with %q", keys)
	}
	n.file("sealing-keys", "3", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{11}, 32)))
	if err := os.Remove(filepath.Join(n.dir, "sealing-keys", "2")); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := n.command(reseal...); code != exitFailed || strings.Count(out, "cannot be opened") != 3 || !strings.Contains(errs, "is a key missing") {
		t.Errorf("without the key: %d %q %q", code, out, errs)
	}
	if keys := sealedWith(t); strings.Join(keys, "") != "222" {
		t.Errorf("what cannot be opened is now sealed with %q", keys)
	}
}

func TestResealSaysWhatIsMissing(t *testing.T) {
	n := newTenant(t)
	if code, _, errs := n.command("reseal"); code != exitMisused || !strings.Contains(errs, "--database-host") {
		t.Errorf("%d %q", code, errs)
	}
	if code, _, errs := n.command(n.staffArguments("reseal", "--sealing-keys-dir", filepath.Join(n.dir, "missing"))...); code != exitFailed || !strings.Contains(errs, "sealing-keys") {
		t.Errorf("%d %q", code, errs)
	}
}
