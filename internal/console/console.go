// Package console is the staff console: pages made on the server, without a
// script, for the five roles of the package account. Who may see a page is
// said once, in the table of routes; whoever sees a personal datum leaves an
// entry in the log before it is shown.
package console

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/server/throttle"
	"halo.dev/halo/internal/store"
)

// How long a session lasts without a request, and at most; and how long an
// invitation counts.
const (
	IdleTimeout     = 15 * time.Minute
	AbsoluteTimeout = 8 * time.Hour
	InvitationLasts = 48 * time.Hour
)

// Options are what the console needs. All are required but TrustedProxies and
// Metrics.
type Options struct {
	// Config returns the configuration in force.
	Config func() config.Config
	Store  *store.Console
	// People finds and erases persons; *store.Store does.
	People People
	Hasher *account.Hasher
	// Report writes a report as a PDF.
	Report func(w io.Writer, document report.Document) error
	// Now is the clock.
	Now func() time.Time
	// Wake is called when mail has been queued; it must not block.
	Wake func()
	// TrustedProxies may say on whose behalf they ask (X-Forwarded-For).
	TrustedProxies []netip.Prefix
	Logger         *slog.Logger
	// Metrics are told what happens; their functions may be nil.
	Metrics server.ConsoleMetrics
}

// People finds persons by their e-mail address, and erases them.
type People interface {
	PersonsOf(ctx context.Context, email personal.Text) ([]store.Person, error)
	Erase(ctx context.Context, ids ...int64) (erased int, err error)
	// Unnoted are erased numbers that are not noted outside of the database.
	Unnoted(ctx context.Context, limit int) ([]int64, error)
}

// console holds what the handlers share.
type console struct {
	Options
	pages map[string]*template.Template
	// Strangers cannot use up what known devices have.
	strangers, devices *throttle.Throttle
}

// Attempts to sign in a minute. Each costs some 30 ms of a processor.
var (
	strangerLimits = throttle.Limits{PerClient: 20, Together: 120}
	deviceLimits   = throttle.Limits{PerClient: 20, Together: 600}
)

// New makes the handler of the console's listener.
func New(options Options) (http.Handler, error) {
	if options.Store == nil || options.People == nil || options.Hasher == nil || options.Config == nil || options.Report == nil ||
		options.Now == nil || options.Wake == nil || options.Logger == nil {
		return nil, errors.New("making the console: an option is missing")
	}
	pages, err := parsePages()
	if err != nil {
		return nil, fmt.Errorf("making the console: %w", err)
	}
	if options.Metrics.Served == nil || options.Metrics.SignIn == nil {
		options.Metrics = server.ConsoleMetrics{Served: func(string, string, int, time.Duration) {}, SignIn: func(string) {}}
	}
	c := &console{Options: options, pages: pages,
		strangers: throttle.New(strangerLimits, 0), devices: throttle.New(deviceLimits, 0)}
	mux := http.NewServeMux()
	for _, route := range c.routes() {
		mux.Handle(route.method+" "+route.path, c.serve(route))
	}
	mux.Handle("/", c.serve(route{public: true, serve: (*console).nothing}))
	return c.observe(securityHeaders(c.onlyItsHost(http.NewCrossOriginProtection().Handler(mux)))), nil
}

// route is one address of the console and who may use it.
type route struct {
	method, path string
	// right is what the visitor's role must have; public pages need none.
	right  account.Right
	public bool
	serve  func(c *console, v *visit) error
}

// Addresses that more than one handler leads to.
const (
	pathHome       = "/console"
	pathSignIn     = "/console/sign-in"
	pathJoin       = "/console/join/"
	pathClients    = "/console/assessments"
	pathDeliveries = "/console/deliveries"
	pathFigures    = "/console/figures"
	pathPeople     = "/console/people"
	pathAccounts   = "/console/accounts"
	pathLog        = "/console/log"
	pathOneself    = "/console/account"
)

