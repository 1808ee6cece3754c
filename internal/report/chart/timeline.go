package chart

import "halo.dev/halo/internal/report/draw"

// Segment is a part of a bar: its length, the words for it and the words for its length.
type Segment struct {
	Length        float64
	Label, Figure string
	Color         draw.Color
}

// Mark is a place on an axis with its words.
type Mark struct {
	At    float64
	Label string
}

// Timeline draws segments end to end from the age start on: a bar, above each segment its words, below the bar the ages
// between. The first mark is the start, then one mark for the end of each segment.
func Timeline(s *draw.Surface, p draw.Palette, box draw.Box, start float64, segments []Segment, marks []Mark) {
	total := start
	for _, one := range segments {
		total += one.Length
	}
	scale := Scale{From: start, To: total, Start: box.X, End: box.Right()}
	bar := draw.Box{X: box.X, Y: box.Y + 30, W: box.W, H: 26}
	from := start
	places := spread(s, segments, scale, start, box, p)
	for i, one := range segments {
		left, right := scale.At(from), scale.At(from+one.Length)
		s.Fill(draw.Box{X: left, Y: bar.Y, W: right - left, H: bar.H}, 0, one.Color)
		if i > 0 {
			s.Line(draw.Point{X: left, Y: bar.Y}, draw.Point{X: left, Y: bar.Bottom()}, 1.5, draw.White)
		}
		s.Text(places[i], box.Y+8, one.Figure, figure(p))
		s.Text(places[i], box.Y+19, one.Label, label(p))
		from += one.Length
	}
	ages(s, p, scale, bar.Bottom(), marks)
}

// spread says where the words of each segment start: at its left edge, or further left where the next would not fit.
func spread(s *draw.Surface, segments []Segment, scale Scale, start float64, box draw.Box, p draw.Palette) []float64 {
	places, widths := make([]float64, len(segments)), make([]float64, len(segments))
	from := start
	for i, one := range segments {
		widths[i] = max(s.Width(one.Label, label(p)), s.Width(one.Figure, figure(p)))
		places[i] = scale.At(from)
		if i > 0 {
			places[i] = max(places[i], places[i-1]+widths[i-1]+gap)
		}
		from += one.Length
	}
	limit := box.Right()
	for i := len(places) - 1; i >= 0; i-- {
		places[i] = min(places[i], limit-widths[i])
		limit = places[i] - gap
	}
	return places
}

const gap = 10.0

// ages writes the marks under a bar and leaves out one that would touch another; the first and the last always stay.
func ages(s *draw.Surface, p draw.Palette, scale Scale, top float64, marks []Mark) {
	if len(marks) == 0 {
		return
	}
	last := len(marks) - 1
	lastWidth := s.Width(marks[last].Label, label(p))
	free := scale.Start - gap
	for i, mark := range marks {
		at, width := scale.At(mark.At), s.Width(mark.Label, label(p))
		left := min(max(at-width/2, scale.Start), scale.End-width)
		touches := left < free || i != last && left+width+gap > scale.End-lastWidth
		if touches && i != 0 && i != last {
			continue
		}
		s.Line(draw.Point{X: at, Y: top}, draw.Point{X: at, Y: top + 4}, 0.7, p.Muted)
		s.Text(left, top+14, mark.Label, label(p))
		free = left + width + gap
	}
}
