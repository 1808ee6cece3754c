package halo

import "strconv"

// MarshalJSON writes the result document of the specification: the fields of
// the result's form and no others, numbers unrounded.
func (r Result) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// AppendJSON appends what MarshalJSON returns.
func (r *Result) AppendJSON(dst []byte) []byte {
	d := document(dst)
	if done := d.head(r.Status, r.Reason, r.Errors); done {
		return d
	}
	d.text(`,"data_sha256":`).string(r.DataSHA256).text(`,"valuation_year":`).integer(r.ValuationYear)
	if d.text(`,"bmi":`); r.BMI == nil {
		d.text("null")
	} else {
		d.number(*r.BMI)
	}
	d.longevity(&r.Longevity)
	d.healthspan(&r.Healthspan)
	d.matrix(&r.LifestyleMatrix)
	d.text(`,"tips":[`)
	for i, t := range r.Tips {
		d.comma(i).text(`{"id":`).string(t.ID).text(`,"years_gained":`).number(t.YearsGained)
		d.text(`,"active_years_gained":`).number(t.ActiveYearsGained).text("}")
	}
	d.text(`],"prevention_topics":[`)
	for i, topic := range r.PreventionTopics {
		d.comma(i).string(topic)
	}
	d.text("]")
	d.outOfPocket(&r.OutOfPocket)
	d.care(&r.Care)
	d.text(`,"total":{"today":`).number(r.Total.Today).text(`,"future":`).number(r.Total.Future).text("}}")
	return d
}

// document is JSON in the making. Its methods return it, to be chained.
type document []byte

func (d *document) text(s string) *document    { *d = append(*d, s...); return d }
func (d *document) string(s string) *document  { *d = appendString(*d, s); return d }
func (d *document) number(v float64) *document { *d = appendNumber(*d, v); return d }
func (d *document) integer(v int) *document    { *d = strconv.AppendInt(*d, int64(v), 10); return d }

// comma separates entry i from the one before it.
func (d *document) comma(i int) *document {
	if i > 0 {
		d.text(",")
	}
	return d
}

// head opens the document; done says that it is complete, as it is for a result
// without numbers.
func (d *document) head(status, reason string, errors []FieldError) (done bool) {
	d.text(`{"status":`).string(status).text(`,"model_version":`).string(ModelVersion)
	switch status {
	case StatusOK:
		return false
	case StatusError:
		d.text(`,"errors":[`)
		for i, e := range errors {
			d.comma(i).text(`{"field":`).string(e.Field).text(`,"code":`).string(e.Code).text("}")
		}
		d.text("]}")
	default:
		d.text(`,"reason":`).string(reason).text("}")
	}
	return true
}

func (d *document) longevity(l *Longevity) {
	d.text(`,"longevity":{"life_expectancy_years":`).number(l.LifeExpectancyYears)
	d.text(`,"life_expectancy_age":`).number(l.LifeExpectancyAge)
	d.text(`,"average_person_years":`).number(l.AveragePersonYears)
	d.text(`,"longevity_age":`).number(l.LongevityAge)
	d.text(`,"death_age":{"p10":`).number(l.DeathAge.P10).text(`,"p25":`).number(l.DeathAge.P25)
	d.text(`,"p50":`).number(l.DeathAge.P50).text(`,"p75":`).number(l.DeathAge.P75)
	d.text(`,"p90":`).number(l.DeathAge.P90)
	d.text(`},"prob_90":`).number(l.Prob90).text(`,"prob_95":`).number(l.Prob95).text(`,"prob_100":`).number(l.Prob100)
	d.text(`,"model_range_low_age":`).number(l.ModelRangeLowAge)
	d.text(`,"model_range_high_age":`).number(l.ModelRangeHighAge).text(`,"survival_by_5y":[`)
	for i, s := range l.SurvivalBy5Y {
		d.comma(i).text(`{"age":`).integer(s.Age).text(`,"p":`).number(s.P).text("}")
	}
	d.text("]}")
}

func (d *document) healthspan(h *Healthspan) {
	d.text(`,"healthspan":{"active_working_years":`).number(h.ActiveWorkingYears)
	d.text(`,"active_retirement_years":`).number(h.ActiveRetirementYears)
	d.text(`,"assisted_years":`).number(h.AssistedYears)
	d.text(`,"years_lost":`).number(h.YearsLost)
	d.text(`,"assisted_from_age":`).number(h.AssistedFromAge)
	d.text(`,"retirement_age":`).integer(h.RetirementAge)
	d.text(`,"optimal_life_expectancy_age":`).number(h.OptimalLifeExpectancyAge).text("}")
}

