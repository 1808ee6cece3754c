package draw

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"golang.org/x/image/font/sfnt"
)

func packedFont(t testing.TB) []byte {
	t.Helper()
	packed, err := fontFiles.ReadFile("fonts/IBMPlexSans-Regular.woff")
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func TestAPackedFontIsUnpackedToTheTablesItHolds(t *testing.T) {
	packed := packedFont(t)
	truetype, err := unpackWOFF(packed)
	if err != nil {
		t.Fatal(err)
	}
	if want := int(binary.BigEndian.Uint32(packed[16:])); len(truetype) != want {
		t.Errorf("%d bytes, the file says %d", len(truetype), want)
	}
	for i := range int(binary.BigEndian.Uint16(truetype[4:])) {
		entry := truetype[12+16*i:]
		start, length := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		table := bytes.Clone(truetype[start : start+length])
		if string(entry[:4]) == "head" {
			binary.BigEndian.PutUint32(table[8:], 0) // its own checksum of the file does not count
		}
		if got := checksum(table); got != binary.BigEndian.Uint32(entry[4:]) {
			t.Errorf("table %s: checksum %08x, want %08x", entry[:4], got, binary.BigEndian.Uint32(entry[4:]))
		}
	}
	if _, err := sfnt.Parse(truetype); err != nil {
		t.Errorf("another reader refuses it: %v", err)
	}
}

func checksum(table []byte) uint32 {
	table = append(table, make([]byte, -len(table)&3)...)
	var sum uint32
	for i := 0; i < len(table); i += 4 {
		sum += binary.BigEndian.Uint32(table[i:])
	}
	return sum
}

func TestABrokenPackedFontIsRefused(t *testing.T) {
	change := func(edit func([]byte) []byte) []byte { return edit(bytes.Clone(packedFont(t))) }
	for name, file := range map[string][]byte{
		"nothing":           nil,
		"a TrueType file":   {0, 1, 0, 0},
		"cut in half":       change(func(b []byte) []byte { return b[:len(b)/2] }),
		"header only":       change(func(b []byte) []byte { return b[:44] }),
		"no tables":         change(func(b []byte) []byte { b[12], b[13] = 0, 0; return b }),
		"other outlines":    change(func(b []byte) []byte { copy(b[4:], "OTTO"); return b }),
		"a table elsewhere": change(func(b []byte) []byte { b[48] = 0xff; return b }),
		"a huge table":      change(func(b []byte) []byte { b[56] = 0x7f; return b }),
		"a longer table":    change(func(b []byte) []byte { b[59]++; return b }),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := unpackWOFF(file); err == nil {
				t.Errorf("got %d bytes, want an error", len(got))
			}
		})
	}
	if _, err := unpackWOFF([]byte("wOFF")); !errors.Is(err, errWOFF) {
		t.Errorf("error %v", err)
	}
}

func FuzzUnpackWOFF(f *testing.F) {
	f.Add(packedFont(f)[:2000])
	f.Add([]byte("wOFF\x00\x01\x00\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		truetype, err := unpackWOFF(file)
		if err == nil && len(truetype) < 12 {
			t.Errorf("%d bytes without an error", len(truetype))
		}
	})
}
