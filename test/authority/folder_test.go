package authority

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnAuthorityIsMadeOnceAndItsKeyIsPrivate(t *testing.T) {
	folder := t.TempDir()
	first, err := Open(folder, "ours")
	if err != nil {
		t.Fatal(err)
	}
	second, err := Open(folder, "ours")
	if err != nil || !bytes.Equal(first.Pair().Certificate, second.Pair().Certificate) {
		t.Fatalf("opened again it is another one, %v", err)
	}
	pair, err := second.Issue(Leaf{CommonName: "server", Usage: x509.ExtKeyUsageServerAuth, DNSNames: []string{"a.example"}})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parse(t, first.Pair()))
	if _, err := parse(t, pair).Verify(x509.VerifyOptions{Roots: roots, DNSName: "a.example"}); err != nil {
		t.Errorf("what the one that was read has signed does not verify by the one that was made: %v", err)
	}
	information, err := os.Stat(filepath.Join(folder, keyFile))
	if err != nil || information.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", information.Mode(), err)
	}
}

func TestATornAuthorityIsReportedWithItsRemedy(t *testing.T) {
	folder := t.TempDir()
	if _, err := Open(folder, "ours"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, CertificateFile), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder, "ours"); err == nil || !strings.Contains(err.Error(), "a new one is made") {
		t.Errorf("a torn certificate: %v", err)
	}
}
