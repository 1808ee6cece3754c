package halo

// MarshalJSON writes the fields of the view's form and no others.
func (b Browser) MarshalJSON() ([]byte, error) { return b.AppendJSON(nil), nil }

// AppendJSON appends what MarshalJSON returns.
func (b *Browser) AppendJSON(dst []byte) []byte {
	d := document(dst)
	if done := d.head(b.Status, b.Reason, b.Errors); done {
		return d
	}
	d.text(`,"life_expectancy_age":`).number(b.LifeExpectancyAge)
	d.text(`,"prob_90_pct":`).number(b.Prob90Pct).text(`,"prob_95_pct":`).number(b.Prob95Pct)
	d.text(`,"prob_100_pct":`).number(b.Prob100Pct)
	d.text(`,"active_working_years":`).number(b.ActiveWorkingYears)
	d.text(`,"active_retirement_years":`).number(b.ActiveRetirementYears)
	d.text(`,"assisted_years":`).number(b.AssistedYears).text(`,"years_lost":`).number(b.YearsLost)
	d.text(`,"tips":[`)
	for i, t := range b.Tips {
		d.comma(i).text(`{"id":`).string(t.ID).text(`,"years_gained":`).number(t.YearsGained).text("}")
	}
	d.text("]}")
	return d
}

// MarshalJSON writes the fields of the result's form and no others.
func (h HouseholdResult) MarshalJSON() ([]byte, error) { return h.AppendJSON(nil), nil }

// AppendJSON appends what MarshalJSON returns.
func (h *HouseholdResult) AppendJSON(dst []byte) []byte {
	d := document(dst)
	if h.Status == StatusError {
		d.personErrors(h.Errors)
		return d
	}
	if done := d.head(h.Status, h.Reason, nil); done {
		return d
	}
	if h.hidden {
		d.text("}")
		return d
	}
	d.text(`,"expected_years_both_alive":`).number(h.ExpectedYearsBothAlive)
	d.text(`,"expected_years_at_least_one":`).number(h.ExpectedYearsAtLeastOne)
	d.text(`,"median_years_to_last_death":`).number(h.MedianYearsToLastDeath)
	d.text(`,"prob_either_reaches":{"90":`).number(h.ProbEitherReaches.Age90)
	d.text(`,"95":`).number(h.ProbEitherReaches.Age95).text(`,"100":`).number(h.ProbEitherReaches.Age100)
	d.text(`},"horizon":[`)
	for i, at := range h.Horizon {
		d.comma(i).text(`{"years":`).integer(at.Years).text(`,"both":`).number(at.Both)
		d.text(`,"at_least_one":`).number(at.AtLeastOne).text("}")
	}
	d.text(`],"out_of_pocket_today":`).number(h.OutOfPocketToday).text(`,"care_today":`).number(h.CareToday)
	d.text(`,"total_today":`).number(h.TotalToday).text(`,"total_future":`).number(h.TotalFuture).text("}")
	return d
}

func (d *document) personErrors(errors []PersonError) {
	d.text(`{"status":`).string(StatusError).text(`,"model_version":`).string(ModelVersion).text(`,"errors":[`)
	for i, e := range errors {
		d.comma(i).text(`{"person":`).string(e.Person).text(`,"field":`).string(e.Field)
		d.text(`,"code":`).string(e.Code).text("}")
	}
	d.text("]}")
}
