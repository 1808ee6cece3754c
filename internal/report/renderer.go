package report

import (
	"fmt"
	"io"
	"sync"
	"time"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/draw"
)

// Renderer makes reports. It may be used by many goroutines at once.
type Renderer struct {
	logos logos

	mutex sync.Mutex
	fonts *draw.Fonts // nil before the first report and when they were let go
	used  time.Time   // when a report took them last
}

// New makes a renderer. Its first report unpacks the fonts, which takes some tens of milliseconds: a server is ready before
// that. Make one and keep it.
func New() *Renderer { return &Renderer{} }

// unpacked are the fonts, unpacked when there are none.
func (r *Renderer) unpacked() (*draw.Fonts, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.fonts == nil {
		fonts, err := draw.LoadFonts()
		if err != nil {
			return nil, fmt.Errorf("unpacking the report's fonts: %w", err)
		}
		r.fonts = fonts
	}
	r.used = time.Now()
	return r.fonts, nil
}

// LetGo forgets the fonts, some megabytes, when no report has taken them for that long, and says whether it did. A report
// that is being made keeps them to its end; the next one unpacks them anew.
func (r *Renderer) LetGo(unused time.Duration) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.fonts == nil || time.Since(r.used) < unused {
		return false
	}
	r.fonts = nil
	return true
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
	fonts, err := r.unpacked()
	if err != nil {
		return nil, err
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
