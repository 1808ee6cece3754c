package submission_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/server/submission"
)

const (
	goodPerson  = `{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.org"}`
	goodAnswers = `{"sex":"female","age":62,"serious_illness":false}`
	good        = `{"advisor":"planning","person":` + goodPerson + `,"consent":true,"answers":` + goodAnswers + `}`
)

func knows(advisor string) bool { return advisor == "planning" }

func TestParseTakesAWholeSubmission(t *testing.T) {
	s, problems, err := submission.Parse([]byte(good), 2026, knows)
	if err != nil || problems != nil {
		t.Fatalf("problems %v, error %v", problems, err)
	}
	if s.Advisor != "planning" || s.First.Reveal() != "Ada" || s.Last.Reveal() != "Lovelace" || s.Email.Reveal() != "ada@example.org" {
		t.Errorf("advisor %q, %q %q %q", s.Advisor, s.First.Reveal(), s.Last.Reveal(), s.Email.Reveal())
	}
	if s.Profile.Age() != 62 || s.Profile.ValuationYear() != 2026 {
		t.Errorf("age %d in %d", s.Profile.Age(), s.Profile.ValuationYear())
	}
	if printed := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(printed, "Lovelace") || strings.Contains(printed, "ada@") {
		t.Errorf("a printed submission tells the person: %s", printed)
	}
}

func TestParseTakesPeopleOfTheWholeWorld(t *testing.T) {
	for _, name := range []string{
		"李", "Ó Conaill", "van der Berg-O'Neil", "محمد", "Nguyễn Thị", "می\u200cخواهم", "Jr.", strings.Repeat("é", 100),
		`<script>alert(1)</script>`, `Robert'); DROP TABLE person;--`,
	} {
		s, problems, err := parsePerson(t, "first_name", name)
		if err != nil || problems != nil {
			t.Errorf("%q: problems %v, error %v", name, problems, err)
		} else if s.First.Reveal() != name {
			t.Errorf("%q became %q", name, s.First.Reveal())
		}
	}
	if s, _, _ := parsePerson(t, "first_name", "  Ada \t"); s.First.Reveal() != "Ada" {
		t.Errorf("white space stays: %q", s.First.Reveal())
	}
	for _, email := range []string{"a@b.example", "first.last+tag@sub.acme.example", "o'neil@acme.example",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 90) + "example"} {
		if s, problems, err := parsePerson(t, "email", email); err != nil || problems != nil || s.Email.Reveal() != email {
			t.Errorf("%q: problems %v, error %v", email, problems, err)
		}
	}
}

// parsePerson parses the good submission with one field of the person changed.
func parsePerson(t *testing.T, field string, value any) (submission.Submission, []halo.FieldError, error) {
	t.Helper()
	person := map[string]any{"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org"}
	person[field] = value
	body, err := json.Marshal(map[string]any{"advisor": "planning", "person": person, "consent": true, "answers": json.RawMessage(goodAnswers)})
	if err != nil {
		t.Fatal(err)
	}
	return submission.Parse(body, 2026, knows)
}

