package halo

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
)

// population is where the population starts in a factor: the shares of the
// levels that have people of their own.
func population(m *model, sex, age, index int) []float64 {
	names := map[int]string{factorSmoking: "smoking", factorActivity: "activity", factorDiet: "diet", factorAlcohol: "alcohol",
		factorBMI: "bmi", factorRelatives: "long_lived_relatives", factorEthnicity: "ethnicity"}
	if name, ok := names[index]; ok {
		return shares(m.factors[name].share[sex], age)
	}
	if index == factorSurvivor {
		p := m.survivor[sex][band(age)]
		return []float64{1 - p, p}
	}
	if index < factorConditions {
		p := m.family[index-factorFamily].share[band(age)]
		return []float64{1 - p, p}
	}
	levels := []float64{1}
	for i := range conditions {
		if (index-factorConditions)&(1<<i) != 0 {
			p := m.conditions[i][sex][band(age)]
			var next []float64
			for _, with := range []float64{1 - p, p} {
				for _, share := range levels {
					next = append(next, share*with)
				}
			}
			levels = next
		}
	}
	return levels
}

// eachFactor calls f for every factor of every sex and age.
func eachFactor(year int, f func(m *model, c *cohort, index int, share []float64)) {
	m := newModel(loadedTables())
	for sex := range sexes {
		for age := minAge; age <= maxAge; age++ {
			c := m.cohort(sex, age, year)
			for index := range c.factors {
				if c.factors[index].hazard != nil {
					f(m, c, index, population(m, sex, age, index))
				}
			}
		}
	}
}

func TestTheMeanHazardOfAFactorIsOneAtTheStart(t *testing.T) {
	seen := map[int]bool{}
	eachFactor(vectorYear, func(_ *model, c *cohort, index int, share []float64) {
		seen[index] = true
		mean, odds, weight := 0.0, 0.0, 0.0
		for level, p := range share {
			mean += p * c.factors[index].hazard[level][0]
			weight += p
			if c.factors[index].odds != nil {
				odds += p * c.factors[index].odds[level][0]
			}
		}
		if math.Abs(mean/weight-1) > 1e-12 || odds != 0 && math.Abs(odds/weight-1) > 1e-12 {
			t.Errorf("factor %d, sex %d, age %d: mean hazard %v, odds %v", index, c.sex, c.age, mean/weight, odds/weight)
		}
	})
	if len(seen) != factorCount-1 { // the empty set of conditions is no factor
		t.Errorf("%d factors seen, want %d", len(seen), factorCount-1)
	}
}

// greatestMixtureError is how far the population's levels, each with its own
// survival, are from the base table when put together again.
func greatestMixtureError(year int) (to80, from81 float64) {
	eachFactor(year, func(_ *model, c *cohort, index int, share []float64) {
		mixture, base := make([]float64, c.years), 1.0
		weight := 0.0
		for level, p := range share {
			weight += p
			alive := 1.0
			for t, h := range c.factors[index].hazard[level] {
				mixture[t] += p * alive
				alive *= exp(c.survive[t] * h)
			}
		}
		for t := range mixture {
			difference := math.Abs(mixture[t]/weight - base)
			base *= exp(c.survive[t])
			if c.age <= 80 {
				to80 = max(to80, difference)
			} else {
				from81 = max(from81, difference)
			}
		}
	})
	return to80, from81
}

func TestAFactorLeavesTheWholePopulationsSurvivalAsItIs(t *testing.T) {
	for _, year := range []int{minYear, maxYear} {
		if to80, from81 := greatestMixtureError(year); to80 > 0.0025 || from81 > 0.0065 {
			t.Errorf("%d: the mixture is off by %v up to age 80, %v above", year, to80, from81)
		}
	}
}

