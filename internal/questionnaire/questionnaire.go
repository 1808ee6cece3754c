// Package questionnaire gives the model's questionnaire in the visitor's language.
//
// What is asked, in which order and within which limits is the model's own; a catalogue only words it. English is the
// model's wording; every other language is a file <tag>.json beside this one.
package questionnaire

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"halo.dev/halo/internal/halo"
)

//go:embed es.json
var files embed.FS

// English is the language of the model's own wording, and what everyone gets whose language is not here.
const English = "en"

// longList is how many choices make a list that people search by its first letters: such a list is sorted again, its
// first entry kept.
const longList = 20

// Set is the questionnaire in every language. It does not change once made.
type Set struct{ in map[string]halo.Questionnaire }

// New reads every catalogue. An error names the language and what its catalogue lacks, or has without use.
func New() (Set, error) {
	s := Set{in: map[string]halo.Questionnaire{English: halo.Questions()}}
	for _, name := range []string{"es"} {
		text, err := files.ReadFile(name + ".json")
		if err != nil {
			return Set{}, fmt.Errorf("reading the questionnaire's language %s: %w", name, err)
		}
		worded, err := word(halo.Questions(), text)
		if err != nil {
			return Set{}, fmt.Errorf("the questionnaire's language %s: %w", name, err)
		}
		s.in[name] = worded
	}
	return s, nil
}

// Languages lists the languages as BCP 47 tags, sorted.
func (s Set) Languages() []string { return slices.Sorted(maps.Keys(s.in)) }

// Choose returns the language of the set that a BCP 47 tag asks for by its first part, whatever the region; English for
// what is not here or is no tag.
func (s Set) Choose(tag string) string {
	name, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if _, ok := s.in[name]; ok {
		return name
	}
	return English
}

// In returns the questionnaire in one of the set's languages, in English for any other. It is shared: do not change it.
func (s Set) In(name string) halo.Questionnaire {
	if found, ok := s.in[name]; ok {
		return found
	}
	return s.in[English]
}

// catalogue is the wording in one language, by the model's ids.
type catalogue struct {
	Sections  map[string]string `json:"sections"`
	Units     map[string]string `json:"units"` // by the English unit
	Questions map[string]struct {
		Wording string            `json:"wording"`
		Hint    string            `json:"hint"`
		Choices map[string]string `json:"choices"`
	} `json:"questions"`
}

// word replaces every text of the questionnaire, which it owns, and errs unless the catalogue has exactly those.
func word(q halo.Questionnaire, text []byte) (halo.Questionnaire, error) {
	var c catalogue
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return halo.Questionnaire{}, fmt.Errorf("reading it: %w", err)
	}
	t := translation{}
	for i := range q.Sections {
		t.replace(&q.Sections[i].Title, c.Sections, q.Sections[i].ID, "sections")
	}
	for i := range q.Questions {
		question := &q.Questions[i]
		worded := c.Questions[question.ID]
		field := "questions." + question.ID
		texts := map[string]string{"wording": worded.Wording, "hint": worded.Hint}
		t.replace(&question.Wording, texts, "wording", field)
		t.replace(&question.Hint, texts, "hint", field)
		t.replace(&question.Unit, c.Units, question.Unit, "units")
		for j := range question.Choices {
			t.replace(&question.Choices[j].Label, worded.Choices, question.Choices[j].Value, field+".choices")
		}
		sortList(question.Choices)
		t.leftOver(len(worded.Choices)-len(question.Choices), field+".choices")
	}
	t.leftOver(len(c.Questions)-len(q.Questions), "questions")
	t.leftOver(len(c.Sections)-len(q.Sections), "sections")
	return q, errors.Join(t.problems...)
}

// translation collects what is wrong with a catalogue.
type translation struct{ problems []error }

// replace puts the text of a key in the place of the English one. Where English has none, the catalogue may have none.
func (t *translation) replace(text *string, texts map[string]string, key, field string) {
	switch found := texts[key]; {
	case (*text == "") != (found == ""):
		t.problems = append(t.problems, fmt.Errorf("%s: %q stands against %q of the model", field, found, *text))
	default:
		*text = found
	}
}

func (t *translation) leftOver(count int, field string) {
	if count > 0 {
		t.problems = append(t.problems, fmt.Errorf("%s: %d entries are of no use", field, count))
	}
}

// sortList brings a long list into alphabetical order, all but its first entry. Marks on letters do not count, as in
// Spanish; a language in which they do needs an order of its own.
func sortList(choices []halo.Choice) {
	if len(choices) <= longList {
		return
	}
	plain := func(label string) string {
		return strings.ToLower(strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, norm.NFD.String(label)))
	}
	slices.SortStableFunc(choices[1:], func(a, b halo.Choice) int { return strings.Compare(plain(a.Label), plain(b.Label)) })
}
