package halo

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// update rewrites golden files and the computed parts of docs/model.md.
var update = flag.Bool("update", false, "rewrite golden files and the computed parts of docs/model.md")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s has changed; read the difference and accept it with -update:\n%s", path, got)
	}
}

func TestTheQuestionnaireIsAsReviewed(t *testing.T) {
	encoded, err := json.MarshalIndent(Questions(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "questionnaire.json", append(encoded, '\n'))
}

func TestTheQuestionnaireIsSoundInItself(t *testing.T) {
	q := Questions()
	section, sections := 0, map[string]int{}
	for i, s := range q.Sections {
		sections[s.ID] = i
	}
	ids := map[string]Question{}
	for _, question := range q.Questions {
		at, known := sections[question.Section]
		if !known || at < section {
			t.Errorf("%s is in section %q out of order", question.ID, question.Section)
		}
		section = at
		ids[question.ID] = question
		if question.Wording == "" {
			t.Errorf("%s has no wording", question.ID)
		}
		numeric := question.Type == TypeInteger || question.Type == TypeNumber || question.Type == TypeShares
		if numeric != (question.Min != nil && question.Max != nil) {
			t.Errorf("%s, a %s, has the limits %v and %v", question.ID, question.Type, question.Min, question.Max)
		}
		chosen := strings.HasPrefix(question.Type, "choice") || question.Type == TypeShares
		if chosen != (len(question.Choices) > 1) {
			t.Errorf("%s, a %s, has %d choices", question.ID, question.Type, len(question.Choices))
		}
		for _, c := range question.Choices {
			if c.Value == "" || c.Label == "" {
				t.Errorf("%s has the choice %+v", question.ID, c)
			}
		}
	}
	for id, question := range ids {
		if question.With != "" && ids[question.With].With != id {
			t.Errorf("%s goes with %q, which does not go with it", id, question.With)
		}
	}
	if len(ids) != questionCount-1 || ids["valuation_year"].ID != "" {
		t.Errorf("the visitor is asked %d questions", len(ids))
	}
	if states := ids["retirement_state"].Choices; len(states) != 52 {
		t.Errorf("%d states, want 50, DC and the country", len(states))
	}
}

func TestTheLevelsOfTheTablesAreTheChoicesOfTheQuestions(t *testing.T) {
	levels := factorLevels()
	for question, name := range map[int]string{questionSmoking: "smoking", questionActivity: "activity", questionDiet: "diet",
		questionAlcohol: "alcohol", questionEthnicity: "ethnicity"} {
		var values []string
		for _, c := range answerSheet()[question].Choices {
			values = append(values, c.Value)
		}
		if !reflect.DeepEqual(values, levels[name]) {
			t.Errorf("choices %v, levels %v", values, levels[name])
		}
	}
	for i, c := range answerSheet()[questionFamilyCancers].Choices {
		if cancerTopics[i] != "cancer_"+c.Value {
			t.Errorf("topic %s for the cancer %s", cancerTopics[i], c.Value)
		}
	}
}

func TestACallerCannotChangeTheQuestionnaire(t *testing.T) {
	q := Questions()
	for i := range q.Questions {
		q.Questions[i].ID, q.Questions[i].Required = "changed", true
		*orZero(q.Questions[i].Min)++
		for k := range q.Questions[i].Choices {
			q.Questions[i].Choices[k].Value = "changed"
		}
	}
	if r := run([]byte(benchmarkProfiles[1].input)); r.Status != StatusOK {
		t.Errorf("answers are now refused: %v", r.Errors)
	}
}

func orZero(v *float64) *float64 {
	if v == nil {
		return new(float64)
	}
	return v
}

// plain has the fields of a result without its own way to marshal.
type plain Result

func TestAResultIsWrittenAsTheStandardLibraryWould(t *testing.T) {
	for _, b := range benchmarkProfiles {
		r := Assess(mustParse(t, b.input))
		encoded, err := json.Marshal(plain(r))
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Replace(string(encoded), `"errors":null,"reason":"",`, "", 1)
		if got := string(r.AppendJSON(nil)); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", b.name, got, want)
		}
		var back Result
		if err := json.Unmarshal(r.AppendJSON(nil), &back); err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("%s does not read back: %v", b.name, err)
		}
	}
}

