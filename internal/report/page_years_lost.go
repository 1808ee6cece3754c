package report

import (
	"fmt"
	"math"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/chart"
	"halo.dev/halo/internal/report/draw"
	"halo.dev/halo/internal/report/topics"
)

type combination struct {
	label string
	life  halo.Lifestyle
}

// asAnswered are the words for the client's own life.
const asAnswered = "As you answered"

// today is the client's life as answered.
func (s *sheet) today() combination { return combination{asAnswered, s.doc.Result.Life()} }

// better are the mixtures of the three habits of the lifestyle matrix that change something, and of how many habits they
// are: a line for a habit that the client has, or did not tell, would only repeat another.
func (s *sheet) better() (lines []combination, habits int) {
	m := s.doc.Result.LifestyleMatrix
	now := s.today().life.LifeExpectancy
	changes := func(one halo.Lifestyle) bool { return math.Abs(one.LifeExpectancy-now) > 1e-6 }
	exercise, smoking, weight := changes(m.Exerciser), changes(m.NonSmoker), changes(m.IdealBMI)
	for _, one := range []bool{exercise, smoking, weight} {
		if one {
			habits++
		}
	}
	for _, one := range []struct {
		combination
		shown bool
	}{
		{combination{"Exercise", m.Exerciser}, exercise},
		{combination{"No smoking", m.NonSmoker}, smoking},
		{combination{"Ideal weight", m.IdealBMI}, weight},
		{combination{"Exercise, no smoking", m.ExerciserNonSmoker}, exercise && smoking},
		{combination{"Exercise, ideal weight", m.ExerciserIdealBMI}, exercise && weight},
		{combination{"No smoking, ideal weight", m.NonSmokerIdealBMI}, smoking && weight},
		{combination{"All three", m.ExerciserNonSmokerIdealBMI}, exercise && smoking && weight},
	} {
		if one.shown {
			lines = append(lines, one.combination)
		}
	}
	return lines, habits
}

// worseHabits asks the model what worse habits would take; a result of another version has no such figures.
func (s *sheet) worseHabits() []halo.Worse {
	if !s.hasBand() {
		return nil
	}
	return halo.WorseHabits(s.doc.Profile)
}

// yearsLostPage compares today's habits with better ones, and with worse ones where little could be better.
func (s *sheet) yearsLostPage() {
	s.page("Years lost", "Habits take years, and give them back. Years lost are what the best habits (exercise, no "+
		"smoking, an ideal weight, fruit and vegetables, little alcohol) would add to your life expectancy.")
	s.yearsLostFacts()
	now := s.today()
	better, habits := s.better()
	var worse []combination
	if habits < 3 {
		for _, one := range s.worseHabits() {
			worse = append(worse, combination{topics.WorseHabit(one.Habit).Name, one.Life})
		}
	}
	all := append(append([]combination{now}, better...), worse...)
	scale := barScale(all)
	switch {
	case habits > 0:
		s.section([]string{"What one habit is worth", "What two habits are worth, alone and together",
			"What three habits are worth, alone and together"}[habits-1])
		s.combinationBars(scale, now, better...)
		if len(worse) > 0 {
			s.y += 4
			s.section("What worse habits would take")
			s.combinationBars(scale, worse[0], worse[1:]...)
		}
	case len(worse) > 0:
		s.section("What worse habits would take")
		s.combinationBars(scale, now, worse...)
	default:
		s.section("What three habits are worth")
		s.combinationBars(scale, now)
	}
	s.combinationKeys()
	s.combinationTable(all)
	s.paragraph(combinationNote(habits, len(worse)), s.styles.small)
}

