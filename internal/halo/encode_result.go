package halo

import "slices"

// MarshalJSON writes the result document of the specification: the fields of
// the result's form and no others, numbers unrounded.
func (r Result) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// AppendJSON appends what MarshalJSON returns.
func (r *Result) AppendJSON(dst []byte) []byte {
	d, done := document(slices.Grow(dst, resultRoom)).head(r.Status, r.Reason, r.Errors)
	if done {
		return d
	}
	d = d.text(`,"data_sha256":`).string(r.DataSHA256).text(`,"valuation_year":`).integer(r.ValuationYear).text(`,"bmi":`)
	if r.BMI == nil {
		d = d.text("null")
	} else {
		d = d.number(*r.BMI)
	}
	var own ownTexts
	d = d.longevity(&r.Longevity, &own).healthspan(&r.Healthspan, &own).matrix(&r.LifestyleMatrix, &own).text(`,"tips":[`)
	for i, t := range r.Tips {
		d = d.comma(i).text(`{"id":`).string(t.ID).text(`,"years_gained":`).number(t.YearsGained)
		d = d.text(`,"active_years_gained":`).number(t.ActiveYearsGained).text("}")
	}
	d = d.text(`],"prevention_topics":[`)
	for i, topic := range r.PreventionTopics {
		d = d.comma(i).string(topic)
	}
	d = d.text("]").outOfPocket(&r.OutOfPocket).care(&r.Care)
	return d.text(`,"total":{"today":`).number(r.Total.Today).text(`,"future":`).number(r.Total.Future).text("}}")
}

// resultRoom is how many bytes a long result takes.
const resultRoom = 7 << 10

// document is JSON in the making. Its methods return it with something more, to
// be chained: so it stays in registers.
type document []byte

func (d document) text(s string) document    { return append(d, s...) }
func (d document) string(s string) document  { return appendString(d, s) }
func (d document) number(v float64) document { return appendNumber(d, v) }
func (d document) integer(v int) document    { return appendNumber(d, float64(v)) }

// noted is a number that may come again, and where its text is.
type noted struct {
	value    float64
	from, to int
}

// note appends a number that may come again.
func (d document) note(v float64, n *noted) document {
	n.value, n.from = v, len(d)
	d = d.number(v)
	n.to = len(d)
	return d
}

// again appends a number that may be the noted one: to copy its text costs a
// quarter of finding its digits.
func (d document) again(v float64, n *noted) document {
	if v != n.value {
		return d.number(v)
	}
	return append(d, d[n.from:n.to]...)
}

// ownTexts are the numbers of a person's own life that the lifestyle matrix has
// again where the habits could be no better.
type ownTexts struct{ expectancy, expectancyAge, working, retired, assisted noted }

// comma separates entry i from the one before it.
func (d document) comma(i int) document {
	if i > 0 {
		return append(d, ',')
	}
	return d
}

// head opens the document; done says that it is complete, as it is for a result
// without numbers.
func (d document) head(status, reason string, errors []FieldError) (_ document, done bool) {
	d = d.text(`{"status":`).string(status).text(`,"model_version":`).string(ModelVersion)
	switch status {
	case StatusOK:
		return d, false
	case StatusError:
		d = d.text(`,"errors":[`)
		for i, e := range errors {
			d = d.comma(i).text(`{"field":`).string(e.Field).text(`,"code":`).string(e.Code).text("}")
		}
		return d.text("]}"), true
	default:
		return d.text(`,"reason":`).string(reason).text("}"), true
	}
}

func (d document) longevity(l *Longevity, own *ownTexts) document {
	d = d.text(`,"longevity":{"life_expectancy_years":`).note(l.LifeExpectancyYears, &own.expectancy)
	d = d.text(`,"life_expectancy_age":`).note(l.LifeExpectancyAge, &own.expectancyAge)
	d = d.text(`,"average_person_years":`).number(l.AveragePersonYears)
	d = d.text(`,"longevity_age":`).number(l.LongevityAge)
	d = d.text(`,"death_age":{"p10":`).number(l.DeathAge.P10).text(`,"p25":`).number(l.DeathAge.P25)
	d = d.text(`,"p50":`).number(l.DeathAge.P50).text(`,"p75":`).number(l.DeathAge.P75)
	d = d.text(`,"p90":`).number(l.DeathAge.P90)
	var at90, at95, at100 noted // which are points of the curve, too
	d = d.text(`},"prob_90":`).note(l.Prob90, &at90).text(`,"prob_95":`).note(l.Prob95, &at95)
	d = d.text(`,"prob_100":`).note(l.Prob100, &at100)
	d = d.text(`,"model_range_low_age":`).number(l.ModelRangeLowAge)
	d = d.text(`,"model_range_high_age":`).number(l.ModelRangeHighAge).text(`,"survival_by_5y":[`)
	for i, s := range l.SurvivalBy5Y {
		d = d.comma(i).text(`{"age":`).integer(s.Age).text(`,"p":`)
		switch s.Age {
		case 90:
			d = d.again(s.P, &at90)
		case 95:
			d = d.again(s.P, &at95)
		case 100:
			d = d.again(s.P, &at100)
		default:
			d = d.number(s.P)
		}
		d = d.text("}")
	}
	return d.text("]}")
}

