package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/server/connections"
	"halo.dev/halo/internal/server/reload"
	"halo.dev/halo/internal/server/token"
	"halo.dev/halo/internal/store"
	"halo.dev/halo/internal/widget"
)

// service is halo-server's public side in this process, on loopback, with real
// TLS and the real store; its mails wait.
type service struct {
	url    string
	keys   token.Ring
	roots  *x509.CertPool
	number atomic.Int64
	stop   func()
}

func startService(ctx context.Context, s site) (*service, error) {
	current, keys, certificate, err := s.read()
	if err != nil {
		return nil, err
	}
	reached, err := s.storeConfig()
	if err != nil {
		return nil, err
	}
	opened, err := store.Open(ctx, reached)
	if err != nil {
		return nil, err
	}
	// As a pod does; where the lines go is the container's business.
	logger, metrics := slog.New(slog.NewJSONHandler(io.Discard, nil)), server.NewMetrics()
	handler, err := server.NewHandler(server.Options{
		Config: func() config.Config { return current }, Keys: func() token.Ring { return keys }, Store: opened, Now: time.Now,
		Script: widget.Newest(), Released: widget.Released(), Metrics: metrics, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	public := server.NewPublic(handler, func() *tls.Certificate { return certificate }, logger)
	guard := connections.New(connections.Options{Opened: metrics.Opened, Refused: metrics.Refused})
	guard.Watch(public)
	listener, err := server.Listen(ctx, "127.0.0.1:0", nil, guard)
	if err != nil {
		return nil, err
	}
	visitors, err := s.visitors("https://" + listener.Addr().String())
	if err != nil {
		return nil, err
	}
	serving, end := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(serving, public, listener, time.Second) // the visitors would notice
	}()
	visitors.stop = func() { end(); <-done; _ = opened.Close() }
	return visitors, nil
}

// visitors are those of a server at an address, which stop does not end.
func (s site) visitors(url string) (*service, error) {
	_, keys, _, err := s.read()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(s.path("ca.pem"))
	if err != nil {
		return nil, fmt.Errorf("reading the authority: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return &service{url: url, keys: keys, roots: roots, stop: func() {}}, nil
}

// read reads what a pod finds mounted.
func (s site) read() (current config.Config, keys token.Ring, certificate *tls.Certificate, err error) {
	files := map[string]reload.Files{}
	for _, folder := range []string{"config", "tls", "token-keys"} {
		if files[folder], err = reload.Read(filepath.Join(s.dir, folder)); err != nil {
			return current, keys, nil, err
		}
	}
	if current, err = config.Parse(files["config"]["config.yaml"]); err != nil {
		return current, keys, nil, err
	}
	if keys, err = token.ParseRing(files["token-keys"]); err != nil {
		return current, keys, nil, err
	}
	certificate, err = server.ParseCertificate(files["tls"])
	return current, keys, certificate, err
}

// newClient makes a visitor's browser: with a connection that is kept, or with
// a new one for each visit.
func (s *service) newClient(fresh bool) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		ForceAttemptHTTP2: true, DisableKeepAlives: fresh,
		TLSClientConfig: &tls.Config{RootCAs: s.roots, ServerName: hostname, MinVersion: tls.VersionTLS12},
	}}
}

// post sends answers with a token that was made before, as that of a session is.
func (s *service) post(ctx context.Context, client *http.Client) error {
	return s.postNamed(ctx, client, "Ada", "Visitor")
}

func (s *service) postNamed(ctx context.Context, client *http.Client, first, last string) error {
	signed, _, err := s.keys.Issue(origin, time.Now())
	if err != nil {
		return err
	}
	return s.send(ctx, client, signed, s.submission(first, last))
}

// visit does all that a visitor's browser does.
func (s *service) visit(ctx context.Context, client *http.Client) error {
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/session?advisor=planning", http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Origin", origin)
	body, err := ask(client, request)
	if err != nil {
		return err
	}
	var session struct{ Token string }
	if err := json.Unmarshal(body, &session); err != nil {
		return fmt.Errorf("reading a session: %w", err)
	}
	return s.send(ctx, client, session.Token, s.submission("Ada", "Visitor"))
}

func (s *service) send(ctx context.Context, client *http.Client, signed string, submission []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/v1/assessments", bytes.NewReader(submission))
	if err != nil {
		return err
	}
	request.Header = http.Header{"Origin": {origin}, "Content-Type": {"application/json"}, "Halo-Token": {signed}}
	_, err = ask(client, request)
	return err
}

func ask(client *http.Client, request *http.Request) ([]byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return body, err
}

// submission is another visitor's every time.
func (s *service) submission(first, last string) []byte {
	n := s.number.Add(1)
	return fmt.Appendf(nil, `{"advisor":"planning","person":{"first_name":"%s","last_name":"%s","email":"visitor%d@example.com"},"consent":true,`+
		`"answers":{"sex":"%s","age":%d,"serious_illness":false,"smoking":"%s","height_in":%d,"weight_lb":%d}}`,
		first, last, n, []string{"female", "male"}[n%2], 40+n%45, []string{"never", "former_3to9", "current"}[n%3], 60+n%16, 110+n%140)
}
