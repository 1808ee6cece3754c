package halo

import "math"

// maxYears is how many years the longest life table spans: from 18 to 119.
const maxYears = tableAges

// negligible is the sum of shares below which a population has died out and
// its make-up starts again.
const negligible = 1e-300

// cohort holds all that depends on sex, age and valuation year but not on the
// person: the base mortality and, for every factor, what each level does to
// hazard and odds relative to the population of survivors. It is never changed.
type cohort struct {
	sex, age int
	years    int       // years of the life table: 120 - age
	survive  []float64 // ln(1-q0(t))
	factors  [factorCount]factor
}

// factor is one factor's effect by level and year: relative hazard h/M and
// relative odds o/N. Odds is nil when the factor has none.
type factor struct {
	hazard, odds [][]float64
}

// newCohort computes a cohort.
func newCohort(t *tables, sex, age, year int) *cohort {
	c := &cohort{sex: sex, age: age, years: lastAge + 1 - age}
	c.survive = make([]float64, c.years)
	for i := range c.survive {
		c.survive[i] = math.Log1p(-t.death(sex, age+i, year+i))
	}
	c.addLevels(t, factorActivity, "activity")
	c.addLevels(t, factorDiet, "diet")
	c.addLevels(t, factorAlcohol, "alcohol")
	c.addLevels(t, factorBMI, "bmi")
	c.addLevels(t, factorRelatives, "long_lived_relatives")
	c.addLevels(t, factorEthnicity, "ethnicity")
	c.addSmoking(t)
	survivor := t.factors["cancer_survivor"]
	c.addFlag(factorSurvivor, &t.survivor[sex], &survivor.power[sex][1], survivor.odds[sex][1])
	for i := range t.family {
		if row := &t.family[i]; row.applies[sex] {
			c.addFlag(factorFamily+i, &row.share, &row.power, row.odds)
		}
	}
	for set := 1; set < conditionSets; set++ {
		c.addConditions(t, set)
	}
	return c
}

// death is the chance of the average person to die within the year that starts
// at an age, in a calendar year.
func (t *tables) death(sex, age, year int) float64 {
	i := age - minAge
	return t.mortality[sex][i] * math.Pow(1-t.improvement[sex][i], float64(year-minYear))
}

// newFactor makes an empty factor with that many levels.
func (c *cohort) newFactor(levels int) factor {
	rows := func() [][]float64 {
		all := make([]float64, levels*c.years)
		rows := make([][]float64, levels)
		for k := range rows {
			rows[k] = all[k*c.years : (k+1)*c.years : (k+1)*c.years]
		}
		return rows
	}
	return factor{hazard: rows(), odds: rows()}
}

// addLevels adds a factor whose levels keep their people. Ethnicity gets one
// level more, with hazard 1, to which a person's mixture is applied.
func (c *cohort) addLevels(t *tables, index int, name string) {
	table := t.factors[name]
	share := shares(table.share[c.sex], c.age)
	f := c.newFactor(len(share))
	if index == factorEthnicity {
		f = c.newFactor(len(share) + 1)
	}
	for k := range f.hazard {
		for i := range c.years {
			if k == len(share) {
				f.hazard[k][i], f.odds[k][i] = 1, 1
				continue
			}
			f.hazard[k][i], f.odds[k][i] = table.power[c.sex][k][c.age-minAge+i], table.odds[c.sex][k]
		}
	}
	c.normalise(index, f, share)
}

// addSmoking adds the levels of smoking, whose former smokers move on, and one
// level more for a smoker who stops today.
func (c *cohort) addSmoking(t *tables) {
	table, weight := t.factors["smoking"], t.weight["smoking"]
	f := c.newFactor(smokingQuitNow + 1)
	for k := range f.hazard {
		for i := range c.years {
			now := smokingAt(k, i)
			f.hazard[k][i], f.odds[k][i] = table.power[c.sex][now][c.age-minAge+i], table.odds[c.sex][now]
			if k == smokingQuitNow {
				hazard := quitHazard(table.hazard[c.sex][smokingCurrent], c.age, i)
				f.hazard[k][i] = math.Pow(hazard, weight[c.age-minAge+i])
			}
		}
	}
	c.normalise(factorSmoking, f, shares(table.share[c.sex], c.age))
}

// addFlag adds a factor with the levels no and yes; those who start without it
// may get it later.
func (c *cohort) addFlag(index int, prevalence *byBand, power *[tableAges]float64, odds float64) {
	f := c.newFactor(2)
	for i := range c.years {
		onset := prevalence.onset(c.age, c.age+i)
		h := power[c.age-minAge+i]
		f.hazard[0][i], f.hazard[1][i] = 1-onset+onset*h, h
		f.odds[0][i], f.odds[1][i] = 1+onset*(odds-1), odds
	}
	yes := prevalence[band(c.age)]
	c.normalise(index, f, []float64{1 - yes, yes})
}

// shares picks the shares of an age.
func shares(table []byBand, age int) []float64 {
	picked := make([]float64, len(table))
	for k, s := range table {
		picked[k] = s[band(age)]
	}
	return picked
}

// normalise divides hazard and odds of every level by the mean over those of
// the population who are still alive, so that the factor as a whole leaves the
// base mortality as it is. share says where the population starts; levels
// beyond it have no people of their own. It stores the factor.
func (c *cohort) normalise(index int, f factor, share []float64) {
	alive := make([]float64, len(share))
	copy(alive, share)
	neutral := true
	for i := range c.years {
		weight, hazard, odds := 0.0, 0.0, 0.0
		for k, w := range alive {
			weight += w
			hazard += w * f.hazard[k][i]
			odds += w * f.odds[k][i]
		}
		for k := range f.hazard {
			neutral = neutral && f.odds[k][i] == 1
			f.hazard[k][i] *= weight / hazard
			f.odds[k][i] *= weight / odds
		}
		left := 0.0
		for k := range alive {
			alive[k] *= exp(c.survive[i] * f.hazard[k][i])
			left += alive[k]
		}
		if left <= negligible {
			copy(alive, share)
			continue
		}
		for k := range alive {
			alive[k] /= left
		}
	}
	if neutral {
		f.odds = nil
	}
	c.factors[index] = f
}