func (s *sheet) yearsLostFacts() {
	span, live := s.doc.Result.Healthspan, s.doc.Result.Longevity
	if decimal(span.YearsLost) == decimal(0) {
		s.facts(
			fact{"Years lost", years(span.YearsLost), "Nothing that you told us could be better."},
			fact{"With your habits", age(live.LifeExpectancyAge), "Your life expectancy as you answered."},
			fact{"The average person", age(float64(s.doc.Profile.Age()) + live.AveragePersonYears), "The life expectancy at your age and sex."},
		)
		return
	}
	s.facts(
		fact{"Years lost", years(span.YearsLost), "Between your habits today and the best ones."},
		fact{"With your habits", age(live.LifeExpectancyAge), "Your life expectancy as you answered."},
		fact{"With the best habits", age(span.OptimalLifeExpectancyAge), "Your life expectancy with all five changed."},
	)
}

// combinationNote says how to read the lines, by how many of the three habits could be better and how many lines are of
// worse ones.
func combinationNote(habits, worse int) string {
	note := "Costs are for the whole life, at today's prices: a longer life brings more medical bills, and more or fewer years of care. "
	switch habits {
	case 0:
		note += "Exercise, no smoking and an ideal weight would add nothing: you have these habits already, or did not tell us."
	case 3:
		note += "All three together leave the years that diet and alcohol take."
	default:
		note += "Of exercise, no smoking and an ideal weight, those that you have already, or did not tell us, would add nothing."
	}
	if worse > 0 {
		note += " A worse habit is compared from today on, with all else as you answered; a habit that you did not tell us counts as average."
	}
	return note
}

func (s *sheet) combinationTable(all []combination) {
	var rows [][]string
	for _, one := range all {
		l := one.life
		rows = append(rows, []string{one.label, decimal(l.LifeExpectancy), decimal(l.ActiveWorkingYears + l.ActiveRetirementYears),
			decimal(l.AssistedYears), decimal(l.YearsLost), dollars(l.OutOfPocketToday), dollars(l.CareToday)})
	}
	s.table([]column{{"Habits", 138}, {"Years to come", 68}, {"Active", 46}, {"Assisted", 52}, {"Years lost", 56},
		{"Out of pocket", 72}, {"Care", 72}}, rows, 0)
}

// barLabels is how wide the words before the bars are.
const barLabels = 138.0

// barScale is points a year, the same for all bars of the page.
func barScale(all []combination) float64 {
	longest := 1.0
	for _, one := range all {
		longest = max(longest, one.life.LifeExpectancy)
	}
	return (width - barLabels - 40) / longest
}

func (s *sheet) combinationBars(scale float64, first combination, others ...combination) {
	const rowHeight, barHeight, zero = 21.0, 12.0, left + barLabels
	top := s.y
	for _, one := range append([]combination{first}, others...) {
		style := s.styles.body
		if one.label == asAnswered {
			style = s.styles.bold
		}
		s.Text(left, s.y+10, one.label, style)
		end := chart.Bar(s.Surface, zero, s.y, barHeight, scale, []chart.Segment{
			{Length: one.life.ActiveWorkingYears, Color: s.colors.Strong},
			{Length: one.life.ActiveRetirementYears, Color: s.colors.Middle},
			{Length: one.life.AssistedYears, Color: s.colors.Accent},
		})
		s.Text(end+5, s.y+9.5, decimal(one.life.LifeExpectancy), s.styles.smallBold)
		s.y += rowHeight
	}
	s.Line(draw.Point{X: zero, Y: top - 3}, draw.Point{X: zero, Y: s.y - 5}, 0.8, s.colors.Muted)
}

func (s *sheet) combinationKeys() {
	s.y += 8
	keys := []chart.Key{
		{Color: s.colors.Strong, Label: "Active, working"}, {Color: s.colors.Middle, Label: "Active, retired"},
		{Color: s.colors.Accent, Label: fmt.Sprintf("Assisted (years from today, age %d)", s.doc.Profile.Age())},
	}
	if s.doc.Result.Healthspan.ActiveWorkingYears <= 0 {
		keys = keys[1:]
	}
	chart.Keys(s.Surface, s.colors, left+barLabels, s.y, keys)
	s.y += 16
}
