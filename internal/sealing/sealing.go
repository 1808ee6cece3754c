// Package sealing keeps personal data unreadable in the database: names and
// e-mail addresses are encrypted before they are stored (AES-256-GCM), and an
// address is found again by a keyed digest of it. It also derives a tenant's
// keys from the platform's root key, which the operator does. It is pure.
package sealing

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"strings"

	"golang.org/x/text/unicode/norm"

	"halo.dev/halo/internal/keyring"
	"halo.dev/halo/internal/personal"
)

// IndexFile is the file of the blind-index key, beside the sealing keys.
const IndexFile = "index"

// Why a sealed text cannot be opened.
var (
	// ErrUnknownKey says that the ring has no key of the id that the text was
	// sealed with: the pod has not got it yet, or it was taken away.
	ErrUnknownKey = errors.New("the key that it was sealed with is not here")
	// ErrForged says that the text is not what was sealed for this place: it
	// was changed, or moved from another row or column.
	ErrForged = errors.New("it is not what was sealed for this row and column")
)

const (
	// layout is the first byte of a sealed text; then come nonce and ciphertext.
	layout    = 1
	nonceSize = 12
	// IndexSize is the length of a blind index in bytes.
	IndexSize = 16
)

// Overhead is how many bytes longer a sealed text is than the text.
const Overhead = 1 + nonceSize + 16

// Ring seals and opens. It does not change, and may be used concurrently.
type Ring struct {
	ids     keyring.Ring
	ciphers map[string]cipher.AEAD
	index   []byte
}

// ParseRing reads the files of a folder: IndexFile, and one file for each key,
// named by the key's id. Each holds 32 bytes in base64. The newest id seals,
// all of them open. Errors name the file, never what is in it.
func ParseRing(files map[string][]byte) (Ring, error) {
	text, ok := files[IndexFile]
	if !ok {
		return Ring{}, fmt.Errorf("the key of the blind index, the file %q, is missing", IndexFile)
	}
	index, err := keyring.ParseKey(text)
	if err != nil {
		return Ring{}, fmt.Errorf("the key of the blind index %q %w", IndexFile, err)
	}
	files = maps.Clone(files)
	delete(files, IndexFile)
	ids, err := keyring.Parse("sealing key", files)
	if err != nil {
		return Ring{}, err
	}
	ring := Ring{ids: ids, ciphers: make(map[string]cipher.AEAD, ids.Len()), index: index}
	for _, id := range ids.IDs() {
		key, _ := ids.Key(id)
		block, err := aes.NewCipher(key)
		if err != nil {
			return Ring{}, fmt.Errorf("the sealing key %q: %w", id, err)
		}
		if ring.ciphers[id], err = cipher.NewGCM(block); err != nil {
			return Ring{}, fmt.Errorf("the sealing key %q: %w", id, err)
		}
	}
	return ring, nil
}

// Newest is the id of the key that seals.
func (r Ring) Newest() string { return r.ids.Newest() }

// IDs lists the ids of all keys, the oldest first.
func (r Ring) IDs() []string { return r.ids.IDs() }

// Seal encrypts a text for one place of the database, with the newest key. The
// same text sealed twice looks different each time.
func (r Ring) Seal(place Place, text personal.Text) ([]byte, error) {
	return r.SealBytes(place, []byte(text.Reveal()))
}

// SealBytes is Seal for a secret that is no personal datum.
func (r Ring) SealBytes(place Place, plain []byte) ([]byte, error) {
	id := r.Newest()
	aead, known := r.ciphers[id]
	if !known {
		return nil, errors.New("there is no key to seal with")
	}
	sealed := make([]byte, 1+nonceSize, Overhead+len(plain))
	sealed[0] = layout
	if _, err := rand.Read(sealed[1:]); err != nil {
		return nil, fmt.Errorf("making a nonce: %w", err)
	}
	return aead.Seal(sealed, sealed[1:], plain, place.bound(id)), nil
}

// Open decrypts what Seal made for the same place with the key of an id. The
// error is ErrUnknownKey or ErrForged.
func (r Ring) Open(place Place, id string, sealed []byte) (personal.Text, error) {
	plain, err := r.OpenBytes(place, id, sealed)
	if err != nil {
		return personal.Text{}, err
	}
	return personal.New(string(plain)), nil
}

// OpenBytes decrypts what SealBytes made; otherwise it is as Open.
func (r Ring) OpenBytes(place Place, id string, sealed []byte) ([]byte, error) {
	aead, known := r.ciphers[id]
	if !known {
		return nil, ErrUnknownKey
	}
	if len(sealed) < Overhead || sealed[0] != layout {
		return nil, ErrForged
	}
	plain, err := aead.Open(nil, sealed[1:1+nonceSize], sealed[1+nonceSize:], place.bound(id))
	if err != nil {
		return nil, ErrForged
	}
	return plain, nil
}

// Place is where a sealed text belongs: a sealed text that is put into another
// row or column does not open there.
type Place struct {
	// Row is the row's number.
	Row int64
	// Column is the column's name.
	Column string
}

// bound is what a sealed text is bound to besides its key: a purpose, the
// key's id and the place. The only parts of free length are separated by their
// lengths, so that no two places look the same.
func (p Place) bound(id string) []byte {
	bound := []byte("halo sealed text 1\x00")
	bound = binary.BigEndian.AppendUint64(bound, uint64(p.Row))
	for _, part := range []string{p.Column, id} {
		bound = binary.BigEndian.AppendUint32(bound, uint32(len(part)))
		bound = append(bound, part...)
	}
	return bound
}

// Index is the blind index of an e-mail address: who knows the address and the
// key finds its rows, and who has the rows alone learns only which of them are
// of the same address. Addresses that differ in case, in surrounding spaces or
// in how letters are composed have the same index. The key never changes.
func (r Ring) Index(email personal.Text) []byte {
	mac := hmac.New(sha256.New, r.index)
	mac.Write([]byte("halo e-mail index 1\x00"))
	mac.Write([]byte(normalise(email)))
	return mac.Sum(nil)[:IndexSize]
}

// SameAddress says whether two addresses have the same index for being equal,
// and not by chance.
func SameAddress(a, b personal.Text) bool { return normalise(a) == normalise(b) }

func normalise(email personal.Text) string {
	return norm.NFC.String(strings.ToLower(strings.TrimSpace(norm.NFC.String(email.Reveal()))))
}
