package report

import (
	"strings"
	"testing"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/topics"
)

func TestTipsStandInTheResultsOrderWithTheirGains(t *testing.T) {
	d := assessed(t, sampleAnswers)
	if len(d.Result.Tips) < 4 {
		t.Fatalf("the sample has %d tips, too few to show an order", len(d.Result.Tips))
	}
	page := samplePage(t, 6)
	var wanted []string
	for _, tip := range d.Result.Tips {
		wanted = append(wanted, topics.Habit(tip.ID).Title, years(tip.YearsGained), years(tip.ActiveYearsGained))
	}
	inOrder(t, page, wanted...)
}

func TestThePreventionTopicsOfTheFamilyStandUnderAWarningAboutTheirReview(t *testing.T) {
	pages := onPaper(t, rendered(t, sharedRenderer(), assessed(t, everything))).pages(t)
	both := pages[5] + " " + pages[6]
	inOrder(t, both, "What runs in the family", "not been reviewed by a clinician", "Heart disease in the family",
		"Diabetes in the family", "Bladder cancer in the family", "Melanoma in the family")
	inOrder(t, pages[6], "Room for improvement, continued")
	d := assessed(t, everything)
	for _, id := range d.Result.PreventionTopics {
		inOrder(t, both, topics.Prevention(id).Title)
	}
}

func TestAPersonWithoutTipsAndTopicsIsToldSo(t *testing.T) {
	d := assessed(t, `{"sex": "female", "age": 60, "serious_illness": false, "smoking": "never"}`)
	if len(d.Result.Tips)+len(d.Result.PreventionTopics) != 0 {
		t.Fatal("this person was meant to have neither tips nor topics")
	}
	page := onPaper(t, rendered(t, sharedRenderer(), d)).pages(t)[5]
	inOrder(t, page, "none would add a noticeable amount of time", "You named no illness of parents")
}

func TestASeriousIllnessGivesOneKindPageWithoutANumber(t *testing.T) {
	d := assessed(t, `{"sex": "female", "age": 64, "serious_illness": true}`)
	if d.Result.Status != halo.StatusNotApplicable {
		t.Fatalf("the status is %q", d.Result.Status)
	}
	p := onPaper(t, rendered(t, sharedRenderer(), d))
	pages := p.pages(t)
	if len(pages) != 1 {
		t.Fatalf("%d pages, want 1", len(pages))
	}
	inOrder(t, pages[0], "Acme Planning", "Sample Client", "Thank you", "Your doctor", "your advisor")
	if i := strings.IndexAny(pages[0], "0123456789$%"); i >= 0 {
		t.Errorf("there is a number at %q", pages[0][i:])
	}
}
