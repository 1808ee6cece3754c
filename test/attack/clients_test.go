//go:build attack

package attack

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"halo.dev/halo/test/service"
)

// patience is longer than the server waits for anything a client should send, with room for a busy machine.
const patience = 40 * time.Second

// mostMemory is what the server may hold under any of these attacks, in KiB: the limit of a pod is 256 MiB.
const mostMemory = 192 << 10

// attacker dials from an address that is not the visitor's.
var attacker = net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 66)}, Timeout: 10 * time.Second}

// dialTLS opens a connection that speaks HTTP/1.1 or HTTP/2.
func dialTLS(ctx context.Context, s *service.Service, protocol string) (*tls.Conn, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA)
	dialer := tls.Dialer{NetDialer: &attacker, Config: &tls.Config{
		RootCAs: roots, ServerName: service.Host, NextProtos: []string{protocol}, MinVersion: tls.VersionTLS12,
	}}
	connection, err := dialer.DialContext(ctx, "tcp", s.Public)
	if err != nil {
		return nil, err
	}
	return connection.(*tls.Conn), nil
}

// awaitEnd reads until the server ends the connection. It fails when the server has more patience than the test.
func awaitEnd(connection net.Conn) error {
	if err := connection.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, connection)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the server still waits after %s", patience)
	}
	return nil // closed or reset: it is over
}

func TestSlowClientsAreSentAwayAndHinderNobody(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	token, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slow := map[string]string{
		"that send nothing after the handshake": "",
		"that drip a header":                    "GET /widget.js HTTP/1.1\r\nHost: " + service.Host + "\r\nX-Slow: ",
		"that drip a body": "POST /api/v1/assessments HTTP/1.1\r\nHost: " + service.Host + "\r\nOrigin: " + service.Origin +
			"\r\nContent-Type: application/json\r\nHalo-Token: " + token + "\r\nContent-Length: 4000\r\n\r\n",
	}
	const each = 100
	for name, opening := range slow {
		t.Run("clients "+name, func(t *testing.T) {
			t.Parallel()
			inParallel(t, each, func() error {
				connection, err := dialTLS(t.Context(), s, "http/1.1")
				if err != nil {
					return err
				}
				defer connection.Close()
				drip(t, connection, opening)
				return awaitEnd(connection)
			})
			wantAlive(t, s)
		})
	}
	t.Run("clients that drip a body over HTTP/2", func(t *testing.T) {
		t.Parallel()
		begun := time.Now()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.Public+"/api/v1/assessments", &dripping{end: begun.Add(patience)})
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = 4000
		for name, value := range map[string]string{"Origin": service.Origin, "Content-Type": "application/json", "Halo-Token": token} {
			request.Header.Set(name, value)
		}
		client := &http.Client{Transport: s.Client.Transport}
		response, err := client.Do(request)
		if err == nil {
			response.Body.Close()
			if response.ProtoMajor != 2 || response.StatusCode < 400 {
				t.Errorf("answered with %s over %s", response.Status, response.Proto)
			}
		}
		if time.Since(begun) > patience {
			t.Errorf("the server waited for %s", time.Since(begun))
		}
	})
}

// drip sends the opening and then a byte now and then, until the connection or the test ends.
func drip(t *testing.T, connection net.Conn, opening string) {
	if opening == "" {
		return
	}
	_, _ = io.WriteString(connection, opening)
	ended := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(ended)
		for ticker := time.NewTicker(300 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				ticker.Stop()
				return
			case <-ticker.C:
				if _, err := io.WriteString(connection, "x"); err != nil {
					ticker.Stop()
					return
				}
			}
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
}

// dripping is a body that never gets anywhere.
type dripping struct{ end time.Time }

func (d *dripping) Read(p []byte) (int, error) {
	time.Sleep(300 * time.Millisecond)
	if time.Now().After(d.end) {
		return 0, io.ErrUnexpectedEOF
	}
	p[0] = ' '
	return 1, nil
}

