package halo

import (
	"math"
	"slices"
	"testing"
)

// worseOf is what worse habits take of somebody, by habit.
func worseOf(t *testing.T, answers string) map[string]Worse {
	t.Helper()
	p, problems := Parse([]byte(answers), 2026)
	if problems != nil {
		t.Fatal(problems)
	}
	all := map[string]Worse{}
	for _, one := range WorseHabits(p) {
		all[one.Habit] = one
	}
	return all
}

func TestAWorseHabitIsTheLifeOfWhoeverHasIt(t *testing.T) {
	const best = `"smoking": "never", "activity": "meets", "diet": "high", "alcohol": "light", "height_in": 70, "weight_lb": 160`
	const start = `{"sex": "male", "age": 35, "serious_illness": false, `
	worse := worseOf(t, start+best+"}")
	now := Assess(mustParse(t, start+best+"}"))
	for habit, answer := range map[string]string{
		"smoking": `"smoking": "current", "activity": "meets", "diet": "high", "alcohol": "light", "height_in": 70, "weight_lb": 160`,
		"alcohol": `"smoking": "never", "activity": "meets", "diet": "high", "alcohol": "heavy", "height_in": 70, "weight_lb": 160`,
		"body_mass": `"smoking": "never", "activity": "meets", "diet": "high", "alcohol": "light", "height_in": 70, ` +
			`"weight_lb": 223`, // a body mass index of 32.0
	} {
		then := Assess(mustParse(t, start+answer+"}"))
		got, want := worse[habit], then.Life()
		want.YearsLost = now.Healthspan.YearsLost + now.Longevity.LifeExpectancyYears - then.Longevity.LifeExpectancyYears
		if !got.Answered || got.Life != want {
			t.Errorf("%s: %+v, want %+v", habit, got, want)
		}
		if taken := now.Longevity.LifeExpectancyYears - then.Longevity.LifeExpectancyYears; got.YearsTaken != taken || taken < 0.5 {
			t.Errorf("%s takes %v, want %v", habit, got.YearsTaken, taken)
		}
		active := (now.Longevity.LifeExpectancyYears - now.Healthspan.AssistedYears) - (then.Longevity.LifeExpectancyYears - then.Healthspan.AssistedYears)
		if math.Abs(got.ActiveYearsTaken-active) > 1e-9 {
			t.Errorf("%s takes %v active years, want %v", habit, got.ActiveYearsTaken, active)
		}
	}
}

func TestOnlyHabitsThatCouldNotBeBetterCanBecomeWorse(t *testing.T) {
	worse := worseOf(t, `{"sex": "female", "age": 50, "serious_illness": false, "smoking": "former_3to9", "activity": "some", "diet": "medium"}`)
	var habits []string
	for habit, one := range worse {
		habits = append(habits, habit)
		if one.Answered != (habit == "smoking") {
			t.Errorf("%s: answered is %v", habit, one.Answered)
		}
	}
	slices.Sort(habits)
	if !slices.Equal(habits, []string{"alcohol", "body_mass", "smoking"}) {
		t.Errorf("%q can become worse, want what was not answered and not to smoke", habits)
	}
	if got := worseOf(t, `{"sex": "female", "age": 50, "serious_illness": true}`); len(got) != 0 {
		t.Errorf("somebody with a serious illness is told %v", got)
	}
	if got := WorseHabits(Profile{}); got != nil {
		t.Errorf("nobody is told %v", got)
	}
}

func TestAWorseHabitTakesTimeAtEveryAge(t *testing.T) {
	for _, sex := range []int{male, female} {
		for age := minAge; age <= 99; age++ {
			p := mustParse(t, `{"sex": "male", "age": 40, "serious_illness": false}`)
			p.set(questionSex, float64(sex))
			p.set(questionAge, float64(age))
			for _, one := range WorseHabits(p) {
				if one.YearsTaken < leastGain || one.Life.LifeExpectancy <= 0 {
					t.Errorf("age %d: %+v", age, one)
				}
				if one.ActiveYearsTaken < 0 {
					t.Errorf("age %d: %s gives active years", age, one.Habit)
				}
			}
		}
	}
}