func TestAnUnansweredQuestionnaireIsTheAveragePerson(t *testing.T) {
	for _, sex := range []string{"male", "female"} {
		for age := minAge; age <= maxAge; age++ {
			r := run(fmt.Appendf(nil, `{"sex":%q,"age":%d,"serious_illness":false}`, sex, age))
			l := r.Longevity
			if math.Abs(l.LifeExpectancyYears-l.AveragePersonYears) > 1e-9 || math.Abs(l.LongevityAge-float64(age)) > 1e-9 {
				t.Errorf("%s of %d: %+v", sex, age, l)
			}
			if r.Healthspan.YearsLost != 0 || len(r.Tips) != 0 {
				t.Errorf("%s of %d loses %v years to unanswered habits", sex, age, r.Healthspan.YearsLost)
			}
		}
	}
}

// periodLifeExpectancy is e(x) by the rates of 2024 alone.
func periodLifeExpectancy(sex, age int) float64 {
	t := loadedTables()
	alive, years := 1.0, 0.0
	for a := age; a <= lastAge; a++ {
		next := alive * (1 - t.mortality[sex][a-minAge])
		years += (alive + next) / 2
		alive = next
	}
	return years
}

// publishedLifeExpectancies are the e(x) of the period life tables for 2024 of
// the Social Security Administration (2024 Trustees Report, intermediate).
var publishedLifeExpectancies = []struct {
	sex, age int
	years    float64
}{
	{male, 18, 59.08}, {male, 30, 47.99}, {male, 45, 34.48}, {male, 65, 18.23}, {male, 85, 6.07}, {male, 99, 2.34},
	{female, 18, 63.90}, {female, 30, 52.29}, {female, 45, 38.16}, {female, 65, 20.80}, {female, 85, 7.10}, {female, 99, 2.68},
}

func TestTheTablesGiveThePublishedLifeExpectancies(t *testing.T) {
	for _, p := range publishedLifeExpectancies {
		if got := periodLifeExpectancy(p.sex, p.age); math.Abs(got-p.years) > 0.0101 {
			t.Errorf("sex %d, age %d: %.4f years, published %.2f", p.sex, p.age, got, p.years)
		}
		// Mortality improves, so a real person of 2024 lives longer than that.
		if cohort := defaultModel().average(p.sex, 2024)[p.age-minAge]; cohort < p.years-0.011 {
			t.Errorf("sex %d, age %d: cohort life expectancy %v is below the period's %v", p.sex, p.age, cohort, p.years)
		}
	}
}

// orderedAnswers lists answers from the healthiest to the worst; each must not
// lengthen a life compared with the one before it.
var orderedAnswers = map[string][]string{
	"smoking":              {`"never"`, `"former_10plus"`, `"former_3to9"`, `"former_under3"`, `"current"`},
	"activity":             {`"high"`, `"meets"`, `"some"`, `"none"`},
	"diet":                 {`"high"`, `"medium"`, `"low"`},
	"alcohol":              {`"none"`, `"light"`, `"moderate"`, `"heavy"`, `"very_heavy"`},
	"height_in":            {`70,"weight_lb":165`, `70,"weight_lb":185`, `70,"weight_lb":200`, `70,"weight_lb":230`, `70,"weight_lb":260`, `70,"weight_lb":300`},
	"has_diabetes":         {"false", "true"},
	"has_heart_disease":    {"false", "true"},
	"has_stroke":           {"false", "true"},
	"cancer_survivor":      {"false", "true"},
	"family_heart_disease": {"false", "true"},
	"family_alzheimers":    {"false", "true"},
	"family_cancers":       {"[]", `["lung"]`, `["lung","colorectal"]`},
	"long_lived_relatives": {"6", "4", "3", "2", "1", "0"},
}

