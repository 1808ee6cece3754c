package server_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/widget"
)

func TestOnlySafelistedOriginsMayAsk(t *testing.T) {
	b := start(t)
	got := b.do("GET", "/api/v1/session?advisor=planning", "", "Origin", acme)
	if got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != acme || !strings.Contains(got.header.Get("Vary"), "Origin") {
		t.Errorf("the safe origin: %d %v", got.status, got.header)
	}
	if got.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("credentials are allowed")
	}
	for _, headers := range [][]string{
		nil, {"Origin", ""}, {"Origin", "null"}, {"Origin", unsafe}, {"Origin", acme + "/"}, {"Origin", "http://www.acme.example"},
		{"Origin", acme + ":443"}, {"Origin", "https://WWW.acme.example"}, {"Origin", acme + ".evil.example"}, {"Origin", acme, "Origin", acme},
	} {
		got := b.do("GET", "/api/v1/session?advisor=planning", "", headers...)
		b.wantProblem(got, 403)
		if bytes.Contains(got.body, []byte("token\"")) || !strings.Contains(got.header.Get("Vary"), "Origin") {
			t.Errorf("%q: %s %v", headers, got.body, got.header)
		}
		if allowed := got.header.Get("Access-Control-Allow-Origin"); allowed != "" {
			t.Errorf("%q may read it as %q", headers, allowed)
		}
	}
	if b.metric(`halo_http_rejected_total{reason="origin"}`) != "10" {
		t.Errorf("the metric counts %s", b.metric(`halo_http_rejected_total{reason="origin"}`))
	}
}

func TestAPreflightSaysWhatMayBeSent(t *testing.T) {
	b := start(t)
	ask := func(origin string) answer {
		return b.do("OPTIONS", "/api/v1/assessments", "", "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,halo-token")
	}
	got := ask(acme)
	if got.status != http.StatusNoContent || got.header.Get("Access-Control-Allow-Origin") != acme ||
		got.header.Get("Access-Control-Allow-Methods") != "POST" || got.header.Get("Access-Control-Allow-Headers") != "Content-Type, Halo-Token" {
		t.Errorf("answer %d %v", got.status, got.header)
	}
	got = ask(unsafe)
	b.wantProblem(got, 403)
	if got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("an unsafe origin gets %v", got.header)
	}
}

func TestAnOriginCountsFromTheMomentItIsWritten(t *testing.T) {
	b := start(t)
	added := "https://added.example"
	ask := func() int { return b.do("GET", "/api/v1/session?advisor=planning", "", "Origin", added).status }
	if status := ask(); status != 403 {
		t.Fatalf("before: %d", status)
	}
	b.write("config", "config.yaml", strings.Replace(yaml, "[https://www.acme.example]", "[https://www.acme.example, "+added+"]", 1))
	waitFor(t, func() bool { return ask() == 200 })
	// A broken file changes nothing, a repaired one counts again.
	b.write("config", "config.yaml", "tenant: [")
	waitFor(t, func() bool { return !b.config.Healthy() })
	if status := ask(); status != 200 {
		t.Errorf("with a broken file: %d", status)
	}
	b.write("config", "config.yaml", yaml)
	waitFor(t, func() bool { return ask() == 403 })
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the condition did not hold in 20 s")
		}
	}
}

func TestEveryAnswerHasItsSecurityHeaders(t *testing.T) {
	b := start(t)
	for _, path := range []string{"/widget.js", "/widget/0123456789abcdef.js", "/widget/x.js", "/api/v1/session", "/", "/nothing", "/api/v1/assessments"} {
		got := b.do("GET", path, "")
		for name, want := range map[string]string{
			"Content-Security-Policy":    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":     "nosniff",
			"Referrer-Policy":            "no-referrer",
			"Strict-Transport-Security":  "max-age=63072000",
			"Cross-Origin-Opener-Policy": "same-origin",
			"X-Frame-Options":            "DENY",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		wantPolicy := "same-origin"
		if got.status == 200 {
			wantPolicy = "cross-origin"
		}
		if got.header.Get("Cross-Origin-Resource-Policy") != wantPolicy {
			t.Errorf("%s: %d with the resource policy %q", path, got.status, got.header.Get("Cross-Origin-Resource-Policy"))
		}
		if got.header.Get("Server") != "" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", path, got.header)
		}
		if !requestPattern.MatchString(got.header.Get("X-Request-Id")) {
			t.Errorf("%s: request id %q", path, got.header.Get("X-Request-Id"))
		}
	}
}

