package console_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/console"
	"halo.dev/halo/internal/store"
)

const (
	sessionName = "__Host-halo-session"
	deviceName  = "__Host-halo-device"
)

func TestSigningInTakesPasswordAndCode(t *testing.T) {
	b := newBench(t)
	ada := b.join("ada", account.Support, "")
	for name, c := range map[string]struct {
		name, password string
		code           func() string
		want           int
	}{
		"both right":         {"ada", password, func() string { return b.code(ada) }, http.StatusSeeOther},
		"name in capitals":   {" ADA ", password, func() string { return b.code(ada) }, http.StatusSeeOther},
		"a recovery code":    {"ada", password, func() string { return ada.codes[0] }, http.StatusSeeOther},
		"wrong password":     {"ada", password + "!", func() string { return b.code(ada) }, http.StatusForbidden},
		"wrong code":         {"ada", password, func() string { return "000000" }, http.StatusForbidden},
		"no code":            {"ada", password, func() string { return "" }, http.StatusForbidden},
		"another's recovery": {"ada", password, func() string { return "AAAA AAAA AAAA AAAA" }, http.StatusForbidden},
		"nobody":             {"bob", password, func() string { return b.code(ada) }, http.StatusForbidden},
		"no name":            {"", password, func() string { return b.code(ada) }, http.StatusForbidden},
	} {
		w := b.browser("203.0.113.50")
		got := w.try(c.name, c.password, c.code())
		if got.status != c.want || (w.cookie(sessionName) != "") != (c.want == http.StatusSeeOther) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if got.status == http.StatusForbidden && !strings.Contains(got.body, "Name, password or code is not right.") {
			t.Errorf("%s says something else: %s", name, got.body)
		}
	}
}

func TestACodeSignsInOnce(t *testing.T) {
	b := newBench(t)
	ada := b.join("ada", account.Support, "")
	code := b.code(ada)
	for i, want := range []int{http.StatusSeeOther, http.StatusForbidden} {
		if got := b.browser("203.0.113.51").try("ada", password, code); got.status != want {
			t.Errorf("try %d of the same code answers %d, want %d", i+1, got.status, want)
		}
		if got := b.browser("203.0.113.52").try("ada", password, ada.codes[3]); got.status != want {
			t.Errorf("try %d of the same recovery code answers %d, want %d", i+1, got.status, want)
		}
		b.advance(2 * time.Second) // the code's own time has not passed
	}
}

// TestTheDatabaseDecidesWhoUsesACode has two requests that both found the code
// unused.
func TestTheDatabaseDecidesWhoUsesACode(t *testing.T) {
	b := newBench(t)
	ada := b.join("ada", account.Support, "")
	recovery, ok := account.ParseRecoveryCode(ada.codes[0])
	if !ok {
		t.Fatal("the recovery code is not read")
	}
	for name, entry := range map[string]store.Entry{"a step": {Step: 1000}, "a recovery code": {Recovery: &recovery}} {
		entry.AccountID, entry.Keep = ada.id, time.Hour
		for i, want := range []error{nil, store.ErrUsed} {
			_, session, err := account.NewToken()
			b.must(err)
			entry.Session = session
			b.advance(2 * time.Second)
			if err := b.store.SignIn(t.Context(), b.now(), entry); !errors.Is(err, want) {
				t.Errorf("%s, time %d: %v, want %v", name, i+1, err, want)
			}
		}
	}
}

// TestOfManyAtOnceWithOneCodeOneSignsIn does so over and over: whoever loses to
// another transaction of the database is to notice nothing of it.
func TestOfManyAtOnceWithOneCodeOneSignsIn(t *testing.T) {
	b := newBench(t)
	const rounds, many = 20, 4
	for round := range rounds {
		ada := b.join(fmt.Sprintf("ada%d", round), account.Support, "")
		code := b.code(ada)
		statuses := make(chan int, many)
		for i := range many {
			w := b.browser(fmt.Sprintf("203.0.%d.%d", round, 60+i))
			go func() { statuses <- w.try(ada.name, password, code).status }()
		}
		answers := map[int]int{}
		for range many {
			answers[<-statuses]++
		}
		if answers[http.StatusSeeOther] != 1 || answers[http.StatusForbidden] != many-1 {
			t.Fatalf("with one code, %d browsers got these answers: %v; the log says: %s", many, answers, b.log)
		}
	}
}

