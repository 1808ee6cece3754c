package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"halo.dev/halo/test/cluster/image"
	"halo.dev/halo/test/platform"
)

// The demonstration's names end in .localhost, which every browser looks for on
// its own machine: nothing has to be put into a hosts file.
const (
	tenantName   = "acme"
	tenantHost   = "halo.acme.localhost"
	pageAddress  = "127.0.0.1:8080"
	pageURL      = "http://www.acme.localhost:8080/"
	entranceHere = "127.0.0.1:8443"
	widgetURL    = "https://" + tenantHost + ":8443/widget.js"
	advisorMail  = "planning@acme.example"
	staffHere    = "127.0.0.1:8444"
	consoleURL   = "https://" + tenantName + ".console.localhost:8444/console"

	// pageProgram is the background program that serves the advisor's page and
	// passes connections on to the entrance.
	pageProgram = "advisor-page"
)

//go:embed tenant.yaml
var tenant string

// up brings up the platform, the tenant and the page, and ends with the table.
func up(ctx context.Context, p *platform.Platform, out io.Writer) error {
	if err := p.StopBackground(ctx, pageProgram); err != nil { // its ports are checked next
		return err
	}
	for _, address := range []string{pageAddress, entranceHere, staffHere} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("the demonstration needs %s, which another program uses; stop that one first: %w", address, err)
		}
		_ = listener.Close()
	}
	if err := p.Up(ctx, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "HaloTenant %s\n", tenantName)
	begun := time.Now()
	if err := p.Apply(ctx, tenant); err != nil {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	err := p.WaitForReady(patience, "halotenant/"+tenantName, func(wait string) {
		fmt.Fprintf(out, "      %s (%.0fs)\n", wait, time.Since(begun).Seconds())
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "      Ready in %.1fs\n", time.Since(begun).Seconds())
	if err := image.Build(ctx, p.Path("bin"), []string{"halo.dev/halo/test/demo"}); err != nil {
		return err
	}
	if err := p.Background(ctx, pageProgram, p.Path("bin", "demo"), "serve", p.Entrance(), p.StaffEntrance()); err != nil {
		return err
	}
	if err := awaitPage(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return table(ctx, p, out)
}

// awaitPage waits until the page and the widget's host answer.
func awaitPage(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for _, address := range []string{pageAddress, entranceHere, staffHere} {
		err := platform.WaitUntil(patience, func(string) {}, func(ctx context.Context) (bool, string) {
			var dialer net.Dialer
			connection, err := dialer.DialContext(ctx, "tcp", address)
			if err != nil {
				return false, err.Error()
			}
			return connection.Close() == nil, address
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// serve runs the advisor's page and the ways to both entrances until the context ends.
func serve(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("serve takes the addresses of the visitors' entrance and of the staff's")
	}
	handler, err := platform.Page{Firm: "Acme Planning", Widget: widgetURL, Advisor: "planning"}.Handler()
	if err != nil {
		return err
	}
	entrance, err := net.Listen("tcp", entranceHere)
	if err != nil {
		return fmt.Errorf("listening for the tenant's host: %w", err)
	}
	defer entrance.Close()
	staff, err := net.Listen("tcp", staffHere)
	if err != nil {
		return fmt.Errorf("listening for the staff's console: %w", err)
	}
	defer staff.Close()
	server := &http.Server{Addr: pageAddress, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 3)
	go func() { ended <- platform.Forward(ctx, entrance, args[0]) }()
	go func() { ended <- platform.Forward(ctx, staff, args[1]) }()
	go func() { ended <- server.ListenAndServe() }()
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	_ = server.Close()
	return err
}
