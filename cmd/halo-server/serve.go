package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/delivery"
	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/mail"
	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/retention"
	"halo.dev/halo/internal/sealing"
	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/server/connections"
	"halo.dev/halo/internal/server/reload"
	"halo.dev/halo/internal/server/token"
	"halo.dev/halo/internal/store"
	"halo.dev/halo/internal/telemetry"
	"halo.dev/halo/internal/widget"
)

// telemetryTimeout bounds how long the end waits for the collector.
const telemetryTimeout = 3 * time.Second

// serveFlags are what needs a rollout to change.
type serveFlags struct {
	config, tlsDir, tokenKeysDir, sealingKeysDir, mailCredentialsDir string
	database                                                         store.Config
	listen, consoleListen, healthListen                              string
	trustedProxies                                                   []netip.Prefix
	drainDelay, drainTimeout                                         time.Duration
	logLevel                                                         slog.Level
}

func parseServeFlags(args []string, std streams) (serveFlags, error) {
	var f serveFlags
	flags := flag.NewFlagSet("halo-server serve", flag.ContinueOnError)
	flags.SetOutput(std.err)
	flags.StringVar(&f.config, "config", "/etc/halo/config/config.yaml", "the `file` of what is reloaded; mail-ca.pem beside it is for the relay")
	flags.StringVar(&f.tlsDir, "tls-dir", "/etc/halo/tls", "the `folder` of tls.crt and tls.key")
	flags.StringVar(&f.tokenKeysDir, "token-keys-dir", "/etc/halo/token-keys", "the `folder` of the token keys, one file each")
	flags.StringVar(&f.sealingKeysDir, "sealing-keys-dir", "/etc/halo/sealing-keys", "the `folder` of the keys that seal personal data, one file each, and of index")
	flags.StringVar(&f.mailCredentialsDir, "mail-credentials-dir", "", "the `folder` of the relay's username and password, if it wants them")
	flags.StringVar(&f.database.Host, "database-host", "", "the database's host `name`; its certificate must be valid for it")
	flags.IntVar(&f.database.Port, "database-port", 3306, "the database's `port`")
	flags.StringVar(&f.database.CAFile, "database-ca", "", "the `file` of certificates (PEM) that may have signed the database's")
	flags.StringVar(&f.database.CredentialsDir, "credentials-dir", "/etc/halo/database-users", "the `folder` of the database users' credentials")
	flags.StringVar(&f.listen, "listen", ":8443", "the `address` of the widget's API (TLS)")
	flags.StringVar(&f.consoleListen, "console-listen", "", "the `address` of the staff console (TLS); without it there is none")
	flags.StringVar(&f.healthListen, "health-listen", ":8081", "the `address` of health and metrics (plain)")
	flags.Func("trusted-proxies", "the `networks` (comma-separated CIDRs) of proxies that may tell a visitor's address,\n"+
		"by X-Forwarded-For or the PROXY protocol", func(text string) (err error) { f.trustedProxies, err = parsePrefixes(text); return err })
	flags.DurationVar(&f.drainDelay, "drain-delay", 5*time.Second, "how long to go on after SIGTERM, until no more requests are sent here")
	flags.DurationVar(&f.drainTimeout, "drain-timeout", 20*time.Second, "how long requests that have begun may take then")
	flags.TextVar(&f.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	if err := flags.Parse(args); err != nil {
		return f, err
	}
	if flags.NArg() > 0 {
		return f, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for _, required := range []string{"database-host", "database-ca"} {
		if flags.Lookup(required).Value.String() == "" {
			return f, fmt.Errorf("the flag --%s is missing", required)
		}
	}
	return f, nil
}

func parsePrefixes(text string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%q is not a network such as 10.0.0.0/8", part)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

// runServe serves a tenant until it is told to stop.
func runServe(ctx context.Context, args []string, std streams) int {
	flags, err := parseServeFlags(args, std)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(std.err, "halo-server serve: %v\n", err)
		return exitMisused
	}
	logger := slog.New(slog.NewJSONHandler(std.out, &slog.HandlerOptions{Level: flags.logLevel}))
	s, err := newService(ctx, flags, logger)
	if err != nil {
		fmt.Fprintf(std.err, "halo-server serve: %v\n", err)
		return exitFailed
	}
	if err := s.run(ctx); err != nil {
		fmt.Fprintf(std.err, "halo-server serve: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// service is a tenant's server with all that it works with.
type service struct {
	flags           serveFlags
	logger          *slog.Logger
	metrics         *server.Metrics
	telemetry       *telemetry.Telemetry
	guard           *connections.Guard
	config          *reload.Value[config.Config]
	certificate     *reload.Value[*tls.Certificate]
	keys            *reload.Value[token.Ring]
	sealing         *reload.Value[sealing.Ring]
	store           *store.Store
	health          *server.Health
	worker          *mail.Worker
	renderer        *report.Renderer
	public, private *http.Server
	console         *staffConsole // nil without one
	staff           *store.Console
	retention       *retention.Worker
	// The ports are open from newService on.
	publicPort, privatePort net.Listener
}

// newService loads every file and opens both ports. The database may be away.
func newService(ctx context.Context, flags serveFlags, logger *slog.Logger) (*service, error) {
	s := &service{flags: flags, logger: logger, metrics: server.NewMetrics()}
	if err := s.load(); err != nil {
		return nil, err
	}
	s.metrics.Running(version, halo.ModelVersion)
	var err error
	s.telemetry, err = telemetry.FromEnvironment(ctx, telemetry.Options{
		Version: version, Tenant: s.config.Get().Tenant, Metrics: s.metrics.Gatherer(), Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	flags.database.Sealing = s.sealing.Get
	if s.store, err = store.Open(ctx, flags.database); err != nil {
		return nil, err
	}
	s.metrics.WatchPools(s.store.Pools)
	if err := s.openStaff(ctx); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	wake := make(chan struct{}, 1)
	if err := s.assemble(wake); err != nil {
		return nil, errors.Join(err, s.closeStores())
	}
	if err := s.openConsole(ctx, func() { nudge(wake) }); err != nil {
		return nil, errors.Join(err, s.closeStores())
	}
	if s.publicPort, err = server.Listen(ctx, flags.listen, flags.trustedProxies, s.guard); err != nil {
		return nil, errors.Join(err, s.closeStores())
	}
	if s.privatePort, err = server.Listen(ctx, flags.healthListen, nil, nil); err != nil {
		return nil, errors.Join(err, s.publicPort.Close(), s.closeStores())
	}
	return s, nil
}

func (s *service) closeStores() error { return errors.Join(s.staff.Close(), s.store.Close()) }

// load reads what running pods reload.
func (s *service) load() (err error) {
	source := func(name, dir string) reload.Options {
		return reload.Options{Source: name, Dir: dir, Notify: s.reloaded}
	}
	name := filepath.Base(s.flags.config)
	s.config, err = reload.Open(source("config", filepath.Dir(s.flags.config)), func(files reload.Files) (config.Config, error) {
		return config.Parse(files[name])
	})
	if err != nil {
		return err
	}
	if s.certificate, err = reload.Open(source("tls", s.flags.tlsDir), server.ParseCertificate); err != nil {
		return err
	}
	s.keys, err = reload.Open(source("token-keys", s.flags.tokenKeysDir), func(files reload.Files) (token.Ring, error) {
		return token.ParseRing(files)
	})
	if err != nil {
		return err
	}
	s.sealing, err = reload.Open(source("sealing-keys", s.flags.sealingKeysDir), func(files reload.Files) (sealing.Ring, error) {
		return sealing.ParseRing(files)
	})
	if err != nil {
		return err
	}
	s.metrics.Serving(s.config.Get(), s.certificate.Get())
	return nil
}

// reloaded tells of a change of files.
func (s *service) reloaded(event reload.Event) {
	s.metrics.Reloaded(event)
	if event.Err != nil {
		s.logger.Error("changed files were refused", "source", event.Source, "error", event.Err)
		return
	}
	if event.Source == "config" {
		s.checkLogo()
	}
	current := s.config.Get()
	s.metrics.Serving(current, s.certificate.Get())
	s.logger.Info("changed files are in force", "source", event.Source, "config_sha256", current.Hash, "origins", current.Origins.Strings())
}

// checkLogo warns of a logo that no report will show. It is no reason to refuse the configuration: the rest of it may matter.
func (s *service) checkLogo() {
	if err := s.renderer.CheckLogo(s.config.Get().Brand.Logo); err != nil {
		s.logger.Warn("the firm's name is on reports instead of its logo", "field", "brand.logo", "error", err)
	}
}

// assemble makes the parts that work with the store.
func (s *service) assemble(wake chan struct{}) error {
	handler, err := server.NewHandler(server.Options{
		Config: s.config.Get, Keys: s.keys.Get, Store: s.store, Now: time.Now,
		Script: widget.Newest(), Released: widget.Released(),
		TrustedProxies: s.flags.trustedProxies, Metrics: s.metrics, Logger: s.logger, Tracer: s.telemetry.Tracer(),
		Wake: func() { nudge(wake) },
	})
	if err != nil {
		return err
	}
	s.health = server.NewHealth(s.store, s.metrics, func() string { return s.config.Get().Hash }, version, 0)
	s.public = server.NewPublic(s.health.Farewell(handler), s.certificate.Get, s.logger)
	s.guard = connections.New(connections.Options{Shared: s.flags.trustedProxies, Opened: s.metrics.Opened, Refused: s.metrics.Refused})
	s.guard.Watch(s.public)
	tenant := func() string { return s.config.Get().Tenant }
	s.private = server.NewPrivate(server.WithErasures(s.health.Handler(), s.store, tenant, s.logger), s.logger)
	s.retention = &retention.Worker{
		Persons: s.store, Days: func() int { return s.config.Get().Retention.PersonDays }, Record: s.notePurge, Logger: s.logger, After: time.After,
	}
	s.worker, err = s.newWorker(wake)
	return err
}

// notePurge notes in the staff's log that persons are gone because their time
// was over.
func (s *service) notePurge(ctx context.Context, purged, days int) error {
	return s.staff.Record(ctx, audit.Entry{
		At: time.Now(), Actor: audit.CommandLine, Action: audit.PersonsPurged, Subject: int64(purged), Detail: fmt.Sprintf("older than %d days", days),
	})
}

// nudge wakes the worker; it does not wait.
func nudge(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default: // a call is on its way already
	}
}

// newWorker makes the worker that sends what the outbox holds.
func (s *service) newWorker(wake <-chan struct{}) (*mail.Worker, error) {
	s.renderer = report.New()
	name, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("asking for the host's name: %w", err)
	}
	writer := delivery.Writer{Config: s.config.Get, Report: s.renderer.Render, Failed: s.metrics.Unwritten}
	return &mail.Worker{
		Outbox: s.store, Relay: s.relay, Render: writer.Write, Name: name, Logger: s.logger, Wake: wake,
		Tracer: s.telemetry.Tracer(), Idle: s.letFontsGo,
		Observe: func(kind store.Kind, outcome mail.Outcome, took time.Duration) {
			s.metrics.Mail(string(kind), string(outcome), took)
		},
	}, nil
}

// fontsUnused is how long the fonts of reports are kept for another one.
const fontsUnused = 15 * time.Second

// letFontsGo gives the memory of reports back to the system when none has been made for a while: a server is at rest most
// of its time, and the runtime alone would keep what a busy minute took.
func (s *service) letFontsGo() {
	if s.renderer.LetGo(fontsUnused) {
		debug.FreeOSMemory()
	}
}

// relay is the relay as it is configured now.
func (s *service) relay() mail.Relay {
	relay := s.config.Get().Mail
	return mail.Relay{
		Host: relay.Host, Port: relay.Port, TLS: relay.TLS, From: relay.From,
		CAFile:         filepath.Join(filepath.Dir(s.flags.config), "mail-ca.pem"),
		CredentialsDir: s.flags.mailCredentialsDir,
	}
}

// run serves until the context ends or a part fails. The end is in order: the
// cluster is told first and given time to send requests elsewhere; then the
// requests and the mail that have begun are finished; then health and the
// reloads end, and the store is closed last.
func (s *service) run(ctx context.Context) error {
	// A value of the context may be used to the end; its end is handled here.
	group, failed := errgroup.WithContext(context.WithoutCancel(ctx))
	stopWork, worked := s.startWork(failed, group)
	stopWatch := s.startWatch(failed, group)
	s.logger.Info("serving", "version", version, "listen", s.publicPort.Addr().String(), "health", s.privatePort.Addr().String(),
		"console", s.console.address(), "config_sha256", s.config.Get().Hash)
	s.checkLogo() // now, and not before the ports are served: a large picture takes longer than all else
	select {
	case <-ctx.Done():
		s.drain(failed)
	case <-failed.Done():
	}
	stopWork()
	worked.Wait()
	stopWatch()
	err := group.Wait()
	s.sendLast(ctx)
	s.logger.Info("stopped")
	return errors.Join(err, s.closeStores())
}

// sendLast sends what the collector has not got yet. That it does not get it is
// no failure of the service.
func (s *service) sendLast(ctx context.Context) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), telemetryTimeout)
	defer cancel()
	if err := s.telemetry.Shutdown(bounded); err != nil {
		s.logger.Warn(err.Error())
	}
}

// startWork starts what is finished first at the end: requests and mail. A
// mail that a last request queues is another pod's to send, or this one's
// successor's.
func (s *service) startWork(parent context.Context, group *errgroup.Group) (context.CancelFunc, *sync.WaitGroup) {
	ctx, stop := context.WithCancel(parent)
	var worked sync.WaitGroup
	worked.Add(3)
	group.Go(func() error {
		defer worked.Done()
		return server.Serve(ctx, s.public, s.publicPort, s.flags.drainTimeout)
	})
	group.Go(func() error {
		defer worked.Done()
		s.worker.Run(ctx)
		return nil
	})
	group.Go(func() error {
		defer worked.Done()
		s.retention.Run(ctx)
		return nil
	})
	if s.console != nil {
		worked.Add(1)
		group.Go(func() error {
			defer worked.Done()
			return server.Serve(ctx, s.console.server, s.console.port, s.flags.drainTimeout)
		})
	}
	return stop, &worked
}

// startWatch starts what goes on until the work is done: health and reloads.
func (s *service) startWatch(parent context.Context, group *errgroup.Group) context.CancelFunc {
	ctx, stop := context.WithCancel(parent)
	group.Go(func() error { return server.Serve(ctx, s.private, s.privatePort, time.Second) })
	for _, watch := range []func(context.Context) error{s.config.Run, s.certificate.Run, s.keys.Run, s.sealing.Run, s.health.Run} {
		group.Go(func() error { return watch(ctx) })
	}
	return stop
}

// drain lets the cluster notice that this pod is about to end.
func (s *service) drain(failed context.Context) {
	s.health.Drain()
	s.logger.Info("stopping", "delay", s.flags.drainDelay.String())
	select {
	case <-time.After(s.flags.drainDelay):
	case <-failed.Done():
	}
}
