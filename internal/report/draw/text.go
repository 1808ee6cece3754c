package draw

import (
	"strings"
	"unicode"

	"github.com/go-text/typesetting/segmenter"
	"golang.org/x/text/unicode/norm"
)

// Style is how a text looks: size and line height in points. Leading 0 stands for 1.4 times the size.
type Style struct {
	Weight  Weight
	Size    float64
	Leading float64
	Color   Color
}

// LineHeight is the distance between two baselines.
func (s Style) LineHeight() float64 {
	if s.Leading > 0 {
		return s.Leading
	}
	return 1.4 * s.Size
}

// In returns the style in another colour.
func (s Style) In(c Color) Style {
	s.Color = c
	return s
}

// Substitute stands for each letter that no font has: a reader sees that a letter is missing, and how many.
const Substitute = '\ufffd'

const ellipsis = "\u2026"

// mostMarks is how many marks a letter may carry: more than any language has, and few enough to stay near their line.
const mostMarks = 8

// Printable makes one line of what the fonts can print out of any string: composed (NFC), white space of any kind and
// length to one blank, control characters dropped, each letter without a glyph to Substitute. The second result says
// whether there was such a letter. A mark on a letter without a glyph is dropped with it, not counted twice.
func (f *Fonts) Printable(text string) (string, bool) {
	if isTidy(text) {
		return text, false
	}
	if f.own == nil {
		f = f.forDocument() // what the first letter needs read, the next one needs too
	}
	var out strings.Builder
	lost, blank, marks := false, false, 0
	last := ' ' // what was put out last
	for _, letter := range norm.NFC.String(strings.ToValidUTF8(text, "\ufffd")) {
		if unicode.IsSpace(letter) {
			blank = out.Len() > 0
			continue
		}
		if !f.stays(letter, last, blank, marks) {
			continue
		}
		if marks++; !unicode.Is(unicode.M, letter) {
			marks = 0
		}
		if blank {
			out.WriteByte(' ')
			blank = false
		}
		if letter != joiner && letter != nonJoiner && !f.covered(letter) {
			letter, lost = Substitute, true
		}
		out.WriteRune(letter)
		last = letter
	}
	return strings.TrimRight(out.String(), string(joiner)+string(nonJoiner)), lost
}

// isTidy says whether a text is what Printable would make of it, for most texts without asking for each letter: letters of
// ASCII with single blanks between them.
func isTidy(text string) bool {
	last := byte(' ')
	for i := range len(text) {
		letter := text[i]
		if letter < ' ' || letter > '~' || letter == ' ' && last == ' ' {
			return false
		}
		last = letter
	}
	return text == "" || last != ' '
}

// stays says whether a letter is put out, as itself or as Substitute: a mark only on a letter that is there, a joiner only
// after a letter that joins.
func (f *Fonts) stays(letter, last rune, blank bool, marks int) bool {
	switch {
	case letter == joiner || letter == nonJoiner:
		one := scriptOf(last)
		return !blank && one != nil && one.joining && last != joiner && last != nonJoiner
	case !unicode.IsGraphic(letter):
		return false
	case unicode.Is(unicode.M, letter):
		return !blank && last != ' ' && last != Substitute && marks < mostMarks && f.covered(letter)
	default:
		return !unicode.In(letter, unicode.Sk, unicode.Cf) || f.covered(letter)
	}
}

// everyWeightHas keeps a text from losing letters when only its weight changes.
func (f *Fonts) everyWeightHas(letter rune) bool {
	for weight := range weights {
		if one := f.faceFor(weight, letter); one == nil {
			return false
		}
	}
	return true
}

// Fit returns the text, printable, cut with an ellipsis where it is wider than width.
func (f *Fonts) Fit(text string, style Style, width float64) string {
	text, _ = f.Printable(text)
	if f.Width(text, style) <= width {
		return text
	}
	letters := clusters(text)
	low, high := 0, len(letters)
	for low < high {
		middle := (low + high + 1) / 2
		if f.Width(strings.Join(letters[:middle], "")+ellipsis, style) <= width {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return strings.TrimRight(strings.Join(letters[:low], ""), " ") + ellipsis
}

// Wrap returns the text, printable, as lines no wider than width. A word that is wider than a line is broken.
func (f *Fonts) Wrap(text string, style Style, width float64) []string {
	text, _ = f.Printable(text)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		joined := word
		if line != "" {
			joined = line + " " + word
		}
		if f.Width(joined, style) <= width {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		pieces := f.breakWord(word, style, width)
		lines = append(lines, pieces[:len(pieces)-1]...)
		line = pieces[len(pieces)-1]
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// WrapAtMost wraps, and cuts with an ellipsis what does not fit into so many lines.
func (f *Fonts) WrapAtMost(text string, style Style, width float64, most int) []string {
	lines := f.Wrap(text, style, width)
	if len(lines) <= most {
		return lines
	}
	rest := strings.Join(lines[most-1:], " ")
	return append(lines[:most-1:most-1], f.Fit(rest, style, width))
}

// breakWord returns at least one piece; each holds at least one letter with its marks, however narrow the line.
func (f *Fonts) breakWord(word string, style Style, width float64) []string {
	var pieces []string
	piece := ""
	for _, letter := range clusters(word) {
		if piece != "" && f.Width(piece+letter, style) > width {
			pieces = append(pieces, piece)
			piece = ""
		}
		piece += letter
	}
	return append(pieces, piece)
}

// clusters splits a text into what a reader calls letters: each with its marks.
func clusters(text string) []string {
	var split segmenter.Segmenter
	letters := []rune(text)
	split.Init(letters)
	var all []string
	for graphemes := split.GraphemeIterator(); graphemes.Next(); {
		all = append(all, string(graphemes.Grapheme().Text))
	}
	return all
}
