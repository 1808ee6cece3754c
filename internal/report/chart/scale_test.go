package chart

import (
	"math"
	"slices"
	"testing"

	"halo.dev/halo/internal/report/draw"
)

func TestScaleMapsItsEndsToItsEndsAndHoldsWhatLiesOutside(t *testing.T) {
	scale := Scale{From: 50, To: 100, Start: 10, End: 210}
	for v, want := range map[float64]float64{50: 10, 100: 210, 75: 110, 20: 10, 300: 210} {
		if got := scale.At(v); got != want {
			t.Errorf("At(%v) = %v, want %v", v, got, want)
		}
	}
	upward := Scale{From: 0, To: 1, Start: 200, End: 100}
	if got := upward.At(0.25); got != 175 {
		t.Errorf("upward: %v, want 175", got)
	}
	if got := (Scale{From: 5, To: 5, Start: 1, End: 2}).At(5); got != 1 {
		t.Errorf("a scale without length gives %v, want its start", got)
	}
}

func TestStepsAreRoundNumbersThatReachTheTop(t *testing.T) {
	for top, want := range map[float64][]float64{
		31_500: {0, 10_000, 20_000, 30_000, 40_000}, 4: {0, 1, 2, 3, 4}, 114_000: {0, 50_000, 100_000, 150_000},
		1: {0, 0.25, 0.5, 0.75, 1}, 0: {0, 0.25, 0.5, 0.75, 1}, 90: {0, 25, 50, 75, 100},
	} {
		if got := Steps(top, 4); !slices.Equal(got, want) {
			t.Errorf("Steps(%v) = %v, want %v", top, got, want)
		}
	}
	for _, top := range []float64{math.NaN(), math.Inf(1), -3, 1e-300, 1e300, 7.77e9} {
		steps := Steps(top, 4)
		if len(steps) < 2 || len(steps) > 12 || top < 1e301 && steps[len(steps)-1] < top*(1-1e-6) {
			t.Errorf("Steps(%v) = %v", top, steps)
		}
	}
}

func surface(t *testing.T) (*draw.Surface, draw.Palette) {
	t.Helper()
	fonts, err := draw.LoadFonts()
	if err != nil {
		t.Fatal(err)
	}
	s := draw.NewSurface(fonts, draw.Properties{Title: "chart"})
	s.AddPage()
	return s, draw.NewPalette(draw.Color{R: 11, G: 110, B: 79})
}

func TestWordsOverATimelineNeverTouchHoweverShortItsParts(t *testing.T) {
	s, p := surface(t)
	box := draw.Box{X: 54, Y: 100, W: 504, H: 56}
	for _, lengths := range [][]float64{
		{12, 12, 3}, {0.01, 0.01, 40}, {40, 0.01, 0.01}, {0, 0, 0.1}, {30, 0.1, 3}, {0.1, 30, 0.1},
	} {
		var segments []Segment
		total := 0.0
		for _, length := range lengths {
			segments = append(segments, Segment{Length: length, Label: "Active, working", Figure: "12.9 years"})
			total += length
		}
		places := spread(s, segments, Scale{From: 50, To: 50 + total, Start: box.X, End: box.Right()}, 50, box, p)
		width := s.Width("Active, working", label(p))
		for i, place := range places {
			if place < box.X-1e-9 || place+width > box.Right()+1e-9 {
				t.Errorf("%v: words at %v leave the box", lengths, place)
			}
			if i > 0 && place < places[i-1]+width {
				t.Errorf("%v: words at %v touch those at %v", lengths, place, places[i-1])
			}
		}
	}
}

func TestTheBandEnclosesTheCurve(t *testing.T) {
	points := []CurvePoint{{Age: 60, P: 1, Low: 1, High: 1}, {Age: 70, P: 0.8, Low: 0.7, High: 0.9}, {Age: 80, P: 0.4, Low: 0.3, High: 0.5}}
	got := band(points, Scale{From: 60, To: 80, Start: 0, End: 20}, Scale{From: 0, To: 1, Start: 100, End: 0})
	want := []draw.Point{{X: 0, Y: 0}, {X: 10, Y: 10}, {X: 20, Y: 50}, {X: 20, Y: 70}, {X: 10, Y: 30}, {X: 0, Y: 0}}
	if len(got) != len(want) {
		t.Fatalf("%d corners, want %d", len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i].X-want[i].X) > 1e-9 || math.Abs(got[i].Y-want[i].Y) > 1e-9 {
			t.Errorf("corner %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestABarEndsWhereItsPartsEnd(t *testing.T) {
	s, _ := surface(t)
	if got := Bar(s, 100, 50, 10, 4, []Segment{{Length: 10}, {Length: 2.5}, {Length: -3}}); got != 150 {
		t.Errorf("the bar ends at %v, want 150", got)
	}
}
