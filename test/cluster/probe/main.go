// Command probe is what the local cluster's own tests run in pods: a server to
// be reached, and a client that says what the network let through.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"halo.dev/halo/test/authority"
)

const usage = `usage: probe serve NAME        say NAME on ports 8080 and 9090, and by TLS, as NAME, on 8443
       probe dial HOST:PORT    one attempt to connect, half a second
       probe insist HOST:PORT  attempts without a pause for two seconds, until one succeeds
       probe lookup NAME       print the addresses of NAME
`

// dialTimeout is long for a packet inside one machine, and short for the first
// repetition of one that was dropped, which comes after a second.
const dialTimeout = 500 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Println(err)
		if errors.Is(err, errUsage) {
			fmt.Print(usage)
		}
		os.Exit(1)
	}
}

// errUsage asks for the usage to be read.
var errUsage = errors.New("what to do was not understood")

func run(ctx context.Context, arguments []string) error {
	if len(arguments) != 2 {
		return errUsage
	}
	what := arguments[1]
	switch arguments[0] {
	case "serve":
		return serve(ctx, what)
	case "dial":
		said, err := dial(ctx, what)
		fmt.Print(said)
		return err
	case "insist":
		return insist(ctx, what)
	case "lookup":
		addresses, err := net.DefaultResolver.LookupHost(ctx, what)
		fmt.Println(addresses)
		return err
	default:
		return errUsage
	}
}

func dial(ctx context.Context, target string) (string, error) {
	connection, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", target)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	said, err := io.ReadAll(connection)
	return string(said), err
}

func insist(ctx context.Context, target string) error {
	dialer := net.Dialer{Timeout: dialTimeout}
	for start, attempt := time.Now(), 1; ; attempt++ {
		connection, err := dialer.DialContext(ctx, "tcp", target)
		if err == nil {
			fmt.Println("connected at attempt", attempt)
			return connection.Close()
		}
		if time.Since(start) > 2*time.Second {
			return fmt.Errorf("never connected: %w", err)
		}
	}
}

func serve(ctx context.Context, name string) error {
	self, err := authority.New(name)
	if err != nil {
		return err
	}
	certificate, err := tls.X509KeyPair(self.Pair().Certificate, self.Pair().Key)
	if err != nil {
		return err
	}
	configuration := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	group, ctx := errgroup.WithContext(ctx)
	for _, address := range []string{":8080", ":9090", ":8443"} {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			return err
		}
		context.AfterFunc(ctx, func() { _ = listener.Close() })
		if address == ":8443" {
			listener = tls.NewListener(listener, configuration)
		}
		group.Go(func() error { return greet(ctx, listener, name) })
	}
	return group.Wait()
}

// greet says the name to whoever connects, and who that seems to be.
func greet(ctx context.Context, listener net.Listener, name string) error {
	for {
		connection, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the listener was closed for that
		case err != nil:
			return err
		}
		go func() {
			defer connection.Close()
			_ = connection.SetDeadline(time.Now().Add(5 * time.Second))
			fmt.Fprintln(connection, name)
		}()
	}
}
