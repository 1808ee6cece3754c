package halo

import "slices"

// HouseholdResult is what the model says about two people together, as
// independent lives. It has three forms by Status, like Result.
type HouseholdResult struct {
	Status       string        `json:"status"`
	ModelVersion string        `json:"model_version"`
	Errors       []PersonError `json:"errors"`
	Reason       string        `json:"reason"`
	// ExpectedYearsBothAlive, ExpectedYearsAtLeastOne and
	// MedianYearsToLastDeath count from today.
	ExpectedYearsBothAlive  float64       `json:"expected_years_both_alive"`
	ExpectedYearsAtLeastOne float64       `json:"expected_years_at_least_one"`
	MedianYearsToLastDeath  float64       `json:"median_years_to_last_death"`
	ProbEitherReaches       EitherReaches `json:"prob_either_reaches"`
	Horizon                 []HorizonAt   `json:"horizon"`
	// The costs are the sums of both people's.
	OutOfPocketToday float64 `json:"out_of_pocket_today"`
	CareToday        float64 `json:"care_today"`
	TotalToday       float64 `json:"total_today"`
	TotalFuture      float64 `json:"total_future"`

	hidden bool // the numbers are not for this reader
}

// EitherReaches is the chance that at least one of the two reaches that age.
type EitherReaches struct {
	Age90  float64 `json:"90"`
	Age95  float64 `json:"95"`
	Age100 float64 `json:"100"`
}

// HorizonAt is the chance that both are, or at least one is, alive in Years.
type HorizonAt struct {
	Years      int     `json:"years"`
	Both       float64 `json:"both"`
	AtLeastOne float64 `json:"at_least_one"`
}

// PersonError is a FieldError of Person "a" or "b", or of the household itself
// when Person is empty.
type PersonError struct {
	Person string `json:"person"`
	Field  string `json:"field"`
	Code   string `json:"code"`
}

// InvalidHousehold is the result for refused answers.
func InvalidHousehold(errors []PersonError) HouseholdResult {
	return HouseholdResult{Status: StatusError, ModelVersion: ModelVersion, Errors: errors}
}

// codeMismatch is the code of two valuation years.
const codeMismatch = "mismatch"

// ParseHousehold checks the answer sheets of two people: one JSON object with
// the members a and b. The errors are a's before b's. A household that is no
// object, lacks one of the two, or has another member is refused as a whole:
// its errors are those of the household alone.
func ParseHousehold(input []byte, year int) (a, b Profile, errors []PersonError) {
	s := scanner{input: input}
	pair, ok := readPair(&s)
	if !ok || !s.atEnd() {
		return Profile{}, Profile{}, []PersonError{{"", "", codeType}}
	}
	return pair.check(year)
}

// rawPair is the two unchecked answer sheets of a household.
type rawPair struct {
	a, b    []byte // nil when absent or null
	unknown []string
}

func readPair(s *scanner) (rawPair, bool) {
	var pair rawPair
	ok := s.object(func(key, value []byte) {
		if isNull(value) && (string(key) == "a" || string(key) == "b") {
			value = nil
		}
		switch string(key) {
		case "a":
			pair.a = value
		case "b":
			pair.b = value
		default:
			pair.unknown = append(pair.unknown, string(key))
		}
	})
	return pair, ok
}

func (r *rawPair) check(year int) (a, b Profile, errors []PersonError) {
	slices.Sort(r.unknown)
	for _, key := range slices.Compact(r.unknown) {
		errors = append(errors, PersonError{"", key, codeUnknown})
	}
	for _, person := range []struct {
		name string
		raw  []byte
	}{{"a", r.a}, {"b", r.b}} {
		switch {
		case person.raw == nil:
			errors = append(errors, PersonError{"", person.name, codeRequired})
		case person.raw[0] != '{':
			errors = append(errors, PersonError{"", person.name, codeType})
		}
	}
	if errors != nil {
		return a, b, errors
	}
	a, errorsA := Parse(r.a, year)
	b, errorsB := Parse(r.b, year)
	for _, e := range errorsA {
		errors = append(errors, PersonError{"a", e.Field, e.Code})
	}
	for _, e := range errorsB {
		errors = append(errors, PersonError{"b", e.Field, e.Code})
	}
	if errors != nil {
		return Profile{}, Profile{}, errors
	}
	return a, b, nil
}

