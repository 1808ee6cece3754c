package halo

// Assess computes the result of a profile. Its Status is StatusOK, or
// StatusNotApplicable for a person with a serious illness. (The zero Profile,
// which answers nothing, gives StatusError.)
func Assess(p Profile) Result {
	r, _ := assess(&p)
	return r
}

// refused is the result of a profile that is not to be computed, if so.
func refused(p *Profile) (Result, bool) {
	switch {
	case !p.has(questionAge):
		_, errors := (&rawSheet{}).check(minYear)
		return Invalid(errors), true
	case p.SeriousIllness():
		return Result{Status: StatusNotApplicable, ModelVersion: ModelVersion, Reason: reasonSeriousIllness}, true
	}
	return Result{}, false
}

// lists holds the variable parts of a result in one piece of memory.
type lists struct {
	bmi      float64
	survival [(110-minAge)/5 + 1]SurvivalAt
	tips     [habits]Tip
	topics   [familyRows]string
}

// assess computes a result and the survival curve behind it.
func assess(p *Profile) (Result, years) {
	if r, stop := refused(p); stop {
		return r, years{}
	}
	m := defaultModel()
	var w person
	w.begin(m, p)
	bands := w.addCosts(p)

	var hazard, odds, alive years
	w.effects(w.own, &hazard, &odds)
	now := w.course(&hazard, &odds, &alive)
	w.remember(w.own, now)

	held := new(lists)
	r := Result{Status: StatusOK, ModelVersion: ModelVersion, DataSHA256: m.sha256, ValuationYear: p.ValuationYear()}
	if bmi, known := p.bmi(); known {
		held.bmi = bmi
		r.BMI = &held.bmi
	}
	r.Longevity = w.longevity(p, held, &hazard, &alive, now.alive)
	r.Healthspan = w.healthspan(p, &now)
	r.OutOfPocket = w.outOfPocket(bands, &alive, &r.Longevity.DeathAge)
	r.Care = w.care(p, &alive, &odds, now.assisted)
	r.Total = Total{r.OutOfPocket.LifetimeToday + r.Care.ExpectedTotalToday,
		r.OutOfPocket.LifetimeFuture + r.Care.ExpectedTotalFuture}
	r.LifestyleMatrix = w.matrix(r.Care.BlendedAnnual)
	r.Tips = w.tips(held.tips[:0], &now)
	r.PreventionTopics = preventionTopics(held.topics[:0], p)
	return r, alive
}

// longevity reads the survival curve.
func (w *person) longevity(p *Profile, held *lists, hazard, alive *years, expectancy float64) Longevity {
	age := float64(w.age)
	average := w.model.average(w.sex, p.ValuationYear())
	l := Longevity{
		LifeExpectancyYears: expectancy, LifeExpectancyAge: age + expectancy,
		AveragePersonYears: average[w.age-minAge], LongevityAge: sameLifeExpectancy(average, expectancy),
		Prob90: w.reaches(90, alive), Prob95: w.reaches(95, alive), Prob100: w.reaches(100, alive),
	}
	l.DeathAge = DeathAge{P10: w.deathAge(.1, alive), P25: w.deathAge(.25, alive), P50: w.deathAge(.5, alive),
		P75: w.deathAge(.75, alive), P90: w.deathAge(.9, alive)}
	var band years
	l.ModelRangeLowAge = age + w.survival(hazard, worseModel, &band)
	l.ModelRangeHighAge = age + w.survival(hazard, betterModel, &band)
	l.SurvivalBy5Y = held.survival[:0]
	for a := w.age/5*5 + 5; a <= 110; a += 5 {
		l.SurvivalBy5Y = append(l.SurvivalBy5Y, SurvivalAt{a, alive[a-w.age]})
	}
	return l
}

// reaches is the chance of reaching an age.
func (w *person) reaches(age int, alive *years) float64 {
	if age <= w.age {
		return 1
	}
	return alive[age-w.age]
}

// deathAge is a quantile of the age at death.
func (w *person) deathAge(u float64, alive *years) float64 {
	t := 0
	for alive[t+1] > 1-u {
		t++
	}
	return float64(w.age+t) + (alive[t]-(1-u))/(alive[t]-alive[t+1])
}

// healthspan splits the years to come.
func (w *person) healthspan(p *Profile, now *life) Healthspan {
	optimal := w.live(w.best)
	return Healthspan{
		ActiveWorkingYears: now.working, ActiveRetirementYears: now.retired, AssistedYears: now.assisted,
		YearsLost:                max(0, optimal.alive-now.alive),
		AssistedFromAge:          float64(w.age) + now.alive - now.assisted,
		RetirementAge:            p.retirementAge(),
		OptimalLifeExpectancyAge: float64(w.age) + optimal.alive,
	}
}

// SurvivalCurve is the chance of reaching every whole age from today's to 120,
// with the band of the model's own error, for charts. It is empty when the
// model does not apply. It is no part of the result document.
func SurvivalCurve(p Profile) []SurvivalPoint {
	if _, stop := refused(&p); stop {
		return nil
	}
	var w person
	w.begin(defaultModel(), &p)
	var hazard, odds, alive, low, high years
	w.effects(w.own, &hazard, &odds)
	w.survival(&hazard, 1, &alive)
	w.survival(&hazard, worseModel, &low)
	w.survival(&hazard, betterModel, &high)
	points := make([]SurvivalPoint, w.years+1)
	for t := range points {
		points[t] = SurvivalPoint{w.age + t, alive[t], low[t], high[t]}
	}
	return points
}
