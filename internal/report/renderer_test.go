package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"
	"weak"

	"halo.dev/halo/internal/halo"
)

func TestEqualDocumentsGiveEqualBytesAlsoWhenRenderedAtTheSameTime(t *testing.T) {
	r := sharedRenderer()
	documents := []Document{assessed(t, sampleAnswers), assessed(t, everything),
		assessed(t, `{"sex": "female", "age": 64, "serious_illness": true}`)}
	documents[1].Client = Person{First: "שרה", Last: "Ἀλέξανδρος"} // needs the fallback font
	want := make([][]byte, len(documents))
	for i, d := range documents {
		want[i] = rendered(t, r, d)
	}
	var group sync.WaitGroup
	for i := range 9 {
		group.Go(func() {
			var out bytes.Buffer
			if err := r.Render(&out, documents[i%3]); err != nil {
				t.Errorf("rendering: %v", err)
			} else if !bytes.Equal(out.Bytes(), want[i%3]) {
				t.Errorf("document %d differs from its first rendering", i%3)
			}
		})
	}
	group.Wait()
}

func TestFontsThatNoReportTakesAreLetGo(t *testing.T) {
	r, d := New(), assessed(t, sampleAnswers)
	if r.LetGo(0) {
		t.Error("fonts were let go that nobody had taken")
	}
	want := rendered(t, r, d)
	fonts := weak.Make(r.fonts)
	if r.LetGo(time.Hour) {
		t.Error("fonts were let go within the hour")
	}
	if !r.LetGo(0) || r.LetGo(0) {
		t.Error("the fonts were not let go, or twice")
	}
	runtime.GC()
	if fonts.Value() != nil {
		t.Error("the fonts are still in memory")
	}
	if !bytes.Equal(rendered(t, r, d), want) {
		t.Error("the report after that is another one")
	}
}

func TestAReportThatIsBeingMadeKeepsItsFonts(t *testing.T) {
	r, d := New(), assessed(t, sampleAnswers)
	want := rendered(t, r, d)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			r.LetGo(0)
			var out bytes.Buffer
			if err := r.Render(&out, d); err != nil || !bytes.Equal(out.Bytes(), want) {
				t.Errorf("a report while fonts are let go: %v, or other bytes", err)
			}
			r.LetGo(0)
		})
	}
	group.Wait()
}

func TestTheDateIsTheDocumentsOwn(t *testing.T) {
	r, d := sharedRenderer(), assessed(t, sampleAnswers)
	first := onPaper(t, rendered(t, r, d)).info(t)
	d.Date = d.Date.Add(48 * time.Hour)
	second := onPaper(t, rendered(t, r, d))
	if got := second.info(t)["CreationDate"]; got == first["CreationDate"] || !strings.Contains(got, "Nov 24") {
		t.Errorf("created %q, then %q", first["CreationDate"], got)
	}
	inOrder(t, second.pages(t)[0], "November 24, 2026")
}

func TestTheFilesPropertiesNameNobody(t *testing.T) {
	d := assessed(t, sampleAnswers)
	d.Client = Person{First: "Philippa", Last: "Quixworth", Email: "pq@example.org"}
	pdf := rendered(t, sharedRenderer(), d)
	p := onPaper(t, pdf)
	if info := p.info(t); info["Title"] != "HALO report" || info["Author"] != "Acme Planning" {
		t.Errorf("the properties are %v", info)
	}
	for _, datum := range []string{"Philippa", "Quixworth", "pq@example.org"} {
		wide := new(bytes.Buffer)
		for _, unit := range utf16.Encode([]rune(datum)) {
			wide.Write([]byte{byte(unit >> 8), byte(unit)})
		}
		if bytes.Contains(pdf, []byte(datum)) || bytes.Contains(pdf, wide.Bytes()) {
			t.Errorf("a personal datum is in the file outside of its compressed pages")
		}
	}
	inOrder(t, p.pages(t)[0], "Philippa Quixworth")
	for _, page := range p.pages(t) {
		if strings.Contains(page, "pq@example.org") {
			t.Error("the e-mail address is printed, which nobody needs")
		}
	}
}

