package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/store"
)

// accountRow is an account in the list, with what the visitor may do to it.
type accountRow struct {
	store.Account
	MaySee, Requester             string
	MayAgree, MayEnd              bool // of what is pending
	MayReset, MayDisable, Oneself bool
}

type accountsData struct {
	Rows []accountRow
	// MayAsk says whether the visitor may ask for accounts.
	MayAsk   bool
	Roles    []account.Role
	Advisors []config.Advisor
	// Name, Role and Advisor are what was typed.
	Name, Role, Advisor string
}

func (c *console) accounts(v *visit) error { return c.accountsWith(v, accountsData{}, "", "") }

func (c *console) accountsWith(v *visit, data accountsData, problem, note string) error {
	found, err := c.Store.Accounts(v.r.Context())
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for _, one := range found {
		names[one.ID] = one.Name
	}
	for _, one := range found {
		data.Rows = append(data.Rows, rowFor(v.account, one, names[one.RequestedBy]))
	}
	data.MayAsk, data.Roles, data.Advisors = v.account.Role.May(account.HandleAccounts), account.Roles(), v.config.Advisors()
	return c.render(v, "accounts", sheet{Title: "Accounts", Problem: problem, Note: note, Data: data})
}

// rowFor says what the visitor may do to an account. The store decides again
// when it is done.
func rowFor(visitor, one store.Account, requester string) accountRow {
	handles, oneself := visitor.Role.May(account.HandleAccounts), visitor.ID == one.ID
	return accountRow{
		Account: one, MaySee: one.Role.MaySee(), Requester: requester, Oneself: oneself,
		MayAgree:   one.Pending != "" && one.RequestedBy != visitor.ID && !oneself,
		MayEnd:     one.Pending != "",
		MayReset:   handles && !oneself && one.Pending == "",
		MayDisable: handles && !oneself && one.State != account.Disabled,
	}
}

func (c *console) requestAccount(v *visit) error {
	form, err := v.form("name", "role", "advisor")
	if err != nil {
		return err
	}
	refused := func(problem string) error {
		v.status = http.StatusUnprocessableEntity
		return c.accountsWith(v, accountsData{Name: form["name"], Role: form["role"], Advisor: form["advisor"]}, problem, "")
	}
	name, err := account.ParseName(form["name"])
	if err != nil {
		return refused(sentence(err))
	}
	role, err := account.ParseRole(form["role"])
	if err != nil {
		return refused(sentence(err))
	}
	if err := account.CheckAdvisor(role, form["advisor"]); err != nil {
		return refused(sentence(err))
	}
	if _, ok := v.config.Advisor(form["advisor"]); role == account.Advisor && !ok {
		return refused("The configuration has no advisor of this id.")
	}
	_, err = c.Store.RequestAccount(v.r.Context(), v.now, v.account.ID, name, role, form["advisor"])
	if errors.Is(err, store.ErrNameTaken) {
		return refused("Another account has this name.")
	}
	if err != nil {
		return err
	}
	return v.redirect(pathAccounts)
}

// sentence makes an error's text one to be read.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// onAccount does something to the account in the address.
func (c *console) onAccount(v *visit, do func(ctx context.Context, now time.Time, by, id int64) error) error {
	if _, err := v.form(); err != nil {
		return err
	}
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := do(v.r.Context(), v.now, v.account.ID, id); err != nil {
		return err
	}
	return v.redirect(pathAccounts)
}

func (c *console) requestReset(v *visit) error { return c.onAccount(v, c.Store.RequestReset) }
func (c *console) disable(v *visit) error      { return c.onAccount(v, c.Store.Disable) }
func (c *console) refuse(v *visit) error       { return c.onAccount(v, c.Store.Refuse) }

type linkData struct{ Name, Link, Until string }

// approve agrees to what another person asked for, and shows the link for the
// account's owner once.
func (c *console) approve(v *visit) error {
	if _, err := v.form(); err != nil {
		return err
	}
	id, err := v.id()
	if err != nil {
		return err
	}
	text, digest, err := account.NewToken()
	if err != nil {
		return err
	}
	invitation := store.Invitation{Digest: digest, Expires: v.now.Add(InvitationLasts)}
	if err := c.Store.Approve(v.r.Context(), v.now, v.account.ID, id, invitation); err != nil {
		return err
	}
	found, _, err := c.Store.Account(v.r.Context(), id)
	if err != nil {
		return err
	}
	return c.render(v, "link", sheet{Title: "Link for " + found.Name, Data: linkData{
		Name: found.Name, Link: JoinLink(v.r.Host, text), Until: moment(invitation.Expires),
	}})
}

// JoinLink is the address at which the owner of an invitation's token joins.
func JoinLink(host, token string) string { return "https://" + host + pathJoin + token }
