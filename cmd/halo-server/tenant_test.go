package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"halo.dev/halo/test/mariadb"
)

// database is the real one of this package's tests.
var database *mariadb.Server

// asProgram is a variable that makes this test binary the program that it
// tests: a process of its own can be killed.
const asProgram = "HALO_SERVER_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	mariadb.Main(m, &database)
}

const (
	acme       = "https://www.acme.example"
	submission = `{"advisor":"planning","person":{"first_name":"Ada","last_name":"Marked","email":"marked@visitor.test"},` +
		`"consent":true,"answers":{"sex":"female","age":62,"serious_illness":false,"smoking":"current","height_in":66,"weight_lb":190}}`
)

// tenant is a tenant's files, relay and database as a pod finds them.
type tenant struct {
	t           *testing.T
	dir         string
	generation  int
	logo        string // as brand.logo
	relay       *relay
	credentials string
	certified   *httptest.Server // lends its certificate
}

// newTenant migrates an empty database and lays out every mounted folder.
func newTenant(t *testing.T) *tenant {
	t.Helper()
	database.Reset(t)
	certified := httptest.NewTLSServer(nil)
	certified.Close()
	n := &tenant{t: t, dir: t.TempDir(), certified: certified,
		credentials: mariadb.Credentials(t, "intake's \"password\"", "delivery password")}
	n.relay = startRelay(t, certified)
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"migrate", "--database-host", mariadb.Host, "--database-port", strconv.Itoa(database.Port),
		"--database-ca", database.CAFile, "--master-password-file", database.MasterPasswordFile,
		"--credentials-dir", n.credentials}, streams{nil, &out, &errs})
	if code != exitOK {
		t.Fatalf("migrate: %d %s", code, errs.String())
	}
	n.configure(acme)
	n.file("token-keys", "1", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	n.file("sealing-keys", "1", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32)))
	n.file("sealing-keys", "index", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, 32)))
	key, err := x509.MarshalPKCS8PrivateKey(certified.TLS.Certificates[0].PrivateKey)
	n.must(err)
	n.file("tls", "tls.crt", n.authority())
	n.file("tls", "tls.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	return n
}

func (n *tenant) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n *tenant) authority() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.certified.Certificate().Raw}))
}

func (n *tenant) file(folder, name, text string) {
	n.t.Helper()
	n.must(os.MkdirAll(filepath.Join(n.dir, folder), 0o700))
	n.must(os.WriteFile(filepath.Join(n.dir, folder, name), []byte(text), 0o600))
}

// configure swaps the ConfigMap's folder as the kubelet does.
func (n *tenant) configure(origins ...string) {
	n.t.Helper()
	n.generation++
	config := fmt.Sprintf(`tenant: acme
hostname: example.com
allowedOrigins: [%s]
advisors: [{id: planning, name: Planning Desk, email: desk@advisor.test}]
brand: {name: Acme Planning, color: "#0b6e4f", logo: %q}
mail: {host: 127.0.0.1, port: %d, tls: required, from: halo@acme.test}
console: {hostname: console.example.com}
`, strings.Join(origins, ", "), n.logo, n.relay.port)
	generation := "..generation" + strconv.Itoa(n.generation)
	n.file(filepath.Join("config", generation), "config.yaml", config)
	n.file(filepath.Join("config", generation), "mail-ca.pem", n.authority())
	link := filepath.Join(n.dir, "config", "..data_tmp")
	n.must(os.Symlink(generation, link))
	n.must(os.Rename(link, filepath.Join(n.dir, "config", "..data")))
	for _, name := range []string{"config.yaml", "mail-ca.pem"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(n.dir, "config", name)); !errors.Is(err, os.ErrExist) {
			n.must(err)
		}
	}
}

func (n *tenant) arguments(more ...string) []string {
	return append([]string{"serve", "--config", filepath.Join(n.dir, "config", "config.yaml"), "--tls-dir", filepath.Join(n.dir, "tls"),
		"--token-keys-dir", filepath.Join(n.dir, "token-keys"), "--sealing-keys-dir", filepath.Join(n.dir, "sealing-keys"), "--database-host", mariadb.Host, "--database-port", strconv.Itoa(database.Port),
		"--database-ca", database.CAFile, "--credentials-dir", n.credentials, "--mail-credentials-dir", filepath.Join(n.dir, "mail-relay"),
		"--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0", "--drain-delay", "0s"}, more...)
}

