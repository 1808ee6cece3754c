package console

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/delivery"
	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/store"
)

// perPage is how many rows a page lists.
const perPage = 25

// paging leads from a page of a list to the next.
type paging struct {
	Path           string
	Newer, Older   int // the numbers in the address; 0 where there is none
	HasNewer, More bool
}

func pagesOf(path string, number, found int) paging {
	return paging{Path: path, Newer: number, HasNewer: number > 0, Older: number + 2, More: found > perPage}
}

// clientRow is a client in the list.
type clientRow struct {
	ID          int64
	Name, Email string
	At          time.Time
	Report      string
}

type clientsData struct {
	Rows   []clientRow
	Paging paging
}

// clients lists the advisor's own clients. The log says whose names were shown.
func (c *console) clients(v *visit) error {
	number := v.pageNumber()
	found, err := c.Store.Clients(v.r.Context(), v.account.Advisor, number*perPage, perPage+1)
	if err != nil {
		return err
	}
	data := clientsData{Paging: pagesOf(pathClients, number, len(found))}
	var shown []string
	for _, one := range found[:min(len(found), perPage)] {
		data.Rows = append(data.Rows, clientRow{ID: one.ID, Name: fullName(one.Person), Email: one.Email.Reveal(), At: one.CreatedAt, Report: mailState(one.Report)})
		shown = append(shown, strconv.FormatInt(one.ID, 10))
	}
	if err := c.record(v, audit.ClientsListed, 0, strings.Join(shown, " ")); err != nil {
		return err
	}
	return c.render(v, "clients", sheet{Title: "Assessments", Data: data})
}

func fullName(person store.Person) string {
	return strings.TrimSpace(person.First.Reveal() + " " + person.Last.Reveal())
}

// mailState is a state of the outbox in words.
func mailState(state string) string {
	switch state {
	case "pending", "queued":
		return "waiting"
	case "parked":
		return "not delivered"
	case "sent", "canceled":
		return state
	}
	return "–"
}

type figure struct{ Name, Value string }

// clientData is one assessment.
type clientData struct {
	ID          int64
	Name, Email string
	At          time.Time
	Model       string
	Year        int
	Figures     []figure
	Answers     []halo.Answer
}

// read finds the assessment in the address and notes who reads it.
func (c *console) read(v *visit, action audit.Action) (found store.Delivery, document report.Document, err error) {
	id, err := v.id()
	if err != nil {
		return found, document, err
	}
	found, err = c.Store.Client(v.r.Context(), v.account.Advisor, id)
	if err != nil {
		return found, document, err
	}
	advisor, _ := v.config.Advisor(found.Advisor) // one who has left the configuration has no name
	document, err = delivery.Document(found, advisor.Name, v.config.Brand)
	if err != nil {
		return found, document, err
	}
	return found, document, c.record(v, action, id, "")
}

func (c *console) client(v *visit) error {
	found, document, err := c.read(v, audit.AssessmentRead)
	if err != nil {
		return err
	}
	return c.render(v, "client", sheet{Title: "Assessment", Data: clientData{
		ID: found.ID, Name: strings.TrimSpace(document.Client.First + " " + document.Client.Last), Email: document.Client.Email,
		At: found.CreatedAt, Model: found.ModelVersion, Year: found.ValuationYear,
		Figures: figuresOf(document.Result), Answers: document.Profile.Answers(),
	}})
}

// figuresOf are the few that a conversation begins with; the rest is in the
// report.
func figuresOf(result halo.Result) []figure {
	if result.Status != halo.StatusOK {
		return nil
	}
	age := func(value float64) string { return fmt.Sprintf("%.1f", value) }
	return []figure{
		{"Life expectancy (age)", age(result.Longevity.LifeExpectancyAge)},
		{"By the model's own error (80%)", age(result.Longevity.ModelRangeLowAge) + " to " + age(result.Longevity.ModelRangeHighAge)},
		{"Half of such people live to", age(result.Longevity.DeathAge.P50)},
		{"Chance to reach 90", fmt.Sprintf("%.0f%%", 100*result.Longevity.Prob90)},
	}
}

func (c *console) clientReport(v *visit) error {
	found, document, err := c.read(v, audit.ReportRead)
	if err != nil {
		return err
	}
	return c.sendReport(v, found.ID, document)
}

func (c *console) sendReport(v *visit, id int64, document report.Document) error {
	var out bytes.Buffer
	if err := c.Report(&out, document); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	v.download("application/pdf", fmt.Sprintf("assessment-%d.pdf", id), out.Bytes())
	return nil
}

// download sends a file that the browser keeps and does not show.
func (v *visit) download(kind, name string, data []byte) {
	header := v.w.Header()
	header.Set("Content-Type", kind)
	header.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	header.Set("Content-Length", strconv.Itoa(len(data)))
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(data)
}
