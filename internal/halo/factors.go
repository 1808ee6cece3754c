package halo

import "math"

// ethnicGroups is the number of groups of the question ethnicity.
const ethnicGroups = 5

// The factors of a cohort, as indices into cohort.factors. Cardiometabolic
// disease is a factor of its own for each set of answered conditions: bit 0
// diabetes, bit 1 heart disease, bit 2 stroke.
const (
	factorSmoking = iota
	factorActivity
	factorDiet
	factorAlcohol
	factorBMI // the last habit that can change
	factorRelatives
	factorEthnicity
	factorSurvivor
	factorFamily                                 // and the rows of the family table after it
	factorConditions = factorFamily + familyRows // and a set of conditions after it; set 0 is unused
	factorCount      = factorConditions + conditionSets
)

// habits is how many factors a person can change: the first ones.
const habits = factorBMI + 1

// The levels of smoking, activity, diet, alcohol and body mass that the
// formulas name. They are the choices of the questions.
const (
	smokingNever = iota
	smokingFormer10
	smokingFormer3
	smokingFormer0
	smokingCurrent
	smokingQuitNow // no level of the population: a current smoker stops today
)

const (
	activityMeets  = 2
	dietHigh       = 2
	alcoholLight   = 1
	bmiIdeal       = 2
	bmiOverweight  = 3 // and every level above
	maxRelatives   = 4
	ethnicityUnity = ethnicGroups // the level to which a mixture is applied: hazard 1
)

// bmiLevel is the level of a body mass index in kg/m².
func bmiLevel(bmi float64) int {
	for level, upper := range [...]float64{18.5, 20, 25, 27.5, 30, 35, 40} {
		if bmi < upper {
			return level
		}
	}
	return 7
}

// band is the age band of the prevalences.
func band(age int) int {
	switch {
	case age < 45:
		return 0
	case age < 65:
		return 1
	case age < 75:
		return 2
	}
	return 3
}

// onset is the chance that someone without a condition at age start has it at
// age now.
func (b *byBand) onset(start, now int) float64 {
	from := b[band(start)]
	return max(0, (b[band(now)]-from)/(1-from))
}

// stopped is the level of a smoker who stopped that many years ago.
func stopped(years int) int {
	switch {
	case years < 3:
		return smokingFormer0
	case years < 10:
		return smokingFormer3
	}
	return smokingFormer10
}

// smokingAt is the level after t years of someone who starts at level.
func smokingAt(level, t int) int {
	switch level {
	case smokingFormer0:
		return stopped(1 + t)
	case smokingFormer3:
		return stopped(6 + t)
	case smokingQuitNow:
		return stopped(t)
	}
	return level
}

// excessAfterQuitting is rho: which part of a smoker's excess hazard is left, by
// age at quitting (under 40, 40-49, 50-59, 60 and over) and time since (under 3
// years, under 10, longer).
var excessAfterQuitting = [4][3]float64{{.075, .06, .05}, {.29, .20, .12}, {.415, .30, .20}, {.55, .42, .30}}

// quitHazard is the hazard, before attenuation, of a smoker with hazard current
// who stopped at age t years ago.
func quitHazard(current float64, age, t int) float64 {
	group := min(max(age/10-3, 0), 3)
	period := 0
	if t >= 10 {
		period = 2
	} else if t >= 3 {
		period = 1
	}
	return 1 + excessAfterQuitting[group][period]*(current-1)
}

// The limits of the relative hazard at one age: between low and high it counts
// as it is, beyond them half of its logarithm times the age's weight.
type squashLimits struct {
	low, high        float64
	base, reciprocal float64 // exp(±limit*(1-slope))
	slope            float64
}

// squashAt makes the limits for an age.
func squashAt(age int) squashLimits {
	c := 1.0
	if age >= 100 {
		c = 0.35
	} else if age > 80 {
		c = 1 - 0.65*float64(age-80)/20
	}
	limit, slope := 1.4*c, 0.5*c
	return squashLimits{
		low: math.Exp(-limit), high: math.Exp(limit), slope: slope,
		base: math.Exp(limit * (1 - slope)), reciprocal: math.Exp(-limit * (1 - slope)),
	}
}

// squash limits a relative hazard: exp(squash(ln hazard)) of the specification.
func (s *squashLimits) squash(hazard float64) float64 {
	switch {
	case hazard > s.high:
		return s.base * exp(s.slope*log(hazard))
	case hazard < s.low:
		return s.reciprocal * exp(s.slope*log(hazard))
	}
	return hazard
}