// Household computes the result of two people. Both must be valued in the same
// year; otherwise the result is an error.
func Household(a, b Profile) HouseholdResult {
	resultA, aliveA := assess(&a)
	resultB, aliveB := assess(&b)
	if h, stop := refusedHousehold(&resultA, &resultB); stop {
		return h
	}
	if resultA.ValuationYear != resultB.ValuationYear {
		return InvalidHousehold([]PersonError{{"b", answerSheet()[questionValuationYear].ID, codeMismatch}})
	}
	h := HouseholdResult{
		Status: StatusOK, ModelVersion: ModelVersion,
		ProbEitherReaches: EitherReaches{
			either(resultA.Longevity.Prob90, resultB.Longevity.Prob90),
			either(resultA.Longevity.Prob95, resultB.Longevity.Prob95),
			either(resultA.Longevity.Prob100, resultB.Longevity.Prob100),
		},
		OutOfPocketToday: resultA.OutOfPocket.LifetimeToday + resultB.OutOfPocket.LifetimeToday,
		CareToday:        resultA.Care.ExpectedTotalToday + resultB.Care.ExpectedTotalToday,
		TotalToday:       resultA.Total.Today + resultB.Total.Today,
		TotalFuture:      resultA.Total.Future + resultB.Total.Future,
	}
	h.addYears(&aliveA, &aliveB, resultA.Longevity.LifeExpectancyYears, resultB.Longevity.LifeExpectancyYears)
	for t := 5; t <= min(60, lastAge+1-min(a.Age(), b.Age())); t += 5 {
		h.Horizon = append(h.Horizon, HorizonAt{t, aliveA[t] * aliveB[t], either(aliveA[t], aliveB[t])})
	}
	return h
}

// refusedHousehold is the result when one of the two has none.
func refusedHousehold(a, b *Result) (HouseholdResult, bool) {
	var errors []PersonError
	for _, e := range a.Errors {
		errors = append(errors, PersonError{"a", e.Field, e.Code})
	}
	for _, e := range b.Errors {
		errors = append(errors, PersonError{"b", e.Field, e.Code})
	}
	if errors != nil {
		return InvalidHousehold(errors), true
	}
	for _, r := range []*Result{a, b} {
		if r.Status == StatusNotApplicable {
			return HouseholdResult{Status: r.Status, ModelVersion: ModelVersion, Reason: r.Reason}, true
		}
	}
	return HouseholdResult{}, false
}

// addYears fills in the years until the first and the last death.
func (h *HouseholdResult) addYears(a, b *years, expectancyA, expectancyB float64) {
	for t := range maxYears {
		h.ExpectedYearsBothAlive += (a[t]*b[t] + a[t+1]*b[t+1]) / 2
	}
	h.ExpectedYearsAtLeastOne = expectancyA + expectancyB - h.ExpectedYearsBothAlive
	t := 0
	for either(a[t+1], b[t+1]) > .5 {
		t++
	}
	now, next := either(a[t], b[t]), either(a[t+1], b[t+1])
	h.MedianYearsToLastDeath = float64(t) + (now-.5)/(now-next)
}

// either is the chance of at least one of two independent events.
func either(a, b float64) float64 { return a + b - a*b }

// IsHousehold tells a household from an answer sheet: it is an object with a
// member a or b and without any question of the questionnaire.
func IsHousehold(input []byte) bool {
	s := scanner{input: input}
	index := questionIndex()
	if !s.next('{') {
		return false
	}
	s.space()
	if key, ok := s.string(); !ok {
		return false
	} else if _, known := index[string(unquote(key))]; known {
		return false // the common case, without reading on
	}
	people, questions := 0, 0
	s.pos = 0
	ok := s.object(func(key, _ []byte) {
		if _, known := index[string(key)]; known {
			questions++
		} else if string(key) == "a" || string(key) == "b" {
			people++
		}
	})
	return ok && people > 0 && questions == 0
}

// HouseholdBrowserView keeps what a visitor may see of a household: whether it
// could be computed, and no number.
func HouseholdBrowserView(h HouseholdResult) HouseholdResult {
	return HouseholdResult{Status: h.Status, ModelVersion: h.ModelVersion, Errors: h.Errors, Reason: h.Reason, hidden: true}
}
