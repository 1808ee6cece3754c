// Package submission reads what a visitor sends: the person, their consent and
// their answers. It is pure: bytes in, a checked submission or every error in
// it out. Errors name a field and a code, and never quote what was sent.
package submission

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/personal"
)

// ErrMalformed says that the body is not one JSON text in UTF-8 without
// repeated keys; which answer is wrong cannot be said then.
var ErrMalformed = errors.New("the body is not one JSON text in UTF-8 with every key once")

// Submission is a checked questionnaire with the person who answered it.
type Submission struct {
	Advisor            string
	First, Last, Email personal.Text
	Profile            halo.Profile
}

// The codes beside those of the model's answers (required, type, choice,
// unknown_field).
const (
	codeRequired   = "required"
	codeType       = "type"
	codeChoice     = "choice"
	codeUnknown    = "unknown_field"
	codeLength     = "length"     // too long
	codeCharacters = "characters" // control characters
	codeEmail      = "email"      // not a mail address
)

// The longest texts of a person, names in characters and the address in bytes
// (RFC 5321 section 4.5.3.1.3 less its brackets).
const (
	longestName  = 100
	longestEmail = 254
)

// valuationYear is the one question that the server answers: the clock does.
const valuationYear = "valuation_year"

// Parse reads a body. year is the valuation year; knows tells whether an
// advisor's id is in the configuration. All errors come together: keys that
// are not known first, then advisor, person, consent, and the answers in the
// order of the model. err is ErrMalformed or nil.
func Parse(body []byte, year int, knows func(advisor string) bool) (s Submission, problems []halo.FieldError, err error) {
	if !wellFormed(body) {
		return Submission{}, nil, ErrMalformed
	}
	fields, ok := object(body)
	if !ok {
		return Submission{}, []halo.FieldError{{Field: "", Code: codeType}}, nil
	}
	problems = unknown("", fields, "advisor", "person", "consent", "answers")
	problem := func(field, code string) {
		if code != "" {
			problems = append(problems, halo.FieldError{Field: field, Code: code})
		}
	}
	advisor, code := text(fields["advisor"])
	if code == "" && !knows(advisor) {
		code = codeChoice
	}
	problem("advisor", code)
	s.Advisor = advisor
	problems = append(problems, s.readPerson(fields["person"])...)
	problem("consent", checkConsent(fields["consent"]))
	profile, refused := answers(fields["answers"], year)
	problems = append(problems, refused...)
	s.Profile = profile
	if len(problems) > 0 {
		return Submission{}, problems, nil
	}
	return s, nil, nil
}

// readPerson fills in the person.
func (s *Submission) readPerson(raw json.RawMessage) []halo.FieldError {
	if isAbsent(raw) {
		return []halo.FieldError{{Field: "person", Code: codeRequired}}
	}
	fields, ok := object(raw)
	if !ok {
		return []halo.FieldError{{Field: "person", Code: codeType}}
	}
	problems := unknown("person.", fields, "first_name", "last_name", "email")
	for _, part := range []struct {
		name  string
		into  *personal.Text
		check func(string) string
	}{{"first_name", &s.First, checkName}, {"last_name", &s.Last, checkName}, {"email", &s.Email, checkEmail}} {
		value, code := text(fields[part.name])
		if code == "" {
			code = part.check(value)
		}
		if code != "" {
			problems = append(problems, halo.FieldError{Field: "person." + part.name, Code: code})
		}
		*part.into = personal.New(value)
	}
	return problems
}

