package draw

import (
	"slices"
	"strings"
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

// visual returns a printable line in the order in which it stands on paper. Lines run from left to right; in them a
// stretch from one right-to-left letter to the last before a left-to-right one is turned round, digits in it are not.
// That is Unicode's bidirectional algorithm for text without embeddings, and Printable leaves none.
func visual(line string) string {
	letters := []rune(line)
	var out strings.Builder
	for i := 0; i < len(letters); {
		if !rightToLeft(letters[i]) {
			out.WriteRune(letters[i])
			i++
			continue
		}
		end := stretchEnd(letters, i)
		out.WriteString(turned(letters[i:end]))
		i = end
	}
	return out.String()
}

func rightToLeft(letter rune) bool {
	properties, _ := bidi.LookupRune(letter)
	return properties.Class() == bidi.R || properties.Class() == bidi.AL
}

func digit(letter rune) bool {
	properties, _ := bidi.LookupRune(letter)
	return properties.Class() == bidi.EN || properties.Class() == bidi.AN
}

// stretchEnd is one past the last right-to-left letter or digit before the next left-to-right letter.
func stretchEnd(letters []rune, start int) int {
	end := start
	for i := start; i < len(letters); i++ {
		properties, _ := bidi.LookupRune(letters[i])
		if properties.Class() == bidi.L {
			break
		}
		if rightToLeft(letters[i]) || digit(letters[i]) || properties.Class() == bidi.NSM {
			end = i + 1
		}
	}
	return end
}

// turned reverses a stretch, with its brackets, but for the numbers in it.
func turned(stretch []rune) string {
	letters := []rune(bidi.ReverseString(string(stretch)))
	for i := 0; i < len(letters); i++ {
		end := i
		for end < len(letters) && digit(letters[end]) {
			end++
		}
		slices.Reverse(letters[i:end])
		i = max(i, end)
	}
	return string(letters)
}
