package halo

// MarshalJSON writes the fields of the view's form and no others.
func (b Browser) MarshalJSON() ([]byte, error) { return b.AppendJSON(nil), nil }

// AppendJSON appends what MarshalJSON returns.
func (b *Browser) AppendJSON(dst []byte) []byte {
	d := document(dst)
	d, done := d.head(b.Status, b.Reason, b.Errors)
	if done {
		return d
	}
	d = d.text(`,"life_expectancy_age":`).number(b.LifeExpectancyAge)
	d = d.text(`,"prob_90_pct":`).number(b.Prob90Pct).text(`,"prob_95_pct":`).number(b.Prob95Pct)
	d = d.text(`,"prob_100_pct":`).number(b.Prob100Pct)
	d = d.text(`,"active_working_years":`).number(b.ActiveWorkingYears)
	d = d.text(`,"active_retirement_years":`).number(b.ActiveRetirementYears)
	d = d.text(`,"assisted_years":`).number(b.AssistedYears).text(`,"years_lost":`).number(b.YearsLost)
	d = d.text(`,"tips":[`)
	for i, t := range b.Tips {
		d = d.comma(i).text(`{"id":`).string(t.ID).text(`,"years_gained":`).number(t.YearsGained).text("}")
	}
	return d.text("]}")
}

// MarshalJSON writes the fields of the result's form and no others.
func (h HouseholdResult) MarshalJSON() ([]byte, error) { return h.AppendJSON(nil), nil }

// AppendJSON appends what MarshalJSON returns.
func (h *HouseholdResult) AppendJSON(dst []byte) []byte {
	d := document(dst)
	if h.Status == StatusError {
		return d.personErrors(h.Errors)
	}
	d, done := d.head(h.Status, h.Reason, nil)
	if done {
		return d
	}
	if h.hidden {
		return d.text("}")
	}
	d = d.text(`,"expected_years_both_alive":`).number(h.ExpectedYearsBothAlive)
	d = d.text(`,"expected_years_at_least_one":`).number(h.ExpectedYearsAtLeastOne)
	d = d.text(`,"median_years_to_last_death":`).number(h.MedianYearsToLastDeath)
	d = d.text(`,"prob_either_reaches":{"90":`).number(h.ProbEitherReaches.Age90)
	d = d.text(`,"95":`).number(h.ProbEitherReaches.Age95).text(`,"100":`).number(h.ProbEitherReaches.Age100)
	d = d.text(`},"horizon":[`)
	for i, at := range h.Horizon {
		d = d.comma(i).text(`{"years":`).integer(at.Years).text(`,"both":`).number(at.Both)
		d = d.text(`,"at_least_one":`).number(at.AtLeastOne).text("}")
	}
	d = d.text(`],"out_of_pocket_today":`).number(h.OutOfPocketToday).text(`,"care_today":`).number(h.CareToday)
	return d.text(`,"total_today":`).number(h.TotalToday).text(`,"total_future":`).number(h.TotalFuture).text("}")
}

func (d document) personErrors(errors []PersonError) document {
	d = d.text(`{"status":`).string(StatusError).text(`,"model_version":`).string(ModelVersion).text(`,"errors":[`)
	for i, e := range errors {
		d = d.comma(i).text(`{"person":`).string(e.Person).text(`,"field":`).string(e.Field)
		d = d.text(`,"code":`).string(e.Code).text("}")
	}
	return d.text("]}")
}
