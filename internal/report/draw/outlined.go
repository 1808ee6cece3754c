package draw

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/shaping"
)

// rim is how much wider, in parts of the size, the strokes of a regular font become where bold letters are meant.
const rim = 0.03

// outlined draws a line that needs shaping as what it is on paper, outlines of glyphs, and says in the file which letters
// they are, so that it can be searched, copied and read aloud. It returns the line's width.
func (s *Surface) outlined(x, baseline float64, text string, style Style) float64 {
	line := s.shape(text, style.Weight)
	scale := style.Size / shapedSize
	s.fillColor(style.Color)
	s.pdf.SetDrawColor(int(style.Color.R), int(style.Color.G), int(style.Color.B))
	letters := []rune(text)
	at := x
	for _, run := range line.runs {
		for rest := run.glyphs; len(rest) > 0; {
			count := clusterLength(rest)
			start := at
			var path []byte
			for _, glyph := range rest[:count] {
				outline, has := run.face.GlyphDataOutline(glyph.GlyphID)
				if has && len(outline.Segments) > 0 {
					dot := Point{at + float64(glyph.XOffset)/64*scale, baseline - float64(glyph.YOffset)/64*scale}
					path = appendGlyph(path, dot, outline, style.Size, run.face.Upem(), run.bold)
				}
				at += float64(glyph.Advance) / 64 * scale
			}
			s.pdf.RawWriteBuf(bytes.NewReader(path))
			first := rest[0].TextIndex()
			s.meaning(start, baseline, letters[first:first+rest[0].RunesCount()], at-start, style)
			rest = rest[count:]
		}
	}
	return at - x
}

// clusterLength is how many glyphs, from the first one on, stand for the same letters.
func clusterLength(glyphs []shaping.Glyph) int {
	count := 1
	for count < len(glyphs) && glyphs[count].TextIndex() == glyphs[0].TextIndex() {
		count++
	}
	return count
}

// appendGlyph appends the operators that paint one outline at a dot (ISO 32000-1, 8.5). Its coordinates are the font's own,
// whole numbers, so that equal glyphs are equal bytes, which pack well.
func appendGlyph(dst []byte, dot Point, outline font.GlyphOutline, size float64, unitsPerEm uint16, bold bool) []byte {
	scale := size / float64(unitsPerEm)
	dst = fmt.Appendf(dst, "q %.6f 0 0 %.6f %.2f %.2f cm %.0f w\n", scale, scale, dot.X, PageHeight-dot.Y, rim*float64(unitsPerEm))
	var last opentype.SegmentPoint
	for i, segment := range outline.Segments {
		args := segment.ArgsSlice()
		end := args[len(args)-1]
		switch segment.Op {
		case opentype.SegmentOpMoveTo:
			if i > 0 {
				dst = append(dst, "h "...)
			}
			dst = appendOperator(dst, 'm', end)
		case opentype.SegmentOpLineTo:
			dst = appendOperator(dst, 'l', end)
		case opentype.SegmentOpQuadTo: // PDF has cubic curves alone
			dst = appendOperator(dst, 'c', twoThirds(last, args[0]), twoThirds(end, args[0]), end)
		case opentype.SegmentOpCubeTo:
			dst = appendOperator(dst, 'c', args...)
		}
		last = end
	}
	if bold {
		return append(dst, "h B Q\n"...)
	}
	return append(dst, "h f Q\n"...)
}

// twoThirds is two thirds of the way from one point to another.
func twoThirds(from, to opentype.SegmentPoint) opentype.SegmentPoint {
	return opentype.SegmentPoint{X: from.X + (to.X-from.X)*2/3, Y: from.Y + (to.Y-from.Y)*2/3}
}

func appendOperator(dst []byte, operator byte, points ...opentype.SegmentPoint) []byte {
	for _, p := range points {
		dst = append(strconv.AppendInt(dst, int64(math.Round(float64(p.X))), 10), ' ')
		dst = append(strconv.AppendInt(dst, int64(math.Round(float64(p.Y))), 10), ' ')
	}
	return append(dst, operator, '\n')
}

// meaning puts an invisible blank over drawn glyphs and says which letters it stands for (ActualText, ISO 32000-1, 14.9.4).
// Readers put what runs from right to left into its order letter by letter, so each has a blank of its own.
func (s *Surface) meaning(x, baseline float64, letters []rune, width float64, style Style) {
	blank := s.Width(" ", style)
	if blank <= 0 || width <= 0 {
		return
	}
	var hex strings.Builder
	for _, unit := range utf16.Encode(letters) {
		fmt.Fprintf(&hex, "%04X", unit)
	}
	s.pdf.RawWriteStr(fmt.Sprintf("/Span <</ActualText <FEFF%s>>> BDC\n3 Tr %.2f Tz\n", hex.String(), 100*width/blank))
	s.set(s.chains[style.Weight][0], style.Size, x, baseline, " ")
	s.pdf.RawWriteStr("0 Tr 100 Tz\nEMC\n")
}
