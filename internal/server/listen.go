package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"time"

	"github.com/pires/go-proxyproto"
	"halo.dev/halo/internal/server/connections"
	"halo.dev/halo/internal/server/reload"
)

// The times and sizes of a connection. A questionnaire is a few kilobytes; who
// needs longer than this is not filling one in.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 15 * time.Second
	writeTimeout   = 20 * time.Second
	idleTimeout    = 60 * time.Second
	maxHeaderBytes = 16 << 10
	maxStreams     = 20
)

// Patience is how long a server waits for whoever is on the other side.
type Patience struct {
	// Header bounds the handshake, and then the time to the end of a request's
	// header; Read the whole request; Write the time from there to the end of
	// the answer; Idle the time between two requests of a connection.
	Header, Read, Write, Idle time.Duration
}

// patience is everybody's.
func patience() Patience {
	return Patience{Header: headerTimeout, Read: readTimeout, Write: writeTimeout, Idle: idleTimeout}
}

// Apply makes a server wait so long and no longer.
func (p Patience) Apply(server *http.Server) {
	server.ReadHeaderTimeout, server.ReadTimeout, server.WriteTimeout, server.IdleTimeout = p.Header, p.Read, p.Write, p.Idle
}

// ParseCertificate reads tls.crt and tls.key of a folder.
func ParseCertificate(files reload.Files) (*tls.Certificate, error) {
	for _, name := range []string{"tls.crt", "tls.key"} {
		if len(bytes.TrimSpace(files[name])) == 0 {
			return nil, fmt.Errorf("the file %s is missing or empty", name)
		}
	}
	certificate, err := tls.X509KeyPair(files["tls.crt"], files["tls.key"])
	if err != nil {
		// The error tells what kind of thing is wrong, never the key.
		return nil, fmt.Errorf("tls.crt and tls.key do not make a certificate: %w", err)
	}
	return &certificate, nil
}

// authenticatedCiphers are what TLS 1.2 may use: forward secret, and such that encrypt and authenticate in one (AEAD).
// TLS 1.3 has no others. Every browser that can run the widget has them.
func authenticatedCiphers() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
}

// NewPublic makes the server of the public listener: TLS 1.2 or later, HTTP/2.
// certificate returns the one in force, for every handshake anew.
func NewPublic(handler http.Handler, certificate func() *tls.Certificate, logger *slog.Logger) *http.Server {
	server := &http.Server{ //nolint:gosec // Apply sets its time-outs
		Handler: handler,
		TLSConfig: &tls.Config{
			MinVersion:   tls.VersionTLS12,
			CipherSuites: authenticatedCiphers(),
			// A ticket would be good for a week, and only at the pod that made it.
			SessionTicketsDisabled: true,
			GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate(), nil },
		},
		MaxHeaderBytes: maxHeaderBytes,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams,
			// Who takes the answer slowly holds a buffer, not the connection.
			WriteByteTimeout: writeTimeout,
		},
		ErrorLog: connectionLog(logger),
	}
	patience().Apply(server)
	return server
}

// NewPrivate makes the server of the health listener: plain HTTP, inside the
// cluster only.
func NewPrivate(handler http.Handler, logger *slog.Logger) *http.Server {
	server := &http.Server{Handler: handler, MaxHeaderBytes: maxHeaderBytes, ErrorLog: connectionLog(logger)} //nolint:gosec // Apply sets its time-outs
	patience().Apply(server)
	return server
}

// Listen opens a TCP port. Connections of trusted proxies may begin with a
// PROXY protocol header that tells the visitor's address; of others such a
// header is not believed and ends in a failed handshake. A guard, where there
// is one, bounds the connections.
func Listen(ctx context.Context, address string, trusted []netip.Prefix, guard *connections.Guard) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	if guard != nil {
		// Below the PROXY protocol: its header is awaited in a connection's own
		// goroutine, after the connection was counted.
		listener = guard.Listener(listener)
	}
	if len(trusted) == 0 {
		return listener, nil
	}
	return &proxyproto.Listener{
		Listener: listener, ReadHeaderTimeout: headerTimeout,
		ConnPolicy: func(options proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
			peer, err := netip.ParseAddrPort(options.Upstream.String())
			if err == nil && contains(trusted, peer.Addr().Unmap()) {
				return proxyproto.USE, nil
			}
			return proxyproto.SKIP, nil
		},
	}, nil
}

// Serve serves until the context ends, then finishes the requests that have
// begun, for as long as grace at most. It returns nil after such an end.
func Serve(ctx context.Context, server *http.Server, listener net.Listener, grace time.Duration) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		stopped <- server.Shutdown(bounded)
	})
	var err error
	if server.TLSConfig != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if stop() { // it ended by itself
		return fmt.Errorf("serving %s: %w", listener.Addr(), err)
	}
	if err := <-stopped; err != nil {
		_ = server.Close()
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("finishing requests on %s: %w", listener.Addr(), err)
		}
	}
	return nil
}

// connectionLog writes what net/http says about connections, without the
// visitors' addresses, where only someone who looks for it will see it: any
// port scan makes such lines.
func connectionLog(logger *slog.Logger) *log.Logger {
	return log.New(connectionWriter{logger}, "", 0)
}

type connectionWriter struct{ logger *slog.Logger }

var addressPattern = regexp.MustCompile(`(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:.%a-z]+\])(:\d+)?`)

func (c connectionWriter) Write(line []byte) (int, error) {
	text := addressPattern.ReplaceAll(bytes.TrimSpace(line), []byte("[address]"))
	c.logger.LogAttrs(context.Background(), slog.LevelDebug, "connection", slog.String("said", string(text)))
	return len(line), nil
}

var _ io.Writer = connectionWriter{}
