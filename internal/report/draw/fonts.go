package draw

import (
	"embed"
	"fmt"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// The fonts are IBM Plex Sans (SIL Open Font License 1.1) and, for letters that it lacks, DejaVu Sans (Bitstream Vera and
// Arev licences) and the fonts of Noto (SIL Open Font License 1.1); the licences are beside them.
//
//go:embed fonts
var fontFiles embed.FS

// Weight is how heavy letters are.
type Weight int

// The weights there are. Light is for large figures only.
const (
	Regular Weight = iota
	SemiBold
	Light
	weights
)

var fontNames = [weights]string{
	Regular: "IBMPlexSans-Regular", SemiBold: "IBMPlexSans-SemiBold", Light: "IBMPlexSans-Light",
}

// plainFallback is asked for letters that the weight's own font does not have and that need no shaping.
const plainFallback = "DejaVuSans"

// stems are the widths of vertical strokes, in thousandths of the size.
var stems = [weights]int{Regular: 88, SemiBold: 135, Light: 71}

// face is one font file, unpacked, with the advance of each letter it has.
type face struct {
	name     string
	truetype []byte
	ready    *ready // instead of truetype
	// advances is indexed by letter, in thousandths of the size; notCovered where the font has none.
	advances []int16
}

const (
	basicPlane = 1 << 16 // the PDF library can address no letter beyond it
	notCovered = -1
	perMille   = 1000
)

// Fonts are the unpacked fonts with their metrics: built once, read by many at the same time.
type Fonts struct {
	// chains holds for each weight the faces to ask for a letter, the first that has it prints it.
	chains [weights][]*face
	// plain holds for each weight the advance of every letter that is right when it is printed one by one, from left to
	// right, and notCovered for all others.
	plain [weights][]int16
	// library has every font for shaping, by name.
	library map[string]*outlines
	// own is what one document shapes with; nil where the fonts are not one document's.
	own *shaper
}

// forDocument returns the same fonts for one goroutine, which keep what they have read.
func (f *Fonts) forDocument() *Fonts {
	return &Fonts{chains: f.chains, plain: f.plain, library: f.library, own: newShaper(f.library)}
}

// shaper is the document's own, or a new one.
func (f *Fonts) shaper() *shaper {
	if f.own != nil {
		return f.own
	}
	return newShaper(f.library)
}

// LoadFonts unpacks the embedded fonts. It takes some milliseconds: keep the result.
func LoadFonts() (*Fonts, error) {
	fonts := &Fonts{library: map[string]*outlines{}}
	fallback, err := loadFace(plainFallback)
	if err != nil {
		return nil, fmt.Errorf("loading font %s: %w", plainFallback, err)
	}
	for weight, name := range fontNames {
		loaded, err := loadFace(name)
		if err != nil {
			return nil, fmt.Errorf("loading font %s: %w", name, err)
		}
		common, err := loaded.makeReady(stems[weight])
		if err != nil {
			return nil, fmt.Errorf("cutting font %s: %w", name, err)
		}
		fonts.chains[weight] = []*face{common, loaded, fallback}
	}
	fonts.findPlain()
	for _, name := range shapedFonts() {
		fonts.library[name] = &outlines{name: name}
	}
	for _, letter := range ownLetters {
		if !fonts.everyWeightHas(letter) {
			return nil, fmt.Errorf("the fonts lack %U, which texts are cut or mended with", letter)
		}
	}
	return fonts, nil
}

// shapedFonts are the names of all fonts that lines are shaped with.
func shapedFonts() []string {
	names := append(fontNames[:], plainFallback, otherLetters)
	for _, one := range scripts {
		names = append(names, one.font)
	}
	return names
}

// ownLetters are what this package itself puts into texts.
const ownLetters = string(Substitute) + ellipsis + " "

func loadFace(name string) (*face, error) {
	truetype, err := readTrueType(name)
	if err != nil {
		return nil, err
	}
	advances, err := readAdvances(truetype)
	if err != nil {
		return nil, err
	}
	return &face{name: name, truetype: truetype, advances: advances}, nil
}

// readTrueType reads a font that is kept as TrueType or packed as WOFF.
func readTrueType(name string) ([]byte, error) {
	if truetype, err := fontFiles.ReadFile("fonts/" + name + ".ttf"); err == nil {
		return truetype, nil
	}
	packed, err := fontFiles.ReadFile("fonts/" + name + ".woff")
	if err != nil {
		return nil, err
	}
	return unpackWOFF(packed)
}

func readAdvances(truetype []byte) ([]int16, error) {
	parsed, err := sfnt.Parse(truetype)
	if err != nil {
		return nil, fmt.Errorf("parsing: %w", err)
	}
	advances := make([]int16, basicPlane)
	var buffer sfnt.Buffer
	for letter := range advances {
		advances[letter] = notCovered
		glyph, err := parsed.GlyphIndex(&buffer, rune(letter))
		if err != nil {
			return nil, fmt.Errorf("finding the glyph of U+%04X: %w", letter, err)
		}
		if glyph == 0 {
			continue
		}
		advance, err := parsed.GlyphAdvance(&buffer, glyph, fixed.I(perMille), font.HintingNone)
		if err != nil {
			return nil, fmt.Errorf("measuring U+%04X: %w", letter, err)
		}
		advances[letter] = int16(advance.Round())
	}
	return advances, nil
}

// advance is how wide a letter is; notCovered where the face has none.
func (f *face) advance(letter rune) int16 {
	if letter < 0 || letter >= basicPlane {
		return notCovered
	}
	return f.advances[letter]
}

// faceFor returns the first face of the weight that has the letter; nil if none has it.
func (f *Fonts) faceFor(weight Weight, letter rune) *face {
	for _, one := range f.chains[weight] {
		if one.advance(letter) != notCovered {
			return one
		}
	}
	return nil
}

// covered says whether some font has a letter, alone or shaped.
func (f *Fonts) covered(letter rune) bool {
	if f.everyWeightHas(letter) {
		return true
	}
	one := f.shaper().face(fallbackFor(letter))
	if one == nil {
		return false
	}
	_, has := one.NominalGlyph(letter)
	return has
}

// findPlain fills the table of plain letters.
func (f *Fonts) findPlain() {
	for weight := range weights {
		f.plain[weight] = make([]int16, basicPlane)
	}
	for letter := rune(0); letter < basicPlane; letter++ {
		plain := f.everyWeightHas(letter) && isPlainLetter(letter)
		for weight := range weights {
			f.plain[weight][letter] = notCovered
			if plain {
				f.plain[weight][letter] = f.faceFor(weight, letter).advances[letter]
			}
		}
	}
}

// isPlain says whether all letters of a text are right when they are printed one by one, from left to right.
func (f *Fonts) isPlain(text string) bool {
	_, plain := f.plainWidth(text, Regular)
	return plain
}

// plainWidth is the width of a text of plain letters, in thousandths of the size; false for any other text.
func (f *Fonts) plainWidth(text string, weight Weight) (width int, plain bool) {
	advances := f.plain[weight]
	for _, letter := range text {
		if int(letter) >= len(advances) || advances[letter] == notCovered {
			return 0, false
		}
		width += int(advances[letter])
	}
	return width, true
}

// Width is how wide a printable text is, in points.
func (f *Fonts) Width(text string, style Style) float64 {
	if width, plain := f.plainWidth(text, style.Weight); plain {
		return float64(width) * style.Size / perMille
	}
	return f.shape(text, style.Weight).width * style.Size / shapedSize
}
