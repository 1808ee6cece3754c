// Package colors makes a firm's colour readable on the widget's light and dark surfaces: WCAG 2.2 asks for a contrast of
// 4.5 between text and what is behind it. It is pure.
package colors

import (
	"fmt"
	"math"
	"strconv"
)

// Parts are the colours that follow from one, each as "#rrggbb".
type Parts struct {
	// Accent is the firm's colour, moved towards the page's ink until it can be read on the page and on Tint.
	Accent string `json:"accent"`
	// On is for text on Accent.
	On string `json:"on"`
	// Second is softer than Accent, for a second area beside it.
	Second string `json:"second"`
	// Tint is the pale ground of what is chosen, and of the result.
	Tint string `json:"tint"`
}

// Scheme is the colours on a light and on a dark page.
type Scheme struct {
	Light Parts `json:"light"`
	Dark  Parts `json:"dark"`
}

// rgb is a colour of sRGB, each part from 0 to 255.
type rgb [3]float64

var (
	white = rgb{255, 255, 255}
	ink   = rgb{17, 24, 32}
	// The surfaces of the widget's style sheet; of each page the one that is hardest to read on.
	lightSurface = rgb{246, 248, 249}
	darkSurface  = rgb{32, 39, 47}
)

// enough is a little more than the contrast that is asked for, because colours are rounded.
const enough = 4.6

// Of returns the colours that follow from a firm's; an error when it is not #rrggbb.
func Of(color string) (Scheme, error) {
	own, err := parse(color)
	if err != nil {
		return Scheme{}, err
	}
	return Scheme{Light: parts(own, lightSurface, ink), Dark: parts(own, darkSurface, white)}, nil
}

func parts(own, surface, end rgb) Parts {
	accent := readable(own, surface, end)
	on := white
	if contrast(accent, white) < contrast(accent, ink) {
		on = ink
	}
	return Parts{
		Accent: accent.String(), On: on.String(), Second: mix(accent, surface, 0.4).String(), Tint: tint(accent, surface).String(),
	}
}

// readable moves a colour towards an end, in steps, until it reads well on the surface and on its own tint.
func readable(color, surface, end rgb) rgb {
	for step := range 20 {
		candidate := mix(color, end, float64(step)/20)
		if min(contrast(candidate, surface), contrast(candidate, tint(candidate, surface))) >= enough {
			return candidate
		}
	}
	return end
}

func tint(color, surface rgb) rgb { return mix(color, surface, 0.9) }

func mix(from, to rgb, part float64) rgb {
	for i := range from {
		from[i] += (to[i] - from[i]) * part
	}
	return from
}

// contrast is as WCAG 2.2 defines it, from 1 to 21.
func contrast(a, b rgb) float64 {
	low, high := luminance(a), luminance(b)
	if low > high {
		low, high = high, low
	}
	return (high + 0.05) / (low + 0.05)
}

func luminance(color rgb) float64 {
	for i, part := range color {
		if part /= 255; part <= 0.04045 {
			color[i] = part / 12.92
		} else {
			color[i] = math.Pow((part+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*color[0] + 0.7152*color[1] + 0.0722*color[2]
}

func parse(text string) (rgb, error) {
	if len(text) != 7 || text[0] != '#' {
		return rgb{}, fmt.Errorf("%q is not a colour such as #0b6e4f", text)
	}
	var color rgb
	for i := range color {
		part, err := strconv.ParseUint(text[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return rgb{}, fmt.Errorf("%q is not a colour such as #0b6e4f", text)
		}
		color[i] = float64(part)
	}
	return color, nil
}

// String gives a colour as #rrggbb.
func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0])), int(math.Round(c[1])), int(math.Round(c[2])))
}