func TestAWorseAnswerNeverLengthensALife(t *testing.T) {
	backgrounds := []string{"", `,"has_stroke":true,"has_diabetes":true,"smoking":"current","activity":"none","height_in":60,"weight_lb":260`,
		`,"smoking":"never","activity":"high","diet":"high","long_lived_relatives":5`}
	for question, answers := range orderedAnswers {
		for _, background := range backgrounds {
			for _, sex := range []string{"male", "female"} {
				for _, age := range []int{18, 40, 64, 75, 90, 99} {
					var before Result
					for i, answer := range answers {
						// The last of a repeated key counts.
						input := fmt.Sprintf(`{"sex":%q,"age":%d,"serious_illness":false%s,%q:%s}`, sex, age, background, question, answer)
						r := run([]byte(input))
						if r.Status != StatusOK {
							t.Fatalf("%s: %v", input, r.Errors)
						}
						if i > 0 && r.Longevity.LifeExpectancyYears > before.Longevity.LifeExpectancyYears+1e-9 {
							t.Errorf("%s: %v years, with the better answer %v", input, r.Longevity.LifeExpectancyYears, before.Longevity.LifeExpectancyYears)
						}
						before = r
					}
				}
			}
		}
	}
}

func TestNoChangeOfHabitsInTheMatrixShortensALife(t *testing.T) {
	for _, b := range benchmarkProfiles {
		r := Assess(mustParse(t, b.input))
		m := r.LifestyleMatrix
		own := r.Longevity.LifeExpectancyYears
		for _, l := range []Lifestyle{m.Exerciser, m.NonSmoker, m.IdealBMI, m.ExerciserNonSmoker, m.ExerciserIdealBMI,
			m.NonSmokerIdealBMI, m.ExerciserNonSmokerIdealBMI} {
			if l.LifeExpectancy < own-1e-12 || l.LifeExpectancy > m.ExerciserNonSmokerIdealBMI.LifeExpectancy+1e-12 {
				t.Errorf("%s: %v years beside the person's own %v and the best %v", b.name, l.LifeExpectancy, own, m.ExerciserNonSmokerIdealBMI.LifeExpectancy)
			}
		}
		if best := r.Healthspan.OptimalLifeExpectancyAge; best < r.Longevity.LifeExpectancyAge {
			t.Errorf("%s: the best habits lead to %v, the person's own to %v", b.name, best, r.Longevity.LifeExpectancyAge)
		}
		if !slices.IsSortedFunc(r.Tips, func(a, b Tip) int { return -compareFloats(a.YearsGained, b.YearsGained) }) {
			t.Errorf("%s: tips out of order: %v", b.name, r.Tips)
		}
	}
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestTheCacheIsBoundedAndNeverChangesAResult(t *testing.T) {
	m := newModel(loadedTables())
	first := *m.cohort(female, 40, 2024)
	for year := minYear; year <= maxYear; year++ {
		for age := 72; age <= maxAge; age++ {
			m.cohort(male, age, year)
		}
	}
	kept := 0
	for sex := range m.cohorts {
		for age := range m.cohorts[sex] {
			for year := range m.cohorts[sex][age] {
				if m.cohorts[sex][age][year].Load() != nil {
					kept++
				}
			}
		}
	}
	if kept != maxCohorts || len(m.kept) != maxCohorts {
		t.Errorf("%d cohorts are cached and %d noted, want %d", kept, len(m.kept), maxCohorts)
	}
	if m.slot(cohortKey{female, 40, 2024}).Load() != nil {
		t.Error("the oldest cohort is still cached")
	}
	again := m.cohort(female, 40, 2024)
	for i := range first.factors {
		for level, row := range first.factors[i].hazard {
			if !slices.Equal(row, again.factors[i].hazard[level]) {
				t.Errorf("factor %d has changed", i)
			}
		}
	}
}

func TestManyCallersAtOnceGetTheSameResults(t *testing.T) {
	var inputs [][]byte
	for age := 30; age < 60; age++ {
		inputs = append(inputs, fmt.Appendf(nil, `{"sex":"female","age":%d,"serious_illness":false,"smoking":"current","valuation_year":2050}`, age))
	}
	results := make([][]string, 8)
	var callers sync.WaitGroup
	for i := range results {
		callers.Go(func() {
			for _, input := range inputs {
				r := run(input)
				results[i] = append(results[i], string(r.AppendJSON(nil)))
			}
		})
	}
	callers.Wait()
	for _, r := range results[1:] {
		if !slices.Equal(r, results[0]) {
			t.Fatal("two callers got different results")
		}
	}
}
