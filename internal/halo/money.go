package halo

import "math"

// Growth of prices a year, and the years whose prices the tables hold.
const (
	medicalGrowth, medicalYear = 1.04, 2026
	careGrowth, careYear       = 1.035, 2025
)

// What doctor visits and conditions do to the service part of medical cost.
const (
	visitsBelow, visitsAverage, visitsAbove     = 0.85, 1.0, 1.30
	costDiabetes, costHeart, costStroke, costCS = 1.30, 1.30, 1.20, 1.15
	maxConditionCost                            = 2.0
)

// The parts of the assisted years that are spent in each setting, in the order
// of stateRow.price.
var settingShares = [5]float64{0.60, 0, 0.15, 0.25, 0}

// Of people with 3 expected assisted years, 44 % never need help at all; that
// makes the chance of need for any other expectation (needRate).
const meanHelpYears, neverNeed = 3, 0.44

// needRate is lambda: the chance of ever needing help is 1-exp(-lambda*years).
var needRate = -math.Log(neverNeed) / meanHelpYears

// growth computes the future price of a year's mean spending by compounding:
// rate^(t+0.5).
type growth [maxYears]float64

func newGrowth(rate float64) *growth {
	g := new(growth)
	for t := range g {
		g[t] = math.Pow(rate, float64(t)+0.5)
	}
	return g
}

// serviceMultiple is m: how much more, or less, than the average the person
// spends on services.
func serviceMultiple(p *Profile) float64 {
	conditions := 1.0
	for _, c := range [...]struct {
		question int
		multiple float64
	}{{questionDiabetes, costDiabetes}, {questionHeartDisease, costHeart}, {questionStroke, costStroke},
		{questionCancerSurvivor, costCS}} {
		if p.yes(c.question) {
			conditions *= c.multiple
		}
	}
	visits := visitsAverage
	if p.has(questionDoctorVisits) {
		visits = [...]float64{visitsBelow, visitsAverage, visitsAbove}[p.integer(questionDoctorVisits)]
	}
	return visits * min(maxConditionCost, conditions)
}

// addCosts fills in the person's out-of-pocket cost by year and returns it by
// band of attained age.
func (w *person) addCosts(p *Profile) [7]CostBand {
	var bands [7]CostBand
	multiple := serviceMultiple(p)
	prices := math.Pow(medicalGrowth, float64(p.ValuationYear()-medicalYear))
	for i, b := range w.model.bands {
		bands[i] = CostBand{Band: b.name, Annual: (b.premium + b.service*multiple) * prices}
		for age := max(b.from, w.age); age <= b.to; age++ {
			w.cost[age-w.age] = bands[i].Annual
		}
	}
	return bands
}

// outOfPocket adds up medical cost over the years alive.
func (w *person) outOfPocket(bands [7]CostBand, alive *years, death *DeathAge) OutOfPocket {
	o := OutOfPocket{Bands: bands}
	for i, b := range w.model.bands {
		band := &o.Bands[i]
		for age := max(b.from, w.age); age <= b.to; age++ {
			t := age - w.age
			lived := (alive[t] + alive[t+1]) / 2
			today := lived * band.Annual
			future := today * w.model.medical[t]
			band.Years += lived
			band.TotalToday += today
			band.TotalFuture += future
			if t >= w.toWork {
				o.RetirementToday += today
				o.RetirementFuture += future
			}
		}
		o.LifetimeToday += band.TotalToday
		o.LifetimeFuture += band.TotalFuture
	}
	o.LifetimeTodayP10 = w.costUntil(death.P10)
	o.LifetimeTodayP50 = w.costUntil(death.P50)
	o.LifetimeTodayP90 = w.costUntil(death.P90)
	return o
}

// costUntil is the cost of a life that ends at an age.
func (w *person) costUntil(age float64) float64 {
	left, sum := age-float64(w.age), 0.0
	for t := 0; float64(t) < left; t++ {
		sum += w.cost[t] * min(1, left-float64(t))
	}
	return sum
}

// care prices the assisted years in a state.
func (w *person) care(p *Profile, alive, odds *years, assisted float64) Care {
	state := &w.model.states[p.state()]
	prices := math.Pow(careGrowth, float64(p.ValuationYear()-careYear))
	c := Care{State: state.code}
	settings := [...]*CareSetting{&c.Settings.HomeCare, &c.Settings.AdultDay, &c.Settings.AssistedLiving,
		&c.Settings.NursingSemi, &c.Settings.NursingPrivate}
	for i, s := range settings {
		share, annual := settingShares[i], state.price[i]*prices
		*s = CareSetting{Annual: annual, Share: share, ExpectedYears: share * assisted,
			ExpectedTotalToday: share * assisted * annual, IfAllYearsToday: assisted * annual}
		c.BlendedAnnual += share * annual
	}
	c.ExpectedTotalToday = assisted * c.BlendedAnnual
	for t, unaided := range w.unaided() {
		lived := (alive[t] + alive[t+1]) / 2
		c.ExpectedTotalFuture += lived * help(odds[t], unaided) * c.BlendedAnnual * w.model.nursing[t]
	}
	c.ProbNeed = -math.Expm1(-needRate * assisted)
	c.YearsIfNeeded = assisted / c.ProbNeed
	longest := float64(w.years)
	c.YearsP50 = c.yearsAt(.5, longest)
	c.YearsP75 = c.yearsAt(.75, longest)
	c.YearsP90 = c.yearsAt(.9, longest)
	c.YearsP95 = c.yearsAt(.95, longest)
	c.TotalTodayP50 = c.YearsP50 * c.BlendedAnnual
	c.TotalTodayP75 = c.YearsP75 * c.BlendedAnnual
	c.TotalTodayP90 = c.YearsP90 * c.BlendedAnnual
	c.TotalTodayP95 = c.YearsP95 * c.BlendedAnnual
	return c
}

// yearsAt is a quantile of the years of care, those without need included.
func (c *Care) yearsAt(u, longest float64) float64 {
	if u <= 1-c.ProbNeed {
		return 0
	}
	return min(-c.YearsIfNeeded*math.Log((1-u)/c.ProbNeed), longest)
}