func TestASessionThatWasPlantedIsWorthNothing(t *testing.T) {
	b := newBench(t)
	thief := b.signedIn(b.join("mallory", account.Support, ""))
	planted := thief.cookie(sessionName)
	victim := b.browser("203.0.113.8")
	victim.plant(sessionName, planted)
	ada := b.join("ada", account.Analyst, "")
	if got := victim.try("ada", password, b.code(ada)); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	if victim.cookie(sessionName) == planted {
		t.Error("the planted session goes on")
	}
	if got := thief.get("/console/account"); got.status != http.StatusSeeOther {
		t.Errorf("whoever planted it gets %d", got.status)
	}
	// Two cookies of one name: one of them was planted.
	value := victim.cookie(sessionName)
	bare := b.browser("203.0.113.8")
	if got := bare.do("GET", "/console/account", "", "Cookie", sessionName+"="+value+"; "+sessionName+"="+planted); got.status != http.StatusSeeOther {
		t.Errorf("two sessions at once answer %d", got.status)
	}
	if got := bare.do("GET", "/console/account", "", "Cookie", sessionName+"="+value); got.status != http.StatusOK {
		t.Errorf("one session answers %d", got.status)
	}
}

func TestTheDatabaseHoldsNoSecretOfASession(t *testing.T) {
	b := newBench(t)
	w := b.signedIn(b.join("ada", account.Support, ""))
	for _, value := range []string{w.cookie(sessionName), w.cookie(deviceName)} {
		if n := b.number(`SELECT (SELECT COUNT(*) FROM halo_staff.session WHERE INSTR(digest, ?)) + (SELECT COUNT(*) FROM halo_staff.device WHERE INSTR(digest, ?))`, value, value); n != 0 || value == "" {
			t.Errorf("%q is stored as it is", value)
		}
	}
}