func (d document) healthspan(h *Healthspan, own *ownTexts) document {
	d = d.text(`,"healthspan":{"active_working_years":`).note(h.ActiveWorkingYears, &own.working)
	d = d.text(`,"active_retirement_years":`).note(h.ActiveRetirementYears, &own.retired)
	d = d.text(`,"assisted_years":`).note(h.AssistedYears, &own.assisted)
	d = d.text(`,"years_lost":`).number(h.YearsLost)
	d = d.text(`,"assisted_from_age":`).number(h.AssistedFromAge)
	d = d.text(`,"retirement_age":`).integer(h.RetirementAge)
	return d.text(`,"optimal_life_expectancy_age":`).again(h.OptimalLifeExpectancyAge, &own.expectancyAge).text("}")
}

// matrix writes the lifestyle matrix. Habits that cannot improve make several
// cells the same; such a cell is copied from the one before it.
func (d document) matrix(m *LifestyleMatrix, own *ownTexts) document {
	cells := [...]struct {
		name string
		of   *Lifestyle
	}{
		{`,"lifestyle_matrix":{"exerciser":`, &m.Exerciser},
		{`,"non_smoker":`, &m.NonSmoker},
		{`,"ideal_bmi":`, &m.IdealBMI},
		{`,"exerciser_non_smoker":`, &m.ExerciserNonSmoker},
		{`,"exerciser_ideal_bmi":`, &m.ExerciserIdealBMI},
		{`,"non_smoker_ideal_bmi":`, &m.NonSmokerIdealBMI},
		{`,"exerciser_non_smoker_ideal_bmi":`, &m.ExerciserNonSmokerIdealBMI},
	}
	var from, to [len(cells)]int
	for i, c := range cells {
		d = d.text(c.name)
		from[i] = len(d)
		same := 0
		for same < i && *cells[same].of != *c.of {
			same++
		}
		if same < i {
			d = append(d, d[from[same]:to[same]]...)
		} else {
			d = d.lifestyle(c.of, own)
		}
		to[i] = len(d)
	}
	return d.text("}")
}

func (d document) lifestyle(l *Lifestyle, own *ownTexts) document {
	d = d.text(`{"life_expectancy":`).again(l.LifeExpectancy, &own.expectancy)
	d = d.text(`,"active_working_years":`).again(l.ActiveWorkingYears, &own.working)
	d = d.text(`,"active_retirement_years":`).again(l.ActiveRetirementYears, &own.retired)
	d = d.text(`,"assisted_years":`).again(l.AssistedYears, &own.assisted)
	d = d.text(`,"years_lost":`).number(l.YearsLost)
	d = d.text(`,"out_of_pocket_today":`).number(l.OutOfPocketToday)
	return d.text(`,"care_today":`).number(l.CareToday).text("}")
}

func (d document) outOfPocket(o *OutOfPocket) document {
	d = d.text(`,"out_of_pocket":{"bands":[`)
	for i := range o.Bands {
		b := &o.Bands[i]
		d = d.comma(i).text(`{"band":`).string(b.Band).text(`,"annual":`).number(b.Annual).text(`,"years":`).number(b.Years)
		d = d.text(`,"total_today":`).number(b.TotalToday).text(`,"total_future":`).number(b.TotalFuture).text("}")
	}
	d = d.text(`],"lifetime_today":`).number(o.LifetimeToday).text(`,"lifetime_future":`).number(o.LifetimeFuture)
	d = d.text(`,"retirement_today":`).number(o.RetirementToday)
	d = d.text(`,"retirement_future":`).number(o.RetirementFuture)
	d = d.text(`,"lifetime_today_p10":`).number(o.LifetimeTodayP10)
	d = d.text(`,"lifetime_today_p50":`).number(o.LifetimeTodayP50)
	return d.text(`,"lifetime_today_p90":`).number(o.LifetimeTodayP90).text("}")
}

func (d document) care(c *Care) document {
	d = d.text(`,"care":{"state":`).string(c.State)
	d = d.text(`,"settings":{"home_care":`).setting(&c.Settings.HomeCare)
	d = d.text(`,"adult_day":`).setting(&c.Settings.AdultDay)
	d = d.text(`,"assisted_living":`).setting(&c.Settings.AssistedLiving)
	d = d.text(`,"nursing_semi":`).setting(&c.Settings.NursingSemi)
	d = d.text(`,"nursing_private":`).setting(&c.Settings.NursingPrivate)
	d = d.text(`},"blended_annual":`).number(c.BlendedAnnual)
	d = d.text(`,"expected_total_today":`).number(c.ExpectedTotalToday)
	d = d.text(`,"expected_total_future":`).number(c.ExpectedTotalFuture)
	d = d.text(`,"prob_need":`).number(c.ProbNeed).text(`,"years_if_needed":`).number(c.YearsIfNeeded)
	d = d.text(`,"years_p50":`).number(c.YearsP50).text(`,"years_p75":`).number(c.YearsP75)
	d = d.text(`,"years_p90":`).number(c.YearsP90).text(`,"years_p95":`).number(c.YearsP95)
	d = d.text(`,"total_today_p50":`).number(c.TotalTodayP50).text(`,"total_today_p75":`).number(c.TotalTodayP75)
	return d.text(`,"total_today_p90":`).number(c.TotalTodayP90).text(`,"total_today_p95":`).number(c.TotalTodayP95).text("}")
}

func (d document) setting(s *CareSetting) document {
	d = d.text(`{"annual":`).number(s.Annual).text(`,"share":`).number(s.Share)
	d = d.text(`,"expected_years":`).number(s.ExpectedYears)
	d = d.text(`,"expected_total_today":`).number(s.ExpectedTotalToday)
	return d.text(`,"if_all_years_today":`).number(s.IfAllYearsToday).text("}")
}
