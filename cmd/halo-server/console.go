package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/console"
	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/server/connections"
	"halo.dev/halo/internal/store"
)

// consoleLimits are those of the console's listener: staff are few.
var consoleLimits = connections.Limits{Together: 200, PerPeer: 100}

// staffConsole is the console's listener with all that it works with.
type staffConsole struct {
	store  *store.Console
	server *http.Server
	port   net.Listener
}

// openConsole opens the console's port; there is none without the flag.
func (s *service) openConsole(ctx context.Context, wake func()) error {
	if s.flags.consoleListen == "" {
		return nil
	}
	database := s.flags.database
	database.Sealing = s.sealing.Get
	opened, err := store.OpenConsole(ctx, database)
	if err != nil {
		return err
	}
	opened.Appended = func(head audit.Head) { noteHead(s.logger, head) }
	hasher, err := account.NewHasher(account.DefaultCost, 1)
	if err != nil {
		return errors.Join(err, opened.Close())
	}
	handler, err := console.New(console.Options{
		Config: s.config.Get, Store: opened, People: s.store, Hasher: hasher, Report: s.renderer.Render, Now: time.Now, Wake: wake,
		TrustedProxies: s.flags.trustedProxies, Logger: s.logger, Metrics: s.metrics.WatchConsole(),
	})
	if err != nil {
		return errors.Join(err, opened.Close())
	}
	guard := connections.New(connections.Options{Limits: consoleLimits, Shared: s.flags.trustedProxies})
	c := &staffConsole{store: opened, server: server.NewPublic(handler, s.certificate.Get, s.logger)}
	guard.Watch(c.server)
	if c.port, err = server.Listen(ctx, s.flags.consoleListen, s.flags.trustedProxies, guard); err != nil {
		return errors.Join(err, opened.Close())
	}
	s.console = c
	return nil
}

// noteHead tells the end of the staff's log to the server's own, which leaves
// the pod: whoever rewrites the one would have to rewrite the other.
func noteHead(logger *slog.Logger, head audit.Head) {
	logger.Info("audit", "number", head.Number, "hash", head.Hash.String())
}

// close ends what openConsole opened.
func (c *staffConsole) close() error {
	if c == nil {
		return nil
	}
	return c.store.Close()
}

// address is where the console listens; empty without one.
func (c *staffConsole) address() string {
	if c == nil {
		return ""
	}
	return c.port.Addr().String()
}