func TestAPersonIsRedactedWhereverAValueIsPrinted(t *testing.T) {
	d := Document{Client: Person{First: "Philippa", Last: "Quixworth", Email: "pq@example.org"}}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("rendering", "client", d.Client, "document", d)
	encoded, err := json.Marshal(d.Client)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(d), fmt.Sprintf("%+v", d), fmt.Sprintf("%#v", d.Client), fmt.Sprintf("%q", d.Client),
		fmt.Sprintf("%v", &d.Client), log.String(), string(encoded)} {
		for _, datum := range []string{"Philippa", "Quixworth", "pq@"} {
			if strings.Contains(text, datum) {
				t.Errorf("a personal datum is in %s", text)
			}
		}
		if !strings.Contains(text, "[personal]") {
			t.Errorf("no mark of redaction in %s", text)
		}
	}
}

func TestADocumentWithoutAResultOrADateIsRefused(t *testing.T) {
	r := sharedRenderer()
	undated := assessed(t, sampleAnswers)
	undated.Date = time.Time{}
	refused := assessed(t, sampleAnswers)
	refused.Result = halo.Invalid([]halo.FieldError{{Field: "age", Code: "range"}})
	for name, test := range map[string]struct {
		d    Document
		want error
	}{
		"no date": {undated, ErrNoDate}, "refused answers": {refused, ErrNoResult}, "empty": {Document{Date: sampleDate()}, ErrNoResult},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := r.Render(&out, test.d); !errors.Is(err, test.want) || out.Len() > 0 {
				t.Errorf("error %v with %d bytes, want %v and none", err, out.Len(), test.want)
			}
		})
	}
}

var errFull = errors.New("no room left")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestTheWritersErrorComesBack(t *testing.T) {
	if err := sharedRenderer().Render(fullDisk{}, assessed(t, sampleAnswers)); !errors.Is(err, errFull) {
		t.Errorf("error %v, want the writer's", err)
	}
}

func TestAnyNameIsPrintedOrVisiblyMissing(t *testing.T) {
	const mark = "stands for a letter"
	r := sharedRenderer()
	for name, test := range map[string]struct {
		first, last, printed string
		missing              bool
	}{
		"Latin with marks":          {"Zoë", "Żółćęśtóñ-Nguyễn", "Zoë Żółćęśtóñ-Nguyễn", false},
		"marks typed apart":         {"Ame\u0301lie", "N\u0303andu\u0301", "Amélie Ñandú", false},
		"Greek":                     {"Ἀλέξανδρος", "Παπαδόπουλος", "Ἀλέξανδρος Παπαδόπουλος", false},
		"Cyrillic":                  {"Владимир", "Їжакевич", "Владимир Їжакевич", false},
		"Armenian and Georgian":     {"Արամ", "ქართველი", "Արամ ქართველი", false},
		"Hebrew":                    {"שרה", "כהן", "שרה כהן", false},
		"Arabic":                    {"محمد", "علي", "محمد علي", false},
		"Devanagari":                {"अनुष्का", "शर्मा", "अनुष्का शर्मा", false},
		"Tamil":                     {"கார்த்திக்", "", "கார்த்திக்", false},
		"Thai":                      {"สมชาย", "ใจดี", "สมชาย ใจดี", false},
		"Chinese":                   {"小明", "王", "小明 王", false},
		"Korean and Japanese":       {"김민준", "さくら", "김민준 さくら", false},
		"Ethiopic":                  {"አበበ", "ቢቂላ", "አበበ ቢቂላ", false},
		"a script that nobody uses": {"𓀀", "", "\ufffd", true},
		"emoji only":                {"😀", "", "\ufffd", true},
		"nothing at all":            {"", " \t", "a client who gave no name", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := assessed(t, `{"sex": "female", "age": 64, "serious_illness": true}`)
			d.Client = Person{First: test.first, Last: test.last}
			page := onPaper(t, rendered(t, r, d)).pages(t)[0]
			inOrder(t, page, "Prepared for", test.printed)
			if got := strings.Contains(page, mark); got != test.missing {
				t.Errorf("a remark about missing letters: %v, want %v, on %s", got, test.missing, page)
			}
		})
	}
}

func FuzzNames(f *testing.F) {
	for _, text := range hostileNames() {
		f.Add(text[:min(len(text), 2000)], "#0b6e4f")
	}
	r := sharedRenderer()
	base := assessed(f, `{"sex": "female", "age": 64, "serious_illness": true}`)
	f.Fuzz(func(t *testing.T, text, color string) {
		d := base
		d.Client = Person{First: text, Last: text}
		d.Advisor, d.Brand = text, Brand{Name: text, Color: color}
		if pdf := rendered(t, r, d); !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) > 300<<10 {
			t.Errorf("%d bytes that start with %q", len(pdf), pdf[:min(len(pdf), 5)])
		}
	})
}
