package chart

import "halo.dev/halo/internal/report/draw"

// Column is one upright bar.
type Column struct {
	Value         float64
	Figure, Label string
}

// Columns draws upright bars on a common axis. axis formats a number at the left. The box is what the axes enclose;
// words need 48 points to its left and 16 below.
func Columns(s *draw.Surface, p draw.Palette, box draw.Box, columns []Column, axis func(float64) string) {
	top := 0.0
	for _, one := range columns {
		top = max(top, one.Value)
	}
	steps := Steps(top, 4)
	up := Scale{From: 0, To: steps[len(steps)-1], Start: box.Bottom(), End: box.Y}
	for _, step := range steps {
		y := up.At(step)
		s.Line(draw.Point{X: box.X, Y: y}, draw.Point{X: box.Right(), Y: y}, 0.5, p.Rule)
		s.TextRight(box.X-6, y+2.8, axis(step), label(p))
	}
	room := box.W / float64(max(len(columns), 1))
	for i, one := range columns {
		middle := box.X + room*(float64(i)+0.5)
		y := up.At(one.Value)
		s.Fill(draw.Box{X: middle - room*0.29, Y: y, W: room * 0.58, H: box.Bottom() - y}, 0, p.Strong)
		half := s.Width(one.Figure, figure(p))/2 + 2
		s.Fill(draw.Box{X: middle - half, Y: y - 12, W: 2 * half, H: 11}, 0, draw.White) // no grid behind figures
		s.TextCentre(middle, y-4, one.Figure, figure(p))
		s.TextCentre(middle, box.Bottom()+12, one.Label, label(p))
	}
	s.Line(draw.Point{X: box.X, Y: box.Bottom()}, draw.Point{X: box.Right(), Y: box.Bottom()}, 0.8, p.Muted)
}

// Bar draws one lying bar of segments from x on, scale points a unit, and returns where it ends.
func Bar(s *draw.Surface, x, y, height, scale float64, segments []Segment) float64 {
	for _, one := range segments {
		width := max(one.Length, 0) * scale
		s.Fill(draw.Box{X: x, Y: y, W: width, H: height}, 0, one.Color)
		x += width
	}
	return x
}
