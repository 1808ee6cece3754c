package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/delivery"
	"halo.dev/halo/internal/dossier"
	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/store"
)

// personRow is a person that a search has found.
type personRow struct {
	ID                   int64
	Name, Email, Advisor string
	At                   time.Time
}

type peopleData struct {
	Searched bool
	Rows     []personRow
	// Unnoted are how many erasures a copy could still undo; most of them are
	// a minute old at most.
	Unnoted int
}

// mostUnnoted is how far they are counted.
const mostUnnoted = 100

func (c *console) people(v *visit) error {
	unnoted, err := c.People.Unnoted(v.r.Context(), mostUnnoted)
	if err != nil {
		return err
	}
	return c.render(v, "people", sheet{Title: "People", Data: peopleData{Unnoted: len(unnoted)}})
}

// search finds persons by their e-mail address. The address is in the form and
// not in the page's own address, where browsers and proxies would keep it.
func (c *console) search(v *visit) error {
	form, err := v.form("email")
	if err != nil {
		return err
	}
	if strings.TrimSpace(form["email"]) == "" {
		v.status = http.StatusUnprocessableEntity
		return c.render(v, "people", sheet{Title: "People", Problem: "Type the whole e-mail address.", Data: peopleData{}})
	}
	found, err := c.People.PersonsOf(v.r.Context(), personal.New(form["email"]))
	if err != nil {
		return err
	}
	data := peopleData{Searched: true}
	shown := []string{"found"}
	for _, one := range found {
		data.Rows = append(data.Rows, personRow{ID: one.ID, Name: fullName(one), Email: one.Email.Reveal(), Advisor: one.Advisor, At: one.CreatedAt})
		if len(shown) <= perPage {
			shown = append(shown, strconv.FormatInt(one.ID, 10))
		}
	}
	if err := c.record(v, audit.PersonSearched, int64(len(found)), strings.Join(shown, " ")); err != nil {
		return err
	}
	return c.render(v, "people", sheet{Title: "People", Data: data})
}

// personData is everything that is kept on a person, as the page tells it.
type personData struct {
	ID                   int64
	Name, Email, Advisor string
	At, ConsentAt        time.Time
	Mails                []mailRow
	Answers              int
}

// held reads everything that is kept on the person in the address, and notes
// who reads it.
func (c *console) held(v *visit, action audit.Action, detail string) (held store.Held, document report.Document, err error) {
	id, err := v.id()
	if err != nil {
		return held, document, err
	}
	if held, err = c.Store.Held(v.r.Context(), id); err != nil {
		return held, document, err
	}
	advisor, _ := v.config.Advisor(held.Advisor)
	if document, err = delivery.Document(held.Delivery, advisor.Name, v.config.Brand); err != nil {
		return held, document, err
	}
	return held, document, c.record(v, action, id, detail)
}

func (c *console) person(v *visit) error { return c.personWith(v, "") }

func (c *console) personWith(v *visit, problem string) error {
	held, document, err := c.held(v, audit.PersonRead, "")
	if err != nil {
		return err
	}
	data := personData{
		ID: held.ID, Name: strings.TrimSpace(document.Client.First + " " + document.Client.Last), Email: document.Client.Email,
		Advisor: held.Advisor, At: held.CreatedAt, ConsentAt: held.ConsentAt, Answers: len(document.Profile.Answers()),
	}
	for _, mail := range held.Mails {
		data.Mails = append(data.Mails, mailRow{Mail: mail, Words: mailState(mail.State)})
	}
	return c.render(v, "person", sheet{Title: "Person", Problem: problem, Data: data})
}

func (c *console) export(v *visit) error {
	held, document, err := c.held(v, audit.PersonExported, "json")
	if err != nil {
		return err
	}
	text, err := dossier.JSON(dossier.Of(held, document))
	if err != nil {
		return fmt.Errorf("person %d: %w", held.ID, err)
	}
	v.download("application/json", fmt.Sprintf("person-%d.json", held.ID), text)
	return nil
}

func (c *console) personReport(v *visit) error {
	held, document, err := c.held(v, audit.PersonExported, "pdf")
	if err != nil {
		return err
	}
	return c.sendReport(v, held.ID, document)
}

// erase removes a person for good. It takes password and code, because a
// session that was left open must not suffice.
func (c *console) erase(v *visit) error {
	form, err := v.form("password", "code")
	if err != nil {
		return err
	}
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := c.Store.Held(v.r.Context(), id); err != nil {
		return err
	}
	problem, err := c.confirm(v, form["password"], form["code"])
	if err != nil {
		return err
	}
	if problem != "" {
		return c.personWith(v, problem)
	}
	if err := c.record(v, audit.PersonErased, id, ""); err != nil {
		return err
	}
	if _, err := c.People.Erase(v.r.Context(), id); err != nil {
		return err
	}
	// The line leaves the pod: with it the number can be noted by hand should
	// the database be lost before the operator has asked for it.
	c.Logger.Info("erased", "number", id)
	return c.render(v, "failure", sheet{Title: "Erased", Data: fmt.Sprintf("Nothing is left of the person of number %d but the number. "+
		"The answers stay, and lead to nobody. Within a minute the number is noted outside of the database too, so that no older copy "+
		"brings the person back; until then the page People says that it is not.", id)})
}
