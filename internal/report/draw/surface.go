package draw

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// US Letter, in points.
const (
	PageWidth  = 612.0
	PageHeight = 792.0
)

// Point is a place on a page.
type Point struct{ X, Y float64 }

// Box is a rectangle on a page; X and Y are its upper left corner.
type Box struct{ X, Y, W, H float64 }

// Right is the x of the right edge.
func (b Box) Right() float64 { return b.X + b.W }

// Bottom is the y of the lower edge.
func (b Box) Bottom() float64 { return b.Y + b.H }

// Inset returns the box without a rim.
func (b Box) Inset(x, y float64) Box { return Box{b.X + x, b.Y + y, b.W - 2*x, b.H - 2*y} }

// Surface is one document while it is drawn. It belongs to one goroutine.
type Surface struct {
	*Fonts
	pdf   *fpdf.Fpdf
	added map[string]bool // fonts in the document, by name
}

// Properties are what the file says of itself; anybody who sees the file can read them, so no personal datum belongs here.
type Properties struct {
	Title, Author string
	// Created is the only time in the file: equal drawings with equal properties are equal bytes.
	Created time.Time
}

// NewSurface starts a document without pages.
func NewSurface(fonts *Fonts, properties Properties) *Surface {
	pdf := fpdf.NewCustom(&fpdf.InitType{
		UnitStr: "pt", Size: fpdf.SizeType{Wd: PageWidth, Ht: PageHeight},
	})
	pdf.SetCatalogSort(true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCreationDate(properties.Created.UTC())
	pdf.SetModificationDate(properties.Created.UTC())
	pdf.SetTitle(properties.Title, true)
	pdf.SetAuthor(properties.Author, true)
	pdf.SetProducer("HALO", true)
	pdf.SetLang("en-US")
	pdf.SetLineCapStyle("butt")
	pdf.SetLineJoinStyle("round")
	return &Surface{Fonts: fonts.forDocument(), pdf: pdf, added: map[string]bool{}}
}

// setFont adds a font to the document when it is first used. One that is not ready costs milliseconds and ten kilobytes.
func (s *Surface) setFont(one *face, size float64) {
	if !s.added[one.name] {
		s.added[one.name] = true
		if one.ready != nil {
			s.pdf.AddFontFromBytes(one.name, "", one.ready.definition, one.ready.packed)
		} else {
			// The library writes into the bytes that it is given, and other documents read them.
			s.pdf.AddUTF8FontFromBytes(one.name, "", bytes.Clone(one.truetype))
		}
	}
	s.pdf.SetFont(one.name, "", size)
}

// set draws letters of one face.
func (s *Surface) set(one *face, size, x, baseline float64, text string) {
	s.setFont(one, size)
	if one.ready != nil {
		text = encoded(text)
	}
	s.pdf.Text(x, baseline, text)
}

// AddPage starts the next page.
func (s *Surface) AddPage() { s.pdf.AddPage() }

// Pages is the number of pages so far.
func (s *Surface) Pages() int { return s.pdf.PageCount() }

// TurnTo goes back to a page, counted from 1, to add to it.
func (s *Surface) TurnTo(page int) { s.pdf.SetPage(page) }

// Write ends the document and writes it. The error is the library's or the writer's; it holds nothing of the pages.
func (s *Surface) Write(w io.Writer) error {
	if err := s.pdf.Output(w); err != nil {
		return fmt.Errorf("writing the PDF: %w", err)
	}
	return nil
}

// Text draws one line that starts at x and returns its width.
func (s *Surface) Text(x, baseline float64, text string, style Style) float64 {
	text, _ = s.Printable(text)
	s.pdf.SetTextColor(int(style.Color.R), int(style.Color.G), int(style.Color.B))
	if !s.isPlain(text) {
		return s.outlined(x, baseline, text, style)
	}
	at := x
	for _, run := range s.runs(text, style.Weight) {
		s.set(run.face, style.Size, at, baseline, run.text)
		at += s.Width(run.text, style)
	}
	return at - x
}

// TextRight draws one line that ends at x.
func (s *Surface) TextRight(x, baseline float64, text string, style Style) {
	text, _ = s.Printable(text)
	s.Text(x-s.Width(text, style), baseline, text, style)
}

// TextCentre draws one line around x.
func (s *Surface) TextCentre(x, baseline float64, text string, style Style) {
	text, _ = s.Printable(text)
	s.Text(x-s.Width(text, style)/2, baseline, text, style)
}

// Lines draws lines one under the other and returns the baseline that the next one would have.
func (s *Surface) Lines(x, baseline float64, lines []string, style Style) float64 {
	for _, line := range lines {
		s.Text(x, baseline, line, style)
		baseline += style.LineHeight()
	}
	return baseline
}

type run struct {
	face *face
	text string
}

// runs splits a printable text where another face of the chain takes over.
func (s *Surface) runs(text string, weight Weight) []run {
	var runs []run
	begin, current := 0, (*face)(nil)
	for at, letter := range text {
		one := s.faceFor(weight, letter)
		if one == current {
			continue
		}
		if current != nil {
			runs = append(runs, run{current, text[begin:at]})
		}
		begin, current = at, one
	}
	if current != nil {
		runs = append(runs, run{current, text[begin:]})
	}
	return runs
}

// Fill paints a rectangle; radius rounds its corners.
func (s *Surface) Fill(box Box, radius float64, color Color) {
	if box.W <= 0 || box.H <= 0 {
		return
	}
	s.fillColor(color)
	if radius = min(radius, box.W/2, box.H/2); radius > 0 {
		s.pdf.RoundedRect(box.X, box.Y, box.W, box.H, radius, "1234", "F")
		return
	}
	s.pdf.Rect(box.X, box.Y, box.W, box.H, "F")
}

// Frame draws the outline of a rectangle with rounded corners.
func (s *Surface) Frame(box Box, radius, width float64, color Color) {
	s.stroke(width, color)
	s.pdf.RoundedRect(box.X, box.Y, box.W, box.H, radius, "1234", "D")
}

// Line draws a straight line.
func (s *Surface) Line(from, to Point, width float64, color Color) {
	s.stroke(width, color)
	s.pdf.Line(from.X, from.Y, to.X, to.Y)
}

// Dashed draws a straight line of dashes.
func (s *Surface) Dashed(from, to Point, width float64, color Color) {
	s.pdf.SetDashPattern([]float64{2.5, 2}, 0)
	s.Line(from, to, width, color)
	s.pdf.SetDashPattern([]float64{}, 0)
}

// Polyline draws a line through points.
func (s *Surface) Polyline(points []Point, width float64, color Color) {
	if len(points) < 2 {
		return
	}
	s.stroke(width, color)
	s.pdf.MoveTo(points[0].X, points[0].Y)
	for _, p := range points[1:] {
		s.pdf.LineTo(p.X, p.Y)
	}
	s.pdf.DrawPath("D")
}

// Area paints what a closed line encloses.
func (s *Surface) Area(points []Point, color Color) {
	if len(points) < 3 {
		return
	}
	s.fillColor(color)
	corners := make([]fpdf.PointType, len(points))
	for i, p := range points {
		corners[i] = fpdf.PointType{X: p.X, Y: p.Y}
	}
	s.pdf.Polygon(corners, "F")
}

// Dot paints a disc with a rim in the paper's colour.
func (s *Surface) Dot(at Point, radius float64, color Color) {
	s.fillColor(White)
	s.pdf.Circle(at.X, at.Y, radius+1.2, "F")
	s.fillColor(color)
	s.pdf.Circle(at.X, at.Y, radius, "F")
}

func (s *Surface) fillColor(c Color) { s.pdf.SetFillColor(int(c.R), int(c.G), int(c.B)) }

func (s *Surface) stroke(width float64, c Color) {
	s.pdf.SetLineWidth(math.Max(width, 0.1))
	s.pdf.SetDrawColor(int(c.R), int(c.G), int(c.B))
}
