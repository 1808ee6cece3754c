package console

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/store"
)

// The cookies. Their prefix makes browsers refuse them from anywhere but this
// host over TLS.
const (
	sessionCookie = "__Host-halo-session"
	deviceCookie  = "__Host-halo-device"
	deviceLasts   = 180 * 24 * time.Hour
	// touchEvery is how exactly a session's last request is noted.
	touchEvery = 15 * time.Second
)

// visit is one request and who makes it.
type visit struct {
	w      http.ResponseWriter
	r      *http.Request
	now    time.Time
	config config.Config

	signedIn bool
	account  store.Account
	session  store.Session
	// status is what render answers with; 200 when zero.
	status int
}

// Why a request is not answered with what it asked for.
var (
	errNothing   = errors.New("there is nothing at this address")
	errForbidden = errors.New("this role has no right to this page")
	errForm      = errors.New("the form is not one of this console's")
	errMediaType = errors.New("the form is of another type than this console's")
	errTooLarge  = errors.New("the form is too large")
)

// serve finds out who asks, and lets in whoever has the right.
func (c *console) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w: w, r: r, now: c.Now(), config: c.Config()}
		if err := c.enter(route, v); err != nil { //nolint:contextcheck // the visit has the request and its context
			c.fail(v, err) //nolint:contextcheck // as above
		}
	})
}

func (c *console) enter(route route, v *visit) error {
	if route.public {
		return route.serve(c, v)
	}
	if err := c.recognise(v); err != nil {
		return err
	}
	if !v.signedIn {
		return v.redirect(pathSignIn)
	}
	if !v.account.Role.May(route.right) {
		return errForbidden
	}
	return route.serve(c, v)
}

// recognise finds the session of the request, if there is one that lasts.
func (c *console) recognise(v *visit) error {
	digest, ok := v.cookie(sessionCookie)
	if !ok {
		return nil
	}
	session, found, err := c.Store.Session(v.r.Context(), digest)
	if errors.Is(err, store.ErrUsed) {
		return nil
	}
	if err != nil {
		return err
	}
	idle := v.now.Sub(session.SeenAt)
	if idle >= IdleTimeout || v.now.Sub(session.CreatedAt) >= AbsoluteTimeout {
		v.dropCookie(sessionCookie)
		return c.Store.Expire(v.r.Context(), digest)
	}
	if idle >= touchEvery {
		if err := c.Store.Touch(v.r.Context(), v.now, digest); err != nil {
			return err
		}
	}
	v.signedIn, v.session, v.account = true, session, found
	return nil
}

// cookie reads a token from a cookie. Two of the same name are none: one of
// them was planted.
func (v *visit) cookie(name string) (account.Digest, bool) {
	found := v.r.CookiesNamed(name)
	if len(found) != 1 {
		return account.Digest{}, false
	}
	digest, err := account.ParseToken(found[0].Value)
	return digest, err == nil
}

func (v *visit) setCookie(name, value string, lasts time.Duration) {
	// Strict: no other page's link arrives signed in.
	http.SetCookie(v.w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(lasts / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func (v *visit) dropCookie(name string) {
	http.SetCookie(v.w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

// token is a new random secret for a cookie, and what is stored of it.
type token struct {
	text   string
	digest account.Digest
}

// newTokens makes the secrets of a session and of a device.
func newTokens() (session, device token, err error) {
	if session.text, session.digest, err = account.NewToken(); err != nil {
		return session, device, err
	}
	device.text, device.digest, err = account.NewToken()
	return session, device, err
}

// redirect sends the browser to another page of the console by GET.
func (v *visit) redirect(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// id reads the number in the address; a number has one form only.
func (v *visit) id() (int64, error) {
	text := v.r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != text {
		return 0, errNothing
	}
	return id, nil
}

// pageNumber reads ?page=2; the first is 0 here.
func (v *visit) pageNumber() int {
	number, err := strconv.Atoi(v.r.URL.Query().Get("page"))
	if err != nil || number < 1 || number > 100_000 {
		return 0
	}
	return number - 1
}

// record appends to the log on behalf of the visitor.
func (c *console) record(v *visit, action audit.Action, subject int64, detail string) error {
	err := c.Store.Record(v.r.Context(), audit.Entry{At: v.now, Actor: v.account.ID, Action: action, Subject: subject, Detail: detail})
	if err != nil {
		return fmt.Errorf("nothing is shown because the log cannot be written: %w", err)
	}
	return nil
}
