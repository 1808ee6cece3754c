package draw

import (
	"fmt"
	"testing"
)

func TestParseColor(t *testing.T) {
	for text, want := range map[string]Color{
		"#000000": {}, "#0b6e4f": {11, 110, 79}, "#FFffFF": White,
	} {
		if got, err := ParseColor(text); err != nil || got != want {
			t.Errorf("ParseColor(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0b6e4f", "#0b6e4", "#0b6e4f0", "#0b6e4g", "#ÿÿÿ", "red"} {
		if got, err := ParseColor(text); err == nil {
			t.Errorf("ParseColor(%q) = %v, want an error", text, got)
		}
	}
}

func TestContrastIsThatOfWCAG(t *testing.T) {
	for _, test := range []struct {
		a, b Color
		want string
	}{
		{White, Color{}, "21.00"}, {Color{}, White, "21.00"}, {White, White, "1.00"},
		{Color{119, 119, 119}, White, "4.48"}, {Color{118, 118, 118}, White, "4.54"}, // the grey that AA just allows
		{Color{0, 0, 255}, White, "8.59"},
	} {
		if got := fmt.Sprintf("%.2f", Contrast(test.a, test.b)); got != test.want {
			t.Errorf("Contrast(%v, %v) = %s, want %s", test.a, test.b, got, test.want)
		}
	}
}

// brands are colours from all over the cube.
func brands() []Color {
	var all []Color
	for r := 0; r < 256; r += 17 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				all = append(all, Color{uint8(r), uint8(g), uint8(b)})
			}
		}
	}
	return all
}

func TestAllTextOfAPaletteCanBeReadWhateverTheBrand(t *testing.T) {
	for _, brand := range brands() {
		p := NewPalette(brand)
		for name, pair := range map[string][2]Color{
			"text on the brand": {p.OnBrand, p.Brand}, "soft text on the brand": {p.OnBrandSoft, p.Brand},
			"strong on white": {p.Strong, White}, "strong on the wash": {p.Strong, p.Wash},
			"accent text on white": {p.AccentText, White}, "accent text on the wash": {p.AccentText, p.Wash},
			"ink on the wash": {p.Ink, p.Wash}, "muted on the wash": {p.Muted, p.Wash},
		} {
			if got := Contrast(pair[0], pair[1]); got < 4.5 {
				t.Fatalf("brand %v: %s has a contrast of %.2f, want 4.5", brand, name, got)
			}
		}
	}
}

func TestPartsOfAChartCanBeToldApartWithoutColour(t *testing.T) {
	for _, brand := range brands() {
		p := NewPalette(brand)
		if got := Contrast(p.Strong, p.Middle); got < 1.7 {
			t.Fatalf("brand %v: strong and middle have a contrast of %.2f", brand, got)
		}
		if got := Contrast(p.Middle, p.Soft); got < 1.15 {
			t.Fatalf("brand %v: middle and soft have a contrast of %.2f", brand, got)
		}
		if brandHue, ok := brand.Hue(); ok {
			accentHue, _ := p.Accent.Hue()
			if distance := min(abs(brandHue-accentHue), 360-abs(brandHue-accentHue)); distance < 40 {
				t.Fatalf("brand %v: the accent %v is as near as %.0f degrees", brand, p.Accent, distance)
			}
		}
	}
}

func abs(v float64) float64 { return max(v, -v) }

func TestABrandThatCanBeReadIsNotTouchedAndAPaleOneKeepsItsHue(t *testing.T) {
	green := Color{11, 110, 79}
	if got := NewPalette(green).Strong; got != green {
		t.Errorf("the green became %v", got)
	}
	pale := Color{207, 232, 255}
	before, _ := pale.Hue()
	after, ok := NewPalette(pale).Strong.Hue()
	if !ok || abs(before-after) > 3 {
		t.Errorf("the hue of a pale blue went from %.0f to %.0f degrees (coloured: %v)", before, after, ok)
	}
}

func TestMixGoesFromOneColourToTheOther(t *testing.T) {
	from, to := Color{0, 100, 200}, Color{100, 0, 200}
	for share, want := range map[float64]Color{0: from, 1: to, 0.5: {50, 50, 200}} {
		if got := from.Mix(to, share); got != want {
			t.Errorf("at %v: %v, want %v", share, got, want)
		}
	}
}
