package draw

import "math"

// Palette is every colour of a document, derived from one brand colour so that all text can be read and neighbouring
// parts of a chart can be told apart, also in print without colour.
type Palette struct {
	// Brand is the colour as given, for large areas; OnBrand and OnBrandSoft are for text on it.
	Brand, OnBrand, OnBrandSoft Color
	// Strong is the brand dark enough for text on White and on Wash; Middle and Soft are lighter fills.
	Strong, Middle, Soft, Wash Color
	// Accent marks what needs care; it is far from the brand on the colour circle. AccentText is for text.
	Accent, AccentText, AccentSoft Color
	Ink, Muted, Rule               Color
}

// readable is the contrast that WCAG 2.1 AA asks of text.
const readable = 4.5

// readableOnWash is the contrast with white that leaves 4.5 on a wash of the same colour, even of black.
const readableOnWash = 5.2

var (
	amber = Color{217, 134, 44}
	slate = Color{91, 115, 152}
)

// NewPalette derives the colours from a brand.
func NewPalette(brand Color) Palette {
	onBrand := TextOn(brand)
	strong := brand.ReadableOn(White, readableOnWash)
	accent := amber
	if apart(brand, amber) < 45 {
		accent = slate
	}
	wash := strong.Mix(White, 0.94)
	return Palette{
		Brand: brand, OnBrand: onBrand, OnBrandSoft: softOn(brand, onBrand),
		Strong: strong, Middle: strong.Mix(White, 0.45), Soft: strong.Mix(White, 0.78), Wash: wash,
		Accent: accent, AccentText: accent.ReadableOn(wash, readable), AccentSoft: accent.Mix(White, 0.7),
		Ink: Ink, Muted: Color{91, 101, 115}, Rule: Color{216, 221, 228},
	}
}

// softOn is text mixed into its background as far as it stays readable.
func softOn(background, text Color) Color {
	for share := 0.3; share > 0; share -= 0.05 {
		if softer := text.Mix(background, share); Contrast(softer, background) >= readable {
			return softer
		}
	}
	return text
}

// apart is the distance of two colours on the colour circle, 0 to 180 degrees; a grey is far from everything.
func apart(a, b Color) float64 {
	first, ok := a.Hue()
	second, alsoOK := b.Hue()
	if !ok || !alsoOK {
		return 180
	}
	distance := math.Abs(first - second)
	return min(distance, 360-distance)
}