func TestTheScriptIsPublicAndCached(t *testing.T) {
	b := start(t)
	got := b.do("GET", "/widget.js", "")
	if got.status != 200 || string(got.body) != widgetText || got.header.Get("Content-Type") != "text/javascript; charset=utf-8" ||
		got.header.Get("Cache-Control") != "public, max-age=300" || got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("answer %d %v", got.status, got.header)
	}
	zipped := b.do("GET", "/widget.js", "", "Accept-Encoding", "br, gzip;q=0.8")
	reader, err := gzip.NewReader(bytes.NewReader(zipped.body))
	if err != nil || zipped.header.Get("Content-Encoding") != "gzip" || zipped.header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("headers %v, error %v", zipped.header, err)
	}
	if text, err := io.ReadAll(reader); err != nil || string(text) != widgetText {
		t.Errorf("unzipped %q, error %v", text, err)
	}
	if zipped.header.Get("ETag") == got.header.Get("ETag") {
		t.Error("both encodings have one tag")
	}
	for tag, want := range map[string]int{
		got.header.Get("ETag"): 304, `"x", W/` + got.header.Get("ETag"): 304, "*": 304, `"x"`: 200, zipped.header.Get("ETag"): 200, "": 200,
	} {
		if again := b.do("GET", "/widget.js", "", "If-None-Match", tag); again.status != want || (want == 304 && len(again.body) != 0) {
			t.Errorf("If-None-Match %q: %d", tag, again.status)
		}
	}
	for _, refusing := range []string{"gzip;q=0", "br", "identity", "gzip;q=x", "gzipped"} {
		if plain := b.do("GET", "/widget.js", "", "Accept-Encoding", refusing); plain.header.Get("Content-Encoding") != "" {
			t.Errorf("%q gets gzip", refusing)
		}
	}
	b.wantProblem(b.do("POST", "/widget.js", ""), 405)
	if head := b.do("HEAD", "/widget.js", ""); head.status != 200 || len(head.body) != 0 || head.header.Get("Content-Length") != fmt.Sprint(len(widgetText)) {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
}

func TestAPageCanPinTheScriptOfTodayAndThoseOfEarlierReleases(t *testing.T) {
	b := start(t)
	got := b.do("GET", "/widget.json", "")
	var described struct{ URL, Integrity string }
	if err := json.Unmarshal(got.body, &described); err != nil || got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("answer %d %v %s: %v", got.status, got.header, got.body, err)
	}
	sum := sha512.Sum384([]byte(widgetText))
	if described.Integrity != "sha384-"+base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("the integrity is %q", described.Integrity)
	}
	path, ok := strings.CutPrefix(described.URL, "https://halo.acme.example")
	if !ok {
		t.Fatalf("the address is %q", described.URL)
	}
	for path, want := range map[string]string{path: widgetText, "/widget/" + widget.NewVersion([]byte(earlierText)).Hash + ".js": earlierText} {
		pinned := b.do("GET", path, "", "Origin", unsafe)
		if pinned.status != 200 || pinned.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || string(pinned.body) != want ||
			pinned.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v %q", path, pinned.status, pinned.header, pinned.body)
		}
	}
	b.wantProblem(b.do("GET", "/widget/fedcba9876543210.js", ""), 404)
	b.wantProblem(b.do("POST", "/widget.json", ""), 405)
}

func TestFloodsAreHeldBackAndTold(t *testing.T) {
	b := start(t)
	b.write("config", "config.yaml", yaml+"limits: {requestsPerMinutePerClient: 3, requestsPerMinute: 5}\n")
	b.config.Check()
	for range 3 {
		b.token()
	}
	got := b.do("GET", "/api/v1/session?advisor=planning", "", "Origin", acme)
	b.wantProblem(got, 429)
	if got.header.Get("Retry-After") != "20" || got.header.Get("Access-Control-Allow-Origin") != acme ||
		!strings.Contains(got.header.Get("Access-Control-Expose-Headers"), "Retry-After") {
		t.Errorf("headers are %v", got.header)
	}
	if b.metric(`halo_http_rejected_total{reason="client_limit"}`) != "1" {
		t.Error("the metric does not count it")
	}
	if got := b.do("GET", "/widget.js", ""); got.status != 200 {
		t.Errorf("the script is limited: %d", got.status)
	}
	b.clock.advance(time.Minute)
	b.token()
}

func TestClientsBehindATrustedProxyAreToldApart(t *testing.T) {
	b := start(t, func(o *server.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	b.write("config", "config.yaml", yaml+"limits: {requestsPerMinutePerClient: 1}\n")
	b.config.Check()
	ask := func(forwarded string) int {
		return b.do("GET", "/api/v1/session?advisor=planning", "", "Origin", acme, "X-Forwarded-For", forwarded).status
	}
	for _, step := range []struct {
		forwarded string
		want      int
	}{
		{"192.0.2.1", 200}, {"192.0.2.1", 429}, {"192.0.2.2", 200},
		{"203.0.113.9, 192.0.2.2", 429}, // what stands before was written by the client
		{"192.0.2.3, 127.0.0.2", 200},   // a second trusted proxy in the row
		{"rubbish", 200}, {"more rubbish", 429},
	} {
		if got := ask(step.forwarded); got != step.want {
			t.Errorf("%q: %d, want %d", step.forwarded, got, step.want)
		}
	}
}

func TestAnUntrustedPeerCannotChooseItsAddress(t *testing.T) {
	b := start(t)
	b.write("config", "config.yaml", yaml+"limits: {requestsPerMinutePerClient: 1}\n")
	b.config.Check()
	for i, want := range []int{200, 429} {
		got := b.do("GET", "/api/v1/session?advisor=planning", "", "Origin", acme, "X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i))
		if got.status != want {
			t.Errorf("request %d: %d", i, got.status)
		}
	}
}