func TestCookiesAreForThisHostOverTLSAndNoScript(t *testing.T) {
	b := newBench(t)
	ada := b.join("ada", account.Support, "")
	got := b.browser("203.0.113.9").try("ada", password, b.code(ada))
	cookies := got.header.Values("Set-Cookie")
	if len(cookies) != 2 {
		t.Fatalf("%d cookies", len(cookies))
	}
	for _, cookie := range cookies {
		for _, attribute := range []string{"__Host-", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"} {
			if !strings.Contains(cookie, attribute) || strings.Contains(cookie, "Domain") {
				t.Errorf("%s lacks %s", strings.SplitN(cookie, "=", 2)[0], attribute)
			}
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	b := newBench(t)
	ada := b.join("ada", account.Support, "")
	for name, c := range map[string]struct {
		pause time.Duration
		times int
		want  int
	}{
		"in use all the time":     {console.IdleTimeout - time.Minute, 20, http.StatusOK},
		"idle for too long":       {console.IdleTimeout + time.Second, 1, http.StatusSeeOther},
		"at work for eight hours": {console.IdleTimeout - time.Minute, 35, http.StatusSeeOther},
	} {
		w := b.signedIn(ada)
		var got answer
		for range c.times {
			b.advance(c.pause)
			got = w.get("/console/account")
		}
		if got.status != c.want {
			t.Errorf("%s: %d, want %d", name, got.status, c.want)
		}
	}
	w := b.signedIn(ada)
	kept := w.cookie(sessionName)
	if got := w.post("/console/sign-out"); got.status != http.StatusSeeOther || w.cookie(sessionName) != "" {
		t.Errorf("signing out answers %d", got.status)
	}
	w.plant(sessionName, kept)
	if got := w.get("/console/account"); got.status != http.StatusSeeOther {
		t.Errorf("a session that was signed out of answers %d", got.status)
	}
}

func TestNobodyCanLockAnotherOut(t *testing.T) {
	b := newBench(t)
	ada := b.join("ada", account.Support, "")
	owner := b.signedIn(ada) // from 203.0.113.7
	if got := owner.post("/console/sign-out"); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	attacker := b.browser("203.0.113.7") // behind the same address as the owner
	for i := range 5 {
		if got := attacker.try("ada", "guess", "123456"); got.status != http.StatusForbidden {
			t.Fatalf("failure %d answers %d", i+1, got.status)
		}
	}
	got := attacker.try("ada", "guess", "123456")
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("the sixth failure answers %d", got.status)
	}
	if got := owner.try("ada", password, b.code(ada)); got.status != http.StatusSeeOther {
		t.Errorf("the owner's own browser answers %d", got.status)
	}
	if got := b.browser("198.51.100.1").try("ada", password, b.code(ada)); got.status != http.StatusSeeOther {
		t.Errorf("a new browser of the owner elsewhere answers %d", got.status)
	}
	if b.signed["in"] != 3 || b.signed["wrong"] != 5 || b.signed["wait"] < 1 {
		t.Errorf("the attempts are counted as %v", b.signed)
	}
	// Names that nobody has are treated the same, so that waiting tells nothing.
	for range 5 {
		attacker.try("bob", "guess", "123456")
	}
	if got := attacker.try("bob", "guess", "123456"); got.status != http.StatusTooManyRequests {
		t.Errorf("for a name that nobody has it answers %d", got.status)
	}
}

func TestTheWaitGrowsAndEnds(t *testing.T) {
	b := newBench(t)
	ada := b.join("ada", account.Support, "")
	w := b.browser("203.0.113.80")
	for range 5 {
		w.try("ada", "guess", "123456")
	}
	for _, wait := range []time.Duration{15 * time.Second, 30 * time.Second, time.Minute} {
		b.advance(wait - 5*time.Second)
		if got := w.try("ada", "guess", "123456"); got.status != http.StatusTooManyRequests {
			t.Errorf("before %s it answers %d", wait, got.status)
		}
		b.advance(5 * time.Second)
		if got := w.try("ada", "guess", "123456"); got.status != http.StatusForbidden {
			t.Errorf("after %s it answers %d", wait, got.status)
		}
	}
	b.advance(3 * time.Minute)
	if got := w.try("ada", password, b.code(ada)); got.status != http.StatusSeeOther {
		t.Errorf("after the wait the right answer gets %d", got.status)
	}
}

// TestAPasswordAloneCannotBeUsedToGuessCodes has somebody who knows the
// password guess codes from many addresses.
func TestAPasswordAloneCannotBeUsedToGuessCodes(t *testing.T) {
	b := newBench(t)
	ada := b.join("ada", account.Support, "")
	owner := b.signedIn(ada)
	for i := range account.GuessedCodes {
		if got := b.browser(fmt.Sprintf("198.51.100.%d", i+1)).try("ada", password, "000000"); got.status != http.StatusForbidden {
			t.Fatalf("guess %d answers %d", i+1, got.status)
		}
	}
	if got := b.browser("198.51.100.200").try("ada", password, b.code(ada)); got.status != http.StatusForbidden {
		t.Errorf("the right code from a stranger then answers %d", got.status)
	}
	if got := owner.try("ada", password, b.code(ada)); got.status != http.StatusSeeOther {
		t.Errorf("the owner's own browser answers %d", got.status)
	}
	failed := 0
	for _, entry := range b.entries() {
		if entry.Action == audit.SignInFailed && entry.Subject == ada.id && entry.Detail == "right password, wrong code" {
			failed++
		}
	}
	if failed < account.GuessedCodes {
		t.Errorf("%d of them are in the log", failed)
	}
}

func TestOneAddressCannotKeepTheHasherBusy(t *testing.T) {
	b := newBench(t)
	w, refused := b.browser("203.0.113.90"), 0
	for i := range 25 {
		if w.try(fmt.Sprintf("name%d", i), "guess", "123456").status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("25 attempts at once are all let in")
	}
}

func TestOtherSitesCannotActForSomebody(t *testing.T) {
	b := newBench(t)
	w := b.signedIn(b.join("ada", account.Administrator, ""))
	b.advance(time.Minute)
	for name, headers := range map[string][]string{
		"another site":             {"Origin", "https://evil.test", "Sec-Fetch-Site", "cross-site"},
		"another name of the firm": {"Origin", "https://www.example.com", "Sec-Fetch-Site", "same-site"},
		"an old browser":           {"Origin", "https://evil.test", "Sec-Fetch-Site", ""},
		"a sandboxed page":         {"Origin", "null", "Sec-Fetch-Site", ""},
		"the same host by http":    {"Origin", "http://example.com:8080", "Sec-Fetch-Site", ""},
	} {
		for _, path := range []string{"/console/accounts", "/console/sign-out", "/console/sign-in", "/console/account/sessions"} {
			if got := w.do("POST", path, "name=eve&role=support&advisor=", headers...); got.status != http.StatusForbidden {
				t.Errorf("%s: %s answers %d", name, path, got.status)
			}
		}
	}
	if got := w.get("/console/account"); got.status != http.StatusOK {
		t.Errorf("the session has ended: %d", got.status)
	}
	if n := b.number(`SELECT COUNT(*) FROM halo_staff.account`); n != 1 {
		t.Errorf("there are %d accounts", n)
	}
}

func TestOnlyTheConsolesHostIsServed(t *testing.T) {
	b := newBench(t)
	w := b.browser("203.0.113.9")
	for host, want := range map[string]int{
		"example.com": 200, "EXAMPLE.COM:443": 200, "halo.acme.example": 421, "127.0.0.1": 421, "example.com.evil.test": 421, "example.com:x": 421, "[::1]:443": 421,
	} {
		if got := w.do("GET", "/console/sign-in", "", "Host", host); got.status != want {
			t.Errorf("%s answers %d, want %d", host, got.status, want)
		}
	}
}

func TestEveryAnswerForbidsScripts(t *testing.T) {
	b := newBench(t)
	w := b.signedIn(b.join("ada", account.Administrator, ""))
	for _, path := range []string{"/console/account", "/console/style.css", "/nothing", "/console/assessments", "/console/join/x"} {
		got := w.get(path)
		csp := got.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; form-action 'self'") || strings.Contains(csp, "script-src") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY"} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		for _, inline := range []string{"<script", " style=", "<style", " onclick", "javascript:"} {
			if strings.Contains(got.body, inline) {
				t.Errorf("%s holds %s", path, inline)
			}
		}
	}
}

