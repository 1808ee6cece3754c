package main

import (
	"context"
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
	server *http.Server
	port   net.Listener
}

// openStaff opens the database as the staff's user, who keeps the log. It does
// not connect: a tenant without a console may have no such user.
func (s *service) openStaff(ctx context.Context) (err error) {
	database := s.flags.database
	database.Sealing = s.sealing.Get
	if s.staff, err = store.OpenConsole(ctx, database); err != nil {
		return err
	}
	s.staff.Appended = func(head audit.Head) { noteHead(s.logger, head) }
	return nil
}

// openConsole opens the console's port; there is none without the flag.
func (s *service) openConsole(ctx context.Context, wake func()) error {
	if s.flags.consoleListen == "" {
		return nil
	}
	hasher, err := account.NewHasher(account.DefaultCost, 1)
	if err != nil {
		return err
	}
	handler, err := console.New(console.Options{
		Config: s.config.Get, Store: s.staff, People: s.store, Hasher: hasher, Report: s.renderer.Render, Now: time.Now, Wake: wake,
		TrustedProxies: s.flags.trustedProxies, Logger: s.logger, Metrics: s.metrics.WatchConsole(),
	})
	if err != nil {
		return err
	}
	guard := connections.New(connections.Options{Limits: consoleLimits, Shared: s.flags.trustedProxies})
	c := &staffConsole{server: server.NewPublic(s.health.Farewell(handler), s.certificate.Get, s.logger)}
	guard.Watch(c.server)
	if c.port, err = server.Listen(ctx, s.flags.consoleListen, s.flags.trustedProxies, guard); err != nil {
		return err
	}
	s.console = c
	return nil
}

// noteHead tells the end of the staff's log to the server's own, which leaves
// the pod: whoever rewrites the one would have to rewrite the other.
func noteHead(logger *slog.Logger, head audit.Head) {
	logger.Info("audit", "number", head.Number, "hash", head.Hash.String())
}

// address is where the console listens; empty without one.
func (c *staffConsole) address() string {
	if c == nil {
		return ""
	}
	return c.port.Addr().String()
}
