//go:build attack

package attack

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/test/service"
	"halo.dev/halo/test/staff"
)

const session = "__Host-halo-session"

// startConsole runs a server with its console, which believes this machine's X-Forwarded-For: an attacker has many addresses.
func startConsole(t *testing.T) (*service.Service, staff.Console) {
	t.Helper()
	s := service.Start(t, database, service.Options{Console: true, Flags: []string{"--trusted-proxies", "127.0.0.0/8"}})
	return s, staff.Console{Address: "https://" + s.Console, Host: service.ConsoleHost, Transport: s.Client.Transport}
}

func joined(t *testing.T, s *service.Service, console staff.Console, name string, role account.Role) *staff.Member {
	t.Helper()
	m, err := staff.Join(t.Context(), console, name, s.Invite(t, name, string(role)))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m
}

// answer fails the test when there is none.
func answer(t *testing.T) func(staff.Answer, error) staff.Answer {
	return func(got staff.Answer, err error) staff.Answer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
}

func TestForgedAndReplayedSessionsAreRefused(t *testing.T) {
	s, console := startConsole(t)
	ada := joined(t, s, console, "ada", account.PrivacyOfficer)
	value := ada.Cookies()[session]
	status := 0
	in := func(forged string) bool {
		t.Helper()
		thief, err := staff.Stranger(console)
		if err != nil {
			t.Fatal(err)
		}
		got := answer(t)(thief.Do(t.Context(), http.MethodGet, "/console/people", "", "Cookie", session+"="+forged))
		status = got.Status
		return status == http.StatusOK
	}
	if !in(value) {
		t.Fatalf("the session itself (%d characters of %v) answers %d: it tests nothing", len(value), ada.Cookies(), status)
	}
	var stored []byte
	if err := database.Master(t).QueryRowContext(t.Context(), "SELECT digest FROM halo_staff.session").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	forged := []string{"", value + "A", value[:len(value)-1], strings.ToLower(value), value + "; " + session + "=" + value, hex.EncodeToString(stored), strings.Repeat("A", 4000)}
	for i := range value {
		for _, letter := range []byte("Aa0") {
			changed := []byte(value)
			if changed[i] != letter {
				changed[i] = letter
				forged = append(forged, string(changed))
			}
		}
	}
	for _, f := range forged {
		if in(f) {
			t.Errorf("a forged session counts: %q", f)
		}
	}
	if err := ada.SignIn(t.Context()); err != nil { // which ends the session that she came with
		t.Fatal(err)
	}
	if in(value) {
		t.Error("the session before the last counts")
	}
	last := ada.Cookies()[session]
	if got := answer(t)(ada.Post(t.Context(), "/console/sign-out")); got.Status != http.StatusSeeOther || in(last) {
		t.Errorf("after signing out (%d) the session counts", got.Status)
	}
	wantAlive(t, s)
}

func TestCodesCannotBeGuessed(t *testing.T) {
	s, console := startConsole(t)
	ada := joined(t, s, console, "ada", account.PrivacyOfficer)
	thief, err := staff.Stranger(console)
	if err != nil {
		t.Fatal(err)
	}
	try := func(from int, code string) int {
		t.Helper()
		form := url.Values{"name": {"ada"}, "password": {staff.Password}, "code": {code}}.Encode()
		return answer(t)(thief.Do(t.Context(), http.MethodPost, "/console/sign-in", form, "Content-Type", "application/x-www-form-urlencoded",
			"Sec-Fetch-Site", "same-origin", "X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", from/250, from%250+1))).Status
	}
	right := []string{ada.Code(), ada.NextCode()}
	for guess := range 30 { // each from another address
		code := fmt.Sprintf("%06d", guess*16661)
		if slices.Contains(right, code) {
			continue
		}
		if status := try(guess, code); status != http.StatusForbidden && status != http.StatusTooManyRequests {
			t.Fatalf("guess %d answers %d", guess, status)
		}
	}
	if status := try(30, ada.NextCode()); status == http.StatusSeeOther {
		t.Error("after thirty guesses the right one counts: a million guesses would hit")
	}
	if err := ada.SignIn(t.Context()); err != nil {
		t.Errorf("her own browser is locked out by somebody who knows the password: %v", err)
	}
	wantAlive(t, s)
}

