package chart

import (
	"math"

	"halo.dev/halo/internal/report/draw"
)

// Scale maps numbers to places on paper, linearly.
type Scale struct{ From, To, Start, End float64 }

// At is the place of a number; numbers outside of the scale stay at its ends.
func (s Scale) At(v float64) float64 {
	if s.To <= s.From {
		return s.Start
	}
	share := min(max((v-s.From)/(s.To-s.From), 0), 1)
	return s.Start + share*(s.End-s.Start)
}

// Steps returns round numbers from 0 to at least top, about as many as wanted, never fewer than two.
func Steps(top float64, wanted int) []float64 {
	if !(top > 0) || math.IsInf(top, 0) {
		top = 1
	}
	raw := top / float64(max(wanted, 1))
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * power
	for _, nice := range []float64{1, 2, 2.5, 5} {
		if nice*power >= raw*(1-1e-9) {
			step = nice * power
			break
		}
	}
	steps := []float64{0}
	for i := 1; steps[len(steps)-1] < top*(1-1e-9); i++ {
		steps = append(steps, step*float64(i))
	}
	return steps
}

// styles of the letters in charts
func label(p draw.Palette) draw.Style { return draw.Style{Size: 8, Color: p.Muted} }
func figure(p draw.Palette) draw.Style {
	return draw.Style{Weight: draw.SemiBold, Size: 8.5, Color: p.Ink}
}

// Key explains a colour.
type Key struct {
	Color draw.Color
	Label string
}

// Keys draws a legend in one row that starts at x and returns its width.
func Keys(s *draw.Surface, p draw.Palette, x, baseline float64, keys []Key) float64 {
	at := x
	for _, key := range keys {
		s.Fill(draw.Box{X: at, Y: baseline - 6.5, W: 8, H: 8}, 2, key.Color)
		at += 12
		at += s.Text(at, baseline, key.Label, label(p)) + 16
	}
	return at - x
}
