package report

import (
	"fmt"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/chart"
	"halo.dev/halo/internal/report/draw"
)

type combination struct {
	label string
	life  halo.Lifestyle
}

// combinations are the rows of the lifestyle chart: today's habits first, then each mixture of the three.
func (s *sheet) combinations() []combination {
	r := s.doc.Result
	m := r.LifestyleMatrix
	return []combination{
		{"As you answered", halo.Lifestyle{
			LifeExpectancy:     r.Longevity.LifeExpectancyYears,
			ActiveWorkingYears: r.Healthspan.ActiveWorkingYears, ActiveRetirementYears: r.Healthspan.ActiveRetirementYears,
			AssistedYears: r.Healthspan.AssistedYears, YearsLost: r.Healthspan.YearsLost,
			OutOfPocketToday: r.OutOfPocket.LifetimeToday, CareToday: r.Care.ExpectedTotalToday,
		}},
		{"Exercise", m.Exerciser},
		{"No smoking", m.NonSmoker},
		{"Ideal weight", m.IdealBMI},
		{"Exercise, no smoking", m.ExerciserNonSmoker},
		{"Exercise, ideal weight", m.ExerciserIdealBMI},
		{"No smoking, ideal weight", m.NonSmokerIdealBMI},
		{"All three", m.ExerciserNonSmokerIdealBMI},
	}
}

// yearsLostPage compares today's habits with better ones.
func (s *sheet) yearsLostPage() {
	span, live := s.doc.Result.Healthspan, s.doc.Result.Longevity
	s.page("Years lost", "Habits take years, and give them back. Years lost are what the best habits (exercise, no "+
		"smoking, an ideal weight, fruit and vegetables, little alcohol) would add to your life expectancy.")
	s.facts(88,
		fact{"Years lost", years(span.YearsLost), "Between your habits today and the best ones."},
		fact{"With your habits", age(live.LifeExpectancyAge), "Your life expectancy as you answered."},
		fact{"With the best habits", age(span.OptimalLifeExpectancyAge), "Your life expectancy with all five changed."},
	)
	s.section("What three habits are worth, alone and together")
	all := s.combinations()
	s.combinationBars(all)
	var rows [][]string
	for _, one := range all {
		l := one.life
		rows = append(rows, []string{one.label, decimal(l.LifeExpectancy), decimal(l.ActiveWorkingYears + l.ActiveRetirementYears),
			decimal(l.AssistedYears), decimal(l.YearsLost), dollars(l.OutOfPocketToday), dollars(l.CareToday)})
	}
	s.table([]column{{"Habits", 138}, {"Years to come", 68}, {"Active", 46}, {"Assisted", 52}, {"Years lost", 56},
		{"Out of pocket", 72}, {"Care", 72}}, rows, 0)
	s.paragraph("Costs are for the whole life, at today's prices: a longer life brings more medical bills, and more or fewer "+
		"years of care. A habit that you have already, or did not answer, changes nothing. All three together leave the years that diet "+
		"and alcohol take.", s.styles.small)
}

func (s *sheet) combinationBars(all []combination) {
	const labelWidth, rowHeight, barHeight = 138.0, 21.0, 12.0
	longest := 1.0
	for _, one := range all {
		longest = max(longest, one.life.LifeExpectancy)
	}
	scale := (width - labelWidth - 40) / longest
	for i, one := range all {
		style := s.styles.body
		if i == 0 {
			style = s.styles.bold
		}
		s.Text(left, s.y+10, one.label, style)
		end := chart.Bar(s.Surface, left+labelWidth, s.y, barHeight, scale, []chart.Segment{
			{Length: one.life.ActiveWorkingYears, Color: s.colors.Strong},
			{Length: one.life.ActiveRetirementYears, Color: s.colors.Middle},
			{Length: one.life.AssistedYears, Color: s.colors.Accent},
		})
		s.Text(end+5, s.y+9.5, decimal(one.life.LifeExpectancy), s.styles.smallBold)
		s.y += rowHeight
	}
	zero := left + labelWidth
	s.Line(draw.Point{X: zero, Y: s.y - float64(len(all))*rowHeight - 3}, draw.Point{X: zero, Y: s.y - 5}, 0.8, s.colors.Muted)
	s.y += 8
	keys := []chart.Key{
		{Color: s.colors.Strong, Label: "Active, working"}, {Color: s.colors.Middle, Label: "Active, retired"},
		{Color: s.colors.Accent, Label: fmt.Sprintf("Assisted (years from today, age %d)", s.doc.Profile.Age())},
	}
	if s.doc.Result.Healthspan.ActiveWorkingYears <= 0 {
		keys = keys[1:]
	}
	chart.Keys(s.Surface, s.colors, zero, s.y, keys)
	s.y += 16
}
