package console

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"rsc.io/qr"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/store"
)

// joinData is what the pages of an invitation show.
type joinData struct {
	Token, Name, MaySee string
	// Secret is the second factor's, Picture the same for a camera.
	Secret  string
	Picture picture
	// Codes are the recovery codes, shown this once.
	Codes []string
}

// guest finds whom the link in the address is for.
func (c *console) guest(v *visit) (invitation account.Digest, guest store.Guest, err error) {
	invitation, err = account.ParseToken(v.r.PathValue("token"))
	if err != nil {
		return invitation, guest, store.ErrUsed
	}
	guest, err = c.Store.Invited(v.r.Context(), v.now, invitation)
	return invitation, guest, err
}

// linkUsed is the page of an invitation that does not count.
func (c *console) linkUsed(v *visit) error {
	v.status = http.StatusGone
	return c.render(v, "failure", sheet{Title: "This link does not count",
		Data: "It was used, replaced by a later one, or has expired. Ask an administrator for another."})
}

func (c *console) joinPage(v *visit) error {
	_, guest, err := c.guest(v)
	if errors.Is(err, store.ErrUsed) {
		return c.linkUsed(v)
	}
	if err != nil {
		return err
	}
	return c.askForPassword(v, guest, "")
}

func (c *console) askForPassword(v *visit, guest store.Guest, problem string) error {
	return c.render(v, "join-password", sheet{Title: "Choose a password", Problem: problem,
		Data: joinData{Token: v.r.PathValue("token"), Name: guest.Name, MaySee: guest.Role.MaySee()}})
}

// prepare takes the password and shows a new second factor: new each time, so
// that nobody who saw the link before its owner knows it.
func (c *console) prepare(v *visit) error {
	form, err := v.form("password", "again")
	if err != nil {
		return err
	}
	if wait, ok := c.admitGuest(v); !ok {
		return c.askToWait(v, wait)
	}
	invitation, guest, err := c.guest(v)
	if errors.Is(err, store.ErrUsed) {
		return c.linkUsed(v)
	}
	if err != nil {
		return err
	}
	if problem := passwordProblem(guest.Name, form["password"], form["again"]); problem != "" {
		v.status = http.StatusUnprocessableEntity
		return c.askForPassword(v, guest, problem)
	}
	guest.Password, err = c.Hasher.Hash(v.r.Context(), form["password"])
	if err != nil {
		return err
	}
	if guest.Secret, err = account.NewSecret(); err != nil {
		return err
	}
	err = c.Store.Prepare(v.r.Context(), v.now, invitation, guest)
	if err != nil {
		return err
	}
	return c.askForCode(v, guest, "")
}

func passwordProblem(name, password, again string) string {
	if err := account.CheckPassword(name, password); err != nil {
		return sentence(err)
	}
	if password != again {
		return "The two passwords are not the same."
	}
	return ""
}

func (c *console) askForCode(v *visit, guest store.Guest, problem string) error {
	drawn, err := draw(account.SecretURI(v.config.Brand.Name+" HALO", guest.Name, guest.Secret))
	if err != nil {
		return err
	}
	return c.render(v, "join-code", sheet{Title: "Set up the second factor", Problem: problem, Data: joinData{
		Token: v.r.PathValue("token"), Name: guest.Name, Secret: account.SecretText(guest.Secret), Picture: drawn,
	}})
}

// join activates the account once the second factor has been shown to work.
func (c *console) join(v *visit) error {
	form, err := v.form("code")
	if err != nil {
		return err
	}
	if wait, ok := c.admitGuest(v); !ok {
		return c.askToWait(v, wait)
	}
	invitation, guest, err := c.guest(v)
	if errors.Is(err, store.ErrUsed) || err == nil && guest.Password == "" {
		return c.linkUsed(v)
	}
	if err != nil {
		return err
	}
	step, ok := account.VerifyCode(guest.Secret, form["code"], v.now, 0)
	if !ok {
		v.status = http.StatusUnprocessableEntity
		return c.askForCode(v, guest, "This is not the code that the app shows now. Is the clock of your phone right?")
	}
	codes, digests, err := account.NewRecoveryCodes()
	if err != nil {
		return err
	}
	err = c.Store.Join(v.r.Context(), v.now, invitation, guest, step, digests)
	if errors.Is(err, store.ErrUsed) {
		return c.linkUsed(v)
	}
	if err != nil {
		return err
	}
	return c.render(v, "recovery-codes", sheet{Title: "Recovery codes", Note: "The account is ready.", Data: joinData{Codes: codes}})
}

// picture is a QR code as a path of unit squares.
type picture struct {
	Size int
	Path string
}

// quiet is the white border that readers want, in squares.
const quiet = 4

func draw(text string) (picture, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return picture{}, errors.New("drawing the second factor: the text is too long")
	}
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return picture{Size: code.Size + 2*quiet, Path: path.String()}, nil
}
