package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/server/connections"
)

// quick is a patience that a test can wait for.
func quick() server.Patience {
	return server.Patience{Header: 300 * time.Millisecond, Read: 600 * time.Millisecond, Write: 800 * time.Millisecond, Idle: 300 * time.Millisecond}
}

// raw opens a connection by hand; it is given ten seconds.
func (b *bench) raw() net.Conn {
	b.t.Helper()
	c, err := net.Dial("tcp", b.address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// secure does the handshake too, for HTTP/1.1.
func (b *bench) secure() *tls.Conn {
	b.t.Helper()
	roots := b.client.Transport.(*http.Transport).TLSClientConfig.RootCAs
	c := tls.Client(b.raw(), &tls.Config{RootCAs: roots, ServerName: "halo.acme.example"})
	if err := c.Handshake(); err != nil {
		b.t.Fatal(err)
	}
	return c
}

// wantEnd waits until the server closes a connection.
func wantEnd(t *testing.T, what string, c net.Conn) {
	t.Helper()
	if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: still open after 10 s", what)
	}
}

func TestWhoIsSlowIsNotWaitedFor(t *testing.T) {
	b := startBounded(t, connections.Limits{}, quick())
	token := b.token()
	post := fmt.Sprintf("POST /api/v1/assessments HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\nHalo-Token: %s\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{", acme, token)
	for name, begin := range map[string]string{
		"nothing after the handshake": "", "half a request line": "GET /widg", "half a header": "GET /widget.js HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"half a body": post, "nothing after an answer": "GET /widget.js HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := b.secure()
			if _, err := io.WriteString(c, begin); err != nil {
				t.Fatal(err)
			}
			wantEnd(t, name, c)
		})
	}
	t.Run("no handshake", func(t *testing.T) { wantEnd(t, "no handshake", b.raw()) })
	t.Run("a header that drips", func(t *testing.T) {
		c := b.secure()
		_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n")
		for begin := time.Now(); err == nil; time.Sleep(50 * time.Millisecond) {
			if time.Since(begin) > 10*time.Second {
				t.Fatal("it may drip for 10 s")
			}
			_, err = io.WriteString(c, "X-Slow: 1\r\n")
		}
	})
	if len(b.store.all()) != 0 {
		t.Error("half a submission is stored")
	}
	if got := b.post(token, body); got.status != 200 {
		t.Errorf("the token afterwards: %d", got.status)
	}
}

func TestAHeaderOfManyKilobytesIsRefused(t *testing.T) {
	b := start(t)
	c := b.secure()
	_, _ = io.WriteString(c, "GET /widget.js HTTP/1.1\r\nHost: x\r\nX-Long: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%d", response.StatusCode)
	}
}

// endless is a body without an end that counts what was taken of it.
type endless struct{ taken int64 }

func (e *endless) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = ' '
	}
	e.taken += int64(len(into))
	if e.taken > 1<<30 {
		return 0, errors.New("a gigabyte was taken")
	}
	return len(into), nil
}

func TestABodyOfAGigabyteIsRefusedUnread(t *testing.T) {
	b := start(t)
	for name, token := range map[string]string{"with a token": b.token(), "without": "none"} {
		body := &endless{}
		request, err := http.NewRequestWithContext(t.Context(), "POST", b.url+"/api/v1/assessments", io.NopCloser(body))
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = -1
		request.Header = http.Header{"Origin": {acme}, "Content-Type": {"application/json"}, "Halo-Token": {token}}
		got := b.send(request)
		want := http.StatusRequestEntityTooLarge
		if token == "none" {
			want = http.StatusForbidden
		}
		b.wantProblem(got, want)
		if body.taken > 4<<20 {
			t.Errorf("%s: %d bytes were taken", name, body.taken)
		}
	}
	if len(b.store.all()) != 0 {
		t.Error("something is stored")
	}
}

func TestACrowdOfSilentConnectionsKeepsNobodyOut(t *testing.T) {
	b := startBounded(t, connections.Limits{Together: 20, PerPeer: 1000}, server.Patience{})
	for range 100 {
		b.raw()
	}
	if got := b.post(b.token(), body); got.status != 200 {
		t.Errorf("a visitor among them: %d", got.status)
	}
	waitFor(t, func() bool { return b.metric("halo_connections") == "20" })
	if got := b.metric(`halo_connections_refused_total{reason="silent"}`); got == "" || got == "0" {
		t.Errorf("the metric tells of %q", got)
	}
}

func TestManyStreamsOfOneConnectionTakeTheirTurns(t *testing.T) {
	b := start(t)
	answers := make(chan int, 60)
	for range cap(answers) {
		go func() { answers <- b.do("GET", "/widget.js", "").status }()
	}
	for range cap(answers) {
		if status := <-answers; status != 200 {
			t.Errorf("%d", status)
		}
	}
}

func TestPathTricksLeadNowhere(t *testing.T) {
	b := start(t)
	for _, target := range []string{
		"/../etc/passwd", "/widget/../../etc/passwd", "/widget/%2e%2e%2fconfig.yaml", "//evil.example/", "/api/v1/session/..;/", "/widget.js/",
		"/api/v1/session%00", "https://evil.example/", "/metrics", "/readyz", "/debug/pprof/", "/console",
	} {
		c := b.secure()
		_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", target)
		answer, err := io.ReadAll(c)
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		status := strings.SplitN(string(answer), " ", 3)[1]
		if status[0] != '4' || bytes.Contains(answer, []byte("evil.example")) {
			t.Errorf("%s: %.300s", target, answer)
		}
	}
}

func TestTwoMeaningsOfOneRequestAreRefused(t *testing.T) {
	b := start(t)
	for name, header := range map[string]string{
		"two lengths":             "Content-Length: 5\r\nContent-Length: 6\r\n",
		"a length that is none":   "Content-Length: +5\r\n",
		"an unknown encoding":     "Transfer-Encoding: xchunked\r\n",
		"a space before a colon":  "Content-Length : 5\r\n",
		"a folded header":         "X-A: 1\r\n Content-Length: 5\r\n",
		"no host at all":          "",
		"a header with a control": "X-A: \x00\r\n",
	} {
		c := b.secure()
		host := "Host: x\r\n"
		if header == "" {
			host = ""
		}
		_, _ = io.WriteString(c, "POST /api/v1/assessments HTTP/1.1\r\n"+host+header+"\r\nhello")
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		response.Body.Close()
		if response.StatusCode < 400 || response.StatusCode > 501 {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
	}
}
