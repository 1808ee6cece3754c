package console

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/store"
)

func (c *console) signInPage(v *visit) error {
	if err := c.recognise(v); err != nil {
		return err
	}
	if v.signedIn {
		return v.redirect(pathHome)
	}
	return c.render(v, "sign-in", sheet{Title: "Sign in"})
}

// attempt is one try to sign in.
type attempt struct {
	name string
	// known says that this account was signed in to with this browser before:
	// such attempts are counted apart, so that nobody elsewhere can lock the
	// account's owner out (ADR 0091).
	known bool
	// counter is what the failures are counted by; failures include this try.
	counter  account.Digest
	failures int
}

// wrong is the one answer to every failure: it does not tell whether there is
// such an account, nor what of it was wrong.
const wrong = "Name, password or code is not right. After five failures each further one makes the wait longer."

func (c *console) signIn(v *visit) error {
	form, err := v.form("name", "password", "code")
	if err != nil {
		return err
	}
	try, wait, err := c.admit(v, form["name"])
	if err != nil {
		return err
	}
	if wait > 0 {
		return c.askToWait(v, wait)
	}
	entry, err := c.prove(v, try, form["password"], form["code"])
	if errors.Is(err, store.ErrUsed) {
		return c.refuseEntry(v)
	}
	if err != nil {
		return err
	}
	return c.enterSession(v, try, entry)
}

// admit says whether a try may be made now, and counts it as failed until it
// succeeds.
func (c *console) admit(v *visit, typed string) (try attempt, wait time.Duration, err error) {
	name, err := account.ParseName(typed)
	if err != nil {
		name = "" // nobody's, but counted like any
	}
	address := server.ClientAddress(v.r, c.TrustedProxies)
	try = attempt{name: name, counter: account.Counter("network", name, network(address))}
	limit := c.strangers
	if device, ok := v.cookie(deviceCookie); ok && name != "" {
		if try.known, err = c.Store.KnownDevice(v.r.Context(), name, device); err != nil {
			return try, 0, err
		}
		if try.known {
			limit, try.counter = c.devices, account.Counter("device", name, string(device[:]))
		}
	}
	if refused, wait := limit.Allow(address, v.now); refused != "" {
		return try, wait, nil
	}
	wait, try.failures, err = c.Store.BeginAttempt(v.r.Context(), v.now, try.counter, account.Wait)
	return try, wait, err
}

// admitGuest bounds what may be sent to the pages of an invitation.
func (c *console) admitGuest(v *visit) (time.Duration, bool) {
	refused, wait := c.strangers.Allow(server.ClientAddress(v.r, c.TrustedProxies), v.now)
	return wait, refused == ""
}

func (c *console) refuseEntry(v *visit) error {
	c.Metrics.SignIn("wrong")
	v.status = http.StatusForbidden
	return c.render(v, "sign-in", sheet{Title: "Sign in", Problem: wrong})
}

func (c *console) askToWait(v *visit, wait time.Duration) error {
	c.Metrics.SignIn("wait")
	seconds := int(math.Ceil(wait.Seconds()))
	v.w.Header().Set("Retry-After", strconv.Itoa(seconds))
	v.status = http.StatusTooManyRequests
	words := fmt.Sprintf("%d seconds", seconds)
	if seconds > 90 {
		words = fmt.Sprintf("%d minutes", (seconds+59)/60)
	}
	return c.render(v, "sign-in", sheet{Title: "Sign in", Problem: "Too many failures. Try again in " + words + "."})
}

// prove checks password and second factor. The error is store.ErrUsed when they
// are not right; the same work is done whatever is wrong.
func (c *console) prove(v *visit, try attempt, password, code string) (entry store.Entry, err error) {
	found, credentials, err := c.Store.AccountNamed(v.r.Context(), try.name)
	exists := err == nil
	if err != nil && !errors.Is(err, store.ErrNoAccount) {
		return entry, err
	}
	if found.State != account.Active {
		credentials = store.Credentials{}
	}
	rightPassword, err := c.Hasher.Verify(v.r.Context(), credentials.Password, password)
	if err != nil {
		return entry, err
	}
	entry = store.Entry{AccountID: found.ID, Keep: AbsoluteTimeout}
	if credentials.Stale {
		entry.Secret = credentials.Secret
	}
	step, right := account.VerifyCode(credentials.Secret, code, v.now, credentials.LastStep)
	entry.Step = step
	if recovery, ok := account.ParseRecoveryCode(code); ok {
		entry.Recovery, right = &recovery, true // right if it is stored, which SignIn finds out
	}
	guessing := false
	if rightPassword && !try.known {
		wait, _, err := c.Store.BeginAttempt(v.r.Context(), v.now, guesses(try.name), account.WaitForCodes)
		if err != nil {
			return entry, err
		}
		guessing = wait > 0
	}
	if rightPassword && right && !guessing {
		return entry, nil
	}
	if exists && (rightPassword || try.failures >= 5) {
		detail := "wait begins"
		if rightPassword {
			detail = "right password, wrong code"
		}
		err := c.Store.Record(v.r.Context(), audit.Entry{At: v.now, Action: audit.SignInFailed, Subject: found.ID, Detail: detail})
		if err != nil {
			return entry, err
		}
	}
	return entry, store.ErrUsed
}

// network is what counts as one place to sign in from: an IPv4 address, or the
// 64 bits of an IPv6 address that one household has to itself.
func network(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	bits := 32
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return "" // no address: all such are one place
	}
	return prefix.String()
}

// guesses is what wrong codes with the right password are counted by.
func guesses(name string) account.Digest { return account.Counter("codes", name, "") }

// enterSession signs the browser in. It gets a new session in any case, and
// the one that it came with ends.
func (c *console) enterSession(v *visit, try attempt, entry store.Entry) error {
	session, device, err := newTokens()
	if err != nil {
		return err
	}
	entry.Session = session.digest
	entry.Forget = []account.Digest{try.counter, guesses(try.name)}
	if !try.known {
		entry.Device = &device.digest
	}
	if before, ok := v.cookie(sessionCookie); ok {
		entry.Replaced = &before
	}
	switch err := c.Store.SignIn(v.r.Context(), v.now, entry); {
	case errors.Is(err, store.ErrUsed):
		return c.refuseEntry(v)
	case err != nil:
		return err
	}
	c.Metrics.SignIn("in")
	v.setCookie(sessionCookie, session.text, AbsoluteTimeout)
	if !try.known {
		v.setCookie(deviceCookie, device.text, deviceLasts)
	}
	return v.redirect(pathHome)
}

func (c *console) signOut(v *visit) error {
	if _, err := v.form(); err != nil {
		return err
	}
	if err := c.Store.SignOut(v.r.Context(), v.now, v.account.ID, v.session.Digest); err != nil {
		return err
	}
	v.dropCookie(sessionCookie)
	return v.redirect(pathSignIn)
}
