package chart

import (
	"fmt"
	"math"

	"halo.dev/halo/internal/report/draw"
)

// CurvePoint is one place of a curve of chances (0..1); Low and High bound the band around it.
type CurvePoint struct{ Age, P, Low, High float64 }

// Callout is a place on a curve that is marked with words.
type Callout struct {
	Age, P float64
	Label  string
}

// Curve is the chance of being alive, by age.
type Curve struct {
	Points   []CurvePoint
	Band     bool // draw the band between Low and High
	Callouts []Callout
	// Expected is marked by a dashed line; no line when it is 0.
	Expected      float64
	ExpectedLabel string
}

// AgeScale is the horizontal axis that a curve and the strips under it share.
func AgeScale(points []CurvePoint, box draw.Box) Scale {
	if len(points) == 0 {
		return Scale{From: 0, To: 1, Start: box.X, End: box.Right()}
	}
	return Scale{From: points[0].Age, To: points[len(points)-1].Age, Start: box.X, End: box.Right()}
}

// Survival draws the curve with its axes. The box is what the axes enclose; words need 30 points to its left and 24 below.
func Survival(s *draw.Surface, p draw.Palette, box draw.Box, c Curve) {
	across := AgeScale(c.Points, box)
	up := Scale{From: 0, To: 1, Start: box.Bottom(), End: box.Y}
	for _, chance := range []float64{0, 0.25, 0.5, 0.75, 1} {
		y := up.At(chance)
		s.Line(draw.Point{X: box.X, Y: y}, draw.Point{X: box.Right(), Y: y}, 0.5, p.Rule)
		s.TextRight(box.X-6, y+2.8, fmt.Sprintf("%.0f%%", 100*chance), label(p))
	}
	if c.Band {
		s.Area(band(c.Points, across, up), p.Soft)
	}
	if c.Expected > 0 {
		x := across.At(c.Expected)
		s.Dashed(draw.Point{X: x, Y: box.Y}, draw.Point{X: x, Y: box.Bottom()}, 0.8, p.AccentText)
	}
	line := make([]draw.Point, len(c.Points))
	for i, point := range c.Points {
		line[i] = draw.Point{X: across.At(point.Age), Y: up.At(point.P)}
	}
	s.Polyline(line, 1.8, p.Strong)
	if c.Expected > 0 {
		expectedLabel(s, p, box, across.At(c.Expected), c.ExpectedLabel)
	}
	for _, one := range c.Callouts {
		at := draw.Point{X: across.At(one.Age), Y: up.At(one.P)}
		s.Dot(at, 2.6, p.Strong)
		calloutLabel(s, p, at, across.At(c.Expected), one.Label)
	}
	AgeAxis(s, p, across, box.Bottom())
}

// band is the outline of the area between High and Low.
func band(points []CurvePoint, across, up Scale) []draw.Point {
	outline := make([]draw.Point, 0, 2*len(points))
	for _, point := range points {
		outline = append(outline, draw.Point{X: across.At(point.Age), Y: up.At(point.High)})
	}
	for i := len(points) - 1; i >= 0; i-- {
		outline = append(outline, draw.Point{X: across.At(points[i].Age), Y: up.At(points[i].Low)})
	}
	return outline
}

// expectedLabel stands above the chart, where no line crosses it.
func expectedLabel(s *draw.Surface, p draw.Palette, box draw.Box, x float64, text string) {
	style := figure(p).In(p.AccentText)
	width := s.Width(text, style)
	s.Text(min(max(x-width/2, box.X), box.Right()-width), box.Y-6, text, style)
}

// calloutLabel stands to the right above its dot, or, where the line at x would cross it, to the left below.
func calloutLabel(s *draw.Surface, p draw.Palette, at draw.Point, x float64, text string) {
	style := figure(p)
	begin := at.X + 6
	if end := begin + s.Width(text, style); x < at.X || x > end+2 {
		s.Text(begin, at.Y-5, text, style)
		return
	}
	s.TextRight(at.X-6, at.Y+11, text, style)
}

// AgeAxis draws ages under a chart: the first, then every multiple of 10 (of 5 or of 2 for a short axis).
func AgeAxis(s *draw.Surface, p draw.Palette, across Scale, y float64) {
	step := 10.0
	if span := across.To - across.From; span <= 15 {
		step = 2
	} else if span <= 45 {
		step = 5
	}
	s.Line(draw.Point{X: across.Start, Y: y}, draw.Point{X: across.End, Y: y}, 0.8, p.Muted)
	perYear := (across.End - across.Start) / max(across.To-across.From, 1)
	for age := math.Ceil(across.From/step) * step; age <= across.To; age += step {
		if age != across.From && (age-across.From)*perYear < 18 {
			continue
		}
		x := across.At(age)
		s.Line(draw.Point{X: x, Y: y}, draw.Point{X: x, Y: y + 3}, 0.7, p.Muted)
		s.TextCentre(x, y+12, fmt.Sprintf("%.0f", age), label(p))
	}
	if math.Mod(across.From, step) != 0 {
		s.Line(draw.Point{X: across.Start, Y: y}, draw.Point{X: across.Start, Y: y + 3}, 0.7, p.Muted)
		s.TextCentre(across.Start, y+12, fmt.Sprintf("%.0f", across.From), label(p))
	}
}

// Quantiles are five ages in rising order, and the words for the outer two.
type Quantiles struct {
	Low, LowInner, Middle, HighInner, High float64
	LowLabel, HighLabel                    string
}

// Strip draws quantiles around y as a box (inner two) on a line (outer two) with a stroke at the middle one.
func Strip(s *draw.Surface, p draw.Palette, color draw.Color, across Scale, y float64, q Quantiles) {
	s.Fill(draw.Box{X: across.Start, Y: y - 8, W: across.End - across.Start, H: 16}, 3, p.Wash)
	low, high := across.At(q.Low), across.At(q.High)
	s.Line(draw.Point{X: low, Y: y}, draw.Point{X: high, Y: y}, 1.2, color)
	for _, end := range []float64{low, high} {
		s.Line(draw.Point{X: end, Y: y - 4.5}, draw.Point{X: end, Y: y + 4.5}, 1.2, color)
	}
	inner := draw.Box{X: across.At(q.LowInner), Y: y - 5, H: 10}
	inner.W = across.At(q.HighInner) - inner.X
	s.Fill(inner, 2, color)
	x := across.At(q.Middle)
	s.Line(draw.Point{X: x, Y: y - 5}, draw.Point{X: x, Y: y + 5}, 1.6, draw.White)
	style := figure(p)
	if width := s.Width(q.LowLabel, style); low-5-width > across.Start {
		s.TextRight(low-5, y+3, q.LowLabel, style)
	}
	if width := s.Width(q.HighLabel, style); high+5+width < across.End {
		s.Text(high+5, y+3, q.HighLabel, style)
	}
}
