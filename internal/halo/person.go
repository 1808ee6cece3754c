package halo

import "math"

// begin sets a profile against its cohort. The person is large: its owner
// keeps it on the stack.
func (w *person) begin(m *model, p *Profile) {
	w.model = m
	w.cohort = m.cohort(p.integer(questionSex), p.Age(), p.ValuationYear())
	w.toWork = max(0, p.retirementAge()-w.age)
	for t := range w.years {
		w.hazard[t], w.odds[t] = 1, 1
	}
	w.addHabits(p)
	w.addConditions(p)
	w.addFamily(p)
	if p.has(questionEthnicity) {
		w.apply(factorEthnicity, ethnicityUnity)
	}
	multiply(w.hazardRows.of[:w.hazardRows.count], w.hazard[:w.years])
	multiply(w.oddsRows.of[:w.oddsRows.count], w.odds[:w.years])
	w.addEthnicity(p)
}

// addHabits sorts the answered habits into those that could be better and
// those that could not, which count like any other factor.
func (w *person) addHabits(p *Profile) {
	w.own = levels{unanswered, unanswered, unanswered, unanswered, unanswered}
	for i, question := range [...]int{
		factorSmoking: questionSmoking, factorActivity: questionActivity, factorDiet: questionDiet, factorAlcohol: questionAlcohol,
	} {
		if p.has(question) {
			w.own[i] = int8(p.integer(question))
		}
	}
	if bmi, known := p.bmi(); known {
		w.own[factorBMI] = int8(bmiLevel(bmi))
	}
	w.best = w.own
	for i, level := range w.own {
		if level == unanswered {
			continue
		}
		if w.best[i] = w.better(i, level); w.best[i] == level {
			w.apply(i, int(level))
			w.own[i], w.best[i] = unanswered, unanswered
		}
	}
}

// better is the level that a habit could have instead: the same one when a
// change would not lower the hazard.
func (w *person) better(habit int, own int8) int8 {
	var name string
	var goal int8
	switch habit {
	case factorSmoking:
		if own == smokingCurrent {
			return smokingNever
		}
		return own
	case factorActivity:
		name, goal = "activity", activityMeets
	case factorDiet:
		name, goal = "diet", dietHigh
	case factorAlcohol:
		name, goal = "alcohol", alcoholLight
	case factorBMI:
		name, goal = "bmi", bmiIdeal
	}
	hazard := w.model.factors[name].hazard[w.sex]
	if hazard[goal] < hazard[own] {
		return goal
	}
	return own
}

// apply applies a level of a factor that no habit changes.
func (w *person) apply(index, level int) {
	f := &w.factors[index]
	w.hazardRows.add(f.hazard[level])
	if f.odds != nil {
		w.oddsRows.add(f.odds[level])
	}
}

// addConditions applies the cardiometabolic conditions that were answered and a
// survived cancer.
func (w *person) addConditions(p *Profile) {
	set, level, bit := 0, 0, 1
	for i, question := range [...]int{questionDiabetes, questionHeartDisease, questionStroke} {
		if !p.has(question) {
			continue
		}
		set |= 1 << i
		if p.yes(question) {
			level |= bit
		}
		bit <<= 1
	}
	if set != 0 {
		w.apply(factorConditions+set, level)
	}
	w.addFlag(p, questionCancerSurvivor, factorSurvivor)
}

func (w *person) addFlag(p *Profile, question, index int) {
	if p.has(question) {
		w.apply(index, int(p.values[question]))
	}
}

// addFamily applies diseases, cancers and long lives in the family.
func (w *person) addFamily(p *Profile) {
	for i := range familyDiseases {
		w.addFlag(p, questionFamilyHeartDisease+i, factorFamily+i)
	}
	if p.has(questionFamilyCancers) {
		for i := range cancers {
			index := factorFamily + familyDiseases + i
			if w.factors[index].hazard != nil { // else it is the other sex's
				w.apply(index, int(p.cancers>>i&1))
			}
		}
	}
	if p.has(questionLongLivedRelatives) {
		w.apply(factorRelatives, min(p.integer(questionLongLivedRelatives), maxRelatives))
	}
}

// addEthnicity applies the mixture of the groups' hazards by share.
func (w *person) addEthnicity(p *Profile) {
	if !p.has(questionEthnicity) {
		return
	}
	log := 0.0
	for group, percent := range p.shares {
		log += percent / 100 * math.Log(w.model.factors["ethnicity"].hazard[w.sex][group])
	}
	weights := w.model.weight["ethnicity"][w.age-minAge:]
	weight, mixture := math.NaN(), 0.0
	for t := range w.years {
		if weights[t] != weight {
			weight = weights[t]
			mixture = math.Exp(weight * log)
		}
		w.hazard[t] *= mixture
	}
}
