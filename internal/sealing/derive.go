package sealing

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"halo.dev/halo/internal/keyring"
)

// Root is the platform's key, from which the keys of every tenant are derived.
// Whoever has it, and a tenant's database, can read the tenant's persons.
type Root struct{ key []byte }

// ParseRoot reads 32 bytes in base64. The error tells nothing of them.
func ParseRoot(text []byte) (Root, error) {
	key, err := keyring.ParseKey(text)
	if err != nil {
		return Root{}, fmt.Errorf("the root of the sealing keys %w", err)
	}
	return Root{key: key}, nil
}

// Fingerprint names the root: another root has another. It tells nothing of
// the key.
func (r Root) Fingerprint() (string, error) {
	sum, err := r.derive("halo sealing root fingerprint", 8)
	return hex.EncodeToString(sum), err
}

// Key derives the file of a sealing key, or with IndexFile for the id that of
// the blind index: 32 bytes in base64. origin is the UID of the tenant object
// that first made the data; the same three give the same key for ever.
func (r Root) Key(origin, id string) ([]byte, error) {
	key, err := r.derive("halo sealing "+origin+" "+id, keyring.Size)
	if err != nil {
		return nil, err
	}
	return []byte(base64.StdEncoding.EncodeToString(key)), nil
}

func (r Root) derive(info string, size int) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, r.key, nil, info, size)
	if err != nil {
		return nil, fmt.Errorf("deriving from the root of the sealing keys: %w", err)
	}
	return key, nil
}