func TestAViewAndAHouseholdAreWrittenAsTheStandardLibraryWould(t *testing.T) {
	type plainBrowser Browser
	type plainHousehold HouseholdResult
	p := mustParse(t, benchmarkProfiles[3].input)
	b := BrowserView(Assess(p))
	h := Household(p, mustParse(t, benchmarkProfiles[0].input))
	for _, c := range []struct {
		got   []byte
		plain any
	}{{b.AppendJSON(nil), plainBrowser(b)}, {h.AppendJSON(nil), plainHousehold(h)}} {
		encoded, err := json.Marshal(c.plain)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Replace(string(encoded), `"errors":null,"reason":"",`, "", 1)
		if string(c.got) != want {
			t.Errorf("%s\nwant\n%s", c.got, want)
		}
	}
}

func TestOtherFormsHaveNoOtherFields(t *testing.T) {
	ill := mustParse(t, `{"sex":"male","age":50,"serious_illness":true,"smoking":"current"}`)
	well := mustParse(t, sheetWith(""))
	later := mustParse(t, sheetWith(`,"valuation_year":2027`))
	hidden := HouseholdBrowserView(Household(well, well))
	for _, c := range []struct {
		name     string
		document json.Marshaler
		want     string
	}{
		{"serious illness", Assess(ill), `{"status":"not_applicable","model_version":"open-halo-1.0.0","reason":"serious_illness"}`},
		{"serious illness in the browser", BrowserView(Assess(ill)), `{"status":"not_applicable","model_version":"open-halo-1.0.0","reason":"serious_illness"}`},
		{"errors", Invalid([]FieldError{{"a<b", "unknown_field"}, {"\x01\xff", "x"}}),
			`{"status":"error","model_version":"open-halo-1.0.0","errors":[{"field":"a\u003cb","code":"unknown_field"},{"field":"\u0001\ufffd","code":"x"}]}`},
		{"errors in the browser", BrowserView(Invalid([]FieldError{{"age", "range"}})),
			`{"status":"error","model_version":"open-halo-1.0.0","errors":[{"field":"age","code":"range"}]}`},
		{"the zero profile", Assess(Profile{}), `{"status":"error","model_version":"open-halo-1.0.0","errors":[{"field":"sex","code":"required"},` +
			`{"field":"age","code":"required"},{"field":"serious_illness","code":"required"}]}`},
		{"a household with an illness, whatever the years", Household(later, ill), `{"status":"not_applicable","model_version":"open-halo-1.0.0","reason":"serious_illness"}`},
		{"a household of two years", Household(well, later),
			`{"status":"error","model_version":"open-halo-1.0.0","errors":[{"person":"b","field":"valuation_year","code":"mismatch"}]}`},
		{"a household in the browser", hidden, `{"status":"ok","model_version":"open-halo-1.0.0"}`},
	} {
		got, err := json.Marshal(c.document)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v, want %s", c.name, got, err, c.want)
		}
	}
	if SurvivalCurve(ill) != nil || SurvivalCurve(Profile{}) != nil {
		t.Error("a curve for someone whom the model does not estimate")
	}
}

func TestWhatIsCheckedWithoutAnAnswerIsWhatTheSheetRequiresAndTheYear(t *testing.T) {
	want := uint32(1 << questionValuationYear)
	for i, q := range answerSheet() {
		if q.Required {
			want |= 1 << i
		}
	}
	if alwaysChecked != want {
		t.Errorf("%b, want %b", alwaysChecked, want)
	}
}
