package authority

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CertificateFile is the authority's certificate in its folder, for those who
// verify by it.
const CertificateFile = "ca.pem"

const keyFile = "ca-key.pem"

// Open reads the authority that a folder keeps, or makes one of this name there.
func Open(folder, name string) (*Authority, error) {
	certificate, err := os.ReadFile(filepath.Join(folder, CertificateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return create(folder, name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the authority's certificate: %w", err)
	}
	key, err := os.ReadFile(filepath.Join(folder, keyFile))
	if err != nil {
		return nil, fmt.Errorf("reading the authority's key: %w", err)
	}
	opened, err := parsePair(Pair{certificate, key})
	if err != nil {
		return nil, fmt.Errorf("reading the authority of %s (remove %s and %s, and a new one is made): %w", folder, CertificateFile, keyFile, err)
	}
	return opened, nil
}

// create makes an authority and keeps it. The key is written first: a
// certificate in the folder says that both are there.
func create(folder, name string) (*Authority, error) {
	fresh, err := New(name)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, keyFile), fresh.pair.Key, 0o600); err != nil {
		return nil, fmt.Errorf("keeping the authority's key: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, CertificateFile), fresh.pair.Certificate, 0o644); err != nil {
		return nil, fmt.Errorf("keeping the authority's certificate: %w", err)
	}
	return fresh, nil
}

func parsePair(pair Pair) (*Authority, error) {
	certificateBlock, _ := pem.Decode(pair.Certificate)
	keyBlock, _ := pem.Decode(pair.Key)
	if certificateBlock == nil || keyBlock == nil {
		return nil, errors.New("certificate or key is not PEM")
	}
	certificate, err := x509.ParseCertificate(certificateBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	elliptic, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key: it is %T, not ECDSA", key)
	}
	return &Authority{certificate, elliptic, pair}, nil
}
