package platform

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// platformSecret is the Secret with what all tenants share, here the login at
// the mail relay and the root of the sealing keys; the chart mounts it into the
// manager.
const platformSecret = "halo-platform"

// installOperator installs or upgrades the Helm chart with this tree's image.
func (p *Platform) installOperator(ctx context.Context, image images) error {
	password, err := p.mailPassword()
	if err != nil {
		return err
	}
	root, err := p.sealingRoot()
	if err != nil {
		return err
	}
	prerequisites := fmt.Sprintf(`
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s}
---
apiVersion: v1
kind: Secret
metadata: {name: %[2]s, namespace: %[1]s}
stringData: {mail-relay.username: %[3]s, mail-relay.password: %[4]q, sealing-root: %[5]q}
`, operatorNamespace, platformSecret, mailAccount, password, root)
	if err := p.Apply(ctx, prerequisites); err != nil {
		return err
	}
	repository, tag, _ := strings.Cut(image.manager, ":")
	return p.helm(ctx, "upgrade", "--install", "halo-operator", filepath.Join(p.Repository, "charts", "halo-operator"),
		"--namespace", operatorNamespace,
		"--set", "image.repository="+repository, "--set", "image.tag="+tag, "--set", "image.pullPolicy=IfNotPresent", // loaded, there is no registry
		"--set", "platformSecret="+platformSecret,
		"--set", "kubernetesAPI.cidrs[0]="+p.Cluster.Addresses.Node.String()+"/32",
		"--wait", "--timeout", "3m")
}

// helm runs Helm against the cluster. Its error holds what Helm said.
func (p *Platform) helm(ctx context.Context, args ...string) error {
	command := exec.CommandContext(ctx, filepath.Join(p.Cluster.Tools, "helm"), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+p.Cluster.Kubeconfig())
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("helm %s: %w: %s", args[0], err, strings.TrimSpace(output.String()))
	}
	return nil
}

// OperatorCA gives the CA that the operator signs tenants' certificates with.
func (p *Platform) OperatorCA(ctx context.Context) (*x509.Certificate, error) {
	encoded, err := p.Cluster.Kubectl(ctx, "", "get", "secret", "-n", operatorNamespace, "halo-operator-ca", "-o", `jsonpath={.data.tls\.crt}`)
	if err != nil {
		return nil, err
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("reading the operator's CA: %w", err)
	}
	block, _ := pem.Decode(decoded)
	if block == nil {
		return nil, errors.New("reading the operator's CA: the Secret holds no PEM block")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the operator's CA: %w", err)
	}
	return certificate, nil
}