func TestOtherSitesCannotAct(t *testing.T) {
	s, console := startConsole(t)
	eve := joined(t, s, console, "eve", account.Administrator)
	for _, path := range []string{"/console/sign-in", "/console/sign-out", "/console/account/password", "/console/account/recovery-codes",
		"/console/account/sessions", "/console/deliveries/1/resend", "/console/people", "/console/people/1/erase", "/console/accounts",
		"/console/accounts/1/approve", "/console/log/verification"} {
		for _, headers := range [][]string{
			{"Origin", "https://www.evil.example", "Sec-Fetch-Site", "cross-site"},
			{"Origin", "https://" + service.ConsoleHost + ".evil.example"},
			{"Origin", "https://" + service.Host, "Sec-Fetch-Site", "same-site"},
			{"Origin", "https://" + service.ConsoleHost, "Sec-Fetch-Site", "same-site"},
			{"Origin", "null"},
		} {
			got := answer(t)(eve.Do(t.Context(), http.MethodPost, path, "name=mallory&role=administrator", append(headers, "Content-Type", "application/x-www-form-urlencoded")...))
			if got.Status != http.StatusForbidden {
				t.Errorf("%s with %q answers %d", path, headers, got.Status)
			}
		}
	}
	var accounts int
	if err := database.Master(t).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM halo_staff.account").Scan(&accounts); err != nil || accounts != 1 {
		t.Errorf("there are %d accounts, %v", accounts, err)
	}
	if got := answer(t)(eve.Get(t.Context(), "/console/accounts")); got.Status != http.StatusOK {
		t.Errorf("she was signed out: %d", got.Status)
	}
	wantAlive(t, s)
}

// within is an entrance (http://host:port) for tools that are no browsers: each request goes on with a member's session
// and from an address of its own. Signing out is left to the member.
func within(t *testing.T, console staff.Console, m *staff.Member) string {
	t.Helper()
	target, err := url.Parse(console.Address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Transport: console.Transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = console.Host
		r.Out.Header.Del("Origin")
		r.Out.Header.Set("Sec-Fetch-Site", "same-origin")
		for name, value := range m.Cookies() {
			r.Out.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}}
	entrance := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/console/sign-") || strings.HasPrefix(r.URL.Path, "/console/account") {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(entrance.Close)
	return entrance.URL
}

func TestToolsFindNothingInTheConsole(t *testing.T) {
	s, console := startConsole(t)
	token, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	post(t, s, token, submission)
	grace := joined(t, s, console, "grace", account.PrivacyOfficer)
	entrance := within(t, console, grace)
	tools := map[string]func(*testing.T){"wapiti": func(t *testing.T) {
		t.Parallel()
		wantNothingOfWapiti(t, entrance)
	}}
	for name, arguments := range map[string][]string{
		"the search":    {"-u", entrance + "/console/people", "--method", "POST", "--data", "email=ada@visitor.test"},
		"an address":    {"-u", entrance + "/console/people/7*?page=1", "--technique", "BEU"},
		"a page number": {"-u", entrance + "/console/log?page=1", "--technique", "BE"},
	} {
		tools[name] = func(t *testing.T) {
			t.Parallel()
			output := run(t, 2*time.Minute, "sqlmap", append(arguments, "--batch", "--disable-coloring", "--dbms", "mysql", "--flush-session",
				"--output-dir", t.TempDir(), "--timeout", "10", "--time-sec", "2", "--ignore-code", "*")...)
			if found := injectable.FindAllString(output, -1); len(found) > 0 || !strings.Contains(output, "do not appear to be injectable") {
				t.Errorf("sqlmap got through (%q), or did not finish:\n%s", found, output)
			}
		}
	}
	t.Run("at once", func(t *testing.T) {
		for name, tool := range tools {
			t.Run(name, tool)
		}
	})
	if got := answer(t)(grace.Get(t.Context(), "/console/people")); got.Status != http.StatusOK {
		t.Errorf("the tools worked without a session: %d", got.Status)
	}
	wantAlive(t, s)
}

// wantNothingOfWapiti has the pages of a member crawled and their forms filled. Forms have no token against other sites'
// requests: browsers tell whence a request comes, which TestOtherSitesCannotAct holds the console to.
func wantNothingOfWapiti(t *testing.T, entrance string) {
	t.Helper()
	for _, found := range wapiti(t, 3*time.Minute, "--url", entrance+"/console/people", "--scope", "domain",
		"--module", "sql,timesql,xss,permanentxss,exec,file,redirect,crlf,ssrf,xxe", "--max-scan-time", "45") {
		t.Error(found)
	}
}
