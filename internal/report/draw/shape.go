package draw

import (
	"slices"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	xbidi "golang.org/x/text/unicode/bidi"
)

// shapedSize is the size, in points, at which texts are shaped; widths are in proportion.
const shapedSize = 100

// glyphRun is letters of one font that follow each other on paper, from left to right.
type glyphRun struct {
	face   *font.Face
	glyphs []shaping.Glyph
	bold   bool // the font has no bold letters of its own: they are drawn with a rim
}

// shapedLine is a line as it stands on paper.
type shapedLine struct {
	runs  []glyphRun
	width float64 // at shapedSize
}

// shaper turns texts into glyphs. It belongs to one goroutine.
type shaper struct {
	library map[string]*outlines
	faces   map[string]*font.Face // those in use, by the name of the font
	shaper  shaping.HarfbuzzShaper
	split   shaping.Segmenter
	bidi    bidi.Paragraph
}

func newShaper(library map[string]*outlines) *shaper {
	return &shaper{library: library, faces: map[string]*font.Face{}}
}

// shape sets one printable line: its stretches by direction in the order in which they stand on paper (Unicode's
// bidirectional algorithm), in them the letters of one script, and for these the glyphs that the font has for them together.
func (f *Fonts) shape(text string, weight Weight) shapedLine {
	one := f.shaper()
	letters := []rune(text)
	var line shapedLine
	for _, stretch := range one.stretches(letters) {
		direction := di.DirectionLTR
		if !stretch.IsLeftToRight() {
			direction = di.DirectionRTL
		}
		parts := one.parts(shaping.Input{Text: letters, RunStart: stretch.Start, RunEnd: stretch.End, Direction: direction,
			Size: fixed.I(shapedSize), Language: language.NewLanguage("en")}, weight)
		if direction == di.DirectionRTL {
			slices.Reverse(parts)
		}
		for _, part := range parts {
			shaped := one.shaper.ShapeNoExtents(part)
			line.runs = append(line.runs, glyphRun{part.Face, shaped.Glyphs, weight == SemiBold && !one.own(part.Face, weight)})
			line.width += float64(shaped.Advance) / 64
		}
	}
	return line
}

// stretches are the parts of a line that run in one direction, in the order on paper.
func (s *shaper) stretches(letters []rune) []bidi.Run {
	runs := s.bidi.Segment(letters, bidi.LeftToRight)
	var all []bidi.Run
	highest := bidi.Level(0)
	for i := range runs.NumRuns() {
		one := runs.Run(i)
		highest = max(highest, one.Level)
		if one.IsLeftToRight() && one.Level > 0 { // a number, and joined to it what follows it from left to right
			end := one.Start + numberLength(letters[one.Start:one.End])
			all = append(all, bidi.Run{Start: one.Start, End: end, Level: one.Level})
			one = bidi.Run{Start: end, End: one.End}
		}
		if one.Start < one.End {
			all = append(all, one)
		}
	}
	for level := highest; level > 0; level-- { // rule L2
		for from := 0; from < len(all); from++ {
			to := from
			for to < len(all) && all[to].Level >= level {
				to++
			}
			slices.Reverse(all[from:to])
			from = max(from, to)
		}
	}
	return all
}

// numberLength is how many letters at the start of a text are a number.
func numberLength(letters []rune) int {
	length := 0
	for i, letter := range letters {
		properties, _ := xbidi.LookupRune(letter)
		switch properties.Class() {
		case xbidi.EN, xbidi.AN:
			length = i + 1
		case xbidi.ES, xbidi.CS, xbidi.ET, xbidi.NSM:
		default:
			return length
		}
	}
	return length
}

// oneFace lets the segmenter split by script alone.
type oneFace struct{ *font.Face }

func (o oneFace) ResolveFace(rune) *font.Face { return o.Face }

// parts splits a stretch by script, and a script's letters by font only where no font has them all, so that marks and the
// letters that they belong to stay together.
func (s *shaper) parts(stretch shaping.Input, weight Weight) []shaping.Input {
	own := s.face(fontNames[weight])
	var all []shaping.Input
	for _, part := range slices.Clone(s.split.Split(stretch, oneFace{own})) {
		letters := part.Text[part.RunStart:part.RunEnd]
		names := candidates(letters, weight)
		if part.Face = s.firstWithAll(names, letters); part.Face != nil {
			all = append(all, part)
			continue
		}
		var faces []*font.Face
		for _, name := range names {
			if one := s.face(name); one != nil {
				faces = append(faces, one)
			}
		}
		all = append(all, shaping.SplitByFontGlyphs(part, faces)...)
	}
	return all
}

// candidates are the names of the fonts that may have the letters, the first to be preferred.
func candidates(letters []rune, weight Weight) []string {
	names := []string{fontNames[weight]}
	for _, letter := range letters {
		if name := fallbackFor(letter); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return append(names, otherLetters, plainFallback)
}

// firstWithAll is the first font that has all letters; those after it are not read. It is nil when there is none.
func (s *shaper) firstWithAll(names []string, letters []rune) *font.Face {
	for _, name := range names {
		if one := s.face(name); one != nil && hasAll(one, letters) {
			return one
		}
	}
	return nil
}

// hasAll says whether a font has all letters but the joiners, which are not printed.
func hasAll(one *font.Face, letters []rune) bool {
	for _, letter := range letters {
		if _, has := one.NominalGlyph(letter); !has && letter != joiner && letter != nonJoiner {
			return false
		}
	}
	return true
}

// face is a font with the caches of this shaper; nil when it cannot be read.
func (s *shaper) face(name string) *font.Face {
	if one, known := s.faces[name]; known {
		return one
	}
	parsed, err := s.library[name].open()
	if err != nil {
		return nil // not reached: a test reads all fonts
	}
	s.faces[name] = font.NewFace(parsed)
	return s.faces[name]
}

// own says whether a face is the weight's own.
func (s *shaper) own(face *font.Face, weight Weight) bool { return face == s.faces[fontNames[weight]] }

// fallbackFor is the font for a letter that the weight's own does not have.
func fallbackFor(letter rune) string {
	if one := scriptOf(letter); one != nil {
		return one.font
	}
	return otherLetters
}
