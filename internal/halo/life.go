package halo

import "math"

// The formula for needing daily help (specification, section 6): the log odds
// are level + shift + slope * (age at mid-year - centre) + sex + ln odds, the
// last within limits.
const (
	helpLevel, helpShift, helpSlope, helpCentre = -2.752, -0.435, 0.1089, 67
	helpMale, helpFemale                        = -0.22, +0.16
	helpLogOddsLow, helpLogOddsHigh             = -1.4, 1.6
)

// needOfHelp is the log odds of the average person of a whole age.
func needOfHelp(sex, age int) float64 {
	offset := helpMale
	if sex == female {
		offset = helpFemale
	}
	return helpLevel + helpShift + helpSlope*(float64(age)+0.5-helpCentre) + offset
}

// modelError is how far the bounds of the model's own 80 % band are from the
// log hazard: the 90 % quantile of the normal distribution times sigma 0.20.
const modelError = 1.2815515655446004 * 0.20

// worseModel and betterModel are the band as multiples of the hazard.
var worseModel, betterModel = math.Exp(modelError), math.Exp(-modelError)

// years holds a value for each year from today to the end of the life table.
type years [maxYears + 1]float64

// life is the course of one life: expected years alive, of these with and
// without daily help, and expected out-of-pocket cost today.
type life struct {
	alive, assisted, working, retired float64
	outOfPocket                       float64
}

// person is a profile set against its cohort.
type person struct {
	*cohort
	model        *model
	hazard, odds years  // relative to the base, without the habits in own
	own, best    levels // the habits that could be better: what they are, what is best
	hazardRows   rows   // what hazard is the product of
	oddsRows     rows   // and odds
	cost         years  // out-of-pocket cost of the year that starts in t years, today's prices
	toWork       int    // years until retirement
	memo         [12]outcome
	memos        int
}

// rows are the years of levels that apply to a person.
type rows struct {
	count int
	of    [factorFamily + familyRows + 1][]float64 // a row of each factor; diseases of the heart and metabolism are one
}

func (r *rows) add(row []float64) {
	r.of[r.count] = row
	r.count++
}

// levels is a level of each habit; unanswered where the habit does not count.
type levels [habits]int8

const unanswered = -1

// outcome is the life that habits lead to.
type outcome struct {
	levels levels
	life   life
}

// effects computes the relative hazard, limited, and the relative odds,
// limited, of a choice of habits.
func (w *person) effects(chosen levels, hazard, odds *years) {
	var hazardRows, oddsRows [habits][]float64
	n, m := 0, 0
	for i, level := range chosen {
		if level == unanswered {
			continue
		}
		f := &w.factors[i]
		hazardRows[n] = f.hazard[level]
		n++
		if f.odds != nil {
			oddsRows[m] = f.odds[level]
			m++
		}
	}
	*hazard, *odds = w.hazard, w.odds
	multiply(hazardRows[:n], hazard[:w.years])
	multiply(oddsRows[:m], odds[:w.years])
	w.limit(hazard, odds)
}

// multiply multiplies each value by those of the rows, one after the other.
// Four rows go in one pass, since a pass costs more than what it multiplies.
func multiply(rows [][]float64, product []float64) {
	for ; len(rows) >= 4; rows = rows[4:] {
		a, b, c, d := rows[0][:len(product)], rows[1][:len(product)], rows[2][:len(product)], rows[3][:len(product)]
		for i, p := range product {
			product[i] = p * a[i] * b[i] * c[i] * d[i]
		}
	}
	if len(rows) >= 2 {
		a, b := rows[0][:len(product)], rows[1][:len(product)]
		for i, p := range product {
			product[i] = p * a[i] * b[i]
		}
		rows = rows[2:]
	}
	if len(rows) == 1 {
		a := rows[0][:len(product)]
		for i, p := range product {
			product[i] = p * a[i]
		}
	}
}

var (
	oddsLow  = math.Exp(helpLogOddsLow)
	oddsHigh = math.Exp(helpLogOddsHigh)
)

// limit keeps hazard and odds within what the factors together may do.
func (w *person) limit(hazard, odds *years) {
	limits := w.model.limits[w.age-minAge:]
	low, high := oddsLow, oddsHigh
	for t := range limits {
		if l, h := &limits[t], hazard[t]; h < l.low || h > l.high {
			hazard[t] = l.squash(h)
		}
		if o := odds[t]; o < low {
			odds[t] = low
		} else if o > high {
			odds[t] = high
		}
	}
}

// survival computes the chance of being alive in t years, for relative hazards
// multiplied by scale, and returns the life expectancy.
func (w *person) survival(hazard *years, scale float64, alive *years) float64 {
	s, expectancy := 1.0, 0.0
	alive[0] = 1
	last := w.years - 1
	for i, l := range w.survive[:last] {
		next := s * exp(l*hazard[i]*scale)
		expectancy += (s + next) / 2
		alive[i+1], s = next, next
	}
	alive[last+1] = 0
	return expectancy + s/2
}

// help is the chance of needing daily help in the year that starts in t years,
// by the odds of not needing it that the average person has.
func help(odds, unaided float64) float64 { return odds / (odds + unaided) }

// unaided is the average person's odds of needing no help, from today's age on.
func (w *person) unaided() []float64 { return w.model.unaided[w.sex][w.age-minAge:] }

// live computes the life that habits lead to.
func (w *person) live(habits levels) life {
	for i := range w.memos {
		if w.memo[i].levels == habits {
			return w.memo[i].life
		}
	}
	var hazard, odds, alive years
	w.effects(habits, &hazard, &odds)
	l := w.course(&hazard, &odds, &alive)
	w.remember(habits, l)
	return l
}

// remember keeps a life: there are never more than twelve, the person's own,
// seven of the matrix, the best, and three tips that are in neither.
func (w *person) remember(habits levels, l life) {
	w.memo[w.memos] = outcome{habits, l}
	w.memos++
}

// course computes the chance of being alive in t years and adds up the life.
func (w *person) course(hazard, odds, alive *years) life {
	var l life
	survive, unaided, cost := w.survive, w.unaided(), w.cost[:w.years]
	s, active, last := 1.0, 0.0, w.years-1
	alive[0] = 1
	for t, u := range unaided[:w.years] {
		if t == w.toWork {
			l.working, active = active, 0
		}
		next := 0.0
		if t < last {
			next = s * exp(survive[t]*hazard[t])
		}
		alive[t+1] = next
		lived := (s + next) / 2
		s = next
		assisted := lived * help(odds[t], u)
		l.alive += lived
		l.assisted += assisted
		l.outOfPocket += lived * cost[t]
		active += lived - assisted
	}
	if w.toWork < w.years {
		l.retired = active
	} else {
		l.working = active
	}
	return l
}
