//go:build attack

package attack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/service"
)

func TestForgedTokensAreRefused(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	token, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	forged := []string{"", "null", token + "A", token[:len(token)-1], "A" + token, token + "." + token, strings.ToLower(token), strings.Repeat("A", 8000)}
	for i := range token {
		changed := []byte(token)
		changed[i] = 'A'
		if token[i] == 'A' {
			changed[i] = 'B'
		}
		forged = append(forged, string(changed))
	}
	for _, f := range forged {
		if response := post(t, s, f, submission); response.StatusCode != http.StatusForbidden {
			t.Errorf("a forged token of %d characters gets %d", len(f), response.StatusCode)
		}
	}
	if rows := assessments(t); rows != 0 {
		t.Errorf("forged tokens left %d assessments", rows)
	}
	wantAlive(t, s)
}

func TestAReplayedTokenStoresNothingTwice(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	token, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(submission, `"age":62`, `"age":44`, 1)
	inParallel(t, 40, func() error {
		for _, body := range []string{submission, other} {
			post(t, s, token, body)
		}
		return nil
	})
	if rows := assessments(t); rows != 1 {
		t.Errorf("a token sent 80 times left %d assessments", rows)
	}
}

// assessments counts what is stored.
func assessments(t *testing.T) (rows int) {
	t.Helper()
	if err := database.Master(t).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM halo_assessment.assessment").Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAddressesLeadNowhereElse(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	for _, path := range []string{
		"/../../etc/passwd", "/widget/../../etc/passwd", "/widget/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/widget/..%5c..%5cetc%5cpasswd",
		"/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/widget.js/../metrics", "/./metrics", "/metrics", "/healthz", "/readyz", "/status",
		"/debug/pprof/", "/debug/vars", "/console", "/console/", "/.git/config", "/.env", "/config.yaml", "/etc/halo/config/config.yaml",
		"/api/v1/session;advisor=planning", "/api/v1/assessments/1", "/api/v1/assessments/", "/API/V1/SESSION", "/api//v1/session",
		"/api/v1/%73ession%00", "/widget/%00", "/widget/" + strings.Repeat("a", 8000), "/%c0%ae%c0%ae/etc/passwd", "/%ff%fe", "/api/v1/session%3Fadvisor=planning",
	} {
		answer := raw(t, s, "GET "+path+" HTTP/1.1\r\nHost: "+service.Host+"\r\nOrigin: "+service.Origin+"\r\nConnection: close\r\n\r\n")
		if answer.StatusCode < 300 {
			t.Errorf("%s is answered with %d", path, answer.StatusCode)
		}
		wantTellsNothing(t, path, answer)
	}
	for _, method := range []string{"TRACE", "TRACK", "PUT", "DELETE", "PATCH", "PROPFIND", "CONNECT", "get", "POST"} {
		answer := raw(t, s, method+" /api/v1/session?advisor=planning HTTP/1.1\r\nHost: "+service.Host+"\r\nOrigin: "+service.Origin+
			"\r\nX-Secret: do not echo\r\nX-HTTP-Method-Override: GET\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		if answer.StatusCode < 400 {
			t.Errorf("%s is answered with %d", method, answer.StatusCode)
		}
		wantTellsNothing(t, method, answer)
	}
}

