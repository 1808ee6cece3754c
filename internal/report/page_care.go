package report

import (
	"fmt"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/chart"
)

type setting struct {
	label string
	cost  halo.CareSetting
}

func (s *sheet) settings() []setting {
	all := s.doc.Result.Care.Settings
	return []setting{
		{"Care at home", all.HomeCare}, {"Adult day care", all.AdultDay}, {"Assisted living", all.AssistedLiving},
		{"Nursing home, shared room", all.NursingSemi}, {"Nursing home, own room", all.NursingPrivate},
	}
}

// carePage shows what long-term care may cost, and says what the sum leaves out: who pays.
func (s *sheet) carePage() {
	care := s.doc.Result.Care
	s.page("Total care cost analysis", fmt.Sprintf("What help with daily life may cost where you expect to retire: %s. "+
		"Prices of %d.", s.doc.Profile.RetirementState(), s.doc.Result.ValuationYear))
	s.facts(
		fact{"Expected, today's prices", dollars(care.ExpectedTotalToday), dollars(care.ExpectedTotalFuture) + " in future dollars."},
		fact{"Chance of needing care", percent(care.ProbNeed), "Of ever needing daily help."},
		fact{"If needed, on average", years(care.YearsIfNeeded), dollars(care.BlendedAnnual) + " for a year of mixed care."},
	)
	s.section("The price of a year, by setting")
	s.settingBars()
	s.settingTable()
	s.section("How long, and how much: many need little, a few a great deal")
	s.table([]column{{"Of people like you", 240}, {"Years of care", 122}, {"Cost, today's prices", 142}}, [][]string{
		{"Half need no more than", decimal(care.YearsP50), dollars(care.TotalTodayP50)},
		{"Three in four need no more than", decimal(care.YearsP75), dollars(care.TotalTodayP75)},
		{"Nine in ten need no more than", decimal(care.YearsP90), dollars(care.TotalTodayP90)},
		{"Nineteen in twenty need no more than", decimal(care.YearsP95), dollars(care.TotalTodayP95)},
	})
	s.note("Read these sums as an upper estimate", "Every assisted year is priced here at full private cost. In fact families pay "+
		"about 37% of paid care, and much care is given unpaid by relatives (ASPE 2022). Insurance, Medicaid and help at home "+
		"can lower what you pay; a plan should know the full price all the same.")
}

func (s *sheet) settingBars() {
	const labelWidth, rowHeight = 138.0, 19.0
	all := s.settings()
	highest := 1.0
	for _, one := range all {
		highest = max(highest, one.cost.Annual)
	}
	scale := (width - labelWidth - 56) / highest
	for _, one := range all {
		color := s.colors.Strong
		if one.cost.Share == 0 {
			color = s.colors.Middle
		}
		s.Text(left, s.y+10, one.label, s.styles.body)
		end := chart.Bar(s.Surface, left+labelWidth, s.y, 12, scale, []chart.Segment{{Length: one.cost.Annual, Color: color}})
		s.Text(end+5, s.y+9.5, dollars(one.cost.Annual), s.styles.smallBold)
		s.y += rowHeight
	}
	s.y += 6
	chart.Keys(s.Surface, s.colors, left+labelWidth, s.y, []chart.Key{
		{Color: s.colors.Strong, Label: "In the expected sum"}, {Color: s.colors.Middle, Label: "For comparison"},
	})
	s.y += 14
}

func (s *sheet) settingTable() {
	var rows [][]string
	for _, one := range s.settings() {
		c := one.cost
		share, time, sum := dash, dash, dash
		if c.Share > 0 {
			share, time, sum = fmt.Sprintf("%.0f%%", 100*c.Share), decimal(c.ExpectedYears), dollars(c.ExpectedTotalToday)
		}
		rows = append(rows, []string{one.label, share, time, sum, dollars(c.IfAllYearsToday)})
	}
	care := s.doc.Result.Care
	rows = append(rows, []string{"Expected", "100%", decimal(s.doc.Result.Healthspan.AssistedYears), dollars(care.ExpectedTotalToday), ""})
	s.table([]column{{"Setting", 150}, {"Part of the time", 82}, {"Years", 62}, {"Expected cost", 96}, {"If all years there", 114}},
		rows, len(rows)-1)
}
