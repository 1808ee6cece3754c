package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"halo.dev/halo/internal/report/draw"
)

// everything is the person with the most to print.
const everything = `{
	"sex": "male", "age": 67, "serious_illness": false, "retirement_age": 60, "retirement_state": "DC", "height_in": 60,
	"weight_lb": 300, "smoking": "current", "activity": "none", "diet": "low", "alcohol": "very_heavy",
	"has_diabetes": true, "has_heart_disease": true, "has_stroke": true, "cancer_survivor": true,
	"family_heart_disease": true, "family_stroke": true, "family_diabetes": true, "family_alzheimers": true,
	"family_cancers": ["bladder", "breast", "colorectal", "kidney", "lung", "ovarian", "pancreatic", "prostate",
	"melanoma", "other"], "long_lived_relatives": 0, "doctor_visits": "above_average",
	"ethnicity": {"white": 20, "black": 20, "hispanic": 20, "asian": 20, "other": 20}}`

const everyAnswer = "every answer at its worst"

// layouts are documents that strain the layout.
func layouts(t testing.TB) map[string]Document {
	all := map[string]Document{
		"the sample":                    assessed(t, sampleAnswers),
		everyAnswer:                     assessed(t, everything),
		"a serious illness":             assessed(t, `{"sex": "female", "age": 64, "serious_illness": true}`),
		"retirement long after the end": assessed(t, `{"sex": "male", "age": 60, "serious_illness": false, "retirement_age": 90}`),
		"retirement next year":          assessed(t, `{"sex": "male", "age": 66, "serious_illness": false}`),
	}
	for i, age := range []int{18, 36, 58, 65, 72, 89, 94, 99} {
		sex := []string{"male", "female"}[i%2]
		answers := fmt.Sprintf(`{"sex": %q, "age": %d, "serious_illness": false}`, sex, age)
		all[fmt.Sprintf("a %s person of %d with no other answer", sex, age)] = assessed(t, answers)
	}
	rich := assessed(t, sampleAnswers)
	rich.Result.OutOfPocket.RetirementToday = 123_456_789_012
	rich.Result.OutOfPocket.LifetimeFuture = 987_654_321_098
	all["sums beyond any plan"] = rich
	for name, names := range hostileNames() {
		d := assessed(t, sampleAnswers)
		d.Client = Person{First: names, Last: names, Email: names}
		d.Advisor, d.Brand.Name = names, names
		all["names with "+name] = d
	}
	return all
}

func hostileNames() map[string]string {
	return map[string]string{
		"a thousand words":        strings.Repeat("Wolfeschlegelstein ", 1000),
		"one endless word":        strings.Repeat("W", 5000),
		"line ends and tabs":      "Ann\r\n\tO'Hara\u2028\u2029\v\f\x00\x1b[31m",
		"right-to-left letters":   "שרה כהן محمد العربي",
		"direction controls":      "\u202eevil\u202c \u2066name\u2069 \u200f\u200e",
		"emoji":                   "👩‍👩‍👧‍👦 Zoë 🏳️‍🌈 1️⃣",
		"Chinese and Japanese":    strings.Repeat("王小明 山田太郎 ", 40),
		"joined letters":          strings.Repeat("محمد العربي अनुष्का शर्मा ", 100),
		"one endless joined word": strings.Repeat("كِتَاب", 700),
		"stacked marks":           "Z" + strings.Repeat("\u0301\u0323", 200) + "algo",
		"broken UTF-8":            "Jos\xe9 \xff\xfe Garc\xeda",
		"PDF syntax":              `(\) Tj ET Q endstream %PDF <</Type /Catalog>> {nb}`,
		"nothing":                 "",
		"white space only":        " \u00a0\u2003\t ",
		"letters off every font":  "\U0010ffff\U000e0001\ufdd0\uffff",
	}
}

func TestNoTextLeavesTheMarginsOrTouchesAnotherAndTheFileStaysSmall(t *testing.T) {
	r := sharedRenderer()
	for name, document := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pdf := rendered(t, r, document)
			pages := onPaper(t, pdf).words(t)
			checkSize(t, name, document, len(pdf), len(pages))
			for number, words := range pages {
				if len(words) < 20 {
					t.Errorf("page %d has only %d words", number+1, len(words))
				}
				checkMargins(t, number+1, words)
				checkOverlaps(t, number+1, words)
			}
		})
	}
}

