package draw

import (
	"unicode"

	"golang.org/x/text/unicode/bidi"
)

// needsShaping says whether a script joins or stacks its letters: printed one by one they would be wrong, not only plain,
// so they count as letters without a glyph.
func needsShaping(letter rune) bool {
	return unicode.In(letter, unicode.Arabic, unicode.Syriac, unicode.Nko, unicode.Mongolian, unicode.Devanagari,
		unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada,
		unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Tibetan)
}

// visual returns a printable line in the order in which it stands on paper: Hebrew runs from right to left within a line
// that runs from left to right (Unicode's bidirectional algorithm).
func visual(line string) string {
	if !mixesDirections(line) {
		return line
	}
	var paragraph bidi.Paragraph
	if _, err := paragraph.SetString(line, bidi.DefaultDirection(bidi.LeftToRight)); err != nil {
		return line
	}
	order, err := paragraph.Order()
	if err != nil {
		return line
	}
	var out []byte
	for i := range order.NumRuns() {
		run := order.Run(i)
		text := run.String()
		if run.Direction() == bidi.RightToLeft {
			text = bidi.ReverseString(text)
		}
		out = append(out, text...)
	}
	return string(out)
}

func mixesDirections(line string) bool {
	for _, letter := range line {
		properties, _ := bidi.LookupRune(letter)
		if class := properties.Class(); class == bidi.R || class == bidi.AL {
			return true
		}
	}
	return false
}