func (c *console) routes() []route {
	return []route{
		{"GET", "/{$}", "", true, (*console).home},
		{"GET", pathHome, "", true, (*console).home},
		{"GET", "/console/style.css", "", true, (*console).style},
		{"GET", pathSignIn, "", true, (*console).signInPage},
		{"POST", pathSignIn, "", true, (*console).signIn},
		{"GET", pathJoin + "{token}", "", true, (*console).joinPage},
		{"POST", pathJoin + "{token}", "", true, (*console).prepare},
		{"POST", pathJoin + "{token}/code", "", true, (*console).join},

		{"POST", "/console/sign-out", account.Oneself, false, (*console).signOut},
		{"GET", pathOneself, account.Oneself, false, (*console).oneself},
		{"POST", pathOneself + "/password", account.Oneself, false, (*console).changePassword},
		{"POST", pathOneself + "/recovery-codes", account.Oneself, false, (*console).renewRecovery},
		{"POST", pathOneself + "/sessions", account.Oneself, false, (*console).endOthers},

		{"GET", pathClients, account.SeeClients, false, (*console).clients},
		{"GET", pathClients + "/{id}", account.SeeClients, false, (*console).client},
		{"GET", pathClients + "/{id}/report.pdf", account.SeeClients, false, (*console).clientReport},

		{"GET", pathDeliveries, account.SeeDeliveries, false, (*console).deliveries},
		{"POST", pathDeliveries + "/{id}/resend", account.SeeDeliveries, false, (*console).resend},
		{"POST", pathDeliveries + "/{id}/cancel", account.SeeDeliveries, false, (*console).cancel},

		{"GET", pathFigures, account.SeeFigures, false, (*console).figures},
		{"GET", pathFigures + "/{format}", account.SeeFigures, false, (*console).downloadFigures},

		{"GET", pathPeople, account.HandlePeople, false, (*console).people},
		{"POST", pathPeople, account.HandlePeople, false, (*console).search},
		{"GET", pathPeople + "/{id}", account.HandlePeople, false, (*console).person},
		{"GET", pathPeople + "/{id}/export.json", account.HandlePeople, false, (*console).export},
		{"GET", pathPeople + "/{id}/report.pdf", account.HandlePeople, false, (*console).personReport},
		{"POST", pathPeople + "/{id}/erase", account.HandlePeople, false, (*console).erase},

		{"GET", pathAccounts, account.SeeAccounts, false, (*console).accounts},
		{"POST", pathAccounts, account.HandleAccounts, false, (*console).requestAccount},
		{"POST", pathAccounts + "/{id}/reset", account.HandleAccounts, false, (*console).requestReset},
		{"POST", pathAccounts + "/{id}/disable", account.HandleAccounts, false, (*console).disable},
		{"POST", pathAccounts + "/{id}/approve", account.SeeAccounts, false, (*console).approve},
		{"POST", pathAccounts + "/{id}/refuse", account.SeeAccounts, false, (*console).refuse},

		{"GET", pathLog, account.SeeLog, false, (*console).log},
		{"POST", pathLog + "/verification", account.SeeLog, false, (*console).verifyLog},
	}
}

// link is an entry of the menu.
type link struct {
	Path, Label string
	Current     bool
	right       account.Right
}

// menu lists the pages that a role may see; the first is where it begins.
func menu(role account.Role, current string) (links []link) {
	for _, l := range []link{
		{Path: pathClients, Label: "Assessments", right: account.SeeClients},
		{Path: pathDeliveries, Label: "Deliveries", right: account.SeeDeliveries},
		{Path: pathFigures, Label: "Figures", right: account.SeeFigures},
		{Path: pathPeople, Label: "People", right: account.HandlePeople},
		{Path: pathAccounts, Label: "Accounts", right: account.SeeAccounts},
		{Path: pathLog, Label: "Log", right: account.SeeLog},
		{Path: pathOneself, Label: "My account", right: account.Oneself},
	} {
		if role.May(l.right) {
			l.Current = current == l.Path || strings.HasPrefix(current, l.Path+"/")
			links = append(links, l)
		}
	}
	return links
}

// home sends everybody to where their role begins.
func (c *console) home(v *visit) error {
	if err := c.recognise(v); err != nil {
		return err
	}
	if !v.signedIn {
		return v.redirect(pathSignIn)
	}
	return v.redirect(menu(v.account.Role, "")[0].Path)
}

func (c *console) nothing(v *visit) error { return errNothing }
