package entrance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pires/go-proxyproto"
)

const (
	// helloTimeout bounds the wait for a client's first words.
	helloTimeout = 10 * time.Second
	// dialTimeout bounds one attempt to reach a pod.
	dialTimeout = 3 * time.Second
)

// Proxy carries connections to the backends that it was last told.
type Proxy struct {
	backends atomic.Pointer[Backends]
}

// NewProxy gives a proxy that knows no host yet and closes every connection.
func NewProxy() *Proxy {
	p := &Proxy{}
	p.Use(Backends{})
	return p
}

// Use replaces the backends for connections to come. The caller must not change
// them afterwards.
func (p *Proxy) Use(backends Backends) { p.backends.Store(&backends) }

// Serve takes connections until the context ends, which closes the listener and
// every connection. It returns when all are done.
func (p *Proxy) Serve(ctx context.Context, listener net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	var connections sync.WaitGroup
	defer connections.Wait()
	for {
		client, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			cancel()
			return fmt.Errorf("taking connections: %w", err)
		}
		connections.Go(func() {
			if err := p.carry(ctx, client); err != nil {
				slog.Info("connection not served", "client", client.RemoteAddr().String(), "reason", err)
			}
		})
	}
}

// carry serves one connection from its first word to its last.
func (p *Proxy) carry(ctx context.Context, client net.Conn) error {
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()
	if err := client.SetReadDeadline(time.Now().Add(helloTimeout)); err != nil {
		return fmt.Errorf("setting a deadline: %w", err)
	}
	name, hello, err := ReadServerName(ctx, client)
	if err != nil {
		return err
	}
	if err := client.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("clearing a deadline: %w", err)
	}
	route := (*p.backends.Load())[name]
	backend, err := dial(ctx, route.Addresses)
	if err != nil {
		return fmt.Errorf("host %s: %w", name, err)
	}
	defer backend.Close()
	if route.ProxyProtocol {
		header := proxyproto.HeaderProxyFromAddrs(2, client.RemoteAddr(), client.LocalAddr())
		if _, err := header.WriteTo(backend); err != nil {
			return fmt.Errorf("host %s: %w", name, err)
		}
	}
	if _, err := backend.Write(hello); err != nil {
		return fmt.Errorf("host %s: %w", name, err)
	}
	exchange(client, backend)
	return nil
}

// dial reaches one of the addresses, beginning with any of them.
func dial(ctx context.Context, addresses []netip.AddrPort) (net.Conn, error) {
	if len(addresses) == 0 {
		return nil, errors.New("no ready backend")
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	first := rand.IntN(len(addresses))
	var failures []error
	for i := range addresses {
		connection, err := dialer.DialContext(ctx, "tcp", addresses[(first+i)%len(addresses)].String())
		if err == nil {
			return connection, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// exchange copies both ways until both have ended. The end of one way is told to
// the other side, which may still have something to say.
func exchange(one, other net.Conn) {
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{one, other}, {other, one}} {
		both.Go(func() {
			_, err := io.Copy(way[1], way[0])
			half, ok := way[1].(interface{ CloseWrite() error })
			if err != nil || !ok || half.CloseWrite() != nil {
				_ = one.Close()
				_ = other.Close()
			}
		})
	}
	both.Wait()
}
