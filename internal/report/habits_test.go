package report

import (
	"fmt"
	"strings"
	"testing"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/topics"
)

// bestHabits is somebody with nothing to gain.
const bestHabits = `{"sex": "male", "age": 35, "serious_illness": false, "smoking": "never", "activity": "meets", "diet": "high",
	"alcohol": "light", "height_in": 70, "weight_lb": 160}`

// habitPages are the pages about habits of somebody with these answers, as text.
func habitPages(t *testing.T, d Document) (lost, improvement string) {
	t.Helper()
	pages := onPaper(t, rendered(t, sharedRenderer(), d)).pages(t)
	if len(pages) != 8 {
		t.Errorf("%d pages, want 8", len(pages))
	}
	return pages[4], pages[5]
}

func TestSomebodyWithTheBestHabitsReadsWhatTheyAreWorth(t *testing.T) {
	d := assessed(t, bestHabits)
	lost, improvement := habitPages(t, d)
	inOrder(t, lost, "The average person", "0.0 years", age(35+d.Result.Longevity.AveragePersonYears), "What worse habits would take")
	for _, line := range []string{"All three", "Ideal weight", "alone and together"} {
		if strings.Contains(lost, line) {
			t.Errorf("%q compares nothing in:\n%s", line, lost)
		}
	}
	worse := halo.WorseHabits(d.Profile)
	if len(worse) != 5 {
		t.Fatalf("%d habits can become worse, want 5", len(worse))
	}
	_, table, _ := strings.Cut(lost, "Years to come")
	for _, one := range worse {
		l, words := one.Life, topics.WorseHabit(one.Habit)
		inOrder(t, table, fmt.Sprintf("%s %s %s %s %s %s %s", words.Name, decimal(l.LifeExpectancy), decimal(l.ActiveWorkingYears+
			l.ActiveRetirementYears), decimal(l.AssistedYears), decimal(l.YearsLost), dollars(l.OutOfPocketToday), dollars(l.CareToday)))
		inOrder(t, improvement, "What your good habits give you already", words.Kept, years(one.YearsTaken), years(one.ActiveYearsTaken))
	}
	inOrder(t, improvement, "Years of life kept", "What runs in the family")
}

func TestOnlyHabitsThatChangeSomethingAreCompared(t *testing.T) {
	const start = `{"sex": "female", "age": 61, "serious_illness": false, `
	for _, test := range []struct {
		answers          string
		wanted, unwanted []string
	}{
		{start + `"activity": "some"}`, []string{"What one habit is worth", "Exercise", "What worse habits would take", "Smoking"},
			[]string{"All three", "No smoking", "Ideal weight"}},
		{start + `"activity": "none", "smoking": "never", "height_in": 64, "weight_lb": 190}`,
			[]string{"What two habits are worth", "Exercise", "Ideal weight", "Exercise, ideal weight", "What worse habits would take", "Smoking"},
			[]string{"All three", "No smoking", "Body mass index"}},
		{start + `"activity": "none", "smoking": "current", "height_in": 64, "weight_lb": 190, "diet": "high"}`,
			[]string{"What three habits are worth", "All three"}, []string{"What worse habits would take"}},
	} {
		lost, _ := habitPages(t, assessed(t, test.answers))
		lines, _, _ := strings.Cut(lost, "Costs are for")
		inOrder(t, lines, test.wanted...)
		for _, line := range test.unwanted {
			if strings.Contains(lines, line) {
				t.Errorf("%s: %q is among the lines:\n%s", test.answers, line, lines)
			}
		}
	}
}

func TestSomebodyWhoToldOfNoHabitReadsWhatHabitsDecide(t *testing.T) {
	d := assessed(t, `{"sex": "female", "age": 30, "serious_illness": false}`)
	lost, improvement := habitPages(t, d)
	inOrder(t, lost, "What worse habits would take", "Smoking", "counts as average")
	inOrder(t, improvement, "You did not tell us about these habits", "Smoking", years(halo.WorseHabits(d.Profile)[0].YearsTaken),
		"Years of life lost", "What runs in the family")
	if strings.Contains(improvement, "Keep them up") {
		t.Error("habits of which nothing is known are praised")
	}
}

func TestWhatTheFamilyHasComesBeforeWhatGoodHabitsGive(t *testing.T) {
	lost, improvement := habitPages(t, assessed(t, `{"sex": "female", "age": 55, "serious_illness": false, "height_in": 64,
		"weight_lb": 190, "smoking": "never", "activity": "some", "diet": "high", "alcohol": "light", "family_heart_disease": true,
		"family_stroke": true, "family_diabetes": true, "family_alzheimers": true, "family_cancers": ["breast", "colorectal"]}`))
	inOrder(t, improvement, "Years of life gained", "Bowel cancer in the family")
	if strings.Contains(improvement, "give you already") {
		t.Error("what good habits give is on a page that has no room for it")
	}
	inOrder(t, lost, "What worse habits would take", "Smoking")
}

func TestALongNameOfAFirmStandsOnTwoLinesOfTheCover(t *testing.T) {
	d := assessed(t, sampleAnswers)
	d.Brand.Name = "The Honourable Company of Financial Planners, Actuaries and Retirement Counsellors of Greater Massachusetts"
	cover := onPaper(t, rendered(t, sharedRenderer(), d)).pages(t)[0]
	inOrder(t, strings.Replace(cover, "HALO report ", "", 1), d.Brand.Name)
}
