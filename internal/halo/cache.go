package halo

import (
	"math"
	"sync"
	"sync/atomic"
)

// maxCohorts bounds the memory of the cache: a cohort takes some 70 kB and a
// valuation year has 164 of them.
const maxCohorts = 1024

// model is the tables and what has been computed from them. Everything in it is
// a pure function of the embedded tables; the caches only save computing it
// again, so no caller can see them but by the clock.
type model struct {
	*tables
	limits           [tableAges]squashLimits   // by age from minAge
	unaided          [sexes][tableAges]float64 // odds of needing no daily help, by age from minAge
	medical, nursing *growth
	cohorts          [sexes][maxAge - minAge + 1][maxYear - minYear + 1]atomic.Pointer[cohort]
	averages         [sexes][maxYear - minYear + 1]atomic.Pointer[[tableAges]float64]

	mutex sync.Mutex
	kept  []cohortKey // a ring of the cached cohorts, oldest at next once full
	next  int
}

type cohortKey struct{ sex, age, year int }

// defaultModel is made at first use and serves all callers.
var defaultModel = sync.OnceValue(func() *model { return newModel(loadedTables()) })

func newModel(t *tables) *model {
	m := &model{tables: t, medical: newGrowth(medicalGrowth), nursing: newGrowth(careGrowth)}
	for i := range tableAges {
		age := minAge + i
		m.limits[i] = squashAt(age)
		for sex := range sexes {
			m.unaided[sex][i] = math.Exp(-needOfHelp(sex, age))
		}
	}
	return m
}

// cohort returns a cohort, from the cache when it is there. Two callers may
// compute the same one at once; both are equal.
func (m *model) cohort(sex, age, year int) *cohort {
	slot := m.slot(cohortKey{sex, age, year})
	if c := slot.Load(); c != nil {
		return c
	}
	c := newCohort(m.tables, sex, age, year)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if !slot.CompareAndSwap(nil, c) {
		return slot.Load()
	}
	m.keep(cohortKey{sex, age, year})
	return c
}

func (m *model) slot(k cohortKey) *atomic.Pointer[cohort] {
	return &m.cohorts[k.sex][k.age-minAge][k.year-minYear]
}

// keep notes a new cohort and drops the oldest one when there are too many.
func (m *model) keep(k cohortKey) {
	if len(m.kept) < maxCohorts {
		m.kept = append(m.kept, k)
		return
	}
	m.slot(m.kept[m.next]).Store(nil)
	m.kept[m.next] = k
	m.next = (m.next + 1) % maxCohorts
}

// average returns the life expectancy in years of the average person by age
// from minAge to lastAge, in a valuation year.
func (m *model) average(sex, year int) *[tableAges]float64 {
	slot := &m.averages[sex][year-minYear]
	if e := slot.Load(); e != nil {
		return e
	}
	e := new([tableAges]float64)
	for i := range e {
		e[i] = m.averageYears(sex, minAge+i, year)
	}
	slot.Store(e)
	return e
}

// averageYears is the life expectancy of the average person of one age.
func (m *model) averageYears(sex, age, year int) float64 {
	alive, years := 1.0, 0.0
	for t := 0; age+t <= lastAge; t++ {
		next := 0.0
		if age+t < lastAge {
			next = alive * (1 - m.death(sex, age+t, year+t))
		}
		years += (alive + next) / 2
		alive = next
	}
	return years
}

// sameLifeExpectancy is the age whose average person has that many years to
// come, between whole ages by proportion.
func sameLifeExpectancy(average *[tableAges]float64, years float64) float64 {
	if years >= average[0] {
		return minAge
	}
	for i := range average[:tableAges-1] {
		if years >= average[i+1] {
			return float64(minAge+i) + (average[i]-years)/(average[i]-average[i+1])
		}
	}
	return lastAge
}
