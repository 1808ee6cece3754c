package certificate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/certificate"
)

var now = time.Now().Truncate(time.Second)

// authorityPEM makes a certificate and a key; isCA and its end are the test's to choose.
func authorityPEM(t *testing.T, isCA bool, notAfter time.Time) (certificatePEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: isCA, BasicConstraintsValid: true,
		NotBefore: now.Add(-time.Hour), NotAfter: notAfter, KeyUsage: x509.KeyUsageCertSign}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bytes})
}

func authority(t *testing.T, notAfter time.Time) *certificate.Authority {
	t.Helper()
	a, err := certificate.ParseAuthority(authorityPEM(t, true, notAfter))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAServersCertificateIsTrustedForItsNamesOnly(t *testing.T) {
	leaf, err := authority(t, now.AddDate(10, 0, 0)).Issue([]string{"halo.acme.example", "server.halo-acme.svc"}, now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(leaf.CertificatePEM, leaf.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(leaf.AuthorityPEM) {
		t.Fatal("ca.crt cannot be read")
	}
	parsed, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, trusted := range map[string]bool{"halo.acme.example": true, "server.halo-acme.svc": true, "halo.other.example": false, "acme.example": false} {
		_, err := parsed.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		if (err == nil) != trusted {
			t.Errorf("%s: %v", name, err)
		}
	}
	if parsed.IsCA {
		t.Error("the server could sign certificates")
	}
	if !leaf.NotAfter.Equal(now.Add(certificate.Lifetime)) || !leaf.RenewAfter.Equal(now.Add(certificate.Lifetime*2/3)) {
		t.Errorf("ends %s, renewed after %s", leaf.NotAfter, leaf.RenewAfter)
	}
}

func TestACertificateNeverOutlivesItsAuthority(t *testing.T) {
	soon := now.Add(24 * time.Hour)
	leaf, err := authority(t, soon).Issue([]string{"a.example"}, now)
	if err != nil || !leaf.NotAfter.Equal(soon.UTC()) || !leaf.RenewAfter.Equal(now.Add(16*time.Hour)) {
		t.Errorf("ends %s, renewed after %s, %v", leaf.NotAfter, leaf.RenewAfter, err)
	}
	if _, err := authority(t, now.Add(-time.Minute)).Issue([]string{"a.example"}, now); !errors.Is(err, certificate.ErrAuthority) {
		t.Errorf("an expired authority: %v", err)
	}
}

func TestALongNameIsStillIssued(t *testing.T) {
	name := strings.Repeat("a", 60) + ".planning.example"
	leaf, err := authority(t, now.AddDate(1, 0, 0)).Issue([]string{name}, now)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(leaf.CertificatePEM)
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil || parsed.VerifyHostname(name) != nil {
		t.Errorf("%v, %v", err, parsed.DNSNames)
	}
}

func TestWhatIsNoAuthorityIsRefusedWithoutItsKey(t *testing.T) {
	leafCertificate, leafKey := authorityPEM(t, false, now.AddDate(1, 0, 0))
	good, _ := authorityPEM(t, true, now.AddDate(1, 0, 0))
	for name, pair := range map[string][2][]byte{
		"not a CA": {leafCertificate, leafKey}, "another's key": {good, leafKey}, "nothing": {nil, nil}, "text": {[]byte("hello"), []byte("secret words")},
	} {
		_, err := certificate.ParseAuthority(pair[0], pair[1])
		if !errors.Is(err, certificate.ErrAuthority) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && len(pair[1]) > 0 && strings.Contains(err.Error(), string(pair[1])) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
	if _, err := certificate.LoadAuthority(t.TempDir()); !errors.Is(err, certificate.ErrAuthority) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestAnAuthorityIsReadAsASecretIsMounted(t *testing.T) {
	folder := t.TempDir()
	certificatePEM, keyPEM := authorityPEM(t, true, now.AddDate(1, 0, 0))
	for name, text := range map[string][]byte{"tls.crt": certificatePEM, "tls.key": keyPEM} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := certificate.LoadAuthority(folder)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := certificate.ParseAuthority(certificatePEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Fingerprint() != parsed.Fingerprint() || loaded.Seal("x") != parsed.Seal("x") {
		t.Error("the same CA has two names or two seals")
	}
	other := authority(t, now.AddDate(1, 0, 0))
	if other.Fingerprint() == parsed.Fingerprint() || other.Seal("x") == parsed.Seal("x") || parsed.Seal("x") == parsed.Seal("y") {
		t.Error("two CAs or two texts look the same")
	}
}
