// Package keyring reads a folder of secret keys that are exchanged while
// programs run: one file for each key, named by the key's id. The newest is for
// new work, all of them for what was done before. It is pure.
package keyring

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	// Size is the length of a key in bytes.
	Size = 32
	// LongestID is the most characters that a key's id has.
	LongestID = 100
)

// Ring is a set of keys by id. It does not change.
type Ring struct {
	keys map[string][]byte
	// ids are in their order, the oldest first.
	ids []string
}

// Parse reads keys from files named by the key's id that hold 32 bytes in
// base64. Of two ids of digits the larger number is newer, of others the one
// that sorts last; digits alone are older than all others. kind says in errors what the keys are for ("token key");
// errors name the key's id, never what is in its file.
func Parse(kind string, files map[string][]byte) (Ring, error) {
	if len(files) == 0 {
		return Ring{}, errors.New("there is no " + kind)
	}
	ring := Ring{keys: make(map[string][]byte, len(files))}
	for id, text := range files {
		if len(id) > LongestID {
			return Ring{}, fmt.Errorf("a %s's id has %d characters and may have %d", kind, len(id), LongestID)
		}
		key, err := ParseKey(text)
		if err != nil {
			return Ring{}, fmt.Errorf("the %s %q %w", kind, id, err)
		}
		ring.keys[id] = key
		ring.ids = append(ring.ids, id)
	}
	slices.SortFunc(ring.ids, compare)
	return ring, nil
}

// ParseKey reads one key: 32 bytes in base64, spaces around them allowed.
func ParseKey(text []byte) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != Size {
		return nil, fmt.Errorf("is not %d bytes in base64", Size)
	}
	return key, nil
}

// Key returns the key of an id.
func (r Ring) Key(id string) (key []byte, known bool) {
	key, known = r.keys[id]
	return key, known
}

// IDs lists the ids, the oldest first.
func (r Ring) IDs() []string { return slices.Clone(r.ids) }

// Len is the number of keys.
func (r Ring) Len() int { return len(r.ids) }

// Newest is the id of the key for new work; empty in the zero ring.
func (r Ring) Newest() string {
	if len(r.ids) == 0 {
		return ""
	}
	return r.ids[len(r.ids)-1]
}

// compare orders key ids: numbers by their value and before all others, so that the order is one for any set of ids.
func compare(a, b string) int {
	if isNumber(a) != isNumber(b) {
		if isNumber(a) {
			return -1
		}
		return 1
	}
	if isNumber(a) {
		x, y := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		if len(x) != len(y) {
			return len(x) - len(y)
		}
		if x != y {
			return strings.Compare(x, y)
		}
	}
	return strings.Compare(a, b)
}

func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
