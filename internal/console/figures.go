package console

import (
	"bytes"
	"net/http"
	"time"

	"halo.dev/halo/internal/analytics"
	"halo.dev/halo/internal/audit"
)

// figuresData says what the page offers.
type figuresData struct {
	Least   int
	Formats []analytics.Format
}

func (c *console) figures(v *visit) error {
	return c.render(v, "figures", sheet{Title: "Figures", Data: figuresData{
		Least: analytics.DefaultLeast, Formats: []analytics.Format{analytics.CSV, analytics.JSONLines, analytics.Parquet},
	}})
}

// downloadFigures gives what halo-server analytics gives. All assessments are
// read, one batch after the other; what is kept of them is a table of cells.
func (c *console) downloadFigures(v *visit) error {
	format, err := analytics.ParseFormat(v.r.PathValue("format"))
	if err != nil {
		return errNothing
	}
	table, err := analytics.New(analytics.DefaultLeast)
	if err != nil {
		return err
	}
	// Reading many assessments takes longer than a page.
	if err := http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(figuresPatience)); err != nil {
		return err
	}
	if err := c.Store.EachAssessment(v.r.Context(), table.Add); err != nil {
		return err
	}
	rows, _ := table.Rows()
	if err := c.record(v, audit.FiguresDownloaded, int64(len(rows)), string(format)); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := format.Write(&out, rows); err != nil {
		return err
	}
	v.download(format.MediaType(), "figures."+string(format), out.Bytes())
	return nil
}

// figuresPatience bounds a download of figures.
const figuresPatience = 5 * time.Minute