func TestParseRefusesAPersonsFieldWithItsCode(t *testing.T) {
	for _, test := range []struct {
		name, field string
		value       any
		code        string
	}{
		{"no first name", "first_name", nil, "required"},
		{"a first name of white space", "first_name", " \t ", "required"},
		{"a number for a name", "first_name", 5, "type"},
		{"a list for a name", "last_name", []string{"x"}, "type"},
		{"a name of 101 characters", "last_name", strings.Repeat("é", 101), "length"},
		{"a name with a line break", "first_name", "a\nb", "characters"},
		{"a name with a NUL", "first_name", "a\x00b", "characters"},
		{"a name with a C1 control", "first_name", "a\u0085b", "characters"},
		{"a name that turns the line around", "first_name", "a\u202eb", "characters"},
		{"a name with a line separator", "first_name", "a\u2028b", "characters"},
		{"a name with a broken surrogate", "first_name", json.RawMessage(`"\ud800"`), "characters"},
		{"no address", "email", "", "required"},
		{"an address without an at", "email", "ada", "email"},
		{"an address with a name", "email", "Ada <ada@example.org>", "email"},
		{"an address in brackets", "email", "<ada@example.org>", "email"},
		{"two addresses", "email", "a@b.example,c@d.example", "email"},
		{"an address with a comment", "email", "ada@example.org (x)", "email"},
		{"an address with a second header", "email", "ada@example.org\r\nBcc: x@y.example", "email"},
		{"an address that is quoted", "email", `"a b"@example.org`, "email"},
		{"an address beyond ASCII", "email", "ada@exämple.org", "email"},
		{"an address of 255 bytes", "email", strings.Repeat("a", 64) + "@" + strings.Repeat("b", 186) + ".org", "length"},
		{"a list of addresses", "email", []string{"ada@example.org"}, "type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, problems, err := parsePerson(t, test.field, test.value)
			want := []halo.FieldError{{Field: "person." + test.field, Code: test.code}}
			if diff := cmp.Diff(want, problems); err != nil || diff != "" {
				t.Errorf("error %v, problems differ:\n%s", err, diff)
			}
			if s.Advisor != "" || !s.Email.Empty() {
				t.Error("a refused submission is not empty")
			}
		})
	}
}