// pod is one running halo-server.
type pod struct {
	t                *testing.T
	client           *http.Client
	public, health   string
	stop             func() int // as SIGTERM does; gives the exit status
	terminate        context.CancelFunc
	log              *safeBuffer
	standardErrorOut *safeBuffer
}

type safeBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *safeBuffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(data)
}

func (b *safeBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}

// start runs the subcommand and waits until its ports are open.
func (n *tenant) start(more ...string) *pod {
	n.t.Helper()
	p := n.client()
	ctx, cancel := context.WithCancel(context.Background())
	exit := make(chan int, 1)
	go func() { exit <- run(ctx, n.arguments(more...), streams{nil, p.log, p.standardErrorOut}) }()
	p.terminate = cancel
	p.stop = sync.OnceValue(func() int { cancel(); return <-exit })
	n.t.Cleanup(func() { p.client.CloseIdleConnections(); p.stop() })
	eventually(n.t, "the ports are open", func() bool { return p.findPorts() })
	return p
}

// client makes the client of a pod that is about to start.
func (n *tenant) client() *pod {
	roots := x509.NewCertPool()
	roots.AddCert(n.certified.Certificate())
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}}
	return &pod{
		t: n.t, log: &safeBuffer{}, standardErrorOut: &safeBuffer{},
		client: &http.Client{Transport: transport, Timeout: 30 * time.Second},
	}
}

// findPorts reads the line that tells the ports.
func (p *pod) findPorts() bool {
	lines := bufio.NewScanner(strings.NewReader(p.log.String()))
	for lines.Scan() {
		var line struct{ Msg, Listen, Health string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			p.public, p.health = "https://"+line.Listen, "http://"+line.Health
			return true
		}
	}
	if said := p.standardErrorOut.String(); said != "" {
		p.t.Fatalf("it does not start: %s", said)
	}
	return false
}

// ask sends a request; headers come in pairs.
func (p *pod) ask(method, url, body string, headers ...string) (int, string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if request.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	response, err := p.client.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(read)
}

func (p *pod) session(origin string) (status int, token string) {
	p.t.Helper()
	status, body := p.ask("GET", p.public+"/api/v1/session?advisor=planning", "", "Origin", origin)
	var session struct{ Token string }
	_ = json.Unmarshal([]byte(body), &session)
	return status, session.Token
}

func (p *pod) post(token, body string) (int, string) {
	p.t.Helper()
	return p.ask("POST", p.public+"/api/v1/assessments", body, "Origin", acme, "Content-Type", "application/json", "Halo-Token", token)
}

func (p *pod) ready() int {
	p.t.Helper()
	status, _ := p.ask("GET", p.health+"/readyz", "")
	return status
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in 40 s: %s", what)
		}
	}
}

// relay is an SMTP server that wants STARTTLS and keeps what it gets.
type relay struct {
	port     int
	mutex    sync.Mutex
	messages []letter
	refusal  func(to string) error
}

// refuse makes the relay refuse recipients; nil makes it take them again.
func (r *relay) refuse(with func(to string) error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.refusal = with
}

type letter struct{ from, to, content string }

func startRelay(t *testing.T, certified *httptest.Server) *relay {
	t.Helper()
	r := &relay{}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &conversation{relay: r, connection: c}, nil }))
	server.Domain = "relay.test"
	server.TLSConfig = &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.port = listener.Addr().(*net.TCPAddr).Port
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return r
}

// to lists the letters to an address.
func (r *relay) to(address string) (found []letter) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, l := range r.messages {
		if l.to == address {
			found = append(found, l)
		}
	}
	return found
}

type conversation struct {
	relay      *relay
	connection *smtp.Conn
	letter     letter
}

func (c *conversation) Mail(from string, _ *smtp.MailOptions) error {
	if _, encrypted := c.connection.TLSConnectionState(); !encrypted {
		return errors.New("STARTTLS first")
	}
	c.letter = letter{from: from}
	return nil
}

func (c *conversation) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.relay.mutex.Lock()
	defer c.relay.mutex.Unlock()
	c.letter.to = to
	if c.relay.refusal != nil {
		return c.relay.refusal(to)
	}
	return nil
}

func (c *conversation) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.letter.content = string(content)
	c.relay.mutex.Lock()
	defer c.relay.mutex.Unlock()
	c.relay.messages = append(c.relay.messages, c.letter)
	return nil
}

func (*conversation) Reset()        {}
func (*conversation) Logout() error { return nil }
