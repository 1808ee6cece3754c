package colors

import (
	"fmt"
	"regexp"
	"testing"
)

func TestWhateverTheColourItsTextCanBeRead(t *testing.T) {
	for brand := range 4096 {
		color := fmt.Sprintf("#%02x%02x%02x", brand>>8*17, brand>>4&15*17, brand&15*17)
		scheme, err := Of(color)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range []struct {
			parts    Parts
			surfaces []rgb
		}{
			{scheme.Light, []rgb{white, lightSurface}},
			{scheme.Dark, []rgb{{22, 28, 34}, darkSurface}},
		} {
			accent, tint := must(t, page.parts.Accent), must(t, page.parts.Tint)
			for _, behind := range append(page.surfaces, tint, must(t, page.parts.On)) {
				if got := contrast(accent, behind); got < 4.5 {
					t.Fatalf("%s: %s on %s has the contrast %.2f", color, page.parts.Accent, behind, got)
				}
			}
			if page.parts.Second == page.parts.Accent {
				t.Fatalf("%s: the second colour is the first", color)
			}
		}
	}
}

func must(t *testing.T, text string) rgb {
	t.Helper()
	color, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return color
}

func TestAColourThatCanBeReadStaysAsItIs(t *testing.T) {
	scheme, err := Of("#0b6e4f")
	if err != nil {
		t.Fatal(err)
	}
	if want := (Parts{Accent: "#0b6e4f", On: "#ffffff", Second: "#69a593", Tint: "#dfeae8"}); scheme.Light != want {
		t.Errorf("on a light page: %+v, want %+v", scheme.Light, want)
	}
	if scheme.Dark.Accent == "#0b6e4f" {
		t.Error("it cannot be read on a dark page")
	}
}

func TestWhatIsNoColourIsRefused(t *testing.T) {
	for _, text := range []string{"", "#fff", "green", "#0b6e4", "#0b6e4f0", "#0b6e4g", "0b6e4f#", "#+b6e4f", "#éee4f"} {
		if got, err := Of(text); err == nil {
			t.Errorf("%q gives %+v", text, got)
		}
	}
}

func FuzzOf(f *testing.F) {
	for _, text := range []string{"#0b6e4f", "#ffffff", "#", "red", "#-1-1-1"} {
		f.Add(text)
	}
	shape := regexp.MustCompile(`^#[0-9a-f]{6}$`)
	f.Fuzz(func(t *testing.T, text string) {
		scheme, err := Of(text)
		if err != nil {
			return
		}
		for _, part := range []string{scheme.Light.Accent, scheme.Light.Tint, scheme.Dark.Second, scheme.Dark.On} {
			if !shape.MatchString(part) {
				t.Errorf("%q gives %q", text, part)
			}
		}
	})
}
