package halo

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// modelCard is the document whose computed parts these tests keep true.
const modelCard = "../../docs/model.md"

// computedPart compares the part of the model card between the markers
// <!-- name --> and <!-- /name --> with what it should be.
func computedPart(t *testing.T, name, want string) {
	t.Helper()
	content, err := os.ReadFile(modelCard)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), "<!-- "+name+" -->\n")
	got, after, closed := strings.Cut(rest, "<!-- /"+name+" -->\n")
	if !found || !closed {
		t.Fatalf("%s has no part %s", modelCard, name)
	}
	if got == want {
		return
	}
	if !*update {
		t.Errorf("the part %s of %s is not what the model gives; with -update it becomes\n%s", name, modelCard, want)
		return
	}
	content = []byte(before + "<!-- " + name + " -->\n" + want + "<!-- /" + name + " -->\n" + after)
	if err := os.WriteFile(modelCard, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheModelCardHasTheQuestionnaire(t *testing.T) {
	var b strings.Builder
	b.WriteString("| id | question | answer | when missing |\n|---|---|---|---|\n")
	for i, q := range answerSheet() {
		missing := "left out of the calculation"
		switch {
		case q.Required:
			missing = "refused"
		case q.Default != nil:
			missing = fmt.Sprintf("counts as %v", q.Default)
		case q.With != "":
			missing += "; only together with `" + q.With + "`"
		case i == questionValuationYear:
			missing = "the calendar year (UTC), set by the server"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", q.ID, q.Wording, answerText(i, q), missing)
	}
	computedPart(t, "questionnaire", b.String())
}

func answerText(i int, q Question) string {
	var values []string
	for _, c := range q.Choices {
		values = append(values, c.Value)
	}
	list := strings.Join(values, ", ")
	if i == questionRetirementState {
		list = "code of a state, DC or US"
	}
	switch q.Type {
	case TypeChoice:
		return list
	case TypeChoices:
		return "list of " + list
	case TypeShares:
		return "percent for each of " + list + "; sum 100"
	case TypeBoolean:
		return "true or false"
	}
	return fmt.Sprintf("%s %v to %v %s", q.Type, *q.Min, *q.Max, q.Unit)
}

func TestTheModelCardHasTheFactors(t *testing.T) {
	content, err := dataFiles.ReadFile("data/factors.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(string(content))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| factor | level | sex | hazard ratio | odds of needing help | source | verified |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r["factor"], r["level"], r["sex"], r["hr"], r["or_adl"], r["source"], r["verified"])
	}
	computedPart(t, "factors", b.String())

	b.Reset()
	content, err = dataFiles.ReadFile("data/family_history.csv")
	if err != nil {
		t.Fatal(err)
	}
	if rows, err = readRows(string(content)); err != nil {
		t.Fatal(err)
	}
	b.WriteString("| disease in the family | sex | share of deaths | relative risk | hazard ratio | odds of needing help | verified |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r["key"], r["sex"], r["share"], r["rr"], r["hr"], r["or_adl"], r["verified"])
	}
	computedPart(t, "family", b.String())
}

// comparison is a row of the validation table.
type comparison struct {
	what, source     string
	published, model float64
	tolerance        float64 // within it the row is a match
	unit             string
}

func (c comparison) row() string {
	verdict := "match"
	if math.Abs(c.model-c.published) > c.tolerance {
		verdict = fmt.Sprintf("**miss** by %+.3g", c.model-c.published)
	}
	places := 1
	if c.tolerance < 0.1 {
		places = 2
	}
	if c.unit == "$" {
		places = 0
	}
	return fmt.Sprintf("| %s | %s | %.*f | %.*f | %.*f %s | %s |\n", c.what, c.source, places, c.published, places, c.model,
		places, c.tolerance, c.unit, verdict)
}

func TestTheModelCardHasTheValidation(t *testing.T) {
	var b strings.Builder
	b.WriteString("| what | published by | published | this model | tolerance | verdict |\n|---|---|---|---|---|---|\n")
	for _, group := range [][]comparison{lifeTableComparisons(), riskComparisons(t), helpComparisons(t), productComparisons(t)} {
		for _, c := range group {
			if math.IsNaN(c.model) {
				t.Errorf("%s has no value", c.what)
			}
			b.WriteString(c.row())
		}
	}
	computedPart(t, "validation", b.String())
}

func lifeTableComparisons() []comparison {
	var all []comparison
	for _, p := range publishedLifeExpectancies {
		all = append(all, comparison{
			what:      fmt.Sprintf("period life expectancy in 2024, %s of %d", []string{"man", "woman"}[p.sex], p.age),
			source:    "SSA, 2024 Trustees Report (S11)",
			published: p.years, model: periodLifeExpectancy(p.sex, p.age), tolerance: 0.011, unit: "years"})
	}
	return all
}

// expectancy is the life expectancy of a person with more answers.
func expectancy(t *testing.T, sex string, age int, answers string) float64 {
	t.Helper()
	return Assess(mustParse(t, fmt.Sprintf(`{"sex":%q,"age":%d,"serious_illness":false%s}`, sex, age, answers))).Longevity.LifeExpectancyYears
}

// ofBoth is the mean over a man and a woman.
func ofBoth(f func(sex string) float64) float64 { return (f("male") + f("female")) / 2 }

func riskComparisons(t *testing.T) []comparison {
	lost := func(age int, worse, better string) float64 {
		return ofBoth(func(sex string) float64 { return expectancy(t, sex, age, better) - expectancy(t, sex, age, worse) })
	}
	const never, current = `,"smoking":"never"`, `,"smoking":"current"`
	all := []comparison{{what: "years that a current smoker of 25 loses against one who never smoked (at least)", source: "Jha 2013 (S1)",
		published: 10, model: lost(25, current, never), tolerance: 1, unit: "years"}}
	for _, c := range []struct {
		age   int
		years float64
	}{{30, 10}, {40, 9}, {50, 6}, {60, 4}} {
		gain := ofBoth(func(sex string) float64 {
			for _, tip := range Assess(mustParse(t, fmt.Sprintf(`{"sex":%q,"age":%d,"serious_illness":false%s}`, sex, c.age, current))).Tips {
				if tip.ID == "quit_smoking" {
					return tip.YearsGained
				}
			}
			return math.NaN()
		})
		all = append(all, comparison{what: fmt.Sprintf("years gained by stopping to smoke at %d", c.age), source: "Jha 2013 (S1)",
			published: c.years, model: gain, tolerance: 1, unit: "years"})
	}
	const none = `,"has_diabetes":false,"has_heart_disease":false,"has_stroke":false`
	all = append(all,
		comparison{what: "years lost at 60 with two of diabetes, heart disease, stroke (mean of the three pairs)", source: "ERFC 2015 (S6; U)",
			published: 12, model: (lost(60, `,"has_diabetes":true,"has_heart_disease":true,"has_stroke":false`, none) +
				lost(60, `,"has_diabetes":true,"has_heart_disease":false,"has_stroke":true`, none) +
				lost(60, `,"has_diabetes":false,"has_heart_disease":true,"has_stroke":true`, none)) / 3, tolerance: 1, unit: "years"},
		comparison{what: "years lost at 60 with all three", source: "ERFC 2015 (S6; U)",
			published: 15, model: lost(60, `,"has_diabetes":true,"has_heart_disease":true,"has_stroke":true`, none), tolerance: 1, unit: "years"})
	return all
}

func helpComparisons(t *testing.T) []comparison {
	at65 := func(f func(r Result) float64) float64 {
		return ofBoth(func(sex string) float64 {
			return f(Assess(mustParse(t, fmt.Sprintf(`{"sex":%q,"age":65,"serious_illness":false}`, sex))))
		})
	}
	years := at65(func(r Result) float64 { return r.Healthspan.AssistedYears })
	need := 1 - math.Exp(-needRate*years)
	prevalence := func(from, to int) float64 {
		sum := 0.0
		for age := from; age <= to; age++ {
			for sex := range sexes {
				sum += 100 * help(1, defaultModel().unaided[sex][age-minAge]) / sexes
			}
		}
		return sum / float64(to-from+1)
	}
	return []comparison{
		{"assisted years at 65 in 2026, mean of men and women (calibrated to it)", "ASPE 2022 (LTSS)", 3.0, years, 0.05, "years"},
		{"chance at 65 of ever needing long-term care", "ASPE 2022 (LTSS)", 56, 100 * need, 1, "%"},
		{"chance at 65 of needing it for over 5 years", "ASPE 2022 (LTSS)", 22, 100 * need * math.Exp(-5*need/years), 1, "%"},
		{"need of daily help at 65-69", "NHATS 2011, ASPE 2015 (ADL)", 6, prevalence(65, 69), 1, "%"},
		{"need of daily help at 90-96", "NHATS 2011, ASPE 2015 (ADL)", 52, prevalence(90, 96), 2, "%"},
		{"out-of-pocket cost of a year from 65, premiums in, 2026", "KFF 2025, less facilities, grown (S13)", 6030,
			at65(func(r Result) float64 { return r.OutOfPocket.LifetimeToday / r.Longevity.LifeExpectancyYears }), 100, "$"},
	}
}

func productComparisons(t *testing.T) []comparison {
	r := Assess(mustParse(t, `{"sex":"male","age":70,"serious_illness":false}`))
	const source = "the product's first sample (P1)"
	return []comparison{
		{"chance of living to 90, man of 70 (the sample's other answers are unknown: average ones here)", source, 29.3, 100 * r.Longevity.Prob90, 1, "%"},
		{"chance of living to 95, the same", source, 9.3, 100 * r.Longevity.Prob95, 1, "%"},
		{"chance of living to 100, the same", source, 1.7, 100 * r.Longevity.Prob100, 1, "%"},
	}
}
