package draw

import (
	"encoding/hex"
	"fmt"
	"math"
)

// Color is an sRGB colour.
type Color struct{ R, G, B uint8 }

// White and Ink are the paper and what is printed on it.
var (
	White = Color{255, 255, 255}
	Ink   = Color{27, 34, 44}
)

// ParseColor reads "#rrggbb".
func ParseColor(text string) (Color, error) {
	if len(text) != 7 || text[0] != '#' {
		return Color{}, fmt.Errorf("colour %q is not of the form #rrggbb", text)
	}
	parts, err := hex.DecodeString(text[1:])
	if err != nil {
		return Color{}, fmt.Errorf("colour %q is not of the form #rrggbb", text)
	}
	return Color{parts[0], parts[1], parts[2]}, nil
}

// Mix returns the colour that lies at share (0..1) of the way from c to other.
func (c Color) Mix(other Color, share float64) Color {
	mix := func(a, b uint8) uint8 {
		return uint8(math.Round(float64(a) + (float64(b)-float64(a))*share))
	}
	return Color{mix(c.R, other.R), mix(c.G, other.G), mix(c.B, other.B)}
}

// luminance is the relative luminance of WCAG 2.1, 0 (black) to 1 (white).
func (c Color) luminance() float64 {
	linear := func(part uint8) float64 {
		v := float64(part) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Contrast is the contrast ratio of WCAG 2.1 between two colours, 1 to 21.
func Contrast(a, b Color) float64 {
	light, dark := a.luminance(), b.luminance()
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

// ReadableOn returns the colour, darkened in steps towards Ink until its contrast on the background reaches ratio.
func (c Color) ReadableOn(background Color, ratio float64) Color {
	for share := 0.0; share < 1; share += 0.05 {
		if darker := c.Mix(Ink, share); Contrast(darker, background) >= ratio {
			return darker
		}
	}
	return Ink
}

// TextOn returns White or Ink, whichever can be read better on the background.
func TextOn(background Color) Color {
	if Contrast(White, background) >= Contrast(Ink, background) {
		return White
	}
	return Ink
}

// Hue is the angle on the colour circle, 0 to 360 degrees; ok is false for a grey, which has none.
func (c Color) Hue() (degrees float64, ok bool) {
	r, g, b := float64(c.R), float64(c.G), float64(c.B)
	high, low := max(r, g, b), min(r, g, b)
	spread := high - low
	if spread < 24 {
		return 0, false
	}
	switch high {
	case r:
		degrees = 60 * (g - b) / spread
	case g:
		degrees = 120 + 60*(b-r)/spread
	default:
		degrees = 240 + 60*(r-g)/spread
	}
	return math.Mod(degrees+360, 360), true
}
