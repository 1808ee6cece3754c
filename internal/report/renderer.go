package report

import (
	"fmt"
	"io"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/draw"
)

// Renderer makes reports. It may be used by many goroutines at once.
type Renderer struct {
	fonts *draw.Fonts
	logos logos
}

// New unpacks the fonts, which takes some ten milliseconds: call it once.
func New() (*Renderer, error) {
	fonts, err := draw.LoadFonts()
	if err != nil {
		return nil, fmt.Errorf("making the report's renderer: %w", err)
	}
	return &Renderer{fonts: fonts}, nil
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
	s := r.sheet(d)
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
func (r *Renderer) sheet(d Document) *sheet {
	color, err := draw.ParseColor(d.Brand.Color)
	if err != nil {
		color = defaultBrand
	}
	author, _ := r.fonts.Printable(d.Brand.Name)
	colors := draw.NewPalette(color)
	return &sheet{
		Surface: draw.NewSurface(r.fonts, draw.Properties{Title: title, Author: author, Created: d.Date}),
		doc:     d, colors: colors, styles: newStyles(colors), logo: r.logos.of(d.Brand.Logo),
	}
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
