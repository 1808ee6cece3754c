package widget_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAnAnswerThatIsNotRightHoldsTheStepAndSaysWhy(t *testing.T) {
	const step = "section[data-step='about']"
	p := open(t, newAPI(t), element, "")
	p.must(p.Await(step))
	for _, test := range []struct {
		name, input string
		value       any
		want        string
	}{
		{"nothing answered", "age", "", "Please answer this question."},
		{"an age below the limit", "age", 17, "Please enter a whole number from 18 to 99."},
		{"an age above the limit", "age", 100, "Please enter a whole number from 18 to 99."},
		{"an age with a fraction", "age", 62.5, "Please enter a whole number from 18 to 99."},
		{"an age in words", "age", "sixty", "Please enter a whole number from 18 to 99."},
		{"an age of endless digits", "age", "999999999999", "Please enter a whole number from 18 to 99."},
		{"shares under 100", "ethnicity.white", 99, "Together the parts must make 100%."},
		{"a share over 100", "ethnicity.white", 101, "Please enter numbers from 0 to 100."},
	} {
		question, _, _ := strings.Cut(test.input, ".")
		p.must(p.Answer(test.input, test.value))
		p.must(p.Click("[data-action='next']"))
		p.must(p.Await("[data-question='" + question + "'] .problem"))
		if text, err := p.Text("[data-question='" + question + "'] .problem"); err != nil || text != test.want {
			t.Errorf("%s: beside the field: %q, %v", test.name, text, err)
		}
		if shown, _ := p.Has(step); !shown {
			t.Fatalf("%s: the step was left", test.name)
		}
		if alert, _ := p.Text(".alert"); alert != "Please look at the marked answers." {
			t.Errorf("%s: read out: %q", test.name, alert)
		}
		p.wantFocus("sex")
		p.must(p.Answer(test.input, ""))
	}
}

func TestAMarkGoesWhenTheAnswerIsMended(t *testing.T) {
	p := open(t, newAPI(t), element, "")
	p.must(p.Await("section[data-step='about']"))
	p.must(p.Answer("sex", "male"))
	p.must(p.Answer("age", 7))
	p.must(p.Answer("serious_illness", false))
	p.must(p.Click("[data-action='next']"))
	p.must(p.Await("[data-question='age'] .problem"))
	p.wantFocus("age")
	if invalid := p.inside("[name='age']", "getAttribute('aria-invalid')"); invalid != "true" {
		t.Errorf("aria-invalid is %s", invalid)
	}
	p.must(p.Answer("age", 70))
	if shown, _ := p.Has("[data-question='age'] .problem"); shown {
		t.Error("the mark stays")
	}
	p.must(p.Next())
}

func TestHeightWithoutWeightIsAskedForWhereItIsMissing(t *testing.T) {
	p := open(t, newAPI(t), element, "")
	p.must(p.Await("section[data-step='about']"))
	for question, value := range fewest() {
		p.must(p.Answer(question, value))
	}
	p.must(p.Next())
	p.must(p.Answer("height_in", "70,5"))
	p.must(p.Click("[data-action='next']"))
	p.must(p.Await("[data-question='weight_lb'] .problem"))
	p.wantFocus("weight_lb")
	if shown, _ := p.Has("[data-question='height_in'] .problem"); shown {
		t.Error("the height is marked too")
	}
	p.must(p.Answer("height_in", ""))
	p.must(p.Next())
}

func TestThePartsOfAnAncestryAreAddedUpWhileTyping(t *testing.T) {
	p := open(t, newAPI(t), element, "")
	p.must(p.Await("section[data-step='about']"))
	for _, step := range []struct {
		choice string
		share  float64
		want   string
	}{
		{"white", 60, "Total 60% · 40% to go"},
		{"asian", 50, "Total 110% · 10% too much"},
		{"asian", 40, "Total 100% ✓"},
	} {
		p.must(p.Answer("ethnicity."+step.choice, step.share))
		if total, _ := p.Text("output"); total != step.want {
			t.Errorf("after %s %v: %q", step.choice, step.share, total)
		}
	}
}

func TestTheLastStepWantsANameAnAddressAndConsent(t *testing.T) {
	for _, test := range []struct {
		field string
		value any
		want  string
	}{
		{"person.first_name", "   ", "Please fill this in."},
		{"person.email", "ada.visitor.example", "Please enter a whole e-mail address in plain letters, such as name@example.com."},
		{"consent", nil, "We need your consent to work out your outlook."},
	} {
		t.Run(test.field, func(t *testing.T) {
			api := newAPI(t)
			p := open(t, api, element, "")
			answers := with(fewest(), map[string]any{"serious_illness": true}, person())
			delete(answers, test.field)
			if test.value != nil {
				answers[test.field] = test.value
			}
			p.send(answers)
			p.must(p.Await("[data-question='" + test.field + "'] .problem"))
			if text, _ := p.Text("[data-question='" + test.field + "'] .problem"); text != test.want {
				t.Errorf("beside the field: %q", text)
			}
			p.wantFocus(test.field)
			if posts := api.received(); len(posts) != 0 {
				t.Errorf("sent all the same: %+v", posts)
			}
		})
	}
}

func TestWhatTheServerFindsWrongIsShownAtItsFieldAndStep(t *testing.T) {
	api := newAPI(t)
	api.submitFaults = []http.HandlerFunc{
		answering(http.StatusUnprocessableEntity, `{"field":"weight_lb","code":"bmi_range"},{"field":"person.email","code":"email"}`),
		answering(http.StatusUnprocessableEntity, `{"field":"person.email","code":"email"}`),
		answering(http.StatusUnprocessableEntity, `{"field":"person.first_name","code":"characters"}`),
		answering(http.StatusUnprocessableEntity, `{"field":"something.else","code":"unknown_field"}`),
	}
	p := open(t, api, element, "")
	p.send(with(fewest(), map[string]any{"height_in": 48, "weight_lb": 700}, person()))
	p.must(p.Await("[data-question='weight_lb'] .problem"))
	p.wantFocus("weight_lb")
	if text, _ := p.Text("[data-question='weight_lb'] .problem"); text != "This does not seem to go with the height. Please check both." {
		t.Errorf("beside the weight: %q", text)
	}
	p.send(map[string]any{"weight_lb": 100})
	p.must(p.Await("[data-question='person.email'] .problem"))
	p.wantFocus("person.email")
	p.send(map[string]any{"person.email": "ada@other.example"})
	p.must(p.Await("[data-question='person.first_name'] .problem"))
	if text, _ := p.Text("[data-question='person.first_name'] .problem"); text != "Please leave out the characters that are not part of a name." {
		t.Errorf("beside the first name: %q", text)
	}
	p.send(map[string]any{"person.first_name": "Ada"})
	p.must(p.Await(".alert:not(:empty)"))
	if alert, _ := p.Text(".alert"); alert != "Something went wrong on our side and nothing was kept. Please try again in a few minutes." {
		t.Errorf("without a field: %q", alert)
	}
	p.must(p.Click("[data-action='submit']"))
	_, err := p.Result()
	p.must(err)
	if posts := api.received(); posts[len(posts)-1].Body.Person["email"] != "ada@other.example" {
		t.Errorf("the last post: %+v", posts[len(posts)-1])
	}
}
