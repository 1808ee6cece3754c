package halo

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// person is an answer sheet that is valid with more answers after it.
func sheetWith(answers string) string {
	return `{"sex":"male","age":50,"serious_illness":false` + answers + `}`
}

var validationCases = []struct {
	name, input string
	want        string // errors as "field:code", space between; empty when valid
}{
	{"no input", "", ":type"},
	{"no JSON", "sex=male", ":type"},
	{"a list", "[]", ":type"},
	{"null", "null", ":type"},
	{"a string", `"sex"`, ":type"},
	{"two objects", sheetWith("") + "{}", ":type"},
	{"a cut object", `{"sex":"male"`, ":type"},
	{"a trailing comma", `{"sex":"male",}`, ":type"},
	{"a number with a leading zero", sheetWith(`,"weight_lb":0170,"height_in":70`), ":type"},
	{"NaN, which is no JSON", sheetWith(`,"weight_lb":NaN,"height_in":70`), ":type"},
	{"white space around everything", " \n{ \"sex\" : \"male\" ,\t\"age\" : 50 , \"serious_illness\" : false }\r\n", ""},
	{"only what is required", sheetWith(""), ""},
	{"nothing", "{}", "sex:required age:required serious_illness:required"},
	{"null for what is required", `{"sex":null,"age":null,"serious_illness":null}`,
		"sex:required age:required serious_illness:required"},
	{"null for what is not", sheetWith(`,"smoking":null,"ethnicity":null,"family_cancers":null,"height_in":null,"weight_lb":null,` +
		`"retirement_age":null,"valuation_year":null`), ""},
	{"unknown keys first, by code point, null or not", `{"z":1,"é":null,"sex":"x","B":[{}],"a":2,"Z":{"y":[]}}`,
		"B:unknown_field Z:unknown_field a:unknown_field z:unknown_field é:unknown_field sex:choice age:required serious_illness:required"},
	{"an unknown key twice", sheetWith(`,"x":1,"x":2`), "x:unknown_field"},
	{"an escaped key", `{"s\u0065x":"male","age":50,"serious_illness":false}`, ""},
	{"an escaped choice", `{"sex":"m\u0061le","age":50,"serious_illness":false}`, ""},
	{"a key in another case", sheetWith(`,"Smoking":"never"`), "Smoking:unknown_field"},
	{"the last of a repeated key", `{"sex":7,"age":50,"serious_illness":false,"sex":"female"}`, ""},
	{"the last of a repeated key being null", sheetWith(`,"sex":null`), "sex:required"},
	{"errors in the order of the questions", `{"doctor_visits":1,"family_cancers":{},"smoking":true,"height_in":"x","weight_lb":[],` +
		`"ethnicity":[],"retirement_state":5,"retirement_age":"67","serious_illness":0,"age":null,"sex":true}`,
		"sex:type age:required serious_illness:type retirement_age:type retirement_state:type ethnicity:type height_in:type " +
			"weight_lb:type smoking:type family_cancers:type doctor_visits:type"},
	{"errors although seriously ill", `{"sex":"male","age":17,"serious_illness":true}`, "age:range"},

	{"an integer with a point", `{"sex":"male","age":50.0,"serious_illness":false}`, "age:type"},
	{"an integer with an exponent", `{"sex":"male","age":5e1,"serious_illness":false}`, "age:type"},
	{"an integer with a capital exponent", `{"sex":"male","age":5E1,"serious_illness":false}`, "age:type"},
	{"a huge number with a point as an integer", `{"sex":"male","age":1e999,"serious_illness":false}`, "age:type"},
	{"a boolean as an integer", `{"sex":"male","age":true,"serious_illness":false}`, "age:type"},
	{"an object as an integer", `{"sex":"male","age":{},"serious_illness":false}`, "age:type"},
	{"a huge integer", `{"sex":"male","age":` + strings.Repeat("9", 400) + `,"serious_illness":false}`, "age:range"},
	{"a huge negative integer", `{"sex":"male","age":-` + strings.Repeat("9", 400) + `,"serious_illness":false}`, "age:range"},
	{"an integer beyond 64 bits that wraps into the limits", `{"sex":"male","age":18446744073709551666,"serious_illness":false}`, "age:range"},
	{"the least age", `{"sex":"male","age":18,"serious_illness":false}`, ""},
	{"the greatest age", `{"sex":"male","age":99,"serious_illness":false}`, ""},
	{"an age too great", `{"sex":"male","age":100,"serious_illness":false}`, "age:range"},
	{"minus zero relatives", sheetWith(`,"long_lived_relatives":-0`), ""},
	{"a negative integer", sheetWith(`,"long_lived_relatives":-1`), "long_lived_relatives:range"},
	{"retirement ages at the limits", sheetWith(`,"retirement_age":40`), ""},
	{"a retirement too late", sheetWith(`,"retirement_age":91`), "retirement_age:range"},
	{"a year before the tables", sheetWith(`,"valuation_year":2023`), "valuation_year:range"},
	{"the last year", sheetWith(`,"valuation_year":2060`), ""},

	{"a number as a boolean", sheetWith(`,"has_stroke":1`), "has_stroke:type"},
	{"a string as a boolean", sheetWith(`,"has_stroke":"true"`), "has_stroke:type"},
	{"a number as a choice", sheetWith(`,"smoking":0`), "smoking:type"},
	{"a choice in another case", sheetWith(`,"smoking":"Never"`), "smoking:choice"},
	{"an empty choice", sheetWith(`,"smoking":""`), "smoking:choice"},
	{"a state", sheetWith(`,"retirement_state":"DC"`), ""},
	{"a state by its name", sheetWith(`,"retirement_state":"Texas"`), "retirement_state:choice"},

	{"height alone", sheetWith(`,"height_in":70`), "weight_lb:pair"},
	{"weight alone", sheetWith(`,"weight_lb":170`), "height_in:pair"},
	{"height alone, with an error of its own", sheetWith(`,"height_in":7`), "height_in:range weight_lb:pair"},
	{"weight alone, with an error of its own, and one after it", sheetWith(`,"weight_lb":"x","doctor_visits":"x"`),
		"weight_lb:type doctor_visits:choice height_in:pair"},
	{"height beside a null weight", sheetWith(`,"height_in":70,"weight_lb":null`), "weight_lb:pair"},
	{"height and weight with decimals and exponents", sheetWith(`,"height_in":7.05e1,"weight_lb":170.25`), ""},
	{"the least height and weight", sheetWith(`,"height_in":48,"weight_lb":70`), ""},
	{"a body mass too small", sheetWith(`,"height_in":90,"weight_lb":100`), "weight_lb:bmi_range"},
	{"a body mass too great", sheetWith(`,"height_in":60,"weight_lb":500`), "weight_lb:bmi_range"},
	{"a body mass not judged beside another error", sheetWith(`,"height_in":91,"weight_lb":100`), "height_in:range"},
	{"numbers beyond any limit", sheetWith(`,"height_in":1e999,"weight_lb":-1e999`), "height_in:range weight_lb:range"},
	{"a number too small to hold", sheetWith(`,"height_in":1e-999,"weight_lb":100`), "height_in:range"},
	{"body mass after every field", sheetWith(`,"height_in":90,"weight_lb":100,"doctor_visits":7`),
		"doctor_visits:type weight_lb:bmi_range"},

	{"shares", sheetWith(`,"ethnicity":{"white":33.3,"black":33.3,"asian":33.4}`), ""},
	{"shares a hundredth short", sheetWith(`,"ethnicity":{"white":99.99}`), ""},
	{"shares two hundredths short", sheetWith(`,"ethnicity":{"white":99.98}`), "ethnicity:sum"},
	{"no shares", sheetWith(`,"ethnicity":{}`), "ethnicity:sum"},
	{"shares and a share of nothing", sheetWith(`,"ethnicity":{"white":100,"other":0}`), ""},
	{"shares as a list", sheetWith(`,"ethnicity":[100]`), "ethnicity:type"},
	{"an unknown group before a wrong type", sheetWith(`,"ethnicity":{"white":"x","martian":1}`), "ethnicity:choice"},
	{"a wrong type before a share out of range", sheetWith(`,"ethnicity":{"white":200,"other":"x"}`), "ethnicity:type"},
	{"a share that is null", sheetWith(`,"ethnicity":{"white":100,"other":null}`), "ethnicity:type"},
	{"a share that is a boolean", sheetWith(`,"ethnicity":{"white":true}`), "ethnicity:type"},
	{"a share out of range before the sum", sheetWith(`,"ethnicity":{"white":150,"other":-50}`), "ethnicity:range"},
	{"a group twice, the last counts", sheetWith(`,"ethnicity":{"white":1,"white":100}`), ""},

	{"cancers", sheetWith(`,"family_cancers":["other","lung"]`), ""},
	{"no cancers", sheetWith(`,"family_cancers":[]`), ""},
	{"cancers as a string", sheetWith(`,"family_cancers":"lung"`), "family_cancers:type"},
	{"a wrong type before an unknown cancer", sheetWith(`,"family_cancers":["toe",null]`), "family_cancers:type"},
	{"an unknown cancer before a repetition", sheetWith(`,"family_cancers":["lung","lung","toe"]`), "family_cancers:choice"},
	{"a repeated cancer", sheetWith(`,"family_cancers":["lung","toe","lung"]`), "family_cancers:choice"},
	{"the same cancer twice", sheetWith(`,"family_cancers":["lung","breast","lung"]`), "family_cancers:duplicate"},

	{"deep nesting under an unknown key", sheetWith(`,"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), "x:unknown_field"},
	{"deep nesting that does not end", sheetWith(`,"x":` + strings.Repeat(`{"x":[`, 100_000)), ":type"},
	{"deep nesting under a known key", sheetWith(`,"smoking":` + strings.Repeat(`[`, 99) + strings.Repeat(`]`, 99)), "smoking:type"},
}

func TestAnswersAreCheckedByTheRules(t *testing.T) {
	for _, c := range validationCases {
		t.Run(c.name, func(t *testing.T) {
			p, errors := Parse([]byte(c.input), vectorYear)
			var got []string
			for _, e := range errors {
				got = append(got, e.Field+":"+e.Code)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, " "), c.want)
			}
			if (p == Profile{}) != (c.want != "") {
				t.Errorf("profile %v", p)
			}
		})
	}
}

func TestTheCallersYearIsTheDefaultAndIsChecked(t *testing.T) {
	for _, c := range []struct {
		year  int
		input string
		want  int // 0 for an error
	}{
		{2031, sheetWith(""), 2031},
		{2031, sheetWith(`,"valuation_year":2040`), 2040},
		{2061, sheetWith(""), 0},
		{2023, sheetWith(""), 0},
		{2061, sheetWith(`,"valuation_year":2040`), 2040},
	} {
		p, errors := Parse([]byte(c.input), c.year)
		if c.want == 0 {
			if want := []FieldError{{"valuation_year", codeRange}}; !reflect.DeepEqual(errors, want) {
				t.Errorf("%d: %v, want %v", c.year, errors, want)
			}
			continue
		}
		if errors != nil || p.ValuationYear() != c.want {
			t.Errorf("%d, %s: year %d, %v", c.year, c.input, p.ValuationYear(), errors)
		}
		if r := Assess(p); r.ValuationYear != c.want {
			t.Errorf("the result is of %d, want %d", r.ValuationYear, c.want)
		}
	}
}

func TestNumbersAreReadToTheLastBit(t *testing.T) {
	for text, want := range map[string]float64{
		"170": 170, "170.25": 170.25, "0.1": 0.1, "65.3": 65.3, "-0": 0, "1e2": 100, "0.30000000000000004": 0.30000000000000004,
		"123456789012345678": 123456789012345678, "99.999999999999": 99.999999999999, "7e-1": 0.7,
	} {
		if got, ok := number([]byte(text)); !ok || got != want {
			t.Errorf("%s is read as %v, want %v", text, got, want)
		}
	}
}

func TestHouseholdsAreChecked(t *testing.T) {
	ok := sheetWith("")
	for _, c := range []struct{ name, input, want string }{
		{"both well", `{"a":` + ok + `,"b":` + ok + `}`, ""},
		{"a's errors before b's", `{"b":{"age":5},"a":{"x":1,"sex":"male","age":9}}`,
			"a.x:unknown_field a.age:range a.serious_illness:required b.sex:required b.age:range b.serious_illness:required"},
		{"b missing", `{"a":` + ok + `}`, ".b:required"},
		{"a null", `{"a":null,"b":` + ok + `}`, ".a:required"},
		{"both no objects", `{"a":[],"b":"x"}`, ".a:type .b:type"},
		{"a third person", `{"a":` + ok + `,"b":` + ok + `,"c":` + ok + `}`, ".c:unknown_field"},
		{"no object", `[]`, ".:type"},
		{"cut", `{"a":`, ".:type"},
	} {
		_, _, errors := ParseHousehold([]byte(c.input), vectorYear)
		var got []string
		for _, e := range errors {
			got = append(got, fmt.Sprintf("%s.%s:%s", e.Person, e.Field, e.Code))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.name, strings.Join(got, " "), c.want)
		}
	}
}

func TestAHouseholdIsToldFromAnAnswerSheet(t *testing.T) {
	for input, want := range map[string]bool{
		`{"a":{},"b":{}}`: true, `{"b":1}`: true, `{"c":1,"a":{}}`: true, ` { "a" : null } `: true,
		`{}`: false, `[]`: false, ``: false, `{"a":{}`: false, `{"c":{}}`: false,
		`{"sex":"male","a":1}`: false, `{"a":1,"sex":"male"}`: false,
	} {
		if got := IsHousehold([]byte(input)); got != want {
			t.Errorf("%s: %v, want %v", input, got, want)
		}
	}
}
