package halo

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// okFields are the fields of a result with numbers.
var okFields = []string{"status", "model_version", "data_sha256", "valuation_year", "bmi", "longevity", "healthspan",
	"lifestyle_matrix", "tips", "prevention_topics", "out_of_pocket", "care", "total"}

// FuzzAnswers checks that any input gives either errors or a complete result,
// that a result is sound, and that its canonical input computes it again.
func FuzzAnswers(f *testing.F) {
	for _, v := range loadVectors(f).Profiles {
		f.Add([]byte(v.Input))
	}
	for _, c := range validationCases {
		if len(c.input) < 2000 { // a long seed is slow to change
			f.Add([]byte(c.input))
		}
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		checkScanner(t, input)
		checkHousehold(t, input)
		p, errors := Parse(input, vectorYear)
		if (errors == nil) != (p != Profile{}) {
			t.Fatalf("errors %v beside the profile %v", errors, p)
		}
		if errors != nil {
			checkErrors(t, errors)
			return
		}
		again, errors := Parse(p.AppendJSON(nil), vectorYear)
		if errors != nil || again != p {
			t.Fatalf("canonical input %s: %v, %v", p.AppendJSON(nil), errors, again)
		}
		r := Assess(p)
		checkSound(t, p, r)
		encoded := r.AppendJSON(nil)
		second := Assess(again)
		if !bytes.Equal(encoded, second.AppendJSON(nil)) {
			t.Fatalf("%s gives two results", p.AppendJSON(nil))
		}
	})
}

// checkScanner compares what is JSON with the standard library's view, which
// ends at a nesting of 10,000.
func checkScanner(t *testing.T, input []byte) {
	t.Helper()
	if bytes.Count(input, []byte("[")) > 9000 || bytes.Count(input, []byte("{")) > 900 {
		return
	}
	s := scanner{input: input}
	value, ok := s.value()
	ok = ok && s.atEnd()
	if ok != json.Valid(input) {
		t.Fatalf("%q is JSON: scanner %v, standard library %v", input, ok, !ok)
	}
	if ok && !json.Valid(value) {
		t.Fatalf("%q: the value %q is no JSON", input, value)
	}
}

func checkErrors(t *testing.T, errors []FieldError) {
	t.Helper()
	encoded := Invalid(errors)
	if document := encoded.AppendJSON(nil); !json.Valid(document) {
		t.Fatalf("the error result %s is no JSON", document)
	}
	for _, e := range errors {
		if e.Code == "" {
			t.Fatalf("an error without a code in %v", errors)
		}
	}
}

func checkHousehold(t *testing.T, input []byte) {
	t.Helper()
	a, b, errors := ParseHousehold(input, vectorYear)
	h := InvalidHousehold(errors)
	if errors == nil {
		h = Household(a, b)
	}
	checkNumbers(t, h.AppendJSON(nil))
}

// checkSound checks a result of a profile without knowing its numbers.
func checkSound(t *testing.T, p Profile, r Result) {
	t.Helper()
	document := checkNumbers(t, r.AppendJSON(nil))
	browser := BrowserView(r)
	checkNumbers(t, browser.AppendJSON(nil))
	if p.SeriousIllness() {
		if len(document) != 3 || r.Status != StatusNotApplicable || document["reason"] != reasonSeriousIllness {
			t.Fatalf("a serious illness gives %v", document)
		}
		return
	}
	for _, name := range okFields {
		if _, ok := document[name]; !ok || len(document) != len(okFields) {
			t.Fatalf("the result's fields are %v", document)
		}
	}
	h := r.Healthspan
	sum := h.ActiveWorkingYears + h.ActiveRetirementYears + h.AssistedYears
	if math.Abs(sum-r.Longevity.LifeExpectancyYears) > 1e-9 {
		t.Fatalf("the spans add up to %v, life expectancy is %v", sum, r.Longevity.LifeExpectancyYears)
	}
	checkCurve(t, SurvivalCurve(p))
	d := r.Longevity.DeathAge
	if !(d.P10 <= d.P25 && d.P25 <= d.P50 && d.P50 <= d.P75 && d.P75 <= d.P90) {
		t.Fatalf("quantiles out of order: %+v", d)
	}
	l := r.Longevity
	if !(l.ModelRangeLowAge <= l.LifeExpectancyAge && l.LifeExpectancyAge <= l.ModelRangeHighAge) {
		t.Fatalf("model range %v..%v around %v", l.ModelRangeLowAge, l.ModelRangeHighAge, l.LifeExpectancyAge)
	}
}

func checkCurve(t *testing.T, curve []SurvivalPoint) {
	t.Helper()
	if first, last := curve[0], curve[len(curve)-1]; first.P != 1 || last.P != 0 || last.Age != lastAge+1 {
		t.Fatalf("the curve runs from %v to %v", first, last)
	}
	for i, point := range curve {
		if !(point.Low <= point.P && point.P <= point.High) {
			t.Fatalf("the band does not hold the curve: %+v", point)
		}
		if i > 0 && !(point.P <= curve[i-1].P) {
			t.Fatalf("survival rises at %d", point.Age)
		}
	}
}

// checkNumbers checks that a document is JSON and no number in it negative. (A
// NaN or an infinity would be no JSON.)
func checkNumbers(t *testing.T, encoded []byte) map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(encoded, &document); err != nil {
		t.Fatalf("%v in %s", err, encoded)
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, member := range v {
				walk(path+"."+key, member)
			}
		case []any:
			for _, member := range v {
				walk(path, member)
			}
		case float64:
			if v < 0 || strings.Contains(path, "prob_") && !strings.HasSuffix(path, "_pct") && v > 1 {
				t.Fatalf("%s is %v", path, v)
			}
		}
	}
	walk("", document)
	return document
}
