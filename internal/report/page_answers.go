package report

import (
	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/draw"
)

const notAnswered = "Not answered"

// answersPage repeats every question with its answer: whoever reads the figures sees what they rest on.
func (s *sheet) answersPage() {
	s.page("Snapshot of your answers", "The estimate rests on these answers alone. A question without an answer counts "+
		"as average, or as its default.")
	given := map[string]string{}
	for _, one := range s.doc.Profile.Answers() {
		given[one.Question] = one.Value
	}
	sheet := halo.Questions()
	for _, section := range sheet.Sections {
		s.need(56)
		s.y += 5
		s.Text(left, s.y+9, section.Title, s.styles.section.In(s.colors.Strong))
		s.y += 14
		s.Line(draw.Point{X: left, Y: s.y}, draw.Point{X: right, Y: s.y}, 0.9, s.colors.Strong)
		for _, question := range sheet.Questions {
			if question.Section == section.ID {
				s.answer(question.Wording, given[question.Wording])
			}
		}
	}
	if bmi := s.doc.Result.BMI; bmi != nil {
		s.y += 8
		s.paragraph("Body mass index from height and weight: "+decimal(*bmi)+".", s.styles.small)
	}
}

// answer draws one row: wording at the left, value at the right, both wrapped.
func (s *sheet) answer(wording, value string) {
	question := draw.Style{Size: 8.5, Leading: 11, Color: s.colors.Muted}
	answer := draw.Style{Weight: draw.SemiBold, Size: 8.5, Leading: 11, Color: s.colors.Ink}
	if value == "" {
		value, answer = notAnswered, question
	}
	const asks, gap = 330.0, 14.0
	height := max(s.blockHeight(asks, wording, question), s.blockHeight(width-asks-gap, value, answer)) + 5.5
	s.need(height)
	s.block(left, s.y+2.5, asks, wording, question)
	s.block(left+asks+gap, s.y+2.5, width-asks-gap, value, answer)
	s.y += height
	s.Line(draw.Point{X: left, Y: s.y}, draw.Point{X: right, Y: s.y}, 0.4, s.colors.Rule)
}
