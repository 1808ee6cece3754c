package draw

import (
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/go-text/typesetting/font"
)

func loaded(t testing.TB) *Fonts {
	t.Helper()
	fonts, err := LoadFonts()
	if err != nil {
		t.Fatal(err)
	}
	return fonts
}

func TestPrintable(t *testing.T) {
	fonts := loaded(t)
	for name, test := range map[string]struct {
		text, want string
		lost       bool
	}{
		"plain text stays":                     {"Ann O'Hara", "Ann O'Hara", false},
		"white space of any kind is one blank": {" \tAnn\r\n\u2028 \u00a0Lee\v ", "Ann Lee", false},
		"controls go":                          {"A\x00n\x1b[0mn\u202e", "An[0mn", false},
		"marks are joined to their letter":     {"Ame\u0301lie", "Amélie", false},
		"a mark without a glyph goes":          {"a\U0001e8d0b", "ab", false},
		"a mark on a missing letter goes":      {"𓀀\u0301b", "\ufffdb", true},
		"a letter without a glyph is marked":   {"𓀀Lee", "\ufffdLee", true},
		"Chinese, of the basic plane or not":   {"王𠮷", "王𠮷", false},
		"Persian keeps what parts its letters": {"علی\u200cرضا\u200c", "علی\u200cرضا", false},
		"a joiner elsewhere goes":              {"A\u200dnn \u200c", "Ann", false},
		"no more marks than a language has":    {"x" + strings.Repeat("\u0323", 90), "x" + strings.Repeat("\u0323", 8), false},
		"emoji with joiners are as many marks": {"👩\u200d👧", "\ufffd\ufffd", true},
		"broken UTF-8 is marked":               {"Jos\xe9", "Jos\ufffd", false},
		"beyond the basic plane":               {"𝔸", "\ufffd", true},
		"Arabic keeps its order until drawn":   {"محمد", "محمد", false},
		"Hebrew keeps its order until drawn":   {"שרה", "שרה", false},
		"nothing":                              {"", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, lost := fonts.Printable(test.text)
			if got != test.want || lost != test.lost {
				t.Errorf("got %q, lost %v, want %q, lost %v", got, lost, test.want, test.lost)
			}
		})
	}
}

// onPaper is a line as a reader sees it, from left to right: the letters that each glyph stands for.
func onPaper(fonts *Fonts, text string) string {
	letters := []rune(text)
	var out strings.Builder
	for _, run := range fonts.shape(text, Regular).runs {
		for i, glyph := range run.glyphs {
			if i > 0 && run.glyphs[i-1].TextIndex() == glyph.TextIndex() {
				continue
			}
			out.WriteString(string(letters[glyph.TextIndex() : glyph.TextIndex()+glyph.RunesCount()]))
		}
	}
	return out.String()
}

func TestALineStandsInTheOrderOfItsDirections(t *testing.T) {
	fonts := loaded(t)
	for text, want := range map[string]string{
		"Ann Lee": "Ann Lee", "שרה": "הרש", "for שרה כהן, 1": "for 1 ,ןהכ הרש", "שרה Lee": "הרש Lee",
		"Ann (שרה 1976, b) x": "Ann (1976 הרש, b) x", "": "", "محمد علي": "يلع دمحم", "Dr محمد 7": "Dr 7 دمحم",
	} {
		if got := onPaper(fonts, text); got != want {
			t.Errorf("%q stands as %q, want %q", text, got, want)
		}
	}
}

func TestWidthIsTheSumOfTheLettersAdvances(t *testing.T) {
	fonts := loaded(t)
	// IBM Plex Sans: every digit is 600 wide.
	if got := fonts.Width("1234567890", Style{Size: 10}); got != 60 {
		t.Errorf("ten digits of 10 points are %v wide, want 60", got)
	}
	if one, two := fonts.Width("Żό", Style{Size: 8}), fonts.Width("Żό", Style{Size: 16}); two != 2*one || one <= 0 {
		t.Errorf("%v at 8 points, %v at 16", one, two)
	}
}

func TestWrapKeepsEveryLetterAndTheWidth(t *testing.T) {
	fonts, style := loaded(t), Style{Size: 10}
	for _, text := range []string{
		"The quick brown fox jumps over the lazy dog, again and again and again.",
		strings.Repeat("W", 100), "short", "a " + strings.Repeat("i", 300) + " b", "",
	} {
		for _, width := range []float64{20, 60, 200} {
			lines := fonts.Wrap(text, style, width)
			for _, line := range lines {
				if fonts.Width(line, style) > width {
					t.Errorf("%q is wider than %v", line, width)
				}
			}
			flat := strings.NewReplacer(" ", "").Replace
			if got := flat(strings.Join(lines, "")); got != flat(text) {
				t.Errorf("%q became %q", text, lines)
			}
		}
	}
	if got := fonts.Wrap("one two three", style, fonts.Width("one two", style)); !slices.Equal(got, []string{"one two", "three"}) {
		t.Errorf("lines %q", got)
	}
}

