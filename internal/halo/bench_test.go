package halo

import "testing"

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

// BenchmarkFirstUse is what the first caller pays: reading the tables, and a
// cohort of the longest life table with the averages of its year.
func BenchmarkFirstUse(b *testing.B) {
	for b.Loop() {
		t, err := readTables(dataFiles)
		if err != nil {
			b.Fatal(err)
		}
		m := newModel(t)
		benchmarkSink = m.cohort(male, minAge, vectorYear).survive[0] + m.average(male, vectorYear)[0]
	}
}

// BenchmarkNewCohort is what the first person of a sex, age and year pays.
func BenchmarkNewCohort(b *testing.B) {
	t := loadedTables()
	for b.Loop() {
		benchmarkSink = newCohort(t, female, 40, vectorYear).survive[0]
	}
}

// BenchmarkNewAverages is what the first person of a sex and year pays.
func BenchmarkNewAverages(b *testing.B) {
	m := newModel(loadedTables())
	for b.Loop() {
		benchmarkSink = m.averageYears(female, minAge, vectorYear)
	}
}
