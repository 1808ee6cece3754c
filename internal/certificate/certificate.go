// Package certificate issues the certificates that tenants' servers show, from a CA of the operator's own.
package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

const (
	// Lifetime is how long a server's certificate is good for.
	Lifetime = 90 * 24 * time.Hour
	// Backdate forgives clocks that are a little behind.
	Backdate = 5 * time.Minute
)

// ErrAuthority is wrapped by every error of ParseAuthority and LoadAuthority.
var ErrAuthority = errors.New("the certificate authority cannot be used")

// Authority signs certificates.
type Authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         []byte
	sealKey     []byte
}

// Leaf is a certificate for a server, in PEM, and when it should be replaced.
type Leaf struct {
	CertificatePEM, KeyPEM, AuthorityPEM []byte
	NotAfter                             time.Time
	// RenewAfter is at two thirds of its life.
	RenewAfter time.Time
}

// LoadAuthority reads tls.crt and tls.key from a folder, as a mounted Secret has them.
func LoadAuthority(folder string) (*Authority, error) {
	certificatePEM, err := os.ReadFile(filepath.Join(folder, "tls.crt"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAuthority, err)
	}
	keyPEM, err := os.ReadFile(filepath.Join(folder, "tls.key"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAuthority, err)
	}
	return ParseAuthority(certificatePEM, keyPEM)
}

// ParseAuthority reads a CA's certificate and key in PEM. The error never holds the key.
func ParseAuthority(certificatePEM, keyPEM []byte) (*Authority, error) {
	pair, err := tls.X509KeyPair(certificatePEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("%w: reading certificate and key: %w", ErrAuthority, err)
	}
	parsed, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("%w: reading its certificate: %w", ErrAuthority, err)
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !parsed.IsCA {
		return nil, fmt.Errorf("%w: its certificate is not that of a CA", ErrAuthority)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	secret, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("%w: reading its key: %w", ErrAuthority, err)
	}
	sealKey, err := hkdf.Key(sha256.New, secret, nil, "halo.dev seal", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("%w: deriving from its key: %w", ErrAuthority, err)
	}
	return &Authority{certificate: parsed, key: signer, pem: text, sealKey: sealKey}, nil
}

// Fingerprint names the CA's certificate; another CA has another.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.certificate.Raw)
	return hex.EncodeToString(sum[:8])
}

// PEM is the CA's certificate, by which its leaves are verified.
func (a *Authority) PEM() string { return string(a.pem) }

// Seal is a digest of a text that tells nothing of the text to one who does not hold the CA's key.
func (a *Authority) Seal(text string) string {
	mac := hmac.New(sha256.New, a.sealKey)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))[:32]
}

// Issue makes a key and a certificate for the names, good from now and never longer than the CA itself.
func (a *Authority) Issue(names []string, now time.Time) (Leaf, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Leaf{}, fmt.Errorf("making a key for %s: %w", names[0], err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return Leaf{}, fmt.Errorf("making a serial number for %s: %w", names[0], err)
	}
	notAfter := now.Add(Lifetime)
	if notAfter.After(a.certificate.NotAfter) {
		notAfter = a.certificate.NotAfter
	}
	if !notAfter.After(now) {
		return Leaf{}, fmt.Errorf("%w: it expired at %s", ErrAuthority, a.certificate.NotAfter.Format(time.RFC3339))
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: commonName(names[0])}, DNSNames: names,
		NotBefore: now.Add(-Backdate), NotAfter: notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return Leaf{}, fmt.Errorf("signing a certificate for %s: %w", names[0], err)
	}
	keyBytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Leaf{}, fmt.Errorf("writing the key for %s: %w", names[0], err)
	}
	return Leaf{
		CertificatePEM: append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), a.pem...),
		KeyPEM:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyBytes}),
		AuthorityPEM:   a.pem,
		NotAfter:       notAfter,
		RenewAfter:     now.Add(notAfter.Sub(now) * 2 / 3),
	}, nil
}

// commonName is the first name where X.509 has room for it (64 characters); the names themselves count.
func commonName(name string) string {
	if len(name) > 64 {
		return ""
	}
	return name
}
