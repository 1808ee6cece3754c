package report

import (
	"fmt"
	"io"
	"sync"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/draw"
)

// Renderer makes reports. It may be used by many goroutines at once.
type Renderer struct {
	fonts func() (*draw.Fonts, error)
	logos logos
}

// New makes a renderer. Its first report unpacks the fonts, which takes some tens of milliseconds: a server is ready before
// that. Make one and keep it.
func New() *Renderer {
	return &Renderer{fonts: sync.OnceValues(draw.LoadFonts)}
}

// title is what the file calls itself; it names nobody.
const title = "HALO report"

var defaultBrand = draw.Color{R: 31, G: 78, B: 121}

// Render writes the report on d as PDF, US Letter. For halo.StatusNotApplicable that is one page without a number.
// Errors are ErrNoResult, ErrNoDate, or what w returned; none holds a personal datum. An error may leave a part of a
// PDF in w.
func (r *Renderer) Render(w io.Writer, d Document) error {
	if d.Date.IsZero() {
		return ErrNoDate
	}
	s, err := r.sheet(d)
	if err != nil {
		return err
	}
	switch d.Result.Status {
	case halo.StatusOK:
		s.report()
	case halo.StatusNotApplicable:
		s.notApplicablePage()
	default:
		return ErrNoResult
	}
	return s.Write(w)
}

// sheet is an empty one in the tenant's colours.
func (r *Renderer) sheet(d Document) (*sheet, error) {
	fonts, err := r.fonts()
	if err != nil {
		return nil, fmt.Errorf("unpacking the report's fonts: %w", err)
	}
	color, err := draw.ParseColor(d.Brand.Color)
	if err != nil {
		color = defaultBrand
	}
	author, _ := fonts.Printable(d.Brand.Name)
	colors := draw.NewPalette(color)
	logo, _ := r.logos.read(d.Brand.Logo) // a report is not lost for the sake of its looks
	return &sheet{
		Surface: draw.NewSurface(fonts, draw.Properties{Title: title, Author: author, Created: d.Date}),
		doc:     d, colors: colors, styles: newStyles(colors), logo: logo,
	}, nil
}

// report draws all pages, then what each of them repeats.
func (s *sheet) report() {
	for _, page := range []func(){
		s.coverPage, s.answersPage, s.timelinePage, s.outOfPocketPage,
		s.yearsLostPage, s.improvementPage, s.carePage, s.summaryPage,
	} {
		page()
	}
	total := s.Pages()
	for page := 1; page <= total; page++ {
		s.TurnTo(page)
		s.footer(page, total)
	}
}
