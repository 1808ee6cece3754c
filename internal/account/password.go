package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Cost is how much work one password is. The values are stored with each hash,
// so that they may grow without anybody losing a password.
type Cost struct {
	// MemoryKiB, Passes and Lanes are Argon2's m, t and p.
	MemoryKiB, Passes uint32
	Lanes             uint8
}

// DefaultCost is the least that OWASP's Password Storage Cheat Sheet (2025)
// asks of Argon2id: a pod that is idle has no 64 MiB to spare.
var DefaultCost = Cost{MemoryKiB: 19 << 10, Passes: 2, Lanes: 1}

// Bounds of what a stored hash may ask for, so that a row cannot make the
// program take all memory.
const (
	mostMemoryKiB = 256 << 10
	mostPasses    = 16
	mostLanes     = 4
	saltSize      = 16
	hashSize      = 32
)

// ErrBusy says that too many passwords are being checked at this moment.
var ErrBusy = errors.New("too many passwords are being checked at this moment")

// ErrHash says that a stored hash cannot be read.
var ErrHash = errors.New("a stored password hash cannot be read")

// Hasher stretches passwords, few at a time: each takes some 20 MiB while it
// lasts, whoever sends it.
type Hasher struct {
	cost  Cost
	slots chan struct{} // who computes
	queue chan struct{} // who computes or waits
	blank string        // a hash of nothing that anybody typed
}

// NewHasher makes one that computes so many at a time and lets eight times as
// many wait.
func NewHasher(cost Cost, atOnce int) (*Hasher, error) {
	h := &Hasher{cost: cost, slots: make(chan struct{}, atOnce), queue: make(chan struct{}, 9*atOnce)}
	var random [hashSize]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, fmt.Errorf("making a password that nobody has: %w", err)
	}
	// Computing it would cost at every start; its time is the same without.
	h.blank = encodeHash(cost, random[:saltSize], random[:])
	return h, nil
}

// Hash stretches a password for storing. The error is ErrBusy, or the
// context's.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var salt [saltSize]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", fmt.Errorf("making a salt: %w", err)
	}
	hash, err := h.stretch(ctx, h.cost, password, salt[:])
	if err != nil {
		return "", err
	}
	return encodeHash(h.cost, salt[:], hash), nil
}

// Verify says whether a password is the one that was hashed. With nothing to
// compare with (""), it works as long and says no, so that the time does not
// tell whether there is such an account. The error is ErrBusy, ErrHash or the
// context's.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (bool, error) {
	known := stored != ""
	if !known {
		stored = h.blank
	}
	cost, salt, want, err := decodeHash(stored)
	if err != nil {
		return false, err
	}
	got, err := h.stretch(ctx, cost, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (h *Hasher) stretch(ctx context.Context, cost Cost, password string, salt []byte) ([]byte, error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	defer func() { <-h.queue }()
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to check a password: %w", ctx.Err())
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(normal(password)), salt, cost.Passes, cost.MemoryKiB, cost.Lanes, hashSize), nil
}

// normal makes the same letters the same bytes, whatever keyboard they came
// from.
func normal(password string) string { return norm.NFKC.String(password) }

// encodeHash writes the common text form of Argon2 hashes.
func encodeHash(cost Cost, salt, hash []byte) string {
	encoding := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.MemoryKiB, cost.Passes, cost.Lanes,
		encoding.EncodeToString(salt), encoding.EncodeToString(hash))
}

func decodeHash(text string) (cost Cost, salt, hash []byte, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return cost, nil, nil, ErrHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.MemoryKiB, &cost.Passes, &cost.Lanes); err != nil {
		return cost, nil, nil, ErrHash
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	hash, errHash := base64.RawStdEncoding.DecodeString(parts[5])
	within := cost.MemoryKiB >= 8*uint32(cost.Lanes) && cost.MemoryKiB <= mostMemoryKiB && cost.Passes >= 1 && cost.Passes <= mostPasses &&
		cost.Lanes >= 1 && cost.Lanes <= mostLanes
	if errSalt != nil || errHash != nil || !within || len(salt) < 8 || len(hash) != hashSize {
		return cost, nil, nil, ErrHash
	}
	// A text that is read in more than one way is not one that was written here.
	if encodeHash(cost, salt, hash) != text {
		return cost, nil, nil, ErrHash
	}
	return cost, salt, hash, nil
}

// The length of a password, in characters and at most in bytes.
const (
	LeastPassword = 12
	MostPassword  = 256
)

// CheckPassword says why a password will not do for an account of a name. Long
// counts; what kinds of characters it is made of does not (NIST SP 800-63B).
func CheckPassword(name, password string) error {
	password = normal(password)
	different := map[rune]bool{}
	for _, letter := range password {
		different[letter] = true
	}
	switch {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return errors.New("the password holds characters that cannot be typed everywhere")
	case utf8.RuneCountInString(password) < LeastPassword:
		return fmt.Errorf("the password needs at least %d characters; four unrelated words are good", LeastPassword)
	case len(password) > MostPassword:
		return fmt.Errorf("the password may have %d bytes at most", MostPassword)
	case len(different) < 5:
		return errors.New("the password repeats too few characters; four unrelated words are good")
	case name != "" && strings.Contains(strings.ToLower(password), name):
		return errors.New("the password must not hold the account's name")
	}
	return nil
}
