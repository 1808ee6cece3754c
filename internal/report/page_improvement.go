package report

import (
	"slices"

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

// gain is a change of habit with the years that it gives or, of a worse habit, takes.
type gain struct {
	title, text   string
	years, active float64
}

// gainsOfBetter are what better habits would give.
func (s *sheet) gainsOfBetter() (gains []gain) {
	for _, one := range s.doc.Result.Tips {
		words := topics.Habit(one.ID)
		gains = append(gains, gain{words.Title, words.Text, one.YearsGained, one.ActiveYearsGained})
	}
	return gains
}

// lossesByWorse are what worse habits would take: kept by the habits that the client has, and missed by somebody with
// habits of which nothing is known.
func (s *sheet) lossesByWorse() (kept, missed []gain) {
	for _, one := range s.worseHabits() {
		words := topics.WorseHabit(one.Habit)
		if one.Answered {
			kept = append(kept, gain{words.Kept, words.Text, one.YearsTaken, one.ActiveYearsTaken})
		} else {
			missed = append(missed, gain{words.Name, "Compared with the average at your age.", one.YearsTaken, one.ActiveYearsTaken})
		}
	}
	return kept, missed
}

// tips draws what better habits would give, what good ones give already where there is room, and, for somebody who told of
// none, what worse ones would take.
func (s *sheet) tips() {
	better := s.gainsOfBetter()
	kept, missed := s.lossesByWorse()
	longest := 0.5
	for _, one := range slices.Concat(better, kept, missed) {
		longest = max(longest, one.years, one.active)
	}
	s.section("Habits")
	switch {
	case len(better) > 0:
		s.gainBars(longest, better, "Years of life gained", "Active years gained")
	case len(missed) > 0 && len(kept) == 0:
		s.paragraph("You did not tell us about these habits, and the estimate takes average ones. This is what worse ones would take:", s.styles.body)
		s.gainBars(longest, missed, "Years of life lost", "Active years lost")
		return
	default:
		s.paragraph("Among the habits that you told us about, none would add a noticeable amount of time. Keep them up.", s.styles.body)
		s.y += 6
	}
	s.gainsIfRoom("What your good habits give you already", longest, kept, "Years of life kept", "Active years kept")
	s.gainsIfRoom("What worse habits would take", longest, missed, "Years of life lost", "Active years lost")
}

// gainsIfRoom draws what page 5 has as well, unless it would push what runs in the family to another page.
func (s *sheet) gainsIfRoom(title string, longest float64, all []gain, life, active string) {
	if len(all) == 0 || s.y+gainsHeight(all)+s.preventionHeight() > bottom {
		return
	}
	s.section(title)
	s.gainBars(longest, all, life, active)
}

const gainHeight = 41.0

// gainsHeight is how high gainBars is with its heading.
func gainsHeight(all []gain) float64 { return 22 + float64(len(all))*gainHeight + 22 }

// gainBars draws two bars for each habit, longest years the width.
func (s *sheet) gainBars(longest float64, all []gain, life, active string) {
	const labelWidth = 218.0
	scale := (width - labelWidth - 62) / longest
	for _, one := range all {
		s.need(40)
		s.Text(left, s.y+10, one.title, s.styles.bold)
		s.block(left, s.y+14, labelWidth-16, one.text, s.styles.small)
		s.gainBar(left+labelWidth, s.y+1, scale, one.years, s.colors.Strong)
		s.gainBar(left+labelWidth, s.y+16, scale, one.active, s.colors.Middle)
		s.y += gainHeight
	}
	chart.Keys(s.Surface, s.colors, left+labelWidth, s.y+4, []chart.Key{
		{Color: s.colors.Strong, Label: life}, {Color: s.colors.Middle, Label: active},
	})
	s.y += 22
}

func (s *sheet) gainBar(x, y, scale, gained float64, color draw.Color) {
	end := chart.Bar(s.Surface, x, y, 11, scale, []chart.Segment{{Length: gained, Color: color}})
	s.Text(end+5, y+8.7, years(gained), s.styles.smallBold)
}

// The words above the topics.
const (
	noTopics = "You named no illness of parents, brothers, sisters or children that calls for special attention. The usual " +
		"check-ups remain worth keeping."
	aboutTopics = "General information, no advice for one person. " + topics.Review + " Talk to your doctor before you change a " +
		"medicine or decide on a test."
)

// topicGap is between two columns of topics, topicRoom the width of one.
const topicGap, topicRoom = 22.0, (width - 22.0) / 2

// prevention sets the topics in two columns, row by row, so that a long list goes on on the next page.
func (s *sheet) prevention() {
	s.need(90)
	s.section("What runs in the family")
	all := s.doc.Result.PreventionTopics
	if len(all) == 0 {
		s.paragraph(noTopics, s.styles.body)
		return
	}
	s.y -= 4
	s.paragraph(aboutTopics, s.styles.small)
	for pair := range slices.Chunk(all, 2) {
		height := s.pairHeight(pair)
		s.need(height)
		for k, id := range pair {
			s.topic(left+float64(k)*(topicRoom+topicGap), topicRoom, topics.Prevention(id))
		}
		s.y += height + 9
	}
}

// preventionHeight is how high prevention is.
func (s *sheet) preventionHeight() float64 {
	all := s.doc.Result.PreventionTopics
	if len(all) == 0 {
		return 22 + s.blockHeight(width, noTopics, s.styles.body)
	}
	height := 18 + s.blockHeight(width, aboutTopics, s.styles.small) + 6
	for pair := range slices.Chunk(all, 2) {
		height += s.pairHeight(pair) + 9
	}
	return height - 9
}

func (s *sheet) pairHeight(pair []string) (height float64) {
	for _, id := range pair {
		height = max(height, s.topicHeight(topicRoom, topics.Prevention(id)))
	}
	return height
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
