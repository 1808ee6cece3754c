package widget_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/test/browser"
)

// everything answers every question of the questionnaire.
func everything() map[string]any {
	return map[string]any{
		"sex": "male", "age": 62, "serious_illness": false,
		"ethnicity": map[string]float64{"white": 62.5, "asian": 37.5},
		"height_in": 70.5, "weight_lb": 201,
		"smoking": "current", "activity": "some", "diet": "medium", "alcohol": "moderate",
		"has_diabetes": true, "has_heart_disease": false, "has_stroke": false, "cancer_survivor": false,
		"doctor_visits":        "above_average",
		"family_heart_disease": true, "family_stroke": false, "family_diabetes": true, "family_alzheimers": false,
		"family_cancers": []string{"breast", "melanoma"}, "long_lived_relatives": 2,
		"retirement_age": 68, "retirement_state": "NY",
	}
}

func TestAVisitorAnswersEverythingAndSeesTheOutlook(t *testing.T) {
	api := newAPI(t)
	p := open(t, api, element, "")
	answers := everything()
	if asked := len(halo.Questions().Questions); asked != len(answers) {
		t.Fatalf("the questionnaire has %d questions, this test answers %d", asked, len(answers))
	}
	p.must(p.Complete(with(answers, person())))
	result, err := p.Result()
	p.must(err)
	p.shoot("result")
	if result.Status != "ok" || result.LifeExpectancy != "79.8" {
		t.Errorf("the visitor sees %+v", result)
	}
	posts := api.received()
	if len(posts) != 1 {
		t.Fatalf("%d posts arrived", len(posts))
	}
	post := posts[0]
	if post.Token != "token-1" || post.Origin != p.url || post.Cookie != "" || post.ContentType != "application/json" {
		t.Errorf("headers of the post: %+v", post)
	}
	if post.Body.Advisor != "planning" || !post.Body.Consent {
		t.Errorf("advisor %q, consent %t", post.Body.Advisor, post.Body.Consent)
	}
	wantPerson := map[string]string{"first_name": "Ada", "last_name": "Lovelace", "email": "ada@visitor.example"}
	if diff := cmp.Diff(wantPerson, post.Body.Person); diff != "" {
		t.Errorf("the person (-want +got):\n%s", diff)
	}
	sameAnswers(t, answers, post.Body.Answers)
	if _, errors := halo.Parse(post.Body.Answers, 2026); len(errors) > 0 {
		t.Errorf("the model does not take the answers: %v", errors)
	}
}

// sameAnswers compares what was sent with what was answered.
func sameAnswers(t *testing.T, want map[string]any, sent json.RawMessage) {
	t.Helper()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var expected, got any
	if err := json.Unmarshal(text, &expected); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(sent, &got); err != nil {
		t.Fatalf("the answers %q: %v", sent, err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("the answers (-want +got):\n%s", diff)
	}
}

func TestWhatIsLeftOutIsNotSentAndDefaultsAreShown(t *testing.T) {
	api := newAPI(t)
	p := open(t, api, element, "")
	p.must(p.Complete(with(fewest(), map[string]any{"family_cancers": []string{}}, person())))
	_, err := p.Result()
	p.must(err)
	want := with(fewest(), map[string]any{
		"family_cancers": []string{}, "doctor_visits": "average", "retirement_age": 67, "retirement_state": "US",
	})
	sameAnswers(t, want, api.received()[0].Body.Answers)
}

func TestAnOptionalAnswerCanBeTakenBack(t *testing.T) {
	api := newAPI(t)
	p := open(t, api, element, "")
	p.must(p.Await("section[data-step='about']"))
	for question, value := range fewest() {
		p.must(p.Answer(question, value))
	}
	p.must(p.Next())
	p.must(p.Next())
	p.must(p.Answer("smoking", "current"))
	p.must(p.Click("[data-question='smoking'] .clear"))
	if checked := p.inside("[name='smoking']:checked", "value"); checked != "undefined" {
		t.Errorf("smoking is still answered with %s", checked)
	}
	p.must(p.Complete(person()))
	_, err := p.Result()
	p.must(err)
	if sent := string(api.received()[0].Body.Answers); containsKey(t, sent, "smoking") {
		t.Errorf("sent: %s", sent)
	}
}

func containsKey(t *testing.T, object, key string) bool {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &fields); err != nil {
		t.Fatal(err)
	}
	_, ok := fields[key]
	return ok
}

