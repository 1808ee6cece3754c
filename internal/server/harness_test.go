package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/server/connections"
	"halo.dev/halo/internal/server/reload"
	"halo.dev/halo/internal/server/token"
	"halo.dev/halo/internal/store"
	"halo.dev/halo/internal/widget"
)

const (
	acme    = "https://www.acme.example"
	unsafe  = "https://evil.example"
	answers = `{"sex":"female","age":62,"serious_illness":false}`
	body    = `{"advisor":"planning","person":{"first_name":"Ada","last_name":"Marked","email":"marked@visitor.example"},"consent":true,"answers":` + answers + `}`
	yaml    = `tenant: acme
hostname: halo.acme.example
allowedOrigins: [https://www.acme.example]
advisors: [{id: planning, name: Planning Desk, email: desk@advisor.example}]
brand: {name: Acme Planning, color: "#0b6e4f"}
mail: {host: smtp.example, port: 587, tls: required, from: halo@acme.example}
`
	widgetText  = "console.log('a widget of some length, so that compressing it is worth while while while while')"
	earlierText = "console.log('the widget of an earlier release')"
)

// requestPattern is the id of a request: a random UUID.
var requestPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// memory is a store in memory that can fail, wait or panic.
type memory struct {
	mutex sync.Mutex
	saved []store.Submission
	fault func(ctx context.Context) error
}

func (m *memory) Save(ctx context.Context, s store.Submission) (store.Receipt, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.fault != nil {
		if err := m.fault(ctx); err != nil {
			return store.Receipt{}, err
		}
	}
	for _, known := range m.saved {
		if known.Nonce == s.Nonce {
			return store.Receipt{Browser: known.Browser, Replayed: true}, nil
		}
	}
	m.saved = append(m.saved, s)
	return store.Receipt{Browser: s.Browser}, nil
}

func (m *memory) all() []store.Submission {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return append([]store.Submission(nil), m.saved...)
}

// bench is a server on loopback with real TLS, and a client for it.
type bench struct {
	t       *testing.T
	url     string
	address string
	client  *http.Client
	store   *memory
	metrics *server.Metrics
	log     *lockedBuffer
	config  *reload.Value[config.Config]
	keys    *reload.Value[token.Ring]
	cert    *reload.Value[*tls.Certificate]
	dirs    map[string]string // by source
	woken   chan struct{}
	clock   *clock
	stop    func() // ends the server and waits for its end
	// limits and patience are the server's own where they are zero.
	limits   connections.Limits
	patience server.Patience
}

// clock is a clock that a test can move.
type clock struct {
	mutex sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(by time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ahead += by
}

type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}

// start serves with the example's configuration, changed as wanted.
func start(t *testing.T, change ...func(*server.Options)) *bench {
	t.Helper()
	return startBounded(t, connections.Limits{}, server.Patience{}, change...)
}

// startBounded is start with other bounds for connections.
func startBounded(t *testing.T, limits connections.Limits, patience server.Patience, change ...func(*server.Options)) *bench {
	t.Helper()
	b := &bench{limits: limits, patience: patience,
		t: t, store: &memory{}, metrics: server.NewMetrics(), log: &lockedBuffer{}, woken: make(chan struct{}, 100), clock: &clock{},
		dirs: map[string]string{"config": t.TempDir(), "tls": t.TempDir(), "keys": t.TempDir()}}
	b.write("config", "config.yaml", yaml)
	b.write("keys", "1", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32)))
	roots := b.writeCertificate("halo.acme.example", time.Now().Add(time.Hour))
	b.config = open(t, "config", b.dirs["config"], func(f reload.Files) (config.Config, error) { return config.Parse(f["config.yaml"]) })
	b.keys = open(t, "keys", b.dirs["keys"], func(f reload.Files) (token.Ring, error) { return token.ParseRing(f) })
	b.cert = open(t, "tls", b.dirs["tls"], server.ParseCertificate)
	logger := slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	options := server.Options{
		Config: b.config.Get, Keys: b.keys.Get, Store: b.store, Now: b.clock.now, Wake: func() { b.woken <- struct{}{} },
		Script: widget.NewVersion([]byte(widgetText)), Released: []widget.Version{widget.NewVersion([]byte(earlierText))}, Metrics: b.metrics, Logger: logger,
	}
	for _, c := range change {
		c(&options)
	}
	handler, err := server.NewHandler(options)
	if err != nil {
		t.Fatal(err)
	}
	b.serve(server.NewPublic(handler, b.cert.Get, logger), options.TrustedProxies)
	b.client = newClient(t, roots)
	return b
}

