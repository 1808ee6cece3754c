package token

import "halo.dev/halo/internal/keyring"

// Ring is a set of signing keys by id. It does not change.
type Ring struct{ keyring.Ring }

// ParseRing reads keys from files named by the key's id that hold 32 bytes in
// base64; the newest id signs. See keyring.Parse for the order and the errors.
func ParseRing(files map[string][]byte) (Ring, error) {
	ring, err := keyring.Parse("token key", files)
	return Ring{ring}, err
}
