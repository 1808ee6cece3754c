package report

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/draw"
)

// sampleAnswers is an invented person with something on every page.
const sampleAnswers = `{
	"sex": "female", "age": 52, "serious_illness": false, "retirement_age": 66, "retirement_state": "CO",
	"ethnicity": {"white": 75, "hispanic": 25}, "height_in": 65, "weight_lb": 172, "smoking": "current",
	"activity": "some", "diet": "low", "alcohol": "moderate", "has_diabetes": false, "has_heart_disease": false,
	"has_stroke": false, "cancer_survivor": false, "family_heart_disease": true, "family_stroke": false,
	"family_diabetes": true, "family_alzheimers": true, "family_cancers": ["breast", "colorectal"],
	"long_lived_relatives": 2, "doctor_visits": "average"}`

func sampleDate() time.Time { return time.Date(2026, time.November, 22, 15, 4, 5, 0, time.UTC) }

// assessed is a document on the given answers.
func assessed(t testing.TB, answers string) Document {
	t.Helper()
	profile, problems := halo.Parse([]byte(answers), 2026)
	if problems != nil {
		t.Fatalf("the sample's answers are refused: %v", problems)
	}
	return Document{
		Profile: profile, Result: halo.Assess(profile),
		Client:  Person{First: "Sample", Last: "Client", Email: "client@example.com"},
		Advisor: "Planning Desk", Brand: Brand{Name: "Acme Planning", Color: "#0b6e4f"}, Date: sampleDate(),
	}
}

// sharedRenderer is one for all tests: that is how the server uses it.
var sharedRenderer = sync.OnceValue(New)

func rendered(t testing.TB, r *Renderer, d Document) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := r.Render(&out, d); err != nil {
		t.Fatalf("rendering: %v", err)
	}
	return out.Bytes()
}

// BenchmarkRender is a report by the script of the client's name: bytes, and how many one core makes in a second by the
// fastest, which other work on the machine hardly moves.
func BenchmarkRender(b *testing.B) {
	for name, client := range map[string]Person{
		"Latin": {First: "Sample", Last: "Client"}, "Arabic": {First: "محمد", Last: "علي"}, "Chinese": {First: "小明", Last: "王"},
	} {
		b.Run(name, func(b *testing.B) {
			r, d := sharedRenderer(), assessed(b, sampleAnswers)
			d.Client = client
			size, least := 0, time.Hour
			for b.Loop() {
				start := time.Now()
				size = len(rendered(b, r, d))
				least = min(least, time.Since(start))
			}
			b.ReportMetric(float64(size), "bytes/report")
			b.ReportMetric(least.Seconds()*1000, "least-ms")
			b.ReportMetric(1/least.Seconds(), "reports/s")
		})
	}
}

func BenchmarkFonts(b *testing.B) {
	for b.Loop() {
		if _, err := draw.LoadFonts(); err != nil {
			b.Fatal(err)
		}
	}
}

// samplePages are the words on the sample's pages, read once.
var samplePages = struct {
	once  sync.Once
	pages []string
}{}

func samplePage(t *testing.T, number int) string {
	t.Helper()
	samplePages.once.Do(func() {
		samplePages.pages = onPaper(t, rendered(t, sharedRenderer(), assessed(t, sampleAnswers))).pages(t)
	})
	if len(samplePages.pages) < number {
		t.Fatalf("the sample has %d pages, want page %d", len(samplePages.pages), number)
	}
	return samplePages.pages[number-1]
}