func newClient(t *testing.T, roots *x509.CertPool) *http.Client {
	transport := &http.Transport{ForceAttemptHTTP2: true, DisableCompression: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "halo.acme.example"}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func open[T any](t *testing.T, source, dir string, parse func(reload.Files) (T, error)) *reload.Value[T] {
	t.Helper()
	v, err := reload.Open(reload.Options{Source: source, Dir: dir, Interval: 20 * time.Millisecond}, parse)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return v
}

func (b *bench) serve(public *http.Server, trusted []netip.Prefix) {
	b.t.Helper()
	guard := connections.New(connections.Options{Limits: b.limits, Shared: trusted, Opened: b.metrics.Opened, Refused: b.metrics.Refused})
	guard.Watch(public)
	if b.patience != (server.Patience{}) {
		b.patience.Apply(public)
	}
	listener, err := server.Listen(b.t.Context(), "127.0.0.1:0", trusted, guard)
	if err != nil {
		b.t.Fatal(err)
	}
	b.address = listener.Addr().String()
	b.url = "https://" + b.address
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, public, listener, 5*time.Second) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Errorf("Serve: %v", err)
		}
	})
	b.t.Cleanup(func() { b.client.CloseIdleConnections(); b.stop() })
}

// write exchanges a file in one step.
func (b *bench) write(source, name, text string) {
	b.t.Helper()
	path := filepath.Join(b.dirs[source], name)
	staged := filepath.Join(b.t.TempDir(), name)
	if err := errors.Join(os.WriteFile(staged, []byte(text), 0o600), os.Rename(staged, path)); err != nil {
		b.t.Fatal(err)
	}
}

// writeCertificate makes a certificate of its own authority for a host.
func (b *bench) writeCertificate(host string, until time.Time) *x509.CertPool {
	b.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		b.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.t.Fatal(err)
	}
	b.write("tls", "tls.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	b.write("tls", "tls.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return roots
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	proto  string
	state  *tls.ConnectionState
}

// do sends a request; headers come in pairs.
func (b *bench) do(method, path, text string, headers ...string) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(text))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	return b.send(request)
}

func (b *bench) send(request *http.Request) answer {
	b.t.Helper()
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	got := answer{response.StatusCode, response.Header, read, response.Proto, response.TLS}
	b.keepToTheDocument(request, got)
	return got
}

// token asks for a session and returns its token.
func (b *bench) token() string {
	b.t.Helper()
	got := b.do("GET", "/api/v1/session?advisor=planning", "", "Origin", acme)
	var session struct{ Token string }
	if err := json.Unmarshal(got.body, &session); err != nil || got.status != http.StatusOK {
		b.t.Fatalf("session answers %d %s", got.status, got.body)
	}
	return session.Token
}

// post sends a submission as the widget does.
func (b *bench) post(token, text string) answer {
	b.t.Helper()
	return b.do("POST", "/api/v1/assessments", text, "Origin", acme, "Content-Type", "application/json", "Halo-Token", token)
}

// wantProblem checks an answer that is an RFC 9457 problem.
func (b *bench) wantProblem(got answer, status int, errs ...halo.FieldError) {
	b.t.Helper()
	var problem struct {
		Type, Title, Detail, Instance string
		Status                        int
		Errors                        []halo.FieldError
	}
	if err := json.Unmarshal(got.body, &problem); err != nil {
		b.t.Fatalf("answer %d %q is no problem: %v", got.status, got.body, err)
	}
	if got.status != status || problem.Status != status || got.header.Get("Content-Type") != "application/problem+json" ||
		problem.Title != http.StatusText(status) || problem.Detail == "" || problem.Type == "" ||
		problem.Instance != "urn:uuid:"+got.header.Get("X-Request-Id") {
		b.t.Errorf("answer %d %s %s, want a problem of status %d", got.status, got.header.Get("Content-Type"), got.body, status)
	}
	if len(problem.Errors) != len(errs) {
		b.t.Fatalf("errors are %v, want %v", problem.Errors, errs)
	}
	for i := range errs {
		if problem.Errors[i] != errs[i] {
			b.t.Errorf("error %d is %v, want %v", i, problem.Errors[i], errs[i])
		}
	}
}

// metric reads one line of the metrics.
func (b *bench) metric(line string) string {
	b.t.Helper()
	for l := range strings.SplitSeq(scrape(b.t, b.metrics), "\n") {
		if value, ok := strings.CutPrefix(l, line+" "); ok {
			return value
		}
	}
	return ""
}
