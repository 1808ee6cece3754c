package mariadb

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"halo.dev/halo/test/authority"
)

// writeCertificates makes an authority and the server's certificate: ca.pem,
// server.pem and server-key.pem. The authority's key is forgotten.
func writeCertificates(dir string) error {
	own, err := authority.New("a test's database authority")
	if err != nil {
		return err
	}
	server, err := own.Issue(authority.Leaf{CommonName: Host, Usage: x509.ExtKeyUsageServerAuth, DNSNames: []string{Host}})
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"ca.pem": own.Pair().Certificate, "server.pem": server.Certificate, "server-key.pem": server.Key,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("writing certificates: %w", err)
		}
	}
	return nil
}
