package console

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/delivery"
	"halo.dev/halo/internal/store"
)

//go:embed pages
var pageFiles embed.FS

// parsePages reads every page, each with the layout around it.
func parsePages() (map[string]*template.Template, error) {
	functions := template.FuncMap{"moment": moment, "day": day}
	layout, err := template.New("layout.html").Funcs(functions).ParseFS(pageFiles, "pages/layout.html")
	if err != nil {
		return nil, fmt.Errorf("reading the layout: %w", err)
	}
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("listing the pages: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		own, err := layout.Clone()
		if err == nil {
			_, err = own.ParseFS(pageFiles, name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the page %s: %w", name, err)
		}
		pages[strings.TrimSuffix(path.Base(name), ".html")] = own
	}
	return pages, nil
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// sheet is what every page is made of.
type sheet struct {
	Title, Firm string
	// Name and Role are the visitor's; empty before signing in.
	Name, Role string
	Menu       []link
	// Problem is what went wrong with what was sent, Note what went well.
	Problem, Note string
	Data          any
}

// render writes a page. It is written to memory first, so that a page that
// fails is not shown by half.
func (c *console) render(v *visit, page string, s sheet) error {
	s.Firm = v.config.Brand.Name
	if v.signedIn {
		s.Name, s.Role = v.account.Name, string(v.account.Role)
		s.Menu = menu(v.account.Role, v.r.URL.Path)
	}
	var out bytes.Buffer
	if err := c.pages[page].Execute(&out, s); err != nil {
		return fmt.Errorf("making the page %s: %w", page, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(max(v.status, http.StatusOK))
	_, _ = v.w.Write(out.Bytes())
	return nil
}

// style is the sheet of style with the firm's colour, whose form the
// configuration has checked.
func (c *console) style(v *visit) error {
	text, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return fmt.Errorf("reading the style: %w", err)
	}
	v.w.Header().Set("Content-Type", "text/css; charset=utf-8")
	fmt.Fprintf(v.w, ":root { --brand: %s; }\n%s", v.config.Brand.Color, text)
	return nil
}

// failure is how an error looks to the visitor.
type failure struct {
	err    error
	status int
	title  string
	words  string
}

var failures = []failure{
	{errNothing, http.StatusNotFound, "Nothing here", "There is nothing at this address."},
	{errForbidden, http.StatusForbidden, "Not for this account", "The role of this account does not include this page."},
	{errForm, http.StatusBadRequest, "Form not understood", "The form that was sent is not one of this console's. Go back, reload the page and try again."},
	{errMediaType, http.StatusUnsupportedMediaType, "Form not understood", "The form was sent in a way that this console does not use."},
	{errTooLarge, http.StatusRequestEntityTooLarge, "Form too large", "The form that was sent is too large."},
	{store.ErrNoClient, http.StatusNotFound, "No such assessment", "You have no client with an assessment of this number. It may have been erased."},
	{store.ErrNoPerson, http.StatusNotFound, "No such person", "Nothing is kept on a person of this number; it may have been erased."},
	{store.ErrNoMail, http.StatusConflict, "Nothing changed", "There is no mail of this number, or its state has changed meanwhile."},
	{store.ErrNoAccount, http.StatusConflict, "Nothing changed", "There is no such account, or its state has changed meanwhile."},
	{store.ErrPending, http.StatusConflict, "Nothing changed", "Something about this account waits for an approval already."},
	{store.ErrOneself, http.StatusForbidden, "Another person has to", "Nobody may do this for themselves, or approve what they asked for."},
	{store.ErrLastAdministrator, http.StatusConflict, "Nothing changed", "This is the last active administrator; without one nobody could handle accounts."},
	{store.ErrUsed, http.StatusConflict, "Nothing changed", "It was used before, has expired, or counts no longer."},
	{account.ErrBusy, http.StatusServiceUnavailable, "Busy", "Too many people are signing in at this moment. Try again in a few seconds."},
	{delivery.ErrUnreadable, http.StatusInternalServerError, "Not readable", "This assessment is of a version that this program cannot show."},
}

// fail answers with an error's page.
func (c *console) fail(v *visit, err error) {
	shown := failure{err, http.StatusServiceUnavailable, "Not now", "Something on our side does not work at this moment. Nothing was changed. Try again in a minute."}
	for _, known := range failures {
		if errors.Is(err, known.err) {
			shown = known
			break
		}
	}
	if shown.status >= http.StatusInternalServerError {
		v.w.Header().Set("Retry-After", "10")
		c.Logger.LogAttrs(v.r.Context(), slog.LevelError, "the console failed", slog.String("route", v.r.Pattern), slog.String("error", err.Error()))
	}
	v.status = shown.status
	if err := c.render(v, "failure", sheet{Title: shown.title, Data: shown.words}); err != nil {
		http.Error(v.w, "Something on our side does not work at this moment.", http.StatusInternalServerError)
	}
}

// securityHeaders allow a page its own style and forms, and nothing else.
func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
				"require-trusted-types-for 'script'",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy":           "camera=(), geolocation=(), microphone=()",
			"Referrer-Policy":              "no-referrer",
			"Strict-Transport-Security":    "max-age=63072000",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Cache-Control":                "no-store",
		} {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}

// onlyItsHost refuses every name but the console's own: what reaches this
// listener by the widget's name, or by an address, came the wrong way.
func (c *console) onlyItsHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wanted := c.Config().Console.Hostname
		if wanted == "" || !strings.EqualFold(hostOf(r.Host), wanted) {
			http.Error(w, "This is not a name of the console.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf is a Host header without its port.
func hostOf(host string) string {
	if at := strings.LastIndexByte(host, ':'); at >= 0 {
		if _, err := strconv.ParseUint(host[at+1:], 10, 16); err == nil {
			return host[:at]
		}
	}
	return host
}

// observe logs each request, without its address's variable parts, and answers
// for handlers that gave up.
func (c *console) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, noted := time.Now(), &notingWriter{ResponseWriter: w}
		defer func() { //nolint:contextcheck // the request may have ended
			if cause := recover(); cause != nil {
				c.Logger.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelError, "a page of the console panicked",
					slog.String("type", fmt.Sprintf("%T", cause)), slog.String("stack", string(debug.Stack())))
				if noted.status == 0 {
					http.Error(noted, "Something on our side does not work at this moment.", http.StatusInternalServerError)
				}
			}
			c.tell(r, noted.status, time.Since(start))
		}()
		next.ServeHTTP(noted, r)
	})
}

// tell logs and counts a request by its pattern, which holds nothing that
// somebody typed.
func (c *console) tell(r *http.Request, status int, took time.Duration) {
	method, route, found := strings.Cut(r.Pattern, " ")
	if !found {
		method, route = "other", "other"
	}
	c.Metrics.Served(route, method, status, took)
	c.Logger.LogAttrs(r.Context(), slog.LevelInfo, "console request", slog.String("method", method), slog.String("route", route),
		slog.Int("status", status), slog.Float64("milliseconds", float64(took.Microseconds())/1000))
}

// notingWriter remembers the status that was answered.
type notingWriter struct {
	http.ResponseWriter
	status int
}

func (n *notingWriter) WriteHeader(status int) {
	if n.status == 0 {
		n.status = status
	}
	n.ResponseWriter.WriteHeader(status)
}

func (n *notingWriter) Write(data []byte) (int, error) {
	if n.status == 0 {
		n.status = http.StatusOK
	}
	return n.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController reach the connection.
func (n *notingWriter) Unwrap() http.ResponseWriter { return n.ResponseWriter }