// matrix writes the lifestyle matrix. Habits that cannot improve make several
// cells the same; such a cell is copied from the one before it.
func (d *document) matrix(m *LifestyleMatrix) {
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
		d.text(c.name)
		from[i] = len(*d)
		same := 0
		for same < i && *cells[same].of != *c.of {
			same++
		}
		if same < i {
			*d = append(*d, (*d)[from[same]:to[same]]...)
		} else {
			d.lifestyle(c.of)
		}
		to[i] = len(*d)
	}
	d.text("}")
}

func (d *document) lifestyle(l *Lifestyle) *document {
	d.text(`{"life_expectancy":`).number(l.LifeExpectancy)
	d.text(`,"active_working_years":`).number(l.ActiveWorkingYears)
	d.text(`,"active_retirement_years":`).number(l.ActiveRetirementYears)
	d.text(`,"assisted_years":`).number(l.AssistedYears)
	d.text(`,"years_lost":`).number(l.YearsLost)
	d.text(`,"out_of_pocket_today":`).number(l.OutOfPocketToday)
	return d.text(`,"care_today":`).number(l.CareToday).text("}")
}

func (d *document) outOfPocket(o *OutOfPocket) {
	d.text(`,"out_of_pocket":{"bands":[`)
	for i := range o.Bands {
		b := &o.Bands[i]
		d.comma(i).text(`{"band":`).string(b.Band).text(`,"annual":`).number(b.Annual).text(`,"years":`).number(b.Years)
		d.text(`,"total_today":`).number(b.TotalToday).text(`,"total_future":`).number(b.TotalFuture).text("}")
	}
	d.text(`],"lifetime_today":`).number(o.LifetimeToday).text(`,"lifetime_future":`).number(o.LifetimeFuture)
	d.text(`,"retirement_today":`).number(o.RetirementToday)
	d.text(`,"retirement_future":`).number(o.RetirementFuture)
	d.text(`,"lifetime_today_p10":`).number(o.LifetimeTodayP10)
	d.text(`,"lifetime_today_p50":`).number(o.LifetimeTodayP50)
	d.text(`,"lifetime_today_p90":`).number(o.LifetimeTodayP90).text("}")
}

func (d *document) care(c *Care) {
	d.text(`,"care":{"state":`).string(c.State)
	d.text(`,"settings":{"home_care":`).setting(&c.Settings.HomeCare)
	d.text(`,"adult_day":`).setting(&c.Settings.AdultDay)
	d.text(`,"assisted_living":`).setting(&c.Settings.AssistedLiving)
	d.text(`,"nursing_semi":`).setting(&c.Settings.NursingSemi)
	d.text(`,"nursing_private":`).setting(&c.Settings.NursingPrivate)
	d.text(`},"blended_annual":`).number(c.BlendedAnnual)
	d.text(`,"expected_total_today":`).number(c.ExpectedTotalToday)
	d.text(`,"expected_total_future":`).number(c.ExpectedTotalFuture)
	d.text(`,"prob_need":`).number(c.ProbNeed).text(`,"years_if_needed":`).number(c.YearsIfNeeded)
	d.text(`,"years_p50":`).number(c.YearsP50).text(`,"years_p75":`).number(c.YearsP75)
	d.text(`,"years_p90":`).number(c.YearsP90).text(`,"years_p95":`).number(c.YearsP95)
	d.text(`,"total_today_p50":`).number(c.TotalTodayP50).text(`,"total_today_p75":`).number(c.TotalTodayP75)
	d.text(`,"total_today_p90":`).number(c.TotalTodayP90).text(`,"total_today_p95":`).number(c.TotalTodayP95).text("}")
}

func (d *document) setting(s *CareSetting) {
	d.text(`{"annual":`).number(s.Annual).text(`,"share":`).number(s.Share)
	d.text(`,"expected_years":`).number(s.ExpectedYears)
	d.text(`,"expected_total_today":`).number(s.ExpectedTotalToday)
	d.text(`,"if_all_years_today":`).number(s.IfAllYearsToday).text("}")
}
