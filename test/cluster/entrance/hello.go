package entrance

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// maxHello bounds what is read before the server name is known. A ClientHello
// fits into one TLS record, which has at most 16 KiB.
const maxHello = 18 << 10

// errSeen stops the handshake once the ClientHello is known.
var errSeen = errors.New("client hello seen")

// ReadServerName reads a TLS ClientHello and gives the server name in it, in
// lower case, and everything that was read, for the backend to read again.
func ReadServerName(ctx context.Context, client io.Reader) (name string, read []byte, err error) {
	var taken bytes.Buffer
	limited := io.LimitReader(client, maxHello)
	server := tls.Server(readOnly{io.TeeReader(limited, &taken)}, &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			name = strings.ToLower(hello.ServerName)
			return nil, errSeen
		},
	})
	err = server.HandshakeContext(ctx)
	switch {
	case !errors.Is(err, errSeen):
		return "", nil, fmt.Errorf("reading the client hello: %w", err)
	case name == "":
		return "", nil, errors.New("reading the client hello: it names no server")
	}
	return name, taken.Bytes(), nil
}

// readOnly lets crypto/tls read a ClientHello from anything, and say nothing.
type readOnly struct{ reader io.Reader }

func (r readOnly) Read(buffer []byte) (int, error) { return r.reader.Read(buffer) }
func (readOnly) Write([]byte) (int, error)         { return 0, io.ErrClosedPipe }
func (readOnly) Close() error                      { return nil }
func (readOnly) LocalAddr() net.Addr               { return nil }
func (readOnly) RemoteAddr() net.Addr              { return nil }
func (readOnly) SetDeadline(time.Time) error       { return nil }
func (readOnly) SetReadDeadline(time.Time) error   { return nil }
func (readOnly) SetWriteDeadline(time.Time) error  { return nil }
