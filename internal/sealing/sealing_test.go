package sealing_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/sealing"
)

// files are a folder with these keys, each 32 times its byte, and an index key.
func files(keys map[string]byte) map[string][]byte {
	folder := map[string][]byte{sealing.IndexFile: encoded(200)}
	for id, value := range keys {
		folder[id] = encoded(value)
	}
	return folder
}

func encoded(value byte) []byte {
	return []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{value}, 32)) + "\n")
}

func ring(t testing.TB, keys map[string]byte) sealing.Ring {
	t.Helper()
	parsed, err := sealing.ParseRing(files(keys))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

var email = sealing.Place{Row: 7, Column: "email"}

func seal(t testing.TB, r sealing.Ring, place sealing.Place, text string) []byte {
	t.Helper()
	sealed, err := r.Seal(place, personal.New(text))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestWhatIsSealedOpensInItsPlaceAlone(t *testing.T) {
	r := ring(t, map[string]byte{"1": 1, "2": 2})
	for _, text := range []string{"", "Zoë", "marked@visitor.test", strings.Repeat("长", 100)} {
		sealed := seal(t, r, email, text)
		if len(sealed) != sealing.Overhead+len(text) {
			t.Errorf("%d bytes of %d", len(sealed), len(text))
		}
		opened, err := r.Open(email, "2", sealed)
		if err != nil || opened.Reveal() != text {
			t.Errorf("%q opens as %q, error %v", text, opened.Reveal(), err)
		}
		for name, place := range map[string]sealing.Place{
			"another row": {Row: 8, Column: "email"}, "another column": {Row: 7, Column: "last_name"}, "no place": {},
		} {
			if _, err := r.Open(place, "2", sealed); !errors.Is(err, sealing.ErrForged) {
				t.Errorf("in %s: %v", name, err)
			}
		}
	}
}

func TestTheNewestKeySealsAndEveryKeyOpens(t *testing.T) {
	before, after := ring(t, map[string]byte{"9": 9}), ring(t, map[string]byte{"9": 9, "10": 10})
	old := seal(t, before, email, "old")
	if opened, err := after.Open(email, "9", old); err != nil || opened.Reveal() != "old" {
		t.Errorf("after the rotation: %v", err)
	}
	if after.Newest() != "10" {
		t.Errorf("%s seals", after.Newest())
	}
	fresh := seal(t, after, email, "new")
	if _, err := before.Open(email, "10", fresh); !errors.Is(err, sealing.ErrUnknownKey) {
		t.Errorf("without the key: %v", err)
	}
	// The id is bound too: a row cannot be said to be of another key.
	same := ring(t, map[string]byte{"9": 10, "10": 10})
	if _, err := same.Open(email, "9", fresh); !errors.Is(err, sealing.ErrForged) {
		t.Errorf("as of another key: %v", err)
	}
}

func TestNoSealedByteMayChange(t *testing.T) {
	r := ring(t, map[string]byte{"1": 1})
	sealed := seal(t, r, email, "marked@visitor.test")
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := r.Open(email, "1", changed); !errors.Is(err, sealing.ErrForged) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := r.Open(email, "1", sealed[:i]); !errors.Is(err, sealing.ErrForged) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	if bytes.Equal(sealed, seal(t, r, email, "marked@visitor.test")) {
		t.Error("the same text looks the same twice")
	}
	if bytes.Contains(sealed, []byte("marked")) {
		t.Error("the text shows")
	}
}

// sealedOnce was sealed by the first version: what is in databases must open
// for ever.
const sealedOnce = "01406fa1b17267759b4a2ad7926a07ee8335035d0be2aab437b749c528ef26eff5449f9bc8af51683a6d49a46d776a1e"

func TestTextsOfAnEarlierVersionOpen(t *testing.T) {
	sealed, err := hex.DecodeString(sealedOnce)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := ring(t, map[string]byte{"1": 1}).Open(email, "1", sealed)
	if err != nil || opened.Reveal() != "marked@visitor.test" {
		t.Errorf("%q, error %v", opened.Reveal(), err)
	}
}

func TestTheIndexIsOfTheAddressAndTheKeyAlone(t *testing.T) {
	one, two := ring(t, map[string]byte{"1": 1}), ring(t, map[string]byte{"2": 2, "3": 3})
	index := func(r sealing.Ring, text string) string { return hex.EncodeToString(r.Index(personal.New(text))) }
	const recorded = "7ff02e7f217124113ca5c79dccf67eed"
	for _, spelling := range []string{"zoë@visitor.test", "ZOË@Visitor.Test", " zoe\u0308@visitor.test\n"} {
		if got := index(one, spelling); got != recorded || index(two, spelling) != got {
			t.Errorf("%q has the index %s", spelling, got)
		}
		if !sealing.SameAddress(personal.New(spelling), personal.New("zoë@visitor.test")) {
			t.Errorf("%q is another address", spelling)
		}
	}
	if index(one, "zoe@visitor.test") == recorded || sealing.SameAddress(personal.New("zoe@visitor.test"), personal.New("zoë@visitor.test")) {
		t.Error("two addresses are one")
	}
	folder := files(map[string]byte{"1": 1})
	folder[sealing.IndexFile] = encoded(201)
	other, err := sealing.ParseRing(folder)
	if err != nil || index(other, "zoë@visitor.test") == recorded {
		t.Errorf("another key gives the same index, error %v", err)
	}
}

func TestParseRingSaysWhatIsWrongAndTellsNoKey(t *testing.T) {
	good := string(bytes.TrimSpace(encoded(7)))
	for want, folder := range map[string]map[string][]byte{
		`the file "index", is missing`:                   {"1": []byte(good)},
		"there is no sealing key":                        {"index": []byte(good)},
		`blind index "index" is not 32 bytes in base64`:  {"index": []byte(good[2:]), "1": []byte(good)},
		`the sealing key "1" is not 32 bytes in base64`:  {"index": []byte(good), "1": []byte(good[2:])},
		"a sealing key's id has 101 characters and may ": {"index": []byte(good), strings.Repeat("1", 101): []byte(good)},
	} {
		_, err := sealing.ParseRing(folder)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), good[2:]) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestTheZeroRingSealsNothing(t *testing.T) {
	if _, err := (sealing.Ring{}).Seal(email, personal.New("x")); err == nil {
		t.Error("sealed without a key")
	}
}

func TestKeysAreDerivedAsEver(t *testing.T) {
	root, err := sealing.ParseRoot(encoded(42))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, of := range [][2]string{{"origin-a", "1"}, {"origin-a", "2"}, {"origin-b", "1"}, {"origin-a", "index"}} {
		key, err := root.Key(of[0], of[1])
		if err != nil || seen[string(key)] {
			t.Errorf("%v: %s again, error %v", of, key, err)
		}
		seen[string(key)] = true
	}
	// A key that is derived otherwise opens nothing that is stored.
	if key, _ := root.Key("origin-a", "1"); string(key) != "5CfmjIJmg++IZdogvdDoVOelesBBI+i/LEkIkOstnc0=" {
		t.Errorf("the key is %s", key)
	}
	folder := map[string][]byte{}
	for _, id := range []string{"1", "index"} {
		folder[id], _ = root.Key("origin-a", id)
	}
	if _, err := sealing.ParseRing(folder); err != nil {
		t.Error(err)
	}
	other, err := sealing.ParseRoot(encoded(43))
	if err != nil {
		t.Fatal(err)
	}
	one, _ := root.Fingerprint()
	two, _ := other.Fingerprint()
	if len(one) != 16 || one == two {
		t.Errorf("fingerprints %s and %s", one, two)
	}
	if _, err := sealing.ParseRoot([]byte("secret words")); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a root that is none: %v", err)
	}
}

// FuzzOpen: no panic, and nothing opens but what was sealed.
func FuzzOpen(f *testing.F) {
	r := ring(f, map[string]byte{"1": 1})
	good, err := hex.DecodeString(sealedOnce)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, int64(7), "email", "1")
	f.Add([]byte{}, int64(0), "", "")
	f.Add(make([]byte, 64), int64(-1), "email", "1")
	f.Fuzz(func(t *testing.T, sealed []byte, row int64, column, id string) {
		opened, err := r.Open(sealing.Place{Row: row, Column: column}, id, sealed)
		same := bytes.Equal(sealed, good) && row == 7 && column == "email" && id == "1"
		if (err == nil) != same {
			t.Fatalf("error %v", err)
		}
		if err != nil && !opened.Empty() {
			t.Fatal("a text beside an error")
		}
	})
}

// FuzzParseRing: no panic, and a ring that is accepted seals and opens.
func FuzzParseRing(f *testing.F) {
	f.Add("1", encoded(1), encoded(2))
	f.Add("index", encoded(1), []byte("x"))
	f.Fuzz(func(t *testing.T, id string, key, index []byte) {
		r, err := sealing.ParseRing(map[string][]byte{sealing.IndexFile: index, id: key})
		if err != nil {
			return
		}
		sealed, err := r.Seal(email, personal.New("text"))
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := r.Open(email, r.Newest(), sealed); err != nil || opened.Reveal() != "text" {
			t.Fatal(err)
		}
	})
}
