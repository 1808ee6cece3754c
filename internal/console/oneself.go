package console

import (
	"errors"
	"net/http"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/store"
)

// oneselfData is what the page of one's own account shows.
type oneselfData struct {
	MaySee       string
	RecoveryLeft int
	Since        string
}

func (c *console) oneself(v *visit) error { return c.oneselfWith(v, "", "") }

func (c *console) oneselfWith(v *visit, problem, note string) error {
	left, err := c.Store.RecoveryLeft(v.r.Context(), v.account.ID)
	if err != nil {
		return err
	}
	return c.render(v, "oneself", sheet{Title: "My account", Problem: problem, Note: note, Data: oneselfData{
		MaySee: v.account.Role.MaySee(), RecoveryLeft: left, Since: moment(v.session.CreatedAt),
	}})
}

// confirm asks for password and code again before something that a stolen
// session must not do. The problem is empty when both are right.
func (c *console) confirm(v *visit, password, code string) (problem string, err error) {
	counter := account.Counter("confirm", v.account.Name, "")
	wait, _, err := c.Store.BeginAttempt(v.r.Context(), v.now, counter, account.Wait)
	if err != nil {
		return "", err
	}
	if wait > 0 {
		return "Too many failures. Try again later.", nil
	}
	_, credentials, err := c.Store.Account(v.r.Context(), v.account.ID)
	if err != nil {
		return "", err
	}
	rightPassword, err := c.Hasher.Verify(v.r.Context(), credentials.Password, password)
	if err != nil {
		return "", err
	}
	step, rightCode := account.VerifyCode(credentials.Secret, code, v.now, credentials.LastStep)
	if rightPassword && rightCode {
		err = c.Store.UseStep(v.r.Context(), v.account.ID, step, counter)
		if !errors.Is(err, store.ErrUsed) {
			return "", err
		}
	}
	v.status = http.StatusUnprocessableEntity
	return "Password or code is not right. A code works once; wait for the next one if you have just signed in with it.", nil
}

func (c *console) changePassword(v *visit) error {
	form, err := v.form("password", "code", "new", "again")
	if err != nil {
		return err
	}
	if problem := passwordProblem(v.account.Name, form["new"], form["again"]); problem != "" {
		v.status = http.StatusUnprocessableEntity
		return c.oneselfWith(v, problem, "")
	}
	problem, err := c.confirm(v, form["password"], form["code"])
	if err != nil {
		return err
	}
	if problem != "" {
		return c.oneselfWith(v, problem, "")
	}
	hash, err := c.Hasher.Hash(v.r.Context(), form["new"])
	if err != nil {
		return err
	}
	session, device, err := newTokens()
	if err != nil {
		return err
	}
	if err := c.Store.ChangePassword(v.r.Context(), v.now, v.account.ID, hash, session.digest, device.digest); err != nil {
		return err
	}
	c.take(v, session, device)
	return c.oneselfWith(v, "", "The password was changed, and every other session ended.")
}

// take goes on with a new session.
func (c *console) take(v *visit, session, device token) {
	v.session.CreatedAt = v.now
	v.setCookie(sessionCookie, session.text, AbsoluteTimeout)
	v.setCookie(deviceCookie, device.text, deviceLasts)
}

func (c *console) endOthers(v *visit) error {
	if _, err := v.form(); err != nil {
		return err
	}
	session, device, err := newTokens()
	if err != nil {
		return err
	}
	if err := c.Store.EndOthers(v.r.Context(), v.now, v.account.ID, session.digest, device.digest); err != nil {
		return err
	}
	c.take(v, session, device)
	return c.oneselfWith(v, "", "Every other session has ended.")
}

func (c *console) renewRecovery(v *visit) error {
	form, err := v.form("password", "code")
	if err != nil {
		return err
	}
	problem, err := c.confirm(v, form["password"], form["code"])
	if err != nil {
		return err
	}
	if problem != "" {
		return c.oneselfWith(v, problem, "")
	}
	codes, digests, err := account.NewRecoveryCodes()
	if err != nil {
		return err
	}
	if err := c.Store.RenewRecovery(v.r.Context(), v.now, v.account.ID, digests); err != nil {
		return err
	}
	return c.render(v, "recovery-codes", sheet{Title: "Recovery codes", Note: "The codes from before count no longer.", Data: joinData{Codes: codes}})
}
