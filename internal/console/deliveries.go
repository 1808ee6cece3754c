package console

import (
	"net/http"

	"halo.dev/halo/internal/store"
)

// mailRow is a mail in the list; nothing of it says whose it is.
type mailRow struct {
	store.Mail
	Words              string
	MayResend, MayStop bool
}

type deliveriesData struct {
	Ended  bool
	Rows   []mailRow
	Paging paging
}

func (c *console) deliveries(v *visit) error {
	ended, number := v.r.URL.Query().Get("show") == "ended", v.pageNumber()
	found, err := c.Store.Mails(v.r.Context(), ended, number*perPage, perPage+1)
	if err != nil {
		return err
	}
	data := deliveriesData{Ended: ended, Paging: pagesOf(pathDeliveries, number, len(found))}
	for _, one := range found[:min(len(found), perPage)] {
		waits := one.State != "sent" && one.State != "canceled" && one.State != "parked"
		data.Rows = append(data.Rows, mailRow{Mail: one, Words: mailState(one.State), MayResend: !waits, MayStop: waits || one.State == "parked"})
	}
	return c.render(v, "deliveries", sheet{Title: "Deliveries", Data: data})
}

func (c *console) resend(v *visit) error {
	return c.steer(v, func(id int64) error {
		if err := c.Store.Resend(v.r.Context(), v.now, v.account.ID, id); err != nil {
			return err
		}
		c.Wake()
		return nil
	})
}

func (c *console) cancel(v *visit) error {
	return c.steer(v, func(id int64) error { return c.Store.Cancel(v.r.Context(), v.now, v.account.ID, id) })
}

// steer does something to the mail in the address and goes back to the list.
func (c *console) steer(v *visit, do func(id int64) error) error {
	if _, err := v.form(); err != nil {
		return err
	}
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := do(id); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, pathDeliveries, http.StatusSeeOther)
	return nil
}
