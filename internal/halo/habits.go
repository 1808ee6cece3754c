package halo

import (
	"cmp"
	"math"
	"slices"
)

// leastGain is the life expectancy in years below which a tip is not given.
const leastGain = 0.05

// youngForWeight is the age from which losing weight is no advice.
const youngForWeight = 75

// with is the person's habits with some of them at their best.
func (w *person) with(changed ...int) levels {
	habits := w.own
	for _, i := range changed {
		habits[i] = w.best[i]
	}
	return habits
}

// matrix computes the combinations of exercise, no smoking and an ideal weight.
func (w *person) matrix(blended float64) LifestyleMatrix {
	optimal := w.live(w.best).alive
	cell := func(changed ...int) Lifestyle {
		l := w.live(w.with(changed...))
		return Lifestyle{
			LifeExpectancy: l.alive, ActiveWorkingYears: l.working, ActiveRetirementYears: l.retired,
			AssistedYears: l.assisted, YearsLost: max(0, optimal-l.alive),
			OutOfPocketToday: l.outOfPocket, CareToday: l.assisted * blended,
		}
	}
	return LifestyleMatrix{
		Exerciser:                  cell(factorActivity),
		NonSmoker:                  cell(factorSmoking),
		IdealBMI:                   cell(factorBMI),
		ExerciserNonSmoker:         cell(factorActivity, factorSmoking),
		ExerciserIdealBMI:          cell(factorActivity, factorBMI),
		NonSmokerIdealBMI:          cell(factorSmoking, factorBMI),
		ExerciserNonSmokerIdealBMI: cell(factorActivity, factorSmoking, factorBMI),
	}
}

// tips lists the changes of one habit that are worth while, the best first.
func (w *person) tips(tips []Tip, now *life) []Tip {
	for habit, own := range w.own {
		if own == unanswered {
			continue
		}
		id, changed := w.tip(habit, own)
		if id == "" {
			continue
		}
		l := w.live(changed)
		if gain := l.alive - now.alive; gain >= leastGain {
			tips = append(tips, Tip{id, gain, (l.alive - l.assisted) - (now.alive - now.assisted)})
		}
	}
	slices.SortFunc(tips, func(a, b Tip) int {
		return cmp.Or(cmp.Compare(math.Round(b.YearsGained*1e9), math.Round(a.YearsGained*1e9)), cmp.Compare(a.ID, b.ID))
	})
	return tips
}

// tip names the advice for a habit that could be better, and the habits of
// someone who follows it.
func (w *person) tip(habit int, own int8) (string, levels) {
	changed := w.with(habit)
	switch habit {
	case factorSmoking:
		changed[factorSmoking] = smokingQuitNow
		return "quit_smoking", changed
	case factorActivity:
		return "be_active", changed
	case factorDiet:
		return "eat_fruit_and_vegetables", changed
	case factorAlcohol:
		return "drink_less", changed
	}
	if own < bmiOverweight || w.age >= youngForWeight {
		return "", changed
	}
	return "reach_healthy_weight", changed
}

// preventionTopics lists the family's diseases and cancers.
func preventionTopics(topics []string, p *Profile) []string {
	sheet := answerSheet()
	for q := questionFamilyHeartDisease; q <= questionFamilyAlzheimers; q++ {
		if p.yes(q) {
			topics = append(topics, sheet[q].ID)
		}
	}
	for i := range cancers {
		if p.cancers&(1<<i) != 0 {
			topics = append(topics, cancerTopics[i])
		}
	}
	return topics
}

// cancerTopics are the topics of the cancers in the order of the question.
var cancerTopics = [cancers]string{"cancer_bladder", "cancer_breast", "cancer_colorectal", "cancer_kidney", "cancer_lung",
	"cancer_ovarian", "cancer_pancreatic", "cancer_prostate", "cancer_melanoma", "cancer_other"}
