package topics

import (
	"slices"
	"strings"
	"testing"

	"halo.dev/halo/internal/halo"
)

// allOfIt is a person with every tip and every prevention topic.
const allOfIt = `{"sex": "male", "age": 50, "serious_illness": false, "height_in": 66, "weight_lb": 250,
	"smoking": "current", "activity": "none", "diet": "low", "alcohol": "very_heavy", "family_heart_disease": true,
	"family_stroke": true, "family_diabetes": true, "family_alzheimers": true, "family_cancers": ["bladder", "breast",
	"colorectal", "kidney", "lung", "ovarian", "pancreatic", "prostate", "melanoma", "other"]}`

func result(t *testing.T) halo.Result {
	t.Helper()
	profile, problems := halo.Parse([]byte(allOfIt), 2026)
	if problems != nil {
		t.Fatal(problems)
	}
	return halo.Assess(profile)
}

func TestEveryTipOfTheModelHasWords(t *testing.T) {
	tips := result(t).Tips
	if len(tips) != len(habits) {
		t.Fatalf("the model gives %d tips, there are words for %d", len(tips), len(habits))
	}
	for _, tip := range tips {
		if words := Habit(tip.ID); words.Title == tip.ID || words.Text == "" {
			t.Errorf("the tip %s has no words", tip.ID)
		}
	}
}

func TestEveryWorseHabitOfTheModelHasWords(t *testing.T) {
	profile, problems := halo.Parse([]byte(`{"sex": "male", "age": 40, "serious_illness": false}`), 2026)
	if problems != nil {
		t.Fatal(problems)
	}
	worse := halo.WorseHabits(profile)
	if len(worse) != len(worseHabits) {
		t.Fatalf("the model gives %d worse habits, there are words for %d", len(worse), len(worseHabits))
	}
	for _, one := range worse {
		if words := WorseHabit(one.Habit); words.Name == one.Habit || words.Kept == one.Habit || !strings.HasSuffix(words.Text, ".") {
			t.Errorf("the worse habit %s has no words: %+v", one.Habit, words)
		}
	}
}

func TestEveryTopicOfTheModelHasThreeRecommendations(t *testing.T) {
	ids := result(t).PreventionTopics
	if len(ids) != len(illnesses) {
		t.Fatalf("the model gives %d topics, there are words for %d", len(ids), len(illnesses))
	}
	var seen []string
	for _, id := range ids {
		topic := Prevention(id)
		if topic.Title == id || len(topic.Advice) != 3 {
			t.Errorf("the topic %s has no title of its own or not three recommendations: %+v", id, topic)
		}
		for _, advice := range topic.Advice {
			if !strings.HasSuffix(advice, ".") || len(advice) > 125 || slices.Contains(seen, advice) {
				t.Errorf("%s: no sentence, too long or said before: %q", id, advice)
			}
			seen = append(seen, advice)
		}
	}
}

func TestWhatIsNewInTheModelIsShownAsItIs(t *testing.T) {
	if got := Habit("sleep_more"); got.Title != "sleep_more" {
		t.Errorf("tip: %+v", got)
	}
	if got := WorseHabit("sleep"); got.Name != "sleep" || got.Kept != "sleep" {
		t.Errorf("worse habit: %+v", got)
	}
	if got := Prevention("family_gout"); got.Title != "family_gout" || len(got.Advice) == 0 {
		t.Errorf("topic: %+v", got)
	}
}

func TestTheStateOfTheReviewIsSaid(t *testing.T) {
	if !strings.Contains(Review, "clinician") {
		t.Errorf("%q does not say whether a clinician has read the texts", Review)
	}
}
