package report

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestDollarsShowNoMoreDigitsThanAnEstimateHas(t *testing.T) {
	for value, want := range map[float64]string{
		0: "$0", 0.49: "$0", 0.5: "$1", 999.4: "$999", 999.6: "$1,000", 1234: "$1,230", 1235: "$1,240", 9996: "$10,000",
		12_349: "$12,300", 12_350: "$12,400", 99_960: "$100,000", 411_832.17: "$412,000", 999_600: "$1,000,000",
		1_227_499: "$1,227,000", 12_345_678: "$12,346,000",
	} {
		if got := dollars(value); got != want {
			t.Errorf("dollars(%v) = %q, want %q", value, got, want)
		}
	}
}

func TestYearsAndChancesHaveOneDecimal(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{years(0), "0.0 years"}, {years(3.25), "3.3 years"}, {years(0.04), "0.0 years"}, {years(28.349), "28.3 years"},
		{age(80.25), "age 80.3"}, {age(99.96), "age 100.0"}, {percent(0.2934), "29.3%"}, {percent(1), "100.0%"},
		{percent(0.00049), "0.0%"}, {date(time.Date(2026, 2, 3, 23, 59, 0, 0, time.UTC)), "February 3, 2026"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestAxisLabelsAreShort(t *testing.T) {
	for value, want := range map[float64]string{0: "$0", 500: "$500", 2500: "$2.5k", 40_000: "$40k", 1_500_000: "$1.5M"} {
		if got := thousands(value); got != want {
			t.Errorf("thousands(%v) = %q, want %q", value, got, want)
		}
	}
}

// inOrder fails unless the wanted texts are on the page, each after the one before.
func inOrder(t *testing.T, page string, wanted ...string) {
	t.Helper()
	rest := page
	for _, want := range wanted {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Errorf("%q is not on the page, or not after what should stand before it, in:\n%s", want, page)
			return
		}
		rest = after
	}
}

func TestTheCoverHasTheSixKeyFigures(t *testing.T) {
	d := assessed(t, sampleAnswers)
	page := samplePage(t, 1)
	r := d.Result
	inOrder(t, page, "Acme Planning", "HALO report", "Your health, longevity", "Prepared for", "Sample Client", "Planning Desk",
		"November 22, 2026", "1 Hereditary, health and lifestyle risk", "2 Longevity",
		age(r.Longevity.LongevityAge), age(r.Longevity.LifeExpectancyAge), "3 Active years", "4 Assisted years",
		years(r.Healthspan.ActiveWorkingYears+r.Healthspan.ActiveRetirementYears), years(r.Healthspan.AssistedYears),
		"5 Lifetime out-of-pocket costs", "6 Total care spending", dollars(r.OutOfPocket.LifetimeToday),
		dollars(r.Care.ExpectedTotalToday))
	for _, want := range []string{percent(r.Longevity.Prob90), percent(r.Longevity.Prob95), percent(r.Longevity.Prob100),
		percent(r.Care.ProbNeed), years(r.Healthspan.ActiveWorkingYears), years(r.Healthspan.ActiveRetirementYears)} {
		inOrder(t, page, want)
	}
}

func TestTheSnapshotHasEveryQuestionWithItsAnswer(t *testing.T) {
	r := sharedRenderer()
	page := samplePage(t, 2)
	inOrder(t, page, "Snapshot of your answers", "About you", "Female", "52 years", "White 75%, Hispanic 25%",
		"Height and weight", "65 inches", "172 pounds", "Everyday habits", "I smoke", "Some, under 150 minutes",
		"Your family", "Breast, Colon or rectum", "Your plans", "66 years", "Colorado", "28.6")
	bare := onPaper(t, rendered(t, r, assessed(t, `{"sex": "male", "age": 40, "serious_illness": false}`))).pages(t)[1]
	if got := strings.Count(bare, notAnswered); got != 20 {
		t.Errorf("%d questions are marked as not answered, want 20, on:\n%s", got, bare)
	}
}

func TestTheTimelineKeepsTheTwoUncertaintiesApart(t *testing.T) {
	d := assessed(t, sampleAnswers)
	page := samplePage(t, 3)
	live, span := d.Result.Longevity, d.Result.Healthspan
	fate := live.DeathAge
	inOrder(t, page, age(live.LifeExpectancyAge), years(live.LifeExpectancyYears), years(live.AveragePersonYears),
		years(span.ActiveWorkingYears), years(span.ActiveRetirementYears), years(span.AssistedYears), "Active, working",
		"Active, retired", "Assisted", "Today, 52", decimal(span.AssistedFromAge), age(live.LifeExpectancyAge),
		"Life expectancy: "+age(live.LifeExpectancyAge), "90: "+percent(live.Prob90), "95: "+percent(live.Prob95),
		"100: "+percent(live.Prob100), "80% band of the model's own error",
		"How sure the average is", age(live.ModelRangeLowAge), age(live.ModelRangeHighAge),
		decimal(live.ModelRangeLowAge), decimal(live.ModelRangeHighAge),
		"How far single lives differ", age(fate.P10), age(fate.P25), age(fate.P50), age(fate.P75), age(fate.P90),
		decimal(fate.P10), decimal(fate.P90))
}

func TestAResultOfAnotherModelHasNoBandThatIsNotItsOwn(t *testing.T) {
	d := assessed(t, sampleAnswers)
	d.Result.ModelVersion = "open-halo-0.9.0"
	pages := onPaper(t, rendered(t, sharedRenderer(), d)).pages(t)
	if strings.Contains(pages[2], "band of the model's own error") {
		t.Error("the running model's band is drawn around the curve of another model")
	}
	inOrder(t, pages[7], "open-halo-0.9.0")
	d = assessed(t, bestHabits)
	d.Result.ModelVersion = "open-halo-0.9.0"
	if pages := onPaper(t, rendered(t, sharedRenderer(), d)).pages(t); strings.Contains(pages[4]+pages[5], "Smoking") {
		t.Error("the running model's figures of worse habits stand beside the result of another model")
	}
}

func TestOutOfPocketCostsStandByAge(t *testing.T) {
	d := assessed(t, sampleAnswers)
	page := samplePage(t, 4)
	cost := d.Result.OutOfPocket
	inOrder(t, page, dollars(cost.LifetimeToday), dollars(cost.LifetimeFuture), dollars(cost.RetirementToday),
		dollars(cost.RetirementFuture), "By age")
	_, table, _ := strings.Cut(page, "Expected years")
	for _, band := range cost.Bands {
		if band.Years == 0 {
			continue
		}
		inOrder(t, table, fmt.Sprintf("%s %s %s %s %s", bandLabel(band.Band), dollars(band.Annual), decimal(band.Years),
			dollars(band.TotalToday), dollars(band.TotalFuture)))
	}
	inOrder(t, table, "Lifetime", dollars(cost.LifetimeToday), dollars(cost.LifetimeFuture), dollars(cost.LifetimeTodayP10),
		dollars(cost.LifetimeTodayP50), dollars(cost.LifetimeTodayP90))
	if strings.Contains(page, "_") {
		t.Error("a band is printed by its key")
	}
}

func TestYearsLostComparesEveryCombination(t *testing.T) {
	d := assessed(t, sampleAnswers)
	page := samplePage(t, 5)
	r, m := d.Result, d.Result.LifestyleMatrix
	inOrder(t, page, years(r.Healthspan.YearsLost), age(r.Longevity.LifeExpectancyAge), age(r.Healthspan.OptimalLifeExpectancyAge))
	_, table, _ := strings.Cut(page, "Years to come")
	rows := []string{fmt.Sprintf("As you answered %s", decimal(r.Longevity.LifeExpectancyYears))}
	for label, l := range map[string]struct{ life, active, assisted, lost, pocket, care float64 }{
		"Exercise": {m.Exerciser.LifeExpectancy, m.Exerciser.ActiveWorkingYears + m.Exerciser.ActiveRetirementYears,
			m.Exerciser.AssistedYears, m.Exerciser.YearsLost, m.Exerciser.OutOfPocketToday, m.Exerciser.CareToday},
		"No smoking, ideal weight": {m.NonSmokerIdealBMI.LifeExpectancy,
			m.NonSmokerIdealBMI.ActiveWorkingYears + m.NonSmokerIdealBMI.ActiveRetirementYears, m.NonSmokerIdealBMI.AssistedYears,
			m.NonSmokerIdealBMI.YearsLost, m.NonSmokerIdealBMI.OutOfPocketToday, m.NonSmokerIdealBMI.CareToday},
	} {
		rows = append(rows, fmt.Sprintf("%s %s %s %s %s %s %s", label, decimal(l.life), decimal(l.active), decimal(l.assisted),
			decimal(l.lost), dollars(l.pocket), dollars(l.care)))
	}
	for _, row := range rows {
		inOrder(t, table, row)
	}
	inOrder(t, table, "No smoking "+decimal(m.NonSmoker.LifeExpectancy), "Ideal weight "+decimal(m.IdealBMI.LifeExpectancy),
		"Exercise, no smoking "+decimal(m.ExerciserNonSmoker.LifeExpectancy),
		"Exercise, ideal weight "+decimal(m.ExerciserIdealBMI.LifeExpectancy),
		"All three "+decimal(m.ExerciserNonSmokerIdealBMI.LifeExpectancy))
}

func TestCareCostsSayThatFamiliesPayAPart(t *testing.T) {
	d := assessed(t, sampleAnswers)
	page := samplePage(t, 7)
	care := d.Result.Care
	inOrder(t, page, "Colorado", "Prices of 2026", dollars(care.ExpectedTotalToday), percent(care.ProbNeed),
		years(care.YearsIfNeeded), dollars(care.ExpectedTotalFuture), "The price of a year",
		dollars(care.Settings.HomeCare.Annual), dollars(care.Settings.AdultDay.Annual),
		dollars(care.Settings.AssistedLiving.Annual), dollars(care.Settings.NursingSemi.Annual),
		dollars(care.Settings.NursingPrivate.Annual), "Part of the time",
		"Care at home 60% "+decimal(care.Settings.HomeCare.ExpectedYears)+" "+dollars(care.Settings.HomeCare.ExpectedTotalToday)+
			" "+dollars(care.Settings.HomeCare.IfAllYearsToday),
		"Assisted living 15%", "shared room 25%", dollars(care.Settings.NursingPrivate.IfAllYearsToday),
		"Half need no more than "+decimal(care.YearsP50)+" "+dollars(care.TotalTodayP50),
		"Three in four need no more than "+decimal(care.YearsP75)+" "+dollars(care.TotalTodayP75),
		"Nine in ten need no more than "+decimal(care.YearsP90)+" "+dollars(care.TotalTodayP90),
		"Nineteen in twenty need no more than "+decimal(care.YearsP95)+" "+dollars(care.TotalTodayP95),
		"Every assisted year is priced here at full private cost", "families pay about 37%", "ASPE 2022")
}

func TestTheSummaryIsStampedAndDisclaimed(t *testing.T) {
	d := assessed(t, sampleAnswers)
	page := samplePage(t, 8)
	r := d.Result
	inOrder(t, page, "Retirement age 66", "timeline "+age(r.Healthspan.AssistedFromAge),
		"Life expectancy "+age(r.Longevity.LifeExpectancyAge), dollars(r.Total.Today), dollars(r.Total.Future),
		"not medical advice", "not actuarial advice", "Model version "+r.ModelVersion, "Data (SHA-256) "+r.DataSHA256,
		"Valuation year 2026")
}

func TestNothingThatCannotConcernThePersonIsPrinted(t *testing.T) {
	old := onPaper(t, rendered(t, sharedRenderer(), assessed(t, `{"sex": "male", "age": 84, "serious_illness": false}`))).pages(t)
	for page, words := range map[int][]string{
		1: {"0.0 years working", "is 0.0%"}, 4: {"To 18", "19\u201364", "75\u201379"}, 5: {"Active, working"}, 8: {"Retirement age"},
	} {
		for _, word := range words {
			if strings.Contains(old[page-1], word) {
				t.Errorf("page %d says %q to a man of 84: %s", page, word, old[page-1])
			}
		}
	}
	inOrder(t, old[3], "80\u201384", "85 and over", "Lifetime")
	inOrder(t, samplePage(t, 4), "19\u201364", "65\u201369")
	if strings.Contains(samplePage(t, 4), "To 18") {
		t.Error("a woman of 52 is told what a child costs")
	}
}
