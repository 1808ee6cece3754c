package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/console"
	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/sealing"
	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/mariadb"
	"halo.dev/halo/test/sealingkeys"
)

// database is the real one of this package's tests.
var database *mariadb.Server

func TestMain(m *testing.M) { mariadb.Main(m, &database) }

const (
	password = "correct horse battery staple"
	origin   = "https://example.com" // the name that httptest's certificate is for
)

const yaml = `tenant: acme
hostname: halo.acme.example
allowedOrigins: [https://www.acme.example]
advisors:
  - {id: planning, name: Planning Desk, email: desk@acme.example}
  - {id: north, name: Northern Office, email: north@acme.example}
brand: {name: Acme Planning, color: "#0b6e4f"}
mail: {host: smtp.acme.example, port: 587, tls: required, from: halo@acme.example}
console: {hostname: example.com}
`

// cheap makes hashing take no time; the real cost is tested in package account.
var cheap = account.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

// bench is a console over a real database, with a clock that a test moves.
type bench struct {
	t      *testing.T
	store  *store.Console
	whole  *store.Store
	server *httptest.Server
	hasher *account.Hasher
	log    *lockedBuffer
	ring   sealing.Ring
	mutex  sync.Mutex
	ahead  time.Duration
	woken  int
	signed map[string]int // attempts to sign in by outcome
}

func (b *bench) count(outcome string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.signed[outcome]++
}

func (b *bench) now() time.Time {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return time.Now().Add(b.ahead)
}

func (b *bench) advance(by time.Duration) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.ahead += by
}

type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (l *lockedBuffer) Write(data []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.Write(data)
}