func TestAGigabyteIsNotTaken(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	token, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const gigabyte, mostTaken = 1 << 30, 16 << 20 // what the kernel's buffers on both sides may hold
	one := s.Client.Transport.(*http.Transport).Clone()
	one.Protocols = new(http.Protocols)
	one.Protocols.SetHTTP1(true)
	t.Cleanup(one.CloseIdleConnections)
	for protocol, transport := range map[string]http.RoundTripper{"HTTP/1.1": one, "HTTP/2": s.Client.Transport} {
		for _, target := range []struct{ method, path string }{
			{http.MethodPost, "/api/v1/assessments"}, {http.MethodGet, "/api/v1/session?advisor=planning"}, {http.MethodPost, "/nothing"},
		} {
			for length, declared := range map[string]int64{"declared": gigabyte, "undeclared": -1} {
				t.Run(fmt.Sprintf("%s %s %s, length %s", protocol, target.method, target.path, length), func(t *testing.T) {
					body := &endless{left: gigabyte}
					request, err := http.NewRequestWithContext(t.Context(), target.method, "https://"+s.Public+target.path, body)
					if err != nil {
						t.Fatal(err)
					}
					request.ContentLength = declared
					for name, value := range map[string]string{"Origin": service.Origin, "Content-Type": "application/json", "Halo-Token": token} {
						request.Header.Set(name, value)
					}
					response, err := (&http.Client{Transport: transport, Timeout: patience}).Do(request)
					if err == nil {
						response.Body.Close()
						if target.path != "/api/v1/session?advisor=planning" && response.StatusCode < 400 {
							t.Errorf("answered with %s", response.Status)
						}
					}
					if taken := gigabyte - body.rest(); taken > mostTaken {
						t.Errorf("the server took %d bytes", taken)
					}
				})
			}
		}
	}
	wantSmall(t, s)
	wantAlive(t, s)
}

// endless is a body of so many spaces.
type endless struct {
	mutex sync.Mutex
	left  int
}

func (e *endless) Read(p []byte) (int, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	copy(p, bytes.Repeat([]byte{' '}, n))
	e.left -= n
	return n, nil
}

func (e *endless) rest() int {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.left
}

func TestTenThousandConnectionsHinderNobody(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	const many = 10_000
	connections := make([]net.Conn, many)
	var refused atomic.Int64
	var mutex sync.Mutex
	next := 0
	inParallel(t, 50, func() error {
		for {
			mutex.Lock()
			mine := next
			next++
			mutex.Unlock()
			if mine >= many {
				return nil
			}
			connection, err := occupy(t.Context(), s, mine%4 == 0)
			if err != nil {
				refused.Add(1)
				continue
			}
			connections[mine] = connection
		}
	})
	t.Cleanup(func() {
		for _, connection := range connections {
			if connection != nil {
				_ = connection.Close()
			}
		}
	})
	t.Logf("%d of %d connections were refused", refused.Load(), many)
	wantAlive(t, s)
	wantSmall(t, s)
	deadline := time.Now().Add(patience)
	for i, connection := range connections {
		if connection == nil || i%4 == 0 {
			continue // refused, or a client who may come back
		}
		_ = connection.SetReadDeadline(deadline)
		if _, err := io.Copy(io.Discard, connection); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("connection %d is still open", i)
		}
	}
	wantAlive(t, s)
}

// occupy opens a connection and leaves it; one that spoke has shaken hands and asked for something first, so that it
// counts as a client who may come back.
func occupy(ctx context.Context, s *service.Service, speak bool) (net.Conn, error) {
	if !speak {
		return attacker.DialContext(ctx, "tcp", s.Public)
	}
	connection, err := dialTLS(ctx, s, "http/1.1")
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(connection, "HEAD /widget.js HTTP/1.1\r\nHost: "+service.Host+"\r\n\r\n")
	return connection, err
}

// inParallel runs so many of the same and tells each error once.
func inParallel(t *testing.T, times int, do func() error) {
	t.Helper()
	var group sync.WaitGroup
	errs := make(chan error, times)
	for range times {
		group.Go(func() {
			if err := do(); err != nil {
				errs <- err
			}
		})
	}
	group.Wait()
	close(errs)
	told := map[string]bool{}
	for err := range errs {
		if !told[err.Error()] {
			told[err.Error()] = true
			t.Error(err)
		}
	}
}

// wantSmall fails when the server holds more memory than a pod may.
func wantSmall(t *testing.T, s *service.Service) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		value, ok := strings.CutPrefix(line, "VmHWM:")
		if !ok {
			continue
		}
		held, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("the server held %d KiB at most", held)
		if held > mostMemory {
			t.Errorf("the server held %d KiB, more than %d", held, mostMemory)
		}
		return
	}
	t.Fatal("the kernel does not tell the server's memory")
}
