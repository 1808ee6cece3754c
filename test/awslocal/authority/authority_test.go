package authority_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/awslocal/authority"
)

func TestCertificatesVerifyByNameAndAddressForTheirTime(t *testing.T) {
	now := time.Now()
	ca, err := authority.Open(t.TempDir(), now)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := ca.Issue([]string{"acme.halo.test"}, []string{"127.0.0.9"}, now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM())
	for name, test := range map[string]struct {
		name string
		at   time.Time
		says string
	}{
		"its name":             {"acme.halo.test", now, ""},
		"its address":          {"127.0.0.9", now, ""},
		"another name":         {"other.halo.test", now, "not other.halo.test"},
		"after it has run out": {"acme.halo.test", now.AddDate(2, 0, 0), "expired"},
		"by a clock that lags": {"acme.halo.test", now.Add(-30 * time.Minute), ""},
	} {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: test.name, CurrentTime: test.at})
		if (err == nil) != (test.says == "") || (err != nil && !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

func TestAnAuthorityIsMadeOnceAndItsKeyIsPrivate(t *testing.T) {
	folder := t.TempDir()
	first, err := authority.Open(folder, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	second, err := authority.Open(folder, time.Now())
	if err != nil || !bytes.Equal(first.PEM(), second.PEM()) {
		t.Errorf("opened again it is another one, %v", err)
	}
	information, err := os.Stat(filepath.Join(folder, "ca-key.pem"))
	if err != nil || information.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", information.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(folder, "ca.pem"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := authority.Open(folder, time.Now()); err == nil || !strings.Contains(err.Error(), "remove both files") {
		t.Errorf("a torn certificate: %v", err)
	}
}
