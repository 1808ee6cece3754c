package draw

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// readBack is the text of a PDF as poppler reads it.
func readBack(t *testing.T, s *Surface) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text.pdf")
	var out bytes.Buffer
	if err := s.Write(&out); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command("pdftotext", "-enc", "UTF-8", path, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext (package poppler-utils): %v: %s", err, text)
	}
	return string(text)
}

func sheetOf(t *testing.T, fonts *Fonts) *Surface {
	t.Helper()
	s := NewSurface(fonts, Properties{Title: "letters", Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	s.AddPage()
	return s
}

func TestTextOfCommonLettersNeedsReadyFontsOnlyAndIsReadBackLetterByLetter(t *testing.T) {
	s := sheetOf(t, loaded(t))
	var want []string
	for code := ' '; code <= 0xff; code += 16 {
		var letters []string
		for at := code; at < code+16; at++ {
			if letter := charmap.Windows1252.DecodeByte(byte(at)); s.chains[Regular][0].advance(letter) != notCovered && letter != ' ' {
				letters = append(letters, string(letter))
			}
		}
		line := strings.Join(letters, "")
		for weight := range weights {
			s.Text(50, 60+float64(code)*2.5+float64(weight)*11, line, Style{Size: 9, Weight: weight})
			want = append(want, line)
		}
	}
	for name := range s.added {
		if !strings.HasSuffix(name, "-ready") {
			t.Errorf("the font %s is in the document as a whole", name)
		}
	}
	if letters := strings.Join(want, ""); len([]rune(letters)) != 3*215 {
		t.Errorf("%d letters, want 215 of each weight: %q", len([]rune(letters)), letters)
	}
	if got := strings.Fields(readBack(t, s)); !slices.Equal(got, want) {
		t.Errorf("read back:\n%q\nwant:\n%q", got, want)
	}
}

func TestOneNameMayNeedReadyAndWholeFonts(t *testing.T) {
	s := sheetOf(t, loaded(t))
	name := "Zofia Żółćęśtóñ of Ἀθήνα"
	width := s.Text(50, 60, name, Style{Size: 12, Weight: SemiBold})
	if got := strings.TrimSpace(readBack(t, s)); got != name {
		t.Errorf("read back %q", got)
	}
	if !s.added["IBMPlexSans-SemiBold"] || !s.added["IBMPlexSans-SemiBold-ready"] {
		t.Errorf("fonts %v", s.added)
	}
	if want := s.Width(name, Style{Size: 12, Weight: SemiBold}); width-want > 1e-9 || want-width > 1e-9 {
		t.Errorf("drawn %v wide, measured %v", width, want)
	}
}

func TestAReadyLetterIsAsWideAsInTheWholeFont(t *testing.T) {
	fonts := loaded(t)
	for weight := range weights {
		ready, whole := fonts.chains[weight][0], fonts.chains[weight][1]
		for letter := range rune(basicPlane) {
			if got := ready.advance(letter); got != notCovered && got != whole.advance(letter) {
				t.Errorf("weight %d: %q is %d wide, in the whole font %d", weight, letter, got, whole.advance(letter))
			}
		}
	}
}
