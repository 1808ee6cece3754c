package authority

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"
)

func parse(t *testing.T, pair Pair) *x509.Certificate {
	t.Helper()
	if _, err := tls.X509KeyPair(pair.Certificate, pair.Key); err != nil {
		t.Fatalf("the key is not the certificate's: %v", err)
	}
	block, _ := pem.Decode(pair.Certificate)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestACertificateIsGoodForItsNamesAndItsUseAlone(t *testing.T) {
	ours, err := New("ours")
	if err != nil {
		t.Fatal(err)
	}
	other, err := New("ours") // the same name, another key
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ours.Issue(Leaf{
		CommonName: "server", Organization: "group", Usage: x509.ExtKeyUsageServerAuth,
		DNSNames: []string{"a.example"}, Addresses: []net.IP{net.IPv4(10, 0, 0, 1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	leaf := parse(t, pair)
	if leaf.Subject.CommonName != "server" || leaf.Subject.Organization[0] != "group" || leaf.IsCA {
		t.Errorf("subject %s, authority %t", leaf.Subject, leaf.IsCA)
	}
	for _, test := range []struct {
		name      string
		authority *Authority
		host      string
		usage     x509.ExtKeyUsage
		good      bool
	}{
		{"its name", ours, "a.example", x509.ExtKeyUsageServerAuth, true},
		{"its address", ours, "10.0.0.1", x509.ExtKeyUsageServerAuth, true},
		{"another name", ours, "b.example", x509.ExtKeyUsageServerAuth, false},
		{"another use", ours, "a.example", x509.ExtKeyUsageClientAuth, false},
		{"another authority", other, "a.example", x509.ExtKeyUsageServerAuth, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			roots := x509.NewCertPool()
			roots.AddCert(parse(t, test.authority.Pair()))
			_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: test.host, KeyUsages: []x509.ExtKeyUsage{test.usage}})
			if (err == nil) != test.good {
				t.Errorf("error %v", err)
			}
		})
	}
}