func TestWhatDoesNotFitEndsWithAnEllipsis(t *testing.T) {
	fonts, style := loaded(t), Style{Size: 10}
	if got := fonts.Fit("fits", style, 200); got != "fits" {
		t.Errorf("got %q", got)
	}
	got := fonts.Fit("A long name that goes on", style, 60)
	if !strings.HasSuffix(got, "…") || fonts.Width(got, style) > 60 || len(got) < 8 {
		t.Errorf("got %q", got)
	}
	lines := fonts.WrapAtMost("one two three four five six seven", style, 50, 2)
	if len(lines) != 2 || !strings.HasSuffix(lines[1], "…") || lines[0] != "one two" {
		t.Errorf("lines %q", lines)
	}
	if lines := fonts.WrapAtMost("one two", style, 500, 2); !slices.Equal(lines, []string{"one two"}) {
		t.Errorf("lines %q", lines)
	}
}

func FuzzSettingText(f *testing.F) {
	for _, text := range []string{"Ann Lee", "שרה e\u0301 \xff\x00 😀\u200d", "WWWWWWWWWWWWWW i", "\U0010ffff\n\t",
		"علی\u200cرضا क्षत्रिय", "མཚོ မြန်မာ ഓം\u200d", "王𠮷 김민준 \u1100\u1161\u11a8"} {
		f.Add(text, 40.0)
	}
	fonts := loaded(f)
	style := Style{Size: 9, Weight: SemiBold}
	f.Fuzz(func(t *testing.T, text string, width float64) {
		if !(width >= 12 && width <= 600) || len(text) > 4000 {
			return
		}
		clean, _ := fonts.Printable(text)
		if again, _ := fonts.Printable(clean); again != clean {
			t.Errorf("printable text %q changes again to %q", clean, again)
		}
		if clean != "" && fonts.Width(clean, style) == 0 && strings.Trim(clean, "\ufffd") != "" && utf8.RuneCountInString(clean) > 0 {
			t.Logf("a text without width: %q", clean)
		}
		for _, line := range append(fonts.Wrap(text, style, width), fonts.Fit(text, style, width)) {
			if fonts.Width(line, style) > width+1e-6 && len(clusters(line)) > 1 {
				t.Errorf("%q is wider than %v", line, width)
			}
		}
		if width := fonts.Width(clean, style); !(width >= 0 && width < 1e6) {
			t.Errorf("%q is %v wide", clean, width)
		}
	})
}

func TestEveryFontCanBeReadAndHasTheLettersOfItsScript(t *testing.T) {
	fonts := loaded(t).forDocument()
	for name, one := range fonts.library {
		if _, err := one.open(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, one := range scripts {
		has := 0
		for _, block := range one.blocks {
			for letter := block[0]; letter <= block[1]; letter++ {
				if unicode.IsLetter(letter) && fonts.covered(letter) {
					has++
				}
			}
		}
		if has < 20 {
			t.Errorf("%s has %d letters", one.font, has)
		}
	}
	for letter := rune(0x4e00); letter <= 0x9fa5; letter++ {
		if !fonts.covered(letter) {
			t.Fatalf("no font has %c", letter)
		}
	}
}

// Joined letters are other glyphs than single ones; a vowel that is written before its consonant stands there.
func TestLettersAreJoinedPlacedAndReordered(t *testing.T) {
	fonts := loaded(t)
	width := func(text string) float64 { return fonts.Width(text, Style{Size: 100}) }
	glyph := func(text string, at int) font.GID { return fonts.shape(text, Regular).runs[0].glyphs[at].GlyphID }
	if joined, alone := glyph("مم", 0), glyph("م", 0); joined == alone {
		t.Error("an Arabic letter looks the same joined and alone")
	}
	if conjunct, apart := width("क्ष"), width("क")+width("ष"); conjunct >= apart {
		t.Errorf("the Devanagari conjunct is %v wide, its letters %v", conjunct, apart)
	}
	glyphs := fonts.shape("कि", Regular).runs[0].glyphs
	if len(glyphs) != 2 || glyphs[0].Advance > glyphs[1].Advance {
		t.Errorf("the vowel sign does not stand before its consonant: %v", glyphs)
	}
	if bare, marked := width("m"), width("m\u0323\u0302"); math.Abs(marked-bare) > 0.05 {
		t.Errorf("a letter is %v wide and with marks %v", bare, marked)
	}
}
