package questionnaire

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode"

	"halo.dev/halo/internal/halo"
)

func set(t testing.TB) Set {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sameInEnglish are texts that Spanish shares with English: names of states, and nothing else.
func sameInEnglish(question, text string) bool {
	return question == "retirement_state" && !strings.ContainsAny(text, "()") || text == "Melanoma"
}

func TestSpanishAsksTheSameInOtherWords(t *testing.T) {
	s := set(t)
	if got := s.Languages(); !slices.Equal(got, []string{"en", "es"}) {
		t.Fatalf("languages are %q", got)
	}
	english, spanish := halo.Questions(), s.In("es")
	if len(spanish.Questions) != len(english.Questions) || spanish.ModelVersion != english.ModelVersion {
		t.Fatalf("%d questions of %s", len(spanish.Questions), spanish.ModelVersion)
	}
	for i, question := range english.Sections {
		if got := spanish.Sections[i]; got.ID != question.ID || got.Title == question.Title || got.Title == "" {
			t.Errorf("section %q is %q", question.ID, got.Title)
		}
	}
	for i, want := range english.Questions {
		compare(t, spanish.Questions[i], want)
	}
}

// compare holds a question against the model's own: everything but its words is equal, and no word is.
func compare(t *testing.T, got, want halo.Question) {
	t.Helper()
	for _, text := range [][2]string{{got.Wording, want.Wording}, {got.Hint, want.Hint}, {got.Unit, want.Unit}} {
		if (text[0] == "") != (text[1] == "") || text[0] != "" && text[0] == text[1] {
			t.Errorf("%s: %q for %q", want.ID, text[0], text[1])
		}
	}
	labels := map[string]string{}
	for _, choice := range got.Choices {
		labels[choice.Value] = choice.Label
	}
	for _, choice := range want.Choices {
		label := labels[choice.Value]
		digits := !strings.ContainsFunc(choice.Label, unicode.IsLetter)
		if label == "" || label == choice.Label && !digits && !sameInEnglish(want.ID, label) {
			t.Errorf("%s.%s: %q for %q", want.ID, choice.Value, label, choice.Label)
		}
	}
	if len(labels) != len(want.Choices) {
		t.Errorf("%s has %d choices, not %d", want.ID, len(labels), len(want.Choices))
	}
	if got.ID != want.ID || got.Section != want.Section || got.Type != want.Type || got.Required != want.Required ||
		got.With != want.With || got.Default != want.Default || (got.Min == nil) != (want.Min == nil) ||
		want.Min != nil && (*got.Min != *want.Min || *got.Max != *want.Max) {
		t.Errorf("%s is another question: %+v", want.ID, got)
	}
}

func TestALongListIsInTheLanguagesOwnOrder(t *testing.T) {
	for _, question := range set(t).In("es").Questions {
		if question.ID != "retirement_state" {
			continue
		}
		var values []string
		for _, choice := range question.Choices {
			values = append(values, choice.Value)
		}
		if got := strings.Join(values, " "); !strings.HasPrefix(got, "US AL AK AZ AR CA NC SC CO CT") || !strings.Contains(got, "MA MI MN MS MO MT") {
			t.Errorf("the order is %s", got)
		}
	}
	if first := set(t).In("es").Questions[0]; first.Choices[0].Value != "male" {
		t.Errorf("a short list was sorted: %v", first.Choices)
	}
}

func TestTheLanguageIsChosenByATagsFirstPart(t *testing.T) {
	for tag, want := range map[string]string{
		"": "en", "en": "en", "en-GB": "en", "es": "es", "es-MX": "es", "ES-us": "es", "es-419": "es",
		"de": "en", "est": "en", "*": "en", "no tag;;;=": "en",
	} {
		if got := set(t).Choose(tag); got != want {
			t.Errorf("%q gives %q, not %q", tag, got, want)
		}
	}
	if got := set(t).In("xx").Sections[0].Title; got != halo.Questions().Sections[0].Title {
		t.Errorf("a language that is not here: %q", got)
	}
}

func TestACatalogueThatDoesNotFitIsNamed(t *testing.T) {
	whole, err := files.ReadFile("es.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"a section is missing", `"about": "Sobre usted",`, ``, "sections"},
		{"a question is missing", `"weight_lb": {"wording": "Peso, en libras"},`, ``, "questions.weight_lb"},
		{"a question is of no use", `"weight_lb":`, `"shoe_size": {"wording": "Zapatos"}, "weight_lb":`, "1 entries"},
		{"a choice is missing", `"TX": "Texas",`, ``, "retirement_state.choices"},
		{"a choice is of no use", `"TX": "Texas",`, `"TX": "Texas", "PR": "Puerto Rico",`, "retirement_state.choices"},
		{"a hint that English lacks", `{"wording": "Peso, en libras"}`, `{"wording": "Peso", "hint": "Sin zapatos"}`, "weight_lb"},
		{"a unit is missing", `"pounds": "libras"`, `"stones": "libras"`, "units"},
		{"a field is unknown", `"sections"`, `"titles"`, "titles"},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := bytes.Replace(whole, []byte(test.old), []byte(test.new), 1)
			if bytes.Equal(changed, whole) {
				t.Fatalf("%q is not in the catalogue", test.old)
			}
			if _, err := word(halo.Questions(), changed); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func FuzzChoose(f *testing.F) {
	for _, tag := range []string{"es", "en-US", "*", "-", "x-private", "es-419"} {
		f.Add(tag)
	}
	s := set(f)
	f.Fuzz(func(t *testing.T, tag string) {
		if got := s.Choose(tag); !slices.Contains(s.Languages(), got) {
			t.Errorf("%q gives %q", tag, got)
		}
	})
}
