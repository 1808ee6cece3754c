package cluster

import (
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"halo.dev/halo/test/authority"
)

// identity is a certificate of the cluster and the name of its files.
type identity struct {
	file string // <file>.crt and <file>.key
	authority.Leaf
}

// identities are all certificates that the cluster's own authority signs.
func (c *Cluster) identities() []identity {
	a := c.Addresses
	client := func(file, commonName, organization string) identity {
		return identity{file, authority.Leaf{CommonName: commonName, Organization: organization, Usage: x509.ExtKeyUsageClientAuth}}
	}
	server := func(file, commonName, organization string, dnsNames []string, addresses ...net.IP) identity {
		return identity{file, authority.Leaf{
			CommonName: commonName, Organization: organization, Usage: x509.ExtKeyUsageServerAuth,
			DNSNames: dnsNames, Addresses: addresses,
		}}
	}
	node, service := "system:node:"+c.NodeName(), "kubernetes.default.svc"
	return []identity{
		server("apiserver", "kube-apiserver", "",
			[]string{"localhost", "kubernetes", "kubernetes.default", service, service + ".cluster.local"},
			net.IPv4(127, 0, 0, 1), a.Node.AsSlice(), a.APIService.AsSlice()),
		server("kubelet-serving", node, "system:nodes", []string{c.NodeName()}, a.Node.AsSlice()),
		client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
		client("admin", "admin", "system:masters"),
		client("controller-manager", "system:kube-controller-manager", ""),
		client("scheduler", "system:kube-scheduler", ""),
		client("proxy", "system:kube-proxy", ""),
		client("kubelet", node, "system:nodes"),
	}
}

// writeCredentials fills the cluster's pki folder: authorities, certificates,
// the key that signs service account tokens, kubeconfigs.
func (c *Cluster) writeCredentials() error {
	if err := os.MkdirAll(c.path("pki"), 0o700); err != nil {
		return fmt.Errorf("creating credentials: %w", err)
	}
	own, err := authority.New("ca")
	if err != nil {
		return err
	}
	frontProxy, err := authority.New("front-proxy-ca")
	if err != nil {
		return err
	}
	pairs := map[string]authority.Pair{"ca": own.Pair(), "front-proxy-ca": frontProxy.Pair()}
	for _, who := range c.identities() {
		if pairs[who.file], err = own.Issue(who.Leaf); err != nil {
			return err
		}
	}
	client := authority.Leaf{CommonName: "front-proxy-client", Usage: x509.ExtKeyUsageClientAuth}
	if pairs["front-proxy-client"], err = frontProxy.Issue(client); err != nil {
		return err
	}
	// Service account tokens are signed by this key and verified by its certificate.
	if pairs["service-accounts"], err = own.Issue(authority.Leaf{CommonName: "service-accounts"}); err != nil {
		return err
	}
	files := map[string][]byte{}
	for name, pair := range pairs {
		files[name+".crt"], files[name+".key"] = pair.Certificate, pair.Key
	}
	for _, user := range []string{"admin", "controller-manager", "scheduler", "proxy", "kubelet"} {
		files[filepath.Base(c.KubeconfigOf(user))] = []byte(c.kubeconfig(user))
	}
	for name, content := range files {
		if err := os.WriteFile(c.path("pki", name), content, 0o600); err != nil {
			return fmt.Errorf("writing credentials: %w", err)
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
