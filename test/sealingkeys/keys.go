// Package sealingkeys makes keys for tests that keep persons.
package sealingkeys

import (
	"bytes"
	"encoding/base64"
	"testing"

	"halo.dev/halo/internal/sealing"
)

// Folder is a folder of sealing keys: one for each id, and that of the blind
// index. The same id is always the same key.
func Folder(ids ...string) map[string][]byte {
	files := map[string][]byte{}
	for _, id := range append(ids, sealing.IndexFile) {
		key := bytes.Repeat([]byte(id+"/"), 32)[:32]
		files[id] = []byte(base64.StdEncoding.EncodeToString(key))
	}
	return files
}

// Ring is the ring of the keys of these ids.
func Ring(t testing.TB, ids ...string) sealing.Ring {
	t.Helper()
	ring, err := sealing.ParseRing(Folder(ids...))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// Always gives the same ring whenever it is asked.
func Always(t testing.TB, ids ...string) func() sealing.Ring {
	t.Helper()
	ring := Ring(t, ids...)
	return func() sealing.Ring { return ring }
}
