package report

import (
	"halo.dev/halo/internal/report/chart"
	"halo.dev/halo/internal/report/draw"
	"halo.dev/halo/internal/report/topics"
)

// improvementPage shows what the client can change, and what to watch for with this family.
func (s *sheet) improvementPage() {
	s.page("Room for improvement", "Each change alone, with everything else as you answered. It is never too late: the "+
		"gains count from your age today.")
	s.tips()
	s.prevention()
}

func (s *sheet) tips() {
	s.section("Habits")
	all := s.doc.Result.Tips
	if len(all) == 0 {
		s.paragraph("Among the habits that you told us about, none would add a noticeable amount of time. Keep them up.", s.styles.body)
		s.y += 6
		return
	}
	longest := 0.5
	for _, one := range all {
		longest = max(longest, one.YearsGained, one.ActiveYearsGained)
	}
	const labelWidth = 218.0
	scale := (width - labelWidth - 62) / longest
	for _, one := range all {
		s.need(40)
		words := topics.Habit(one.ID)
		s.Text(left, s.y+10, words.Title, s.styles.bold)
		s.block(left, s.y+14, labelWidth-16, words.Text, s.styles.small)
		s.gain(left+labelWidth, s.y+1, scale, one.YearsGained, s.colors.Strong)
		s.gain(left+labelWidth, s.y+16, scale, one.ActiveYearsGained, s.colors.Middle)
		s.y += 41
	}
	chart.Keys(s.Surface, s.colors, left+labelWidth, s.y+4, []chart.Key{
		{Color: s.colors.Strong, Label: "Years of life gained"}, {Color: s.colors.Middle, Label: "Active years gained"},
	})
	s.y += 22
}

func (s *sheet) gain(x, y, scale, gained float64, color draw.Color) {
	end := chart.Bar(s.Surface, x, y, 11, scale, []chart.Segment{{Length: gained, Color: color}})
	s.Text(end+5, y+8.7, years(gained), s.styles.smallBold)
}

// prevention sets the topics in two columns, row by row, so that a long list goes on on the next page.
func (s *sheet) prevention() {
	s.need(90)
	s.section("What runs in the family")
	all := s.doc.Result.PreventionTopics
	if len(all) == 0 {
		s.paragraph("You named no illness of parents, brothers, sisters or children that calls for special attention. The usual "+
			"check-ups remain worth keeping.", s.styles.body)
		return
	}
	s.y -= 4
	s.paragraph("General information, no advice for one person. "+topics.Review+" Talk to your doctor before you change a "+
		"medicine or decide on a test.", s.styles.small)
	const gap = 22.0
	room := (width - gap) / 2
	for i := 0; i < len(all); i += 2 {
		pair := all[i:min(i+2, len(all))]
		height := 0.0
		for _, id := range pair {
			height = max(height, s.topicHeight(room, topics.Prevention(id)))
		}
		s.need(height)
		for k, id := range pair {
			s.topic(left+float64(k)*(room+gap), room, topics.Prevention(id))
		}
		s.y += height + 9
	}
}

func (s *sheet) topicHeight(room float64, t topics.Topic) float64 {
	height := 16.0
	for _, one := range t.Advice {
		height += s.blockHeight(room-10, one, s.styles.small) + 1.5
	}
	return height
}

func (s *sheet) topic(x, room float64, t topics.Topic) {
	s.Text(x, s.y+10, s.Fit(t.Title, s.styles.bold, room), s.styles.bold)
	y := s.y + 15
	for _, one := range t.Advice {
		s.Fill(draw.Box{X: x, Y: y + 4.2, W: 3, H: 3}, 1.5, s.colors.Accent)
		y = s.block(x+10, y, room-10, one, s.styles.small) + 1.5
	}
}
