package report

import (
	"fmt"

	"halo.dev/halo/internal/report/draw"
)

// The type area of every page, in points.
const (
	left   = 54.0
	right  = draw.PageWidth - 54
	width  = right - left
	bottom = draw.PageHeight - 66
)

// sheet is a report while it is set: a cursor that moves down the page. y is the upper edge of what comes next.
type sheet struct {
	*draw.Surface
	doc    Document
	colors draw.Palette
	styles styles
	logo   *draw.Picture // nil for none
	y      float64
	head   string
}

// styles are the few ways in which text is set.
type styles struct {
	head, title, lead, section, body, bold, small, smallBold, figure draw.Style
}

func newStyles(p draw.Palette) styles {
	return styles{
		head:      draw.Style{Size: 8, Color: p.Muted},
		title:     draw.Style{Weight: draw.SemiBold, Size: 21, Leading: 26, Color: p.Ink},
		lead:      draw.Style{Size: 10.5, Leading: 15.5, Color: p.Muted},
		section:   draw.Style{Weight: draw.SemiBold, Size: 11.5, Leading: 16, Color: p.Strong},
		body:      draw.Style{Size: 9.5, Leading: 14, Color: p.Ink},
		bold:      draw.Style{Weight: draw.SemiBold, Size: 9.5, Leading: 14, Color: p.Ink},
		small:     draw.Style{Size: 8, Leading: 11.2, Color: p.Muted},
		smallBold: draw.Style{Weight: draw.SemiBold, Size: 8, Leading: 11.2, Color: p.Ink},
		figure:    draw.Style{Weight: draw.Light, Size: 25, Leading: 30, Color: p.Strong},
	}
}

// page starts a page of its own with a title and a sentence under it.
func (s *sheet) page(title, lead string) {
	s.head = title
	s.runningHead("")
	s.Text(left, s.y+18, title, s.styles.title)
	s.y += 30
	s.y = s.block(left, s.y, s.balanced(lead, s.styles.lead), lead, s.styles.lead) + 12
}

// balanced is the narrowest width in which a text has no more lines than in the whole: no line is left with a single word.
func (s *sheet) balanced(text string, style draw.Style) float64 {
	lines := len(s.Wrap(text, style, width))
	narrow := width
	for narrow > width/2 && len(s.Wrap(text, style, narrow-8)) == lines {
		narrow -= 8
	}
	return narrow
}

// runningHead starts a page; what stands above the type area is the same on all but the cover.
func (s *sheet) runningHead(title string) {
	s.AddPage()
	s.Fill(draw.Box{X: 0, Y: 0, W: draw.PageWidth, H: 6}, 0, s.colors.Brand)
	s.Text(left, 42, s.Fit(s.doc.Brand.Name, s.styles.head, width*0.6), s.styles.head)
	head := "HALO report"
	if title != "" {
		head += " \u00b7 " + title
	}
	s.TextRight(right, 42, head, s.styles.head)
	s.Line(draw.Point{X: left, Y: 52}, draw.Point{X: right, Y: 52}, 0.5, s.colors.Rule)
	s.y = 72
}

// need makes sure that height is left on the page, and goes on on another when it is not.
func (s *sheet) need(height float64) {
	if s.y+height > bottom {
		s.runningHead(s.head + ", continued")
	}
}

func (s *sheet) footer(page, total int) {
	s.Line(draw.Point{X: left, Y: 744}, draw.Point{X: right, Y: 744}, 0.5, s.colors.Rule)
	s.Text(left, 757, "Educational estimate, not medical or actuarial advice \u00b7 "+date(s.doc.Date), s.styles.head)
	s.TextRight(right, 757, fmt.Sprintf("%d of %d", page, total), s.styles.head)
}

// section writes a small heading.
func (s *sheet) section(title string) {
	s.Text(left, s.y+12, title, s.styles.section)
	s.y += 22
}

// block sets a paragraph with its upper edge at y and returns its lower edge.
func (s *sheet) block(x, y, width float64, text string, style draw.Style) float64 {
	lines := s.Wrap(text, style, width)
	s.Lines(x, y+style.Size, lines, style)
	return y + float64(len(lines))*style.LineHeight()
}

// blockHeight is how high block would be.
func (s *sheet) blockHeight(width float64, text string, style draw.Style) float64 {
	return float64(len(s.Wrap(text, style, width))) * style.LineHeight()
}

// paragraph sets text over the whole width and moves on.
func (s *sheet) paragraph(text string, style draw.Style) {
	s.need(s.blockHeight(width, text, style))
	s.y = s.block(left, s.y, width, text, style) + 6
}

// note sets a boxed remark over the whole width.
func (s *sheet) note(title, text string) {
	inner := width - 28
	height := s.blockHeight(inner, text, s.styles.body) + 38
	s.need(height)
	box := draw.Box{X: left, Y: s.y, W: width, H: height}
	s.Fill(box, 5, s.colors.Wash)
	s.Fill(draw.Box{X: left, Y: s.y + 10, W: 3, H: height - 20}, 0, s.colors.Accent)
	s.Text(left+14, s.y+20, title, s.styles.bold)
	s.block(left+14, s.y+27, inner, text, s.styles.body)
	s.y += height + 12
}

// fact is a figure with the words that say what it is.
type fact struct{ label, figure, detail string }

// facts draws figures side by side over the whole width.
func (s *sheet) facts(all ...fact) {
	const gap, height = 12.0, 88.0
	room := (width - gap*float64(len(all)-1)) / float64(len(all))
	s.need(height)
	for i, one := range all {
		s.card(draw.Box{X: left + float64(i)*(room+gap), Y: s.y, W: room, H: height}, one)
	}
	s.y += height + 14
}

// card draws one figure in a box: label, figure, detail.
func (s *sheet) card(box draw.Box, f fact) {
	s.Fill(box, 5, s.colors.Wash)
	inner := box.Inset(13, 12)
	s.Text(inner.X, inner.Y+7, s.Fit(f.label, s.styles.smallBold, inner.W), s.styles.smallBold)
	figure := s.styles.figure
	for figure.Size > 14 && s.Width(f.figure, figure) > inner.W {
		figure.Size--
	}
	s.Text(inner.X, inner.Y+36, f.figure, figure)
	s.block(inner.X, inner.Y+45, inner.W, f.detail, s.styles.small)
}