// answers checks the answer sheet. A visitor may not choose the valuation
// year, so that answer counts as one to a question that was not asked.
func answers(raw json.RawMessage, year int) (halo.Profile, []halo.FieldError) {
	if isAbsent(raw) {
		return halo.Profile{}, []halo.FieldError{{Field: "answers", Code: codeRequired}}
	}
	fields, ok := object(raw)
	if !ok {
		return halo.Profile{}, []halo.FieldError{{Field: "answers", Code: codeType}}
	}
	if _, chosen := fields[valuationYear]; !chosen {
		return halo.Parse(raw, year)
	}
	delete(fields, valuationYear)
	rest, err := json.Marshal(fields)
	if err != nil {
		return halo.Profile{}, []halo.FieldError{{Field: "answers", Code: codeType}}
	}
	_, problems := halo.Parse(rest, year)
	place := slices.IndexFunc(problems, func(e halo.FieldError) bool {
		return e.Code != codeUnknown || e.Field > valuationYear
	})
	if place < 0 {
		place = len(problems)
	}
	return halo.Profile{}, slices.Insert(problems, place, halo.FieldError{Field: valuationYear, Code: codeUnknown})
}

func checkConsent(raw json.RawMessage) string {
	switch {
	case isAbsent(raw) || string(raw) == "false":
		return codeRequired
	case string(raw) != "true":
		return codeType
	}
	return ""
}

// checkName takes a name in any script. What turns the reading direction of
// the text around it, or breaks a line, has no place in a report or a mail.
func checkName(name string) string {
	switch {
	case utf8.RuneCountInString(name) > longestName:
		return codeLength
	case strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control) || r == utf8.RuneError
	}):
		return codeCharacters
	}
	return ""
}

// checkEmail takes one bare address in ASCII: not every relay takes others,
// and the report must not depend on it.
func checkEmail(email string) string {
	if len(email) > longestEmail {
		return codeLength
	}
	address, err := mail.ParseAddress(email)
	isASCII := !strings.ContainsFunc(email, func(r rune) bool { return r > unicode.MaxASCII })
	if err != nil || address.Name != "" || address.Address != email || !isASCII {
		return codeEmail
	}
	return ""
}

// text reads a JSON text that says something; white space around it is not
// part of it.
func text(raw json.RawMessage) (value, code string) {
	if isAbsent(raw) {
		return "", codeRequired
	}
	if raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		return "", codeType
	}
	if value = strings.TrimSpace(value); value == "" {
		return "", codeRequired
	}
	return value, ""
}

func isAbsent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// unknown lists the keys that are not among the known ones, in ascending order.
func unknown(prefix string, fields map[string]json.RawMessage, known ...string) []halo.FieldError {
	var problems []halo.FieldError
	for key := range fields {
		if !slices.Contains(known, key) {
			problems = append(problems, halo.FieldError{Field: prefix + key, Code: codeUnknown})
		}
	}
	slices.SortFunc(problems, func(a, b halo.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return problems
}

// object reads a JSON object with its keys exactly as written.
func object(raw json.RawMessage) (fields map[string]json.RawMessage, ok bool) {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || raw[0] != '{' {
		return nil, false
	}
	return fields, json.Unmarshal(raw, &fields) == nil
}

// wellFormed tells whether body is one JSON text in UTF-8 in which no object
// repeats a key: two readers must not see two different submissions in it.
func wellFormed(body []byte) bool {
	if !utf8.Valid(body) || !json.Valid(body) {
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var open []scope
	for {
		word, err := decoder.Token()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		switch word {
		case json.Delim('{'):
			open = append(open, scope{keys: map[string]bool{}, atKey: true})
			continue
		case json.Delim('['):
			open = append(open, scope{})
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
			word = nil // the value that ends here has no text of its own
		}
		if len(open) > 0 && !open[len(open)-1].next(word) {
			return false
		}
	}
}

// scope is an object or list that is being read; keys is nil for a list.
type scope struct {
	keys  map[string]bool
	atKey bool
}

// next takes a key or a value; it is false for a key that was there before.
func (s *scope) next(word json.Token) bool {
	if s.keys == nil {
		return true
	}
	if s.atKey {
		key, _ := word.(string)
		if s.keys[key] {
			return false
		}
		s.keys[key] = true
	}
	s.atKey = !s.atKey
	return true
}