func TestParseRefusesTheRestWithItsCode(t *testing.T) {
	for _, test := range []struct {
		name, old, new string
		want           []halo.FieldError
	}{
		{"a list", good, `[]`, one("", "type")},
		{"a text", good, `"x"`, one("", "type")},
		{"null", good, `null`, one("", "type")},
		{"an unknown key", `{"advisor"`, `{"x":1,"advisor"`, one("x", "unknown_field")},
		{"a key in another case", `"consent":true`, `"Consent":true`, []halo.FieldError{{Field: "Consent", Code: "unknown_field"}, {Field: "consent", Code: "required"}}},
		{"an unknown key of the person", `{"first_name"`, `{"phone":"1","first_name"`, one("person.phone", "unknown_field")},
		{"no advisor", `"advisor":"planning",`, ``, one("advisor", "required")},
		{"an advisor that is not ours", `"planning"`, `"other"`, one("advisor", "choice")},
		{"a number for an advisor", `"planning"`, `1`, one("advisor", "type")},
		{"no person", `"person":` + goodPerson + `,`, ``, one("person", "required")},
		{"a list for a person", goodPerson, `[]`, one("person", "type")},
		{"no consent", `"consent":true,`, ``, one("consent", "required")},
		{"consent withheld", `"consent":true`, `"consent":false`, one("consent", "required")},
		{"consent null", `"consent":true`, `"consent":null`, one("consent", "required")},
		{"consent as a text", `"consent":true`, `"consent":"true"`, one("consent", "type")},
		{"consent as a number", `"consent":true`, `"consent":1`, one("consent", "type")},
		{"no answers", `,"answers":` + goodAnswers, ``, one("answers", "required")},
		{"a list for the answers", goodAnswers, `[]`, one("answers", "type")},
		{"an answer that is not a choice", `"female"`, `"f"`, one("sex", "choice")},
		{"an age out of range", `62`, `17`, one("age", "range")},
		{"an unknown question", `"age":62`, `"age":62,"shoe":43`, one("shoe", "unknown_field")},
		{"a chosen valuation year", `"age":62`, `"age":62,"valuation_year":2060`, one("valuation_year", "unknown_field")},
		{"a valuation year among unknown questions", `"age":62`, `"age":17,"zzz":1,"abc":1,"valuation_year":2060`, []halo.FieldError{
			{Field: "abc", Code: "unknown_field"}, {Field: "valuation_year", Code: "unknown_field"},
			{Field: "zzz", Code: "unknown_field"}, {Field: "age", Code: "range"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(good, test.old) {
				t.Fatalf("the good submission does not hold %q", test.old)
			}
			_, problems, err := submission.Parse([]byte(strings.Replace(good, test.old, test.new, 1)), 2026, knows)
			if diff := cmp.Diff(test.want, problems); err != nil || diff != "" {
				t.Errorf("error %v, problems differ:\n%s", err, diff)
			}
		})
	}
}

func one(field, code string) []halo.FieldError { return []halo.FieldError{{Field: field, Code: code}} }

func TestParseCollectsEveryErrorInOrder(t *testing.T) {
	body := `{"b":1,"a":1,"person":{"x":1,"email":"no"},"consent":false,"answers":{"y":1,"age":1}}`
	want := []halo.FieldError{
		{Field: "a", Code: "unknown_field"}, {Field: "b", Code: "unknown_field"}, {Field: "advisor", Code: "required"},
		{Field: "person.x", Code: "unknown_field"}, {Field: "person.first_name", Code: "required"},
		{Field: "person.last_name", Code: "required"}, {Field: "person.email", Code: "email"}, {Field: "consent", Code: "required"},
		{Field: "y", Code: "unknown_field"}, {Field: "sex", Code: "required"}, {Field: "age", Code: "range"},
		{Field: "serious_illness", Code: "required"},
	}
	_, problems, err := submission.Parse([]byte(body), 2026, knows)
	if diff := cmp.Diff(want, problems); err != nil || diff != "" {
		t.Errorf("error %v, problems differ:\n%s", err, diff)
	}
}

func TestParseRefusesABodyThatReadersCouldTakeInTwoWays(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":                        "",
		"no JSON":                        "advisor=planning",
		"an open object":                 good[:len(good)-1],
		"two values":                     good + good,
		"a comma too many":               strings.Replace(good, "}}", "},}", 1),
		"a comment":                      good + "// x",
		"bytes that are no UTF-8":        strings.Replace(good, "Ada", "A\xff", 1),
		"a repeated key":                 strings.Replace(good, `"consent"`, `"consent":false,"consent"`, 1),
		"a repeated key in disguise":     strings.Replace(good, `"consent"`, `"cons\u0065nt":false,"consent"`, 1),
		"a repeated key of the person":   strings.Replace(good, `"email"`, `"email":"x@y.example","email"`, 1),
		"a repeated answer":              strings.Replace(good, `"age"`, `"age":30,"age"`, 1),
		"a repeated key far inside":      strings.Replace(good, `"age"`, `"x":[{"a":{"b":1}},{"c":1,"d":[],"c":2}],"age"`, 1),
		"a byte order mark":              "\ufeff" + good,
		"brackets deeper than can count": strings.Repeat("[", 20000),
	} {
		if _, problems, err := submission.Parse([]byte(body), 2026, knows); !errors.Is(err, submission.ErrMalformed) {
			t.Errorf("%s: problems %v, error %v", name, problems, err)
		}
	}
	same := strings.Replace(good, `"age"`, `"ethnicity":{"white":50,"black":50},"family_cancers":["lung","breast"],"age"`, 1)
	if _, problems, err := submission.Parse([]byte(same), 2026, knows); err != nil || problems != nil {
		t.Errorf("equal values under different keys: problems %v, error %v", problems, err)
	}
}

// FuzzParse: no panic; either one error, or problems that quote nothing but
// keys, or a submission whose person keeps the promises.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"person":{"email":"a@b"},"answers":{"valuation_year":1}}`))
	f.Add([]byte(`[[{"a":[{}],"b":{}}]]`))
	f.Add([]byte(`{"answers":{"ethnicity":{"white":1e309}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, problems, err := submission.Parse(body, 2026, knows)
		switch {
		case err != nil:
			if !errors.Is(err, submission.ErrMalformed) || problems != nil {
				t.Fatalf("error %v with problems %v", err, problems)
			}
		case len(problems) > 0:
			for _, p := range problems {
				if p.Code == "" || len(p.Code) > 20 {
					t.Fatalf("problem %+v", p)
				}
			}
		default:
			first, email := s.First.Reveal(), s.Email.Reveal()
			if s.Advisor != "planning" || first == "" || strings.ContainsAny(first+email, "\r\n\x00") || len(email) > 254 ||
				strings.Count(email, "@") == 0 || s.Profile.ValuationYear() != 2026 {
				t.Fatalf("accepted %q", body)
			}
		}
	})
}