func TestHeadersChangeNothing(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	const session = "GET /api/v1/session?advisor=planning HTTP/1.1\r\nHost: " + service.Host + "\r\nConnection: close\r\n"
	for _, origin := range []string{
		"", "Origin: null", "Origin:", "Origin: https://www.acme.example.evil.test", "Origin: https://evil.test/https://www.acme.example",
		"Origin: https://www.acme.example:443", "Origin: https://www.acme.example/", "Origin: https://www.acme.example.", "Origin: HTTPS://WWW.ACME.EXAMPLE",
		"Origin: http://www.acme.example", "Origin: https://www.acme.example, https://evil.test", "Origin: https://www.acme.example\r\nOrigin: https://evil.test",
		"Origin: https://evil.test\r\nOrigin: https://www.acme.example", "Origin: https://www.acme.example\r\nOrigin: https://www.acme.example",
		"Origin: https://www.acme.example@evil.test", "Origin: https://www.acme.example%2eevil.test", "Origin: https://www\u0430.acme.example",
		"X-Original-Origin: https://www.acme.example", "Referer: https://www.acme.example/", "Origin: https://evil.test\r\nReferer: https://www.acme.example/",
	} {
		answer := raw(t, s, session+line(origin)+"\r\n")
		if answer.StatusCode < 400 || answer.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("with %q the session is answered with %d and lets in %q", origin, answer.StatusCode, answer.Header.Get("Access-Control-Allow-Origin"))
		}
		wantTellsNothing(t, origin, answer)
	}
	for _, header := range []string{
		"X-Original-URL: /metrics", "X-Rewrite-URL: /metrics", "X-Forwarded-Host: evil.test", "X-Forwarded-Prefix: /evil",
		"Forwarded: for=1.2.3.4;host=evil.test", "X-Request-Id: " + strings.Repeat("a", 4000), "X-Request-Id: \"><script>alert(1)</script>",
		"Accept-Language: ../../etc/passwd", "Cookie: __Host-halo=1; session=1", "Range: bytes=0-1", "If-None-Match: *", "Expect: 100-continue",
		"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Authorization: Basic YWRtaW46YWRtaW4=",
	} {
		answer := raw(t, s, session+"Origin: "+service.Origin+"\r\n"+line(header)+"\r\n")
		if answer.StatusCode != http.StatusOK || !bytes.Contains(answer.body, []byte(`"token"`)) {
			t.Errorf("with %.60q the session is answered with %d", header, answer.StatusCode)
		}
		wantTellsNothing(t, header, answer)
	}
}

func line(header string) string {
	if header == "" {
		return ""
	}
	return header + "\r\n"
}

func TestNothingIsSmuggled(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	const head = "POST /api/v1/assessments HTTP/1.1\r\nHost: " + service.Host + "\r\nOrigin: " + service.Origin + "\r\n"
	const hidden = "GET /api/v1/session?advisor=planning HTTP/1.1\r\nHost: " + service.Host + "\r\nOrigin: " + service.Origin + "\r\n\r\n"
	// Both a length and an encoding are not among these: net/http takes the encoding alone, as RFC 9112 section 6.3 lets
	// it, and what follows the last chunk is then a request of its own.
	for name, request := range map[string]string{
		"two lengths":              head + "Content-Length: 0\r\nContent-Length: 120\r\n\r\n" + hidden,
		"a list of lengths":        head + "Content-Length: 0, 120\r\n\r\n" + hidden,
		"a length with a sign":     head + "Content-Length: +0\r\n\r\n" + hidden,
		"a negative length":        head + "Content-Length: -1\r\n\r\n" + hidden,
		"a length in hexadecimal":  head + "Content-Length: 0x0\r\n\r\n" + hidden,
		"an unknown encoding":      head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden,
		"two encodings":            head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden,
		"a space before the colon": head + "Content-Length : 0\r\n\r\n" + hidden,
		"a folded header":          head + "X-Folded: a\r\n b\r\n\tc: d\r\nContent-Length: x\r\n\r\n" + hidden,
		"a zero byte":              head + "X-Zero: a\x00b\r\nContent-Length: 0\r\n\r\n" + hidden,
		"a bare return":            head + "X-Bare: a\rContent-Length: 5\r\nContent-Length: 0\r\n\r\n" + hidden,
		"two hosts":                "GET /widget.js HTTP/1.1\r\nHost: " + service.Host + "\r\nHost: evil.test\r\n\r\n" + hidden,
		"no host":                  "GET /widget.js HTTP/1.1\r\n\r\n" + hidden,
		"a chunk too long":         head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + hidden,
		"a header of 64 KiB":       head + "X-Long: " + strings.Repeat("a", 64<<10) + "\r\n\r\n" + hidden,
		"5,000 headers":            head + strings.Repeat("X-Many: a\r\n", 5000) + "\r\n" + hidden,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := conversation(t, s, request)
			if bytes.Contains(answers, []byte(`"token"`)) {
				t.Errorf("the hidden request was answered:\n%s", answers)
			}
			if len(answers) > 0 && !bytes.HasPrefix(answers, []byte("HTTP/1.1 4")) && !bytes.HasPrefix(answers, []byte("HTTP/1.1 501")) {
				t.Errorf("answered with %.40q", answers)
			}
		})
	}
}

