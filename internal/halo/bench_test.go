package halo

import (
	"math"
	"testing"
	"time"
)

// benchmarkProfiles are answer sheets from the lightest to the heaviest.
var benchmarkProfiles = []struct{ name, input string }{
	{"three answers, woman of 62", `{"sex":"female","age":62,"serious_illness":false}`},
	{"all answered, good habits, man of 65", `{"sex":"male","age":65,"serious_illness":false,"retirement_age":67,
		"retirement_state":"US","ethnicity":{"white":100},"height_in":70,"weight_lb":165,"smoking":"never","activity":"meets",
		"diet":"medium","alcohol":"light","has_diabetes":false,"has_heart_disease":false,"has_stroke":false,
		"cancer_survivor":false,"family_heart_disease":false,"family_stroke":false,"family_diabetes":false,
		"family_alzheimers":false,"family_cancers":[],"long_lived_relatives":1,"doctor_visits":"average"}`},
	{"all answered, mixed habits, woman of 45", `{"sex":"female","age":45,"serious_illness":false,"retirement_age":66,
		"retirement_state":"CA","ethnicity":{"white":75,"hispanic":25},"height_in":64.5,"weight_lb":172.5,
		"smoking":"former_3to9","activity":"some","diet":"low","alcohol":"moderate","has_diabetes":false,
		"has_heart_disease":false,"has_stroke":false,"cancer_survivor":false,"family_heart_disease":true,
		"family_stroke":false,"family_diabetes":true,"family_alzheimers":false,"family_cancers":["breast"],
		"long_lived_relatives":2,"doctor_visits":"average"}`},
	{"worst habits, all risks, man of 40", `{"sex":"male","age":40,"serious_illness":false,"retirement_age":67,
		"retirement_state":"US","ethnicity":{"black":100},"height_in":70,"weight_lb":320,"smoking":"current","activity":"none",
		"diet":"low","alcohol":"very_heavy","has_diabetes":true,"has_heart_disease":true,"has_stroke":true,
		"cancer_survivor":true,"family_heart_disease":true,"family_stroke":true,"family_diabetes":true,
		"family_alzheimers":true,"family_cancers":["bladder","breast","colorectal","kidney","lung","ovarian","pancreatic",
		"prostate","melanoma","other"],"long_lived_relatives":0,"doctor_visits":"above_average"}`},
}

func mustParse(tb testing.TB, input string) Profile {
	tb.Helper()
	p, errors := Parse([]byte(input), vectorYear)
	if errors != nil {
		tb.Fatal(errors)
	}
	return p
}

var benchmarkSink float64

// BenchmarkAssess is the model alone.
func BenchmarkAssess(b *testing.B) {
	for _, profile := range benchmarkProfiles {
		b.Run(profile.name, func(b *testing.B) {
			p := mustParse(b, profile.input)
			Assess(p)
			b.ReportAllocs()
			for b.Loop() {
				r := Assess(p)
				benchmarkSink = r.Total.Today
			}
		})
	}
}

// BenchmarkParse is decoding and validating.
func BenchmarkParse(b *testing.B) {
	for _, profile := range benchmarkProfiles {
		b.Run(profile.name, func(b *testing.B) {
			input := []byte(profile.input)
			b.ReportAllocs()
			for b.Loop() {
				p, _ := Parse(input, vectorYear)
				benchmarkSink = p.values[questionAge]
			}
		})
	}
}

// BenchmarkEncode is the result as JSON.
func BenchmarkEncode(b *testing.B) {
	for _, profile := range benchmarkProfiles {
		b.Run(profile.name, func(b *testing.B) {
			r := Assess(mustParse(b, profile.input))
			var buffer []byte
			b.ReportAllocs()
			for b.Loop() {
				buffer = r.AppendJSON(buffer[:0])
			}
		})
	}
}

// BenchmarkShares compares, for each profile, decoding, validating and encoding
// with the model itself. It takes them in turn and reports the least time of
// each in many short rounds, which what else runs on the machine hardly moves:
// µs, and what surrounds the model as a part of it.
func BenchmarkShares(b *testing.B) {
	for _, profile := range benchmarkProfiles {
		b.Run(profile.name, func(b *testing.B) {
			input := []byte(profile.input)
			p := mustParse(b, profile.input)
			r := Assess(p)
			var buffer []byte
			model, decode, encode := math.Inf(1), math.Inf(1), math.Inf(1)
			for b.Loop() {
				model = min(model, microseconds(func() { r = Assess(p) }))
				decode = min(decode, microseconds(func() { p, _ = Parse(input, vectorYear) }))
				encode = min(encode, microseconds(func() { buffer = r.AppendJSON(buffer[:0]) }))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(model, "model-µs")
			b.ReportMetric(decode, "decode-µs")
			b.ReportMetric(encode, "encode-µs")
			b.ReportMetric((decode+encode)/model, "of-model")
		})
	}
}

// microseconds is how long f takes, by a few calls in a row after one that
// brings its data near.
func microseconds(f func()) float64 {
	const calls = 8
	f()
	start := time.Now()
	for range calls {
		f()
	}
	return float64(time.Since(start).Nanoseconds()) / calls / 1000
}

// BenchmarkFirstUse is what the first caller pays: reading the tables, and a
// cohort of the longest life table with the averages of its year. The least
// time of many says what is not the machine's other work.
func BenchmarkFirstUse(b *testing.B) {
	least := math.Inf(1)
	for b.Loop() {
		start := time.Now()
		t, err := readTables(dataFiles)
		if err != nil {
			b.Fatal(err)
		}
		m := newModel(t)
		benchmarkSink = m.cohort(male, minAge, vectorYear).survive[0] + m.average(male, vectorYear)[0]
		least = min(least, float64(time.Since(start).Nanoseconds()))
	}
	b.ReportMetric(least/1e6, "least-ms")
}

// BenchmarkNewCohort is what the first person of a sex, age and year pays.
func BenchmarkNewCohort(b *testing.B) {
	t := loadedTables()
	least := math.Inf(1)
	for b.Loop() {
		start := time.Now()
		benchmarkSink = newCohort(t, female, minAge, vectorYear).survive[0]
		least = min(least, float64(time.Since(start).Nanoseconds()))
	}
	b.ReportMetric(least/1e6, "least-ms")
}

func TestAResultIsOneAllocation(t *testing.T) {
	for _, profile := range benchmarkProfiles {
		input := []byte(profile.input)
		p := mustParse(t, profile.input)
		r := Assess(p)
		buffer := r.AppendJSON(nil)
		for _, c := range []struct {
			what string
			most float64
			f    func()
		}{
			{"the model", 1, func() { r = Assess(p) }},
			{"encoding into a buffer that has the room", 0, func() { buffer = r.AppendJSON(buffer[:0]) }},
			{"decoding", 0, func() { p, _ = Parse(input, vectorYear) }},
		} {
			if n := testing.AllocsPerRun(20, c.f); n > c.most {
				t.Errorf("%s: %s allocates %g times", profile.name, c.what, n)
			}
		}
	}
}
