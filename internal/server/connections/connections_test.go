package connections_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"halo.dev/halo/internal/server/connections"
)

// house is a plain server behind a guard whose handler waits at /wait.
type house struct {
	t       *testing.T
	address string
	open    atomic.Int64
	release chan struct{}
	waiting chan struct{}

	mutex   sync.Mutex
	refused map[connections.Reason]int
}

func start(t *testing.T, limits connections.Limits, shared ...netip.Prefix) *house {
	t.Helper()
	h := &house{t: t, release: make(chan struct{}), waiting: make(chan struct{}, 10), refused: map[connections.Reason]int{}}
	guard := connections.New(connections.Options{
		Limits: limits, Shared: shared,
		Opened: func(change int) { h.open.Add(int64(change)) },
		Refused: func(reason connections.Reason) {
			h.mutex.Lock()
			defer h.mutex.Unlock()
			h.refused[reason]++
		},
	})
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			h.waiting <- struct{}{}
			<-h.release
		}
		_, _ = io.WriteString(w, "here")
	})}
	guard.Watch(server)
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.address = inner.Addr().String()
	done := make(chan error, 1)
	go func() { done <- server.Serve(guard.Listener(inner)) }()
	t.Cleanup(func() {
		_ = server.Shutdown(context.WithoutCancel(t.Context()))
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		h.wait("every connection is given back", func() bool { return h.open.Load() == 0 })
	})
	return h
}

func (h *house) count(reason connections.Reason) int {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.refused[reason]
}

func (h *house) wait(what string, holds func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("not in 20 s: %s", what)
		}
	}
}

// dial opens a connection and waits until it is counted, or refused.
func (h *house) dial() net.Conn {
	h.t.Helper()
	c, err := net.Dial("tcp", h.address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

func ask(c net.Conn, path string) (int, error) {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// isClosed waits for the other side to close.
func isClosed(c net.Conn) bool {
	_, err := c.Read(make([]byte, 1))
	var timeout net.Error
	return err != nil && (!errors.As(err, &timeout) || !timeout.Timeout())
}

func TestTheSilentMakeRoomAndTheBusyStay(t *testing.T) {
	h := start(t, connections.Limits{Together: 3, PerPeer: 100})
	busy := h.dial()
	answered := make(chan error, 1)
	go func() { _, err := ask(busy, "/wait"); answered <- err }()
	<-h.waiting
	first, second := h.dial(), h.dial()
	h.wait("three are open", func() bool { return h.open.Load() == 3 })
	third := h.dial()
	if !isClosed(first) {
		t.Error("the one that was silent for longest is still open")
	}
	if status, err := ask(third, "/"); status != 200 || err != nil {
		t.Errorf("the newcomer: %d, %v", status, err)
	}
	// third has been idle for a shorter time than second has been silent.
	fourth := h.dial()
	if !isClosed(second) {
		t.Error("the second is still open")
	}
	for name, c := range map[string]net.Conn{"third": third, "fourth": fourth} {
		if status, err := ask(c, "/"); status != 200 || err != nil {
			t.Errorf("the %s: %d, %v", name, status, err)
		}
	}
	close(h.release)
	if err := <-answered; err != nil {
		t.Errorf("the busy one: %v", err)
	}
	if h.count(connections.ReasonSilent) != 2 || h.count(connections.ReasonTogether) != 0 {
		t.Errorf("refused: %v", h.refused)
	}
}

func TestWhereAllAreBusyTheNewcomerIsRefused(t *testing.T) {
	h := start(t, connections.Limits{Together: 1, PerPeer: 100})
	busy := h.dial()
	answered := make(chan error, 1)
	go func() { _, err := ask(busy, "/wait"); answered <- err }()
	<-h.waiting
	if !isClosed(h.dial()) {
		t.Error("a second connection is let in")
	}
	if h.count(connections.ReasonTogether) != 1 {
		t.Errorf("refused: %v", h.refused)
	}
	close(h.release)
	if err := <-answered; err != nil {
		t.Errorf("the busy one: %v", err)
	}
	// The server may still be at work on a connection whose answer is here.
	h.wait("the place of one that is silent again is taken", func() bool { h.dial(); return h.count(connections.ReasonSilent) > 0 })
}

func TestOneAddressHasItsShareAndNoMore(t *testing.T) {
	h := start(t, connections.Limits{Together: 100, PerPeer: 2})
	first, second := h.dial(), h.dial()
	h.wait("two are open", func() bool { return h.open.Load() == 2 })
	if !isClosed(h.dial()) || h.count(connections.ReasonPeer) != 1 {
		t.Error("a third connection of the address is let in")
	}
	first.Close()
	h.wait("one is given back", func() bool { return h.open.Load() == 1 })
	for name, c := range map[string]net.Conn{"second": second, "next": h.dial()} {
		if status, err := ask(c, "/"); status != 200 || err != nil {
			t.Errorf("the %s: %d, %v", name, status, err)
		}
	}
}

func TestAProxysConnectionsAreManyVisitors(t *testing.T) {
	h := start(t, connections.Limits{Together: 100, PerPeer: 1}, netip.MustParsePrefix("127.0.0.0/8"))
	for range 5 {
		if status, err := ask(h.dial(), "/"); status != 200 || err != nil {
			t.Fatalf("%d, %v", status, err)
		}
	}
	if n := h.count(connections.ReasonPeer); n != 0 {
		t.Errorf("%d are refused", n)
	}
}
