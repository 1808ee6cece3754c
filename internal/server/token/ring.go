package token

import (
	"encoding/base64"
	"errors"
	"fmt"
	"sort"
	"strings"
)

const (
	keySize      = 32
	longestKeyID = 100
)

// Ring is a set of signing keys by id. It does not change.
type Ring struct {
	keys   map[string][]byte
	newest string
}

// ParseRing reads keys from files named by the key's id that hold 32 bytes in
// base64. The newest id signs: of two ids of digits the larger number is
// newer, of others the one that sorts last. Errors name the key's id, never
// what is in its file.
func ParseRing(files map[string][]byte) (Ring, error) {
	if len(files) == 0 {
		return Ring{}, errors.New("there is no token key")
	}
	ring := Ring{keys: make(map[string][]byte, len(files))}
	ids := make([]string, 0, len(files))
	for id, text := range files {
		if len(id) > longestKeyID {
			return Ring{}, fmt.Errorf("a token key's id has %d characters and may have %d", len(id), longestKeyID)
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
		if err != nil || len(key) != keySize {
			return Ring{}, fmt.Errorf("the token key %q is not %d bytes in base64", id, keySize)
		}
		ring.keys[id] = key
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return older(ids[i], ids[j]) })
	ring.newest = ids[len(ids)-1]
	return ring, nil
}

// Len is the number of keys.
func (r Ring) Len() int { return len(r.keys) }

// Newest is the id of the key that signs.
func (r Ring) Newest() string { return r.newest }

// older orders key ids.
func older(a, b string) bool {
	if isNumber(a) && isNumber(b) {
		x, y := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		if len(x) != len(y) {
			return len(x) < len(y)
		}
		if x != y {
			return x < y
		}
	}
	return a < b
}

func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