func (l *lockedBuffer) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.String()
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, log: &lockedBuffer{}, signed: map[string]int{}}
	credentials := b.empty()
	var err error
	where := store.Config{Host: mariadb.Host, Port: database.Port, CAFile: database.CAFile, CredentialsDir: credentials,
		Sealing: func() sealing.Ring { return b.ring }}
	b.ring = sealingkeys.Ring(t, "1")
	b.store, err = store.OpenConsole(t.Context(), where)
	b.must(err)
	b.whole, err = store.Open(t.Context(), where)
	b.must(err)
	t.Cleanup(func() { _, _ = b.store.Close(), b.whole.Close() })
	b.hasher, err = account.NewHasher(cheap, 2)
	b.must(err)
	settings, err := config.Parse([]byte(yaml))
	b.must(err)
	renderer := report.New()
	handler, err := console.New(console.Options{
		Config: func() config.Config { return settings }, Store: b.store, People: b.whole, Hasher: b.hasher, Report: renderer.Render, Now: b.now,
		Wake:           func() { b.mutex.Lock(); b.woken++; b.mutex.Unlock() },
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Metrics:        server.ConsoleMetrics{Served: func(string, string, int, time.Duration) {}, SignIn: b.count},
		Logger:         slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	b.must(err)
	b.server = httptest.NewTLSServer(handler)
	t.Cleanup(b.server.Close)
	return b
}

// migrate prepares the database once for all tests of the package.
var migrate sync.Once

// empty leaves nothing of a test before this one.
func (b *bench) empty() (credentials string) {
	b.t.Helper()
	credentials = mariadb.Credentials(b.t, "intake password", "delivery password")
	migrate.Do(func() {
		b.must(store.Migrate(b.t.Context(), store.MigrateConfig{
			Host: mariadb.Host, Port: database.Port, CAFile: database.CAFile, CredentialsDir: credentials,
			MasterUsername: mariadb.MasterUsername, MasterPasswordFile: database.MasterPasswordFile, Wait: 20 * time.Second,
		}))
	})
	master := database.Master(b.t)
	for _, table := range []string{"assessment.assessment", "assessment.nonce", "person.person", "person.erasure", "staff.account", "staff.approval", "staff.invitation",
		"staff.recovery_code", "staff.session", "staff.device", "staff.attempt", "staff.audit"} {
		_, err := master.Exec("DELETE FROM halo_" + table)
		b.must(err)
	}
	_, err := master.Exec("UPDATE halo_staff.audit_head SET number = 0, hash = UNHEX(REPEAT('00', 32))")
	b.must(err)
	return credentials
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// member is somebody with an account.
type member struct {
	id     int64
	name   string
	role   account.Role
	secret []byte
	codes  []string
}

// join makes an active account without the pages.
func (b *bench) join(name string, role account.Role, advisor string) member {
	b.t.Helper()
	_, invitation, err := account.NewToken()
	b.must(err)
	b.must(b.store.CreateAccount(b.t.Context(), b.now(), name, role, advisor, store.Invitation{Digest: invitation, Expires: b.now().Add(time.Hour)}))
	guest, err := b.store.Invited(b.t.Context(), b.now(), invitation)
	b.must(err)
	guest.Password, err = b.hasher.Hash(b.t.Context(), password)
	b.must(err)
	guest.Secret, err = account.NewSecret()
	b.must(err)
	b.must(b.store.Prepare(b.t.Context(), b.now(), invitation, guest))
	codes, digests, err := account.NewRecoveryCodes()
	b.must(err)
	b.must(b.store.Join(b.t.Context(), b.now(), invitation, guest, 1, digests))
	return member{guest.AccountID, name, role, guest.Secret, codes}
}

// staff makes one member of each role; the advisor's is "planning".
func (b *bench) staff() map[account.Role]member {
	b.t.Helper()
	found := map[account.Role]member{}
	for _, role := range account.Roles() {
		advisor := ""
		if role == account.Advisor {
			advisor = "planning"
		}
		found[role] = b.join("the-"+string(role), role, advisor)
	}
	return found
}

// code is the member's code of a step that was not used yet.
func (b *bench) code(m member) string {
	b.advance(30 * time.Second)
	return account.Code(m.secret, b.now())
}

// browser keeps cookies, and comes from an address of its own.
type browser struct {
	b      *bench
	client *http.Client
	from   string
}

func (b *bench) browser(from string) *browser {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	b.must(err)
	client := *b.server.Client()
	client.Jar = jar
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{b, &client, from}
}

// answer is a response that was read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request; headers come in pairs.
func (w *browser) do(method, path, body string, headers ...string) answer {
	w.b.t.Helper()
	request, err := http.NewRequestWithContext(w.b.t.Context(), method, origin+path, strings.NewReader(body))
	w.b.must(err)
	request.Header.Set("X-Forwarded-For", w.from)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", origin)
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(headers); i += 2 {
		if request.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	response, err := w.client.Do(request)
	w.b.must(err)
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	w.b.must(err)
	return answer{response.StatusCode, response.Header, string(read)}
}

func (w *browser) get(path string) answer { w.b.t.Helper(); return w.do("GET", path, "") }

// post sends a form; fields come in pairs.
func (w *browser) post(path string, fields ...string) answer {
	w.b.t.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return w.do("POST", path, values.Encode())
}

// try sends the form for signing in.
func (w *browser) try(name, password, code string) answer {
	w.b.t.Helper()
	return w.post("/console/sign-in", "name", name, "password", password, "code", code)
}

// signedIn is a browser in which a member has signed in.
func (b *bench) signedIn(m member) *browser {
	b.t.Helper()
	w := b.browser("203.0.113.7")
	if got := w.try(m.name, password, b.code(m)); got.status != http.StatusSeeOther || got.header.Get("Location") != "/console" {
		b.t.Fatalf("signing in as %s answers %d %s", m.name, got.status, got.body)
	}
	return w
}

func (w *browser) cookie(name string) string {
	w.b.t.Helper()
	address, err := url.Parse(origin)
	w.b.must(err)
	for _, cookie := range w.client.Jar.Cookies(address) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

func (w *browser) plant(name, value string) {
	w.b.t.Helper()
	address, err := url.Parse(origin)
	w.b.must(err)
	w.client.Jar.SetCookies(address, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

// visitor stores an assessment of somebody whose names are marked, for an
// advisor.
func (b *bench) visitor(number byte, advisor string) {
	b.t.Helper()
	b.visitorNamed(number, advisor, "Marked<b>"+advisor, "Lovelace", "marked@"+advisor+".test")
}

func (b *bench) visitorNamed(number byte, advisor, first, last, email string) {
	b.t.Helper()
	const answers = `{"sex":"female","age":62,"serious_illness":false,"smoking":"current","height_in":66,"weight_lb":190}`
	profile, problems := halo.Parse([]byte(answers), 2026)
	if len(problems) > 0 {
		b.t.Fatal(problems)
	}
	result := halo.Assess(profile)
	text, err := json.Marshal(result)
	b.must(err)
	_, err = b.whole.Save(b.t.Context(), store.Submission{
		Nonce: [16]byte{15: number}, Advisor: advisor,
		First: personal.New(first), Last: personal.New(last), Email: personal.New(email),
		ConsentAt: time.Now(), ModelVersion: halo.ModelVersion, DataSHA256: result.DataSHA256, ValuationYear: 2026,
		Input: json.RawMessage(answers), Result: text, Browser: json.RawMessage(`{}`),
	})
	b.must(err)
}

// entries reads the log, the newest first.
func (b *bench) entries() []audit.Entry {
	b.t.Helper()
	entries, err := b.store.Entries(context.Background(), 0, 1000)
	b.must(err)
	return entries
}

// number reads the first number that a query finds, as the master user.
func (b *bench) number(query string, arguments ...any) (number int64) {
	b.t.Helper()
	b.must(database.Master(b.t).QueryRow(query, arguments...).Scan(&number))
	return number
}
