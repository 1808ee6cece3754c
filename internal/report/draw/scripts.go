package draw

import "unicode"

// script says which font has the letters of some blocks of Unicode, beyond those that the fonts of fontNames and plainFallback
// print letter by letter.
type script struct {
	font   string
	blocks [][2]rune
	// joining scripts join, stack or reorder their letters, and may hold ZWNJ and ZWJ, which say how.
	joining bool
}

// otherLetters is the font for letters of no script below: rare Latin, Greek and Cyrillic, and the marks on them.
const otherLetters = "NotoSans-Regular"

// scripts are those that names are written in today.
var scripts = [...]script{
	{"NotoSansArmenian-Regular", [][2]rune{{0x0530, 0x058f}, {0xfb13, 0xfb17}}, false},
	{"NotoSansHebrew-Regular", [][2]rune{{0x0590, 0x05ff}, {0xfb1d, 0xfb4f}}, true},
	{"NotoSansArabic-Regular", [][2]rune{{0x0600, 0x06ff}, {0x0750, 0x077f}, {0x0870, 0x08ff}, {0xfb50, 0xfdff}, {0xfe70, 0xfefe}}, true},
	{"NotoSansSyriac-Regular", [][2]rune{{0x0700, 0x074f}, {0x0860, 0x086f}}, true},
	{"NotoSansThaana-Regular", [][2]rune{{0x0780, 0x07bf}}, true},
	{"NotoSansNKo-Regular", [][2]rune{{0x07c0, 0x07ff}}, true},
	{"NotoSansDevanagari-Regular", [][2]rune{{0x0900, 0x097f}, {0xa8e0, 0xa8ff}}, true},
	{"NotoSansBengali-Regular", [][2]rune{{0x0980, 0x09ff}}, true},
	{"NotoSansGurmukhi-Regular", [][2]rune{{0x0a00, 0x0a7f}}, true},
	{"NotoSansGujarati-Regular", [][2]rune{{0x0a80, 0x0aff}}, true},
	{"NotoSansOriya-Regular", [][2]rune{{0x0b00, 0x0b7f}}, true},
	{"NotoSansTamil-Regular", [][2]rune{{0x0b80, 0x0bff}}, true},
	{"NotoSansTelugu-Regular", [][2]rune{{0x0c00, 0x0c7f}}, true},
	{"NotoSansKannada-Regular", [][2]rune{{0x0c80, 0x0cff}}, true},
	{"NotoSansMalayalam-Regular", [][2]rune{{0x0d00, 0x0d7f}}, true},
	{"NotoSansSinhala-Regular", [][2]rune{{0x0d80, 0x0dff}}, true},
	{"NotoSansThai-Regular", [][2]rune{{0x0e00, 0x0e7f}}, true},
	{"NotoSansLao-Regular", [][2]rune{{0x0e80, 0x0eff}}, true},
	{"NotoSerifTibetan-Regular", [][2]rune{{0x0f00, 0x0fff}}, true},
	{"NotoSansMyanmar-Regular", [][2]rune{{0x1000, 0x109f}, {0xa9e0, 0xa9ff}, {0xaa60, 0xaa7f}}, true},
	{"NotoSansGeorgian-Regular", [][2]rune{{0x10a0, 0x10ff}, {0x1c90, 0x1cbf}, {0x2d00, 0x2d2f}}, false},
	{"NotoSansEthiopic-Regular", [][2]rune{{0x1200, 0x139f}, {0x2d80, 0x2ddf}, {0xab00, 0xab2f}}, false},
	{"NotoSansCherokee-Regular", [][2]rune{{0x13a0, 0x13ff}, {0xab70, 0xabbf}}, false},
	{"NotoSansCanadianAboriginal-Regular", [][2]rune{{0x1400, 0x167f}, {0x18b0, 0x18ff}}, false},
	{"NotoSansKhmer-Regular", [][2]rune{{0x1780, 0x17ff}}, true},
	{"NotoSansMongolian-Regular", [][2]rune{{0x1800, 0x18af}}, true},
	{"NotoSansTifinagh-Regular", [][2]rune{{0x2d30, 0x2d7f}}, false},
	{"NotoSansAdlam-Regular", [][2]rune{{0x1e900, 0x1e95f}}, true},
	{"NotoSansCJKsc-Regular", [][2]rune{{0x3000, 0x312f}, {0x31a0, 0x31bf}, {0x31f0, 0x31ff}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff},
		{0xac00, 0xd7a3}, {0xff00, 0xffef}, {0x20000, 0x2fa1f}}, false},
}

// scriptOf returns the script of a letter; nil for one of no script in the list.
func scriptOf(letter rune) *script {
	for i := range scripts {
		for _, block := range scripts[i].blocks {
			if block[0] <= letter && letter <= block[1] {
				return &scripts[i]
			}
		}
	}
	return nil
}

// zero width non-joiner and joiner: without them some Persian and Indic names are spelt wrong.
const nonJoiner, joiner = '\u200c', '\u200d'

// isPlainLetter says whether a letter neither joins, stacks nor changes its place.
func isPlainLetter(letter rune) bool {
	one := scriptOf(letter)
	return (one == nil || !one.joining) && !unicode.Is(unicode.M, letter) && letter != nonJoiner && letter != joiner
}
