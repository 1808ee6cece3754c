package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"encoding/pem"

	"halo.dev/halo/test/browser"
	"halo.dev/halo/test/platform"
)

// table tells where everything is.
func table(ctx context.Context, p *platform.Platform, out io.Writer) error {
	tenants, err := p.Cluster.Kubectl(ctx, "", "get", "halotenants")
	if err != nil {
		return fmt.Errorf("looking at the tenant (does the demonstration run? make demo): %w", err)
	}
	caFile, pin, err := trust(ctx, p)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, strings.TrimRight(tenants, "\n")+"\n")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	rows := [][2]string{
		{"advisor's page", pageURL},
		{"", "A browser must trust the demonstration's own CA: " + caFile},
		{"", "or open " + widgetURL + " once and accept it, or let Chromium trust just this key:"},
		{"", "chromium --user-data-dir=/tmp/halo-demo --ignore-certificate-errors-spki-list=" + pin + " " + pageURL},
		{"staff's console", consoleURL + ", for accounts; the first one's link, which needs :8444 after its host name, comes from"},
		{"", "kubectl exec -n halo-" + tenantName + " deploy/server -- /halo-server account create --name ada --role administrator \\"},
		{"", "  --database-host $(kubectl get halotenant " + tenantName + " -o jsonpath={.status.database.endpoint})"},
		{"mail", "to " + advisorMail + ": `go run ./test/demo mail` lists it and saves the reports (PDF)"},
		{"", "as files: " + p.Path("mail", "mail", "all", "new")},
		{"cluster", "export KUBECONFIG=" + p.Cluster.Kubeconfig() + " PATH=" + p.Cluster.Tools + ":$PATH"},
		{"", "kubectl describe halotenant " + tenantName + "; kubectl get all,networkpolicy,dbcluster -n halo-" + tenantName},
		{"logs", filepath.Dir(p.Cluster.LogFile("kubelet")) + ", " + p.Folder},
		{"stop", "make demo-down"},
	}
	for _, row := range rows {
		fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	return w.Flush()
}

// trust writes the operator's CA into a file for browsers, verifies with it the
// certificate that the tenant shows at the entrance, and gives that one's key pin.
func trust(ctx context.Context, p *platform.Platform) (caFile, pin string, err error) {
	ca, err := p.OperatorCA(ctx)
	if err != nil {
		return "", "", err
	}
	caFile = p.Path("operator-ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}), 0o644); err != nil {
		return "", "", fmt.Errorf("writing the CA for browsers: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	dialer := tls.Dialer{Config: &tls.Config{ServerName: tenantHost, RootCAs: roots, MinVersion: tls.VersionTLS12}}
	connection, err := dialer.DialContext(ctx, "tcp", p.Entrance())
	if err != nil {
		return "", "", fmt.Errorf("calling the tenant's host at the entrance: %w", err)
	}
	defer connection.Close()
	return caFile, browser.KeyPin(connection.(*tls.Conn).ConnectionState().PeerCertificates[0]), nil
}
