package draw

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"fmt"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/encoding/charmap"
)

// ready is a font cut to the letters of Windows-1252 and packed for the PDF library once, so that a document takes it as
// it is. Any other font is parsed, cut and packed again for each document, which costs more than all else in a report.
type ready struct {
	definition []byte // what the library's own font maker writes, JSON
	packed     []byte // the cut font, zlib
}

// codeOf is the letter's code in a ready font. Of two letters the PDF encoding of that name (ISO 32000-1, annex D) has
// other forms: the blank that does not break and the hyphen that is not seen.
func codeOf(letter rune) (byte, bool) {
	const noBreak, softHyphen = '\u00a0', '\u00ad'
	code, ok := charmap.Windows1252.EncodeRune(letter)
	return code, ok && code >= ' ' && letter != noBreak && letter != softHyphen && (letter < 0x7f || letter > 0x9f)
}

// encoded is a text in the codes of a ready font, which has all its letters.
func encoded(text string) string {
	codes := make([]byte, 0, len(text))
	for _, letter := range text {
		if code, ok := codeOf(letter); ok {
			codes = append(codes, code)
		}
	}
	return string(codes)
}

// readyLetters are the letters of a ready font that a face has, by code; 0 where there is none.
func (f *face) readyLetters() (letters [256]rune) {
	for code := range letters {
		letter := charmap.Windows1252.DecodeByte(byte(code))
		if _, ok := codeOf(letter); ok && f.advance(letter) != notCovered {
			letters[code] = letter
		}
	}
	return letters
}

// makeReady returns the face with the letters of Windows-1252 alone. stem is the width of a vertical stroke, in
// thousandths of the size, for readers that have to imitate the font.
func (f *face) makeReady(stem int) (*face, error) {
	letters := f.readyLetters()
	one := &face{name: f.name + "-ready", advances: make([]int16, basicPlane)}
	for letter := range one.advances {
		one.advances[letter] = notCovered
	}
	var cutset []rune
	widths := make([]int, len(letters))
	for code, letter := range letters {
		if letter != 0 {
			cutset = append(cutset, letter)
			one.advances[letter] = f.advances[letter]
			widths[code] = int(f.advances[letter])
		}
	}
	cut := fpdf.UTF8CutFont(bytes.Clone(f.truetype), string(cutset)) // the library writes into what it is given
	description, err := describe(cut, stem)
	if err != nil {
		return nil, fmt.Errorf("describing the cut font: %w", err)
	}
	const subset = "HALOAA+" // six letters that say that the font is a part of one (ISO 32000-1, 9.6.4)
	definition, err := json.Marshal(map[string]any{
		"Tp": "TrueType", "Name": subset + f.name, "Desc": description, "Cw": widths, "Enc": "cp1252",
		"File": one.name + ".z", "OriginalSize": len(cut),
	})
	if err != nil {
		return nil, fmt.Errorf("writing the definition of the cut font: %w", err)
	}
	one.ready = &ready{definition: definition, packed: pack(cut)}
	return one, nil
}

// describe reads what a PDF tells about a font beside its letters.
func describe(truetype []byte, stem int) (fpdf.FontDescType, error) {
	const nonsymbolic = 1 << 5
	parsed, err := sfnt.Parse(truetype)
	if err != nil {
		return fpdf.FontDescType{}, err
	}
	var buffer sfnt.Buffer
	metrics, metricsErr := parsed.Metrics(&buffer, fixed.I(perMille), font.HintingNone)
	bounds, boundsErr := parsed.Bounds(&buffer, fixed.I(perMille), font.HintingNone)
	d := fpdf.FontDescType{
		Ascent: metrics.Ascent.Round(), Descent: -metrics.Descent.Round(), CapHeight: metrics.CapHeight.Round(),
		Flags: nonsymbolic, StemV: stem,
	}
	d.FontBBox.Xmin, d.FontBBox.Xmax = bounds.Min.X.Floor(), bounds.Max.X.Ceil()
	d.FontBBox.Ymin, d.FontBBox.Ymax = -bounds.Max.Y.Ceil(), -bounds.Min.Y.Floor()
	return d, errors.Join(metricsErr, boundsErr)
}

func pack(data []byte) []byte {
	var packed bytes.Buffer
	w, _ := zlib.NewWriterLevel(&packed, zlib.BestCompression) // the level is one that there is
	_, _ = w.Write(data)                                       // a buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}