func TestAnswersCannotBeSplitNorLimitsEvaded(t *testing.T) {
	s := service.Start(t, database, service.Options{Limits: service.Limits{PerClient: 30, All: 1_000_000}})
	split := url.QueryEscape("planning\r\nSet-Cookie: stolen=1\r\n\r\n<script>")
	answer := raw(t, s, "GET /api/v1/session?advisor="+split+" HTTP/1.1\r\nHost: "+service.Host+"\r\nOrigin: "+service.Origin+"\r\nConnection: close\r\n\r\n")
	if answer.StatusCode != http.StatusNotFound || answer.Header.Get("Set-Cookie") != "" || bytes.Contains(answer.body, []byte("<script>")) {
		t.Errorf("answered with %d, %v, %s", answer.StatusCode, answer.Header, answer.body)
	}
	refused := 0
	for i := range 120 {
		response := send(t, s, http.MethodGet, "/api/v1/session?advisor=planning", "", "Origin", service.Origin,
			"X-Forwarded-For", "10.0.0."+string(rune('0'+i%10)), "X-Real-Ip", "10.1.0.1", "Forwarded", "for=10.2.0.1")
		if response.StatusCode == http.StatusTooManyRequests {
			refused++
			if response.Header.Get("Retry-After") == "" {
				t.Error("429 without Retry-After")
			}
		}
	}
	if refused < 60 {
		t.Errorf("of 120 requests of one client with made-up addresses %d were refused, with a limit of 30 a minute", refused)
	}
}

// answered is a response with its body.
type answered struct {
	*http.Response
	body []byte
}

// raw sends a request exactly as it is written and reads one response.
func raw(t *testing.T, s *service.Service, request string) answered {
	t.Helper()
	text := conversation(t, s, request)
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
	if err != nil {
		t.Fatalf("%.60q is answered with %q: %v", request, text, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	return answered{response, body}
}

// conversation sends the text and returns all that the server says until it ends the connection or waits for more.
func conversation(t *testing.T, s *service.Service, text string) []byte {
	t.Helper()
	connection, err := dialTLS(t.Context(), s, "http/1.1")
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(connection, text) // the server may have answered and closed before the end
	said, err := io.ReadAll(connection)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%.60q: the server still waits after %s", text, patience)
	}
	return said
}

// wantTellsNothing fails when an answer holds what no visitor should see, or lacks the headers that keep it harmless.
func wantTellsNothing(t *testing.T, what string, answer answered) {
	t.Helper()
	for _, mark := range []string{"root:", "goroutine ", "panic:", "runtime error", "SELECT ", "/etc/halo", "do not echo", "go_gc", "intake password"} {
		if bytes.Contains(answer.body, []byte(mark)) {
			t.Errorf("the answer to %.60q holds %q", what, mark)
		}
	}
	if answer.Header.Get("Server") != "" || answer.Header.Get("Set-Cookie") != "" {
		t.Errorf("the answer to %.60q has the headers %v", what, answer.Header)
	}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "application/") && !json.Valid(answer.body) && answer.ContentLength != 0 {
		t.Errorf("the answer to %.60q says that it is JSON and is not: %.80q", what, answer.body)
	}
	location := answer.Header.Get("Location") // the tidy form of a path is redirected to, which is the library's doing
	if location == "" && strings.Contains(answer.Header.Get("Content-Type"), "text/html") {
		t.Errorf("the answer to %.60q is HTML", what)
	}
	if location != "" && (!strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") || strings.HasPrefix(location, "/\\")) {
		t.Errorf("the answer to %.60q leads to %q", what, location)
	}
}