func TestNoneOfTheseAndACancerExcludeEachOther(t *testing.T) {
	p := open(t, newAPI(t), element, "")
	p.must(p.Await("section[data-step='about']"))
	for question, value := range fewest() {
		p.must(p.Answer(question, value))
	}
	for range 4 {
		p.must(p.Next())
	}
	checked := func() string {
		return p.evaluate("[...(" + p.Path("[data-question='family_cancers']") + ").querySelectorAll(':checked')].map((n) => n.value || 'none').join()")
	}
	for _, step := range []struct {
		pick []string
		want string
	}{
		{[]string{"breast", "lung"}, "breast,lung"},
		{[]string{}, "none"},
		{[]string{"kidney"}, "kidney"},
	} {
		p.must(p.Answer("family_cancers", step.pick))
		if got := checked(); got != step.want {
			t.Errorf("after picking %q: %s", step.pick, got)
		}
	}
}

func TestASeriousIllnessEndsTheQuestionsAtOnceAndShowsNoNumber(t *testing.T) {
	api := newAPI(t)
	api.view = `{"status":"not_applicable","model_version":"open-halo-1.0.0","reason":"serious_illness"}`
	p := open(t, api, element, "")
	ill := with(fewest(), map[string]any{"serious_illness": true})
	p.send(with(ill, person()))
	result, err := p.Result()
	p.must(err)
	p.shoot("result")
	if result.Status != "not_applicable" || result.LifeExpectancy != "" {
		t.Errorf("the visitor sees %+v", result)
	}
	text, err := p.Text("[data-result]")
	p.must(err)
	if strings.ContainsAny(text, "0123456789") {
		t.Errorf("a number is shown: %q", text)
	}
	sameAnswers(t, ill, api.received()[0].Body.Answers)
}

func TestTwoElementsOnOnePageDoNotMix(t *testing.T) {
	api := newAPI(t)
	p := open(t, api, element+"<p>between</p>"+element, "")
	second := p
	second.Assessment = browser.NewAssessment(p.tab, 1)
	p.must(p.Await("section[data-step='about']"))
	p.must(second.Await("section[data-step='about']"))
	p.must(p.Answer("sex", "female"))
	p.must(second.Answer("sex", "male"))
	if got := p.inside("[name='sex']:checked", "value"); got != "female" {
		t.Errorf("the first element's answer became %s", got)
	}
	p.must(second.Complete(with(fewest(), map[string]any{"sex": "male", "age": 44}, person())))
	_, err := second.Result()
	p.must(err)
	if step, _ := p.Step(); step != "about" {
		t.Errorf("the first element went to step %q", step)
	}
	if posts := api.received(); len(posts) != 1 || !strings.HasPrefix(posts[0].Token, "token-") {
		t.Errorf("posts: %+v", posts)
	}
}

// TestEventsTellThePageWhatHappensAndNoAnswers: not even the steps that a serious illness skips.
func TestEventsTellThePageWhatHappensAndNoAnswers(t *testing.T) {
	for name, answers := range map[string]map[string]any{
		"a visitor whom the model applies to": everything(),
		"a visitor who is ill":                with(fewest(), map[string]any{"serious_illness": true}),
	} {
		t.Run(name, func(t *testing.T) {
			api := newAPI(t)
			if answers["serious_illness"] == true {
				api.view = `{"status":"not_applicable","model_version":"open-halo-1.0.0","reason":"serious_illness"}`
			}
			p := open(t, api, element+`<script>
				window.seen = [];
				for (const name of ["started", "step", "completed"])
					document.addEventListener("halo:" + name, (event) => seen.push(name + JSON.stringify(event.detail)));
			</script>`, "")
			p.rush(answers)
			p.must(p.Click("[data-action='back']"))
			p.send(with(answers, person()))
			_, err := p.Result()
			p.must(err)
			want := `step{"step":"about","number":1,"of":7} started{} step{"step":"body","number":2,"of":7} ` +
				`step{"step":"habits","number":3,"of":7} step{"step":"health","number":4,"of":7} step{"step":"family","number":5,"of":7} ` +
				`step{"step":"plans","number":6,"of":7} step{"step":"contact","number":7,"of":7} completed{}`
			if diff := cmp.Diff(want, p.evaluate("seen.join(' ')")); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}
