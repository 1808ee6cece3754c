// Package token makes and checks the tokens that bind a questionnaire to the
// page that it was asked for on: no other site can send one (CSRF), nobody can
// make one up, and each stands for at most one assessment. Nothing is kept on
// the server: any pod checks what any other has signed.
package token

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"halo.dev/halo/internal/keyring"
)

// Lifetime is how long a token may be used. It is signed when the
// questionnaire is shown and sent when it is answered, so it must outlast a
// visitor who looks up their weight and is called to the telephone; two hours
// does, and after it the widget asks for a new one without losing an answer.
const Lifetime = 2 * time.Hour

// Nonce makes a token single: it is the idempotency key of the assessment.
type Nonce [16]byte

// Why a token is refused. The answer to the visitor tells neither apart from
// the other; the metric does.
var (
	// ErrForged is a token that no key of the ring signed for this origin.
	ErrForged = errors.New("the token was not signed here for this origin")
	// ErrExpired is a token whose time is over.
	ErrExpired = errors.New("the token has expired")
)

// The layout, in bytes: version, length of the key id, key id, expiry (Unix
// seconds, big endian), nonce, MAC.
const (
	version   = 1
	macSize   = sha256.Size
	fixedSize = 1 + 1 + 8 + len(Nonce{}) + macSize
	// Longest is the length of the longest token in characters.
	Longest = (fixedSize+keyring.LongestID)*4/3 + 4
)

// purpose keeps these MACs apart from any other use of the same key.
const purpose = "halo widget token"

// Issue signs a token for a page of the origin with the newest key. The nonce
// is random. It returns the token and when it ends, to the second.
func (r Ring) Issue(origin string, now time.Time) (token string, expires time.Time, err error) {
	var nonce Nonce
	if _, err := rand.Read(nonce[:]); err != nil {
		return "", time.Time{}, fmt.Errorf("making a nonce: %w", err)
	}
	return r.sign(nonce, origin, now)
}

// Renew signs a token that has the nonce of an earlier one, whose time may be over: answers that may have been stored
// under the earlier one, although no reply came, are known again. The error is ErrForged.
func (r Ring) Renew(earlier, origin string, now time.Time) (token string, expires time.Time, err error) {
	nonce, _, err := r.open(earlier, origin)
	if err != nil {
		return "", time.Time{}, err
	}
	return r.sign(nonce, origin, now)
}

func (r Ring) sign(nonce Nonce, origin string, now time.Time) (token string, expires time.Time, err error) {
	expires = now.Add(Lifetime).UTC().Truncate(time.Second)
	newest := r.Newest()
	key, known := r.Key(newest)
	if !known {
		return "", time.Time{}, errors.New("there is no key to sign a token with")
	}
	signed := make([]byte, 0, fixedSize+len(newest))
	signed = append(signed, version, byte(len(newest)))
	signed = append(signed, newest...)
	signed = binary.BigEndian.AppendUint64(signed, uint64(expires.Unix()))
	signed = append(signed, nonce[:]...)
	signed = append(signed, mac(key, signed, origin)...)
	return base64.RawURLEncoding.EncodeToString(signed), expires, nil
}

// Verify checks a token that came with a request from a page of the origin and
// returns its nonce. Any key of the ring will do. The error is ErrForged or
// ErrExpired.
func (r Ring) Verify(token, origin string, now time.Time) (Nonce, error) {
	nonce, expires, err := r.open(token, origin)
	if err != nil {
		return Nonce{}, err
	}
	if !now.Before(expires) {
		return Nonce{}, ErrExpired
	}
	return nonce, nil
}

// open checks everything but the time.
func (r Ring) open(token, origin string) (nonce Nonce, expires time.Time, err error) {
	if len(token) > Longest {
		return Nonce{}, time.Time{}, ErrForged
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	// A token has one spelling: no line breaks, no odd bits at the end.
	if err != nil || base64.RawURLEncoding.EncodeToString(raw) != token {
		return Nonce{}, time.Time{}, ErrForged
	}
	if len(raw) < fixedSize || raw[0] != version || len(raw) != fixedSize+int(raw[1]) {
		return Nonce{}, time.Time{}, ErrForged
	}
	keyID, rest := raw[2:2+int(raw[1])], raw[2+int(raw[1]):]
	key, known := r.Key(string(keyID))
	signed, sum := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	if !known || !hmac.Equal(sum, mac(key, signed, origin)) {
		return Nonce{}, time.Time{}, ErrForged
	}
	expires = time.Unix(int64(binary.BigEndian.Uint64(rest)), 0)
	return Nonce(rest[8 : 8+len(Nonce{})]), expires, nil
}

// mac is HMAC-SHA-256 over the purpose, the signed part and the origin. Each
// but the last is preceded by its length, so that no two inputs look the same.
func mac(key, signed []byte, origin string) []byte {
	hash := hmac.New(sha256.New, key)
	for _, part := range []string{purpose, string(signed)} {
		hash.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		hash.Write([]byte(part))
	}
	hash.Write([]byte(origin))
	return hash.Sum(nil)
}