func TestFormsAreReadStrictly(t *testing.T) {
	b := newBench(t)
	w := b.browser("203.0.113.9")
	for name, c := range map[string]struct {
		body, kind string
		want       int
	}{
		"a field twice":   {"name=a&name=b", "application/x-www-form-urlencoded", 400},
		"another field":   {"name=ab&admin=1", "application/x-www-form-urlencoded", 400},
		"a control":       {"name=a%00b", "application/x-www-form-urlencoded", 400},
		"no text":         {"name=a%ffb", "application/x-www-form-urlencoded", 400},
		"a broken escape": {"name=%zz", "application/x-www-form-urlencoded", 400},
		"semicolons":      {"name=a;password=b", "application/x-www-form-urlencoded", 400},
		"JSON":            {`{"name":"a"}`, "application/json", 415},
		"multipart":       {"--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na\r\n--x--\r\n", "multipart/form-data; boundary=x", 415},
		"no type":         {"name=a", "", 415},
		"a large one":     {"name=" + strings.Repeat("a", 20<<10), "application/x-www-form-urlencoded", 413},
		"an empty one":    {"", "application/x-www-form-urlencoded; charset=utf-8", 403},
	} {
		if got := w.do("POST", "/console/sign-in", c.body, "Content-Type", c.kind); got.status != c.want {
			t.Errorf("%s answers %d, want %d", name, got.status, c.want)
		}
	}
}

func FuzzParseForm(f *testing.F) {
	f.Add("name=ada&password=x&code=123456")
	f.Add("name=a&name=b")
	f.Add("%00=1&;")
	f.Fuzz(func(t *testing.T, text string) {
		form, err := console.ParseForm(text, "name", "password", "code")
		if err != nil && form != nil {
			t.Error("an error with a form")
		}
		for name, value := range form {
			if name != "name" && name != "password" && name != "code" || strings.ContainsAny(value, "\x00\r\n\x7f") {
				t.Errorf("%q has %q", name, value)
			}
		}
	})
}
