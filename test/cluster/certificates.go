package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is a certificate authority of the cluster.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// identity is what one certificate of the cluster says.
type identity struct {
	file         string // names <file>.crt and <file>.key
	commonName   string
	organization string
	usage        x509.ExtKeyUsage
	dnsNames     []string
	addresses    []net.IP
}

// certificateLife is long enough for any cluster of this kind.
const certificateLife = 10 * 365 * 24 * time.Hour

// identities are all certificates that the cluster's own authority signs.
func (c *Cluster) identities() []identity {
	a := c.Addresses
	client := func(file, commonName, organization string) identity {
		return identity{file: file, commonName: commonName, organization: organization, usage: x509.ExtKeyUsageClientAuth}
	}
	service := "kubernetes.default.svc"
	return []identity{
		{
			file: "apiserver", commonName: "kube-apiserver", usage: x509.ExtKeyUsageServerAuth,
			dnsNames:  []string{"localhost", "kubernetes", "kubernetes.default", service, service + ".cluster.local"},
			addresses: []net.IP{net.IPv4(127, 0, 0, 1), a.Node.AsSlice(), a.APIService.AsSlice()},
		},
		{
			file: "kubelet-serving", commonName: "system:node:" + c.NodeName(), organization: "system:nodes",
			usage: x509.ExtKeyUsageServerAuth, dnsNames: []string{c.NodeName()}, addresses: []net.IP{a.Node.AsSlice()},
		},
		client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
		client("admin", "admin", "system:masters"),
		client("controller-manager", "system:kube-controller-manager", ""),
		client("scheduler", "system:kube-scheduler", ""),
		client("proxy", "system:kube-proxy", ""),
		client("kubelet", "system:node:"+c.NodeName(), "system:nodes"),
	}
}

// writeCredentials fills the cluster's pki folder: authorities, certificates,
// the key that signs service account tokens, kubeconfigs.
func (c *Cluster) writeCredentials() error {
	folder := c.path("pki")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("creating credentials: %w", err)
	}
	own, err := newAuthority(folder, "ca")
	if err != nil {
		return err
	}
	frontProxy, err := newAuthority(folder, "front-proxy-ca")
	if err != nil {
		return err
	}
	for _, who := range c.identities() {
		if err := own.issue(folder, who); err != nil {
			return err
		}
	}
	err = frontProxy.issue(folder, identity{file: "front-proxy-client", commonName: "front-proxy-client", usage: x509.ExtKeyUsageClientAuth})
	if err != nil {
		return err
	}
	if err := writeSigningKey(folder); err != nil {
		return err
	}
	for _, user := range []string{"admin", "controller-manager", "scheduler", "proxy", "kubelet"} {
		if err := os.WriteFile(c.KubeconfigOf(user), []byte(c.kubeconfig(user)), 0o600); err != nil {
			return fmt.Errorf("writing kubeconfig: %w", err)
		}
	}
	return nil
}

// kubeconfig renders the file by which a user reaches the API server.
func (c *Cluster) kubeconfig(user string) string {
	folder := c.path("pki")
	name := "halo-" + c.Name
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: %[1]s, cluster: {server: "https://%[2]s:6443", certificate-authority: %[3]s/ca.crt}}]
users: [{name: %[4]s, user: {client-certificate: %[3]s/%[4]s.crt, client-key: %[3]s/%[4]s.key}}]
contexts: [{name: %[1]s, context: {cluster: %[1]s, user: %[4]s}}]
current-context: %[1]s
`, name, c.Addresses.Node, folder, user)
}

func newAuthority(folder, name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("creating authority %s: %w", name, err)
	}
	template, err := certificateTemplate(pkix.Name{CommonName: name})
	if err != nil {
		return nil, fmt.Errorf("creating authority %s: %w", name, err)
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("creating authority %s: %w", name, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("creating authority %s: %w", name, err)
	}
	return &authority{certificate, key}, writePair(folder, name, der, key)
}

func (a *authority) issue(folder string, who identity) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("issuing %s: %w", who.file, err)
	}
	subject := pkix.Name{CommonName: who.commonName}
	if who.organization != "" {
		subject.Organization = []string{who.organization}
	}
	template, err := certificateTemplate(subject)
	if err != nil {
		return fmt.Errorf("issuing %s: %w", who.file, err)
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{who.usage}
	template.DNSNames, template.IPAddresses = who.dnsNames, who.addresses
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("issuing %s: %w", who.file, err)
	}
	return writePair(folder, who.file, der, key)
}

func certificateTemplate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: subject,
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(certificateLife),
	}, nil
}

func writePair(folder, name string, certificate []byte, key *ecdsa.PrivateKey) error {
	if err := writePEM(filepath.Join(folder, name+".crt"), "CERTIFICATE", certificate); err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encoding key %s: %w", name, err)
	}
	return writePEM(filepath.Join(folder, name+".key"), "PRIVATE KEY", der)
}

// writeSigningKey makes the key pair that signs and verifies the tokens of
// service accounts.
func writeSigningKey(folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("creating the token key: %w", err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return fmt.Errorf("creating the token key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("creating the token key: %w", err)
	}
	return errors.Join(
		writePEM(filepath.Join(folder, "sa.key"), "EC PRIVATE KEY", private),
		writePEM(filepath.Join(folder, "sa.pub"), "PUBLIC KEY", public))
}

func writePEM(path, kind string, der []byte) error {
	data := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(path, data, fs.FileMode(0o600)); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}
