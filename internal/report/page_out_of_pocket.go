package report

import (
	"fmt"

	"halo.dev/halo/internal/report/chart"
	"halo.dev/halo/internal/report/draw"
)

// bandWords are the model's bands of attained age, for a reader.
var bandWords = map[string]string{
	"to_18": "To 18", "19_64": "19\u201364", "65_69": "65\u201369", "70_74": "70\u201374", "75_79": "75\u201379",
	"80_84": "80\u201384", "85_plus": "85 and over",
}

// bandLabel falls back on the model's own key, so that a band that is new here is still told apart.
func bandLabel(band string) string {
	if words := bandWords[band]; words != "" {
		return words
	}
	return band
}

// outOfPocketPage shows medical costs that the client pays, by age.
func (s *sheet) outOfPocketPage() {
	cost := s.doc.Result.OutOfPocket
	s.page("Lifetime out-of-pocket costs", "What you may pay yourself for health insurance and medical services over your "+
		"life. Long-term care is not in it; it has a page of its own.")
	s.facts(
		fact{"Lifetime, today's prices", dollars(cost.LifetimeToday), fmt.Sprintf("At the prices of %d.", s.doc.Result.ValuationYear)},
		fact{"Lifetime, future dollars", dollars(cost.LifetimeFuture), "In dollars of the years in which they are spent."},
		fact{"In retirement, today's prices", dollars(cost.RetirementToday), dollars(cost.RetirementFuture) + " in future dollars."},
	)
	s.section("By age, at today's prices")
	var columns []chart.Column
	var rows [][]string
	for _, one := range cost.Bands {
		if one.Years == 0 {
			continue // behind the client
		}
		rows = append(rows, []string{bandLabel(one.Band), dollars(one.Annual), decimal(one.Years), dollars(one.TotalToday),
			dollars(one.TotalFuture)})
		columns = append(columns, chart.Column{
			Value: one.TotalToday, Figure: dollars(one.TotalToday), Label: bandLabel(one.Band)})
	}
	box := draw.Box{X: left + 48, Y: s.y + 8, W: width - 48, H: 136}
	chart.Columns(s.Surface, s.colors, box, columns, thousands)
	s.y = box.Bottom() + 28
	rows = append(rows, []string{"Lifetime", "", decimal(s.doc.Result.Longevity.LifeExpectancyYears),
		dollars(cost.LifetimeToday), dollars(cost.LifetimeFuture)})
	s.table([]column{{"Age", 108}, {"A year", 90}, {"Expected years", 98}, {"Total, today's prices", 108}, {"Total, future dollars", 100}},
		rows, len(rows)-1)
	s.paragraph(fmt.Sprintf("Lives differ, and so do costs: of ten people like you, one dies so early that the sum stays below "+
		"%s, half stay below %s, and one lives so long that it passes %s (today's prices). Prices are taken to grow 4%% a "+
		"year.", dollars(cost.LifetimeTodayP10),
		dollars(cost.LifetimeTodayP50), dollars(cost.LifetimeTodayP90)), s.styles.small)
}
