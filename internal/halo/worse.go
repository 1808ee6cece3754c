package halo

import (
	"cmp"
	"slices"
)

// Worse is what one habit would take if it were worse than it is.
type Worse struct {
	// Habit names it: "smoking", "activity", "diet", "alcohol" or "body_mass".
	Habit string
	// Answered is false when the person's own habit is not known and counts as average.
	Answered bool
	// Life is the person's with the worse habit and all else as answered.
	Life Lifestyle
	// YearsTaken and ActiveYearsTaken are what the worse habit would take, in years.
	YearsTaken, ActiveYearsTaken float64
}

// worseHabits are habits that are common and bad, not the worst that there are: smoking, no exercise, two servings of
// fruit and vegetables a day or fewer, 15 to 28 drinks a week, and a body mass index of 32.
var worseHabits = [habits]struct {
	name     string
	question int
	level    float64
}{
	factorSmoking:  {"smoking", questionSmoking, smokingCurrent},
	factorActivity: {"activity", questionActivity, activityNone},
	factorDiet:     {"diet", questionDiet, dietLow},
	factorAlcohol:  {"alcohol", questionAlcohol, alcoholHeavy},
	factorBMI:      {"body_mass", questionWeight, worseBMI},
}

const (
	activityNone = 0
	dietLow      = 0
	alcoholHeavy = 3
	worseBMI     = 32.0
	anyHeight    = 67.0 // inches; the body mass index alone counts
)

// WorseHabits is what worse habits would take, for charts: those of the habits that could not be better, and of those
// that were not answered, that would take a noticeable time, the most first. It is empty when the model does not apply. It is no part of
// the result document.
func WorseHabits(p Profile) []Worse {
	if _, stop := refused(&p); stop {
		return nil
	}
	now, _ := assess(&p)
	var w person
	w.begin(defaultModel(), &p)
	var all []Worse
	for habit, worse := range worseHabits {
		if w.own[habit] != unanswered {
			continue // it could be better, which says more
		}
		changed, answered := p.worsened(habit)
		then, _ := assess(&changed)
		taken := now.Longevity.LifeExpectancyYears - then.Longevity.LifeExpectancyYears
		if taken < leastGain {
			continue
		}
		life := then.Life()
		life.YearsLost = now.Healthspan.YearsLost + taken
		all = append(all, Worse{Habit: worse.name, Answered: answered, Life: life, YearsTaken: taken,
			ActiveYearsTaken: taken - now.Healthspan.AssistedYears + then.Healthspan.AssistedYears})
	}
	slices.SortStableFunc(all, func(a, b Worse) int { return cmp.Compare(b.YearsTaken, a.YearsTaken) })
	return all
}

// worsened is the same person with a habit as bad as worseHabits has it, and whether it was answered at all.
func (p Profile) worsened(habit int) (Profile, bool) {
	worse := worseHabits[habit]
	if habit != factorBMI {
		answered := p.has(worse.question)
		p.set(worse.question, worse.level)
		return p, answered
	}
	_, answered := p.bmi()
	if !answered {
		p.set(questionHeight, anyHeight)
	}
	height := p.values[questionHeight]
	p.set(questionWeight, worse.level*height*height/bodyMassIndex(1, 1))
	return p, answered
}

// Life is the person's life as answered, in the form of a cell of the lifestyle matrix.
func (r *Result) Life() Lifestyle {
	return Lifestyle{
		LifeExpectancy:     r.Longevity.LifeExpectancyYears,
		ActiveWorkingYears: r.Healthspan.ActiveWorkingYears, ActiveRetirementYears: r.Healthspan.ActiveRetirementYears,
		AssistedYears: r.Healthspan.AssistedYears, YearsLost: r.Healthspan.YearsLost,
		OutOfPocketToday: r.OutOfPocket.LifetimeToday, CareToday: r.Care.ExpectedTotalToday,
	}
}
