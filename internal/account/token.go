package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Digest is what is stored of a random secret; the secret itself is known to
// its owner alone.
type Digest [sha256.Size]byte

const tokenSize = 32

// ErrToken says that a text is not a token's.
var ErrToken = errors.New("this is not a token")

// NewToken makes a random secret of 256 bits for a cookie or a link.
func NewToken() (text string, digest Digest, err error) {
	var token [tokenSize]byte
	if _, err := rand.Read(token[:]); err != nil {
		return "", digest, fmt.Errorf("making a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(token[:]), sha256.Sum256(token[:]), nil
}

// ParseToken returns the digest of a token. A token has one form only.
func ParseToken(text string) (Digest, error) {
	if len(text) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return Digest{}, ErrToken
	}
	token, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(token) != text {
		return Digest{}, ErrToken
	}
	return sha256.Sum256(token), nil
}

// RecoveryCodes is how many recovery codes an account gets.
const RecoveryCodes = 10

const recoverySize = 10 // bytes: 80 bits, 16 characters

// NewRecoveryCodes makes codes that stand in for the second factor, each once.
func NewRecoveryCodes() (codes []string, digests []Digest, err error) {
	for range RecoveryCodes {
		var code [recoverySize]byte
		if _, err := rand.Read(code[:]); err != nil {
			return nil, nil, fmt.Errorf("making a recovery code: %w", err)
		}
		text := base32.StdEncoding.EncodeToString(code[:])
		codes, digests = append(codes, grouped(text)), append(digests, sha256.Sum256([]byte(text)))
	}
	return codes, digests, nil
}

// ParseRecoveryCode returns the digest of what looks like a recovery code.
// Space, hyphens and small letters are forgiven.
func ParseRecoveryCode(text string) (Digest, bool) {
	text = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(text))
	code, err := base32.StdEncoding.DecodeString(text)
	if err != nil || len(code) != recoverySize || base32.StdEncoding.EncodeToString(code) != text {
		return Digest{}, false
	}
	return sha256.Sum256([]byte(text)), true
}