func checkMargins(t *testing.T, page int, words []word) {
	t.Helper()
	const slack, footerLine = 0.5, 744
	for _, one := range words {
		if one.XMin < left-slack || one.XMax > right+slack || one.YMin < 30 || one.YMax > draw.PageHeight-30 {
			t.Errorf("page %d: a word leaves the margins: %+v", page, one)
		}
		if one.YMax > footerLine-slack && one.YMin < footerLine {
			t.Errorf("page %d: a word runs into the footer: %+v", page, one)
		}
	}
}

// checkOverlaps takes from each word's box, which has room for accents and descenders, what letters do not fill.
func checkOverlaps(t *testing.T, page int, words []word) {
	t.Helper()
	shrunk := func(w word) word {
		height := w.YMax - w.YMin
		w.YMin, w.YMax = w.YMin+0.3*height, w.YMax-0.25*height
		w.XMin, w.XMax = w.XMin+0.4, w.XMax-0.4
		return w
	}
	for i, a := range words {
		a := shrunk(a)
		for _, b := range words[i+1:] {
			b := shrunk(b)
			if a.XMin < b.XMax && b.XMin < a.XMax && a.YMin < b.YMax && b.YMin < a.YMax {
				t.Errorf("page %d: %+v and %+v overlap", page, a, b)
			}
		}
	}
}

func checkSize(t *testing.T, name string, document Document, bytes, pages int) {
	t.Helper()
	const largest = 300 << 10
	if bytes > largest {
		t.Errorf("%d bytes, want at most %d", bytes, largest)
	}
	want := 8
	switch {
	case document.Profile.SeriousIllness():
		want = 1
	case name == everyAnswer:
		want = 9
	}
	if pages != want {
		t.Errorf("%d pages, want %d", pages, want)
	}
}

func TestTheSampleHasEightLetterPagesNumberedInOrder(t *testing.T) {
	p := onPaper(t, rendered(t, sharedRenderer(), assessed(t, sampleAnswers)))
	info := p.info(t)
	if info["Pages"] != "8" || !strings.HasPrefix(info["Page size"], "612 x 792") {
		t.Errorf("%s pages of %s, want 8 of US Letter", info["Pages"], info["Page size"])
	}
	for i, text := range p.pages(t) {
		if want := fmt.Sprintf("%d of 8", i+1); !strings.HasSuffix(text, want) {
			t.Errorf("page %d ends with %q, want %q", i+1, text[max(0, len(text)-20):], want)
		}
	}
}

func TestTextAndTablesGoOnOnTheNextPageBeforeTheFooter(t *testing.T) {
	s, err := sharedRenderer().sheet(assessed(t, sampleAnswers))
	if err != nil {
		t.Fatal(err)
	}
	s.page("A long page", "With more than one page holds.")
	var rows [][]string
	for i := range 90 {
		s.paragraph(fmt.Sprintf("Paragraph %d of many, long enough to be read.", i), s.styles.body)
		rows = append(rows, []string{fmt.Sprintf("Row %d", i), "1.0"})
	}
	s.table([]column{{"Many rows", 200}, {"Years", 304}}, rows)
	s.note("A remark", "At the end.")
	total := s.Pages()
	for page := 1; page <= total; page++ {
		s.TurnTo(page)
		s.footer(page, total)
	}
	var out bytes.Buffer
	if err := s.Write(&out); err != nil {
		t.Fatal(err)
	}
	p := onPaper(t, out.Bytes())
	for number, words := range p.words(t) {
		checkMargins(t, number+1, words)
		checkOverlaps(t, number+1, words)
	}
	text := strings.Join(p.pages(t), " ")
	for i := range 90 {
		inOrder(t, text, fmt.Sprintf("Paragraph %d of many", i), fmt.Sprintf("Row %d 1.0", i))
	}
	if got := strings.Count(text, "Many rows"); got < 3 {
		t.Errorf("the table's head is there %d times, want it on each of its pages", got)
	}
}
