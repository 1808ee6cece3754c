package platform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Forward passes TCP connections from the listener on to the address, byte by
// byte, until the context ends. It gives browsers on the host a way to the
// cluster's entrance without a host name that the host must know. It owns the
// listener and returns when every connection is closed.
func Forward(ctx context.Context, listener net.Listener, address string) error {
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	var open sync.WaitGroup
	defer open.Wait()
	for {
		accepted, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("accepting a connection for %s: %w", address, err)
		}
		open.Go(func() { forwardOne(ctx, accepted, address) })
	}
}

// forwardOne joins two connections until either side has ended or the context
// has. A target that is away closes the visitor's connection, as a load balancer does.
func forwardOne(ctx context.Context, accepted net.Conn, address string) {
	defer accepted.Close()
	var dialer net.Dialer
	target, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer target.Close()
	stop := context.AfterFunc(ctx, func() {
		_ = accepted.Close()
		_ = target.Close()
	})
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { pass(target, accepted) })
	both.Go(func() { pass(accepted, target) })
	both.Wait()
}

// pass copies one direction and tells the other side when it has ended.
func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if tcp, ok := to.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}
