package report

import (
	"fmt"
	"strings"

	"halo.dev/halo/internal/report/draw"
)

const coverHeight = 268.0

// coverPage names the client and gives the six components of a HALO with their key figures.
func (s *sheet) coverPage() {
	s.AddPage()
	s.coverBand("Your health, longevity\nand care costs")
	s.y = coverHeight + 20
	s.paragraph(s.preparedBy(), s.styles.small)
	s.y = s.block(left, s.y+4, width, "HALO, the Health Analysis and Longevity Optimizer, turns the answers to a short "+
		"questionnaire into an estimate of how long you may live, how many of those years will be active, and what "+
		"health and care may cost. These six figures are the heart of it; the pages that follow explain each.",
		s.styles.body) + 14
	s.keyFigures()
}

// coverBand is the coloured head of the first page: brand, title, whom it is for.
func (s *sheet) coverBand(headline string) {
	s.Fill(draw.Box{X: 0, Y: 0, W: draw.PageWidth, H: coverHeight}, 0, s.colors.Brand)
	on, soft := s.colors.OnBrand, s.colors.OnBrandSoft
	s.brandMark(on)
	s.TextRight(right, 58, "HALO report", draw.Style{Size: 9.5, Color: soft})
	s.Line(draw.Point{X: left, Y: 72}, draw.Point{X: right, Y: 72}, 0.5, soft)

	display := draw.Style{Weight: draw.Light, Size: 30, Leading: 37, Color: on}
	y := 118.0
	for _, line := range strings.Split(headline, "\n") {
		s.Text(left, y, line, display)
		y += display.LineHeight()
	}
	s.Text(left, y+2, "Prepared for", draw.Style{Size: 9.5, Color: soft})
	lines, style, lost := s.clientName(on)
	s.Lines(left, y+24, lines, style)
	if lost {
		s.Text(left, 254, fmt.Sprintf("%c stands for a letter that this report's fonts do not have.",
			draw.Substitute), draw.Style{Size: 7.5, Color: soft})
	}
}

// clientName sets the name as large as it fits on one line, then on two, then cuts it.
func (s *sheet) clientName(color draw.Color) (lines []string, style draw.Style, lost bool) {
	name, lost := s.Printable(s.doc.Client.name())
	style = draw.Style{Weight: draw.SemiBold, Size: 19, Leading: 23, Color: color}
	for style.Size > 12 && s.Width(name, style) > width {
		style.Size--
	}
	style.Leading = 1.2 * style.Size
	return s.WrapAtMost(name, style, width, 2), style, lost
}

// preparedBy is the line under the cover's band: by whom, of which firm where its logo stands for the name, when.
func (s *sheet) preparedBy() string {
	var parts []string
	if s.doc.Advisor != "" {
		parts = append(parts, s.Fit(s.doc.Advisor, s.styles.small, width*0.4))
	}
	if s.logo != nil && s.doc.Brand.Name != "" {
		parts = append(parts, s.Fit(s.doc.Brand.Name, s.styles.small, width*0.4))
	}
	return strings.Join(append(parts, date(s.doc.Date)), " \u00b7 ")
}

// milestones words the chances of reaching the ages that are still ahead and that some reach.
func (s *sheet) milestones() string {
	live := s.doc.Result.Longevity
	var parts []string
	for _, one := range []struct {
		age int
		p   float64
	}{{90, live.Prob90}, {95, live.Prob95}, {100, live.Prob100}} {
		if one.age > s.doc.Profile.Age() && percent(one.p) != percent(0) {
			parts = append(parts, fmt.Sprintf("%d is %s", one.age, percent(one.p)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " The chance of reaching " + strings.Join(parts, ", ") + "."
}

// activeYears words what the active years are spent with.
func (s *sheet) activeYears() string {
	span := s.doc.Result.Healthspan
	if span.ActiveWorkingYears <= 0 {
		return "All of them in retirement, without daily help."
	}
	return fmt.Sprintf("%s working and %s in retirement, without daily help.", years(span.ActiveWorkingYears), years(span.ActiveRetirementYears))
}

func (s *sheet) keyFigures() {
	r := s.doc.Result
	live, span, cost, care := r.Longevity, r.Healthspan, r.OutOfPocket, r.Care
	facts := []fact{
		{"1  Hereditary, health and lifestyle risk", age(live.LongevityAge), fmt.Sprintf("Your longevity age: the age "+
			"of the average person with as many years to come. You are %d.", s.doc.Profile.Age())},
		{"2  Longevity", age(live.LifeExpectancyAge), "Your life expectancy." + s.milestones()},
		{"3  Active years", years(span.ActiveWorkingYears + span.ActiveRetirementYears), s.activeYears()},
		{"4  Assisted years", years(span.AssistedYears), fmt.Sprintf("Years with a need of daily help, on average. "+
			"The chance of ever needing it is %s.", percent(care.ProbNeed))},
		{"5  Lifetime out-of-pocket costs", dollars(cost.LifetimeToday), "Premiums and medical bills that you pay " +
			"yourself, at today's prices."},
		{"6  Total care spending", dollars(care.ExpectedTotalToday), "If every assisted year is paid in full, at " +
			"today's prices. Families pay about 37% of it on average."},
	}
	const gap, height = 14.0, 100.0
	room := (width - gap) / 2
	for i, one := range facts {
		column, row := float64(i%2), float64(i/2)
		s.card(draw.Box{X: left + column*(room+gap), Y: s.y + row*(height+gap), W: room, H: height}, one)
	}
	s.y += 3 * (height + gap)
}
