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

// ReadableOn returns the colour, darkened in its own hue until its contrast on the background reaches ratio; Ink if even
// the darkest does not.
func (c Color) ReadableOn(background Color, ratio float64) Color {
	if Contrast(c, background) >= ratio {
		return c
	}
	hue, saturation, lightness := c.hsl()
	for ; lightness > 0; lightness -= 0.02 {
		if darker := fromHSL(hue, min(saturation, 0.85), lightness); Contrast(darker, background) >= ratio {
			return darker
		}
	}
	return Ink
}

// hsl gives hue in degrees, saturation and lightness 0..1.
func (c Color) hsl() (hue, saturation, lightness float64) {
	r, g, b := float64(c.R)/255, float64(c.G)/255, float64(c.B)/255
	high, low := max(r, g, b), min(r, g, b)
	spread := high - low
	lightness = (high + low) / 2
	if spread == 0 {
		return 0, 0, lightness
	}
	saturation = spread / (1 - math.Abs(2*lightness-1))
	switch high {
	case r:
		hue = 60 * (g - b) / spread
	case g:
		hue = 120 + 60*(b-r)/spread
	default:
		hue = 240 + 60*(r-g)/spread
	}
	return math.Mod(hue+360, 360), saturation, lightness
}

func fromHSL(hue, saturation, lightness float64) Color {
	part := func(n float64) uint8 {
		k := math.Mod(n+hue/30, 12)
		v := lightness - saturation*min(lightness, 1-lightness)*max(-1, min(k-3, 9-k, 1))
		return uint8(math.Round(255 * min(max(v, 0), 1)))
	}
	return Color{part(0), part(8), part(4)}
}

// TextOn returns the colour for text on a background: White or Ink, whichever can be read better, or pure black on the
// few middle tones where neither reaches 4.5.
func TextOn(background Color) Color {
	best := White
	if Contrast(Ink, background) > Contrast(White, background) {
		best = Ink
	}
	if Contrast(best, background) < readable {
		return Color{}
	}
	return best
}

// Hue is the angle on the colour circle, 0 to 360 degrees; ok is false for a grey, which has none to speak of.
func (c Color) Hue() (degrees float64, ok bool) {
	degrees, _, _ = c.hsl()
	return degrees, max(c.R, c.G, c.B)-min(c.R, c.G, c.B) >= 24
}
