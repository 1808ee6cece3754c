package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"halo.dev/halo/test/cluster"
)

// need is something that must answer before a daemon can start.
type need string

const (
	apiServer  need = "API server"
	containerd need = "containerd"
)

// probes ask whether a need answers.
type probes struct {
	client  *http.Client
	readyz  string
	runtime string // containerd's socket
}

func newProbes(c *cluster.Cluster) (*probes, error) {
	authority, err := os.ReadFile(c.Path("pki", "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("reading the cluster's authority: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, errors.New("reading the cluster's authority: no certificate in it")
	}
	configuration := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}
	return &probes{
		client:  &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: configuration}},
		readyz:  fmt.Sprintf("https://%s:6443/readyz", c.Addresses.Node),
		runtime: c.ContainerdSocket(),
	}, nil
}

// wait returns when the need answers, or with the context's error.
func (p *probes) wait(ctx context.Context, what need) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for !p.answers(ctx, what) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the %s: %w", what, ctx.Err())
		case <-ticker.C:
		}
	}
	return nil
}

func (p *probes) answers(ctx context.Context, what need) bool {
	if what == containerd {
		connection, err := (&net.Dialer{}).DialContext(ctx, "unix", p.runtime)
		if err != nil {
			return false
		}
		_ = connection.Close()
		return true
	}
	// /readyz is open to everybody; no credentials are needed.
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.readyz, nil)
	if err != nil {
		return false
	}
	response, err := p.client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode == http.StatusOK
}
