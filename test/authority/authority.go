// Package authority makes the certificate authorities and certificates that the
// local cluster, databases, mail hosts and other servers of tests show one another.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// life is longer than that of any cluster.
const life = 10 * 365 * 24 * time.Hour

// Authority signs certificates with a key that it made.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pair        Pair
}

// Pair is a certificate and its key, both in PEM; the key as PKCS #8.
type Pair struct {
	Certificate []byte
	Key         []byte
}

// Leaf is what a certificate says.
type Leaf struct {
	CommonName   string
	Organization string // optional
	Usage        x509.ExtKeyUsage
	DNSNames     []string
	Addresses    []net.IP
}

// New makes an authority of this name.
func New(name string) (*Authority, error) {
	key, template, err := prepare(pkix.Name{CommonName: name})
	if err != nil {
		return nil, fmt.Errorf("creating authority %s: %w", name, err)
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	pair, err := sign(template, template, key, key)
	if err != nil {
		return nil, fmt.Errorf("creating authority %s: %w", name, err)
	}
	block, _ := pem.Decode(pair.Certificate)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("creating authority %s: %w", name, err)
	}
	return &Authority{certificate, key, pair}, nil
}

// Pair is the authority's own certificate and key.
func (a *Authority) Pair() Pair { return a.pair }

// Issue makes a key and a certificate for it.
func (a *Authority) Issue(leaf Leaf) (Pair, error) {
	subject := pkix.Name{CommonName: leaf.CommonName}
	if leaf.Organization != "" {
		subject.Organization = []string{leaf.Organization}
	}
	key, template, err := prepare(subject)
	if err != nil {
		return Pair{}, fmt.Errorf("issuing a certificate for %s: %w", leaf.CommonName, err)
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{leaf.Usage}
	template.DNSNames, template.IPAddresses = leaf.DNSNames, leaf.Addresses
	pair, err := sign(template, a.certificate, key, a.key)
	if err != nil {
		return Pair{}, fmt.Errorf("issuing a certificate for %s: %w", leaf.CommonName, err)
	}
	return pair, nil
}

// prepare makes a key, and a template with all that every certificate has.
func prepare(subject pkix.Name) (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	now := time.Now()
	return key, &x509.Certificate{
		SerialNumber: serial, Subject: subject,
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(life),
	}, nil
}

func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) (Pair, error) {
	certificate, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return Pair{}, fmt.Errorf("signing: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encoding the key: %w", err)
	}
	return Pair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}, nil
}
