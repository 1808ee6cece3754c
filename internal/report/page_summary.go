package report

import (
	"fmt"

	"halo.dev/halo/internal/report/draw"
)

// summaryPage gathers the figures that a plan needs, and says what they are not.
func (s *sheet) summaryPage() {
	r := s.doc.Result
	span := r.Healthspan
	s.page("Summary", "The figures for your financial plan, and what to keep in mind when you use them.")
	var rows [][]string
	if span.RetirementAge > s.doc.Profile.Age() {
		rows = append(rows, []string{"Retirement age", fmt.Sprintf("%d", span.RetirementAge)})
	}
	rows = append(rows, [][]string{
		{"Assisted years begin, on the timeline", age(span.AssistedFromAge)},
		{"Life expectancy", age(r.Longevity.LifeExpectancyAge)},
		{"One in ten lives past", age(r.Longevity.DeathAge.P90)},
		{"Lifetime out-of-pocket costs, today's prices", dollars(r.OutOfPocket.LifetimeToday)},
		{"Expected cost of care, today's prices", dollars(r.Care.ExpectedTotalToday)},
		{"Both together, today's prices", dollars(r.Total.Today)},
		{"Both together, future dollars", dollars(r.Total.Future)},
	}...)
	s.table([]column{{"For the plan", 300}, {"", 204}}, rows, len(rows)-2, len(rows)-1)
	habit := "Pick the one habit with the largest gain, and talk to your doctor about what runs in the family."
	if len(r.Tips) == 0 {
		habit = "Keep the habits that you have, and talk to your doctor about what runs in the family."
	}
	s.section("What to do with it")
	for _, one := range []string{
		"Plan for a long life, not for the average one: half of all people outlive the middle of the range.",
		"Ask how your plan would bear the years of care that one in ten needs, not only the expected ones.",
		habit,
		"Answer the questionnaire again when your health, your habits or your plans change.",
	} {
		s.Fill(draw.Box{X: left, Y: s.y + 5, W: 4, H: 4}, 2, s.colors.Accent)
		s.y = s.block(left+14, s.y, width-14, one, s.styles.body) + 4
	}
	s.y += 10
	s.disclaimers()
	s.stamp()
}

func (s *sheet) disclaimers() {
	s.section("What this report is not")
	for _, one := range []string{
		"This is an educational estimate. It is not medical advice, not a diagnosis, not actuarial advice and not a promise. " +
			"Decisions about your health belong to you and your doctor, decisions about your money to you and your advisor.",
		"The estimate rests on averages of large groups, mostly from observation: people with a habit may differ in more than " +
			"that habit. It knows nothing of you but the answers on page 2, and it is meant for people without a serious illness.",
		"Costs are prices of today or of future years as marked; out-of-pocket costs are taken to grow 4% and care 3.5% a year. " +
			"Every assisted year is priced at full private cost, of which families pay about 37% on average (ASPE 2022). Figures " +
			"are rounded, so that sums may differ in the last digit.",
	} {
		s.paragraph(one, s.styles.body.In(s.colors.Muted))
	}
	s.y += 6
}

// stamp says from what the result can be computed again.
func (s *sheet) stamp() {
	r := s.doc.Result
	s.need(64)
	box := draw.Box{X: left, Y: s.y, W: width, H: 58}
	s.Fill(box, 5, s.colors.Wash)
	for i, one := range [][2]string{
		{"Model version", r.ModelVersion}, {"Data (SHA-256)", r.DataSHA256}, {"Valuation year", fmt.Sprintf("%d", r.ValuationYear)},
	} {
		y := s.y + 18 + float64(i)*14
		s.Text(left+14, y, one[0], s.styles.small)
		s.Text(left+100, y, s.Fit(one[1], s.styles.smallBold, width-114), s.styles.smallBold)
	}
	s.y += 70
}
