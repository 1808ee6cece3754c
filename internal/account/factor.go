package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238's default, and all that some authenticator apps know
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// SecretSize is the length of a second factor's secret in bytes, that of a
// SHA-1 (RFC 4226, section 4).
const SecretSize = 20

// Steps are of 30 seconds (RFC 6238); a clock may be one step off either way.
const (
	stepSeconds = 30
	skew        = 1
	codeDigits  = 6
)

// NewSecret makes the secret of a second factor.
func NewSecret() ([]byte, error) {
	secret := make([]byte, SecretSize)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("making a second factor: %w", err)
	}
	return secret, nil
}

// Code is the code of a secret at a time.
func Code(secret []byte, at time.Time) string { return codeOf(secret, at.Unix()/stepSeconds) }

// VerifyCode says whether six digits are a code of a secret around a time, and
// of which step. A step up to lastStep has been used and counts no more, so
// that a code that was looked at over a shoulder is worth nothing; the caller
// stores the step, and must not let two requests have the same one. Space in
// the code is forgiven.
func VerifyCode(secret []byte, code string, at time.Time, lastStep int64) (step int64, ok bool) {
	code = strings.Map(func(letter rune) rune {
		if letter == ' ' {
			return -1
		}
		return letter
	}, code)
	now := at.Unix() / stepSeconds
	for candidate := now - skew; candidate <= now+skew; candidate++ {
		same := subtle.ConstantTimeCompare([]byte(codeOf(secret, candidate)), []byte(code)) == 1
		if same && candidate > lastStep && len(secret) == SecretSize {
			step, ok = candidate, true
		}
	}
	return step, ok
}

// codeOf is RFC 4226's HOTP.
func codeOf(secret []byte, step int64) string {
	var message [8]byte
	binary.BigEndian.PutUint64(message[:], uint64(step))
	mac := hmac.New(sha1.New, secret)
	mac.Write(message[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", codeDigits, number%1_000_000)
}

// SecretText is a secret as one types it into an app: base32 in groups of four.
func SecretText(secret []byte) string {
	return grouped(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret))
}

// SecretURI is a secret as apps read it from a picture (Key URI Format).
func SecretURI(issuer, name string, secret []byte) string {
	issuer = strings.ReplaceAll(issuer, ":", " ")
	values := url.Values{
		"secret": {base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)},
		"issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"},
	}
	// Some apps show a plus sign where a space was.
	return "otpauth://totp/" + url.PathEscape(issuer+":"+name) + "?" + strings.ReplaceAll(values.Encode(), "+", "%20")
}

func grouped(text string) string {
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), " ")
}
