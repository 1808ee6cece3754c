//go:build attack

package attack

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/mariadb"
	"halo.dev/halo/test/service"
)

var database *mariadb.Server

func TestMain(m *testing.M) { mariadb.Main(m, &database) }

// run runs a tool for so long at most and returns what it printed. Its exit status is not asked: each tool means
// something else by it.
func run(t *testing.T, limit time.Duration, name string, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	command := exec.CommandContext(ctx, name, arguments...)
	command.Env = append(command.Environ(), "HOME="+t.TempDir(), "TERM=dumb")
	command.WaitDelay = 10 * time.Second
	begun := time.Now()
	output, err := command.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%s was not done in %s:\n%s", name, limit, output)
	}
	t.Logf("%s took %s (%v)", name, time.Since(begun).Round(time.Second), err)
	if len(output) == 0 {
		t.Fatalf("%s printed nothing: %v", name, err)
	}
	return string(output)
}

// signedIn is an entrance (http://host:port) for tools that cannot play a widget: it sends each request on with the
// firm's origin and a fresh token, so that what they try reaches the code behind the token.
func signedIn(t *testing.T, s *service.Service) string {
	t.Helper()
	target := &url.URL{Scheme: "https", Host: s.Public}
	proxy := &httputil.ReverseProxy{
		Transport: s.Client.Transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = service.Host
			r.Out.Header.Set("Origin", service.Origin)
			if r.In.Method == http.MethodPost {
				token, err := s.Token(r.In.Context())
				if err != nil {
					t.Logf("the entrance gets no token: %v", err)
				}
				r.Out.Header.Set("Halo-Token", token)
			}
		},
	}
	entrance := httptest.NewServer(proxy)
	t.Cleanup(entrance.Close)
	return entrance.URL
}

// post sends a body as the widget does; the response's body has been read and closed.
func post(t *testing.T, s *service.Service, token, body string) *http.Response {
	t.Helper()
	return send(t, s, http.MethodPost, "/api/v1/assessments", body, "Origin", service.Origin, "Content-Type", "application/json", "Halo-Token", token)
}

// send sends a request with headers in pairs; the response's body has been read and closed.
func send(t *testing.T, s *service.Service, method, path, body string, headers ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "https://"+s.Public+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = service.Host
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response
}
