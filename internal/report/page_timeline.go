package report

import (
	"fmt"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report/chart"
	"halo.dev/halo/internal/report/draw"
)

// timelinePage shows the years to come in three parts, and how sure that is: the model's own error and the spread of
// fate are two different things and are drawn apart.
func (s *sheet) timelinePage() {
	live := s.doc.Result.Longevity
	s.page("Your longevity timeline", fmt.Sprintf("On average, people like you live to %s: %s from today. The average "+
		"person of your age and sex has %s to come.", age(live.LifeExpectancyAge), years(live.LifeExpectancyYears),
		years(live.AveragePersonYears)))
	s.timeline()
	s.survival()
}

func (s *sheet) timeline() {
	span, start := s.doc.Result.Healthspan, float64(s.doc.Profile.Age())
	working, retired := span.ActiveWorkingYears, span.ActiveRetirementYears
	all := []chart.Segment{
		{Length: working, Label: "Active, working", Figure: years(working), Color: s.colors.Strong},
		{Length: retired, Label: "Active, retired", Figure: years(retired), Color: s.colors.Middle},
		{Length: span.AssistedYears, Label: "Assisted", Figure: years(span.AssistedYears), Color: s.colors.Accent},
	}
	if working <= 0 {
		all = all[1:]
	}
	marks := []chart.Mark{{At: start, Label: fmt.Sprintf("Today, %.0f", start)}}
	at := start
	for _, one := range all {
		at += one.Length
		marks = append(marks, chart.Mark{At: at, Label: decimal(at)})
	}
	marks[len(marks)-1].Label = age(at)
	chart.Timeline(s.Surface, s.colors, draw.Box{X: left, Y: s.y, W: width, H: 56}, start, all, marks)
	s.y += 82
	text := "The parts are average years: they count the chance of not living to see them. Years with a need of daily help are " +
		"drawn at the end, though they may come at any time."
	if working > 0 {
		text += fmt.Sprintf(" For the same reason the working part can end before the retirement age of %d.", span.RetirementAge)
	}
	s.paragraph(text, s.styles.small)
	s.y += 6
}

func (s *sheet) survival() {
	live, points := s.doc.Result.Longevity, s.curvePoints()
	s.section("Your chance of being alive at each age")
	box := draw.Box{X: left + 34, Y: s.y + 14, W: width - 42, H: 214}
	curve := chart.Curve{
		Points: points, Band: s.hasBand(), Expected: live.LifeExpectancyAge,
		ExpectedLabel: "Life expectancy: " + age(live.LifeExpectancyAge),
	}
	for _, one := range []struct{ age, p float64 }{{90, live.Prob90}, {95, live.Prob95}, {100, live.Prob100}} {
		if one.age > float64(s.doc.Profile.Age()) && percent(one.p) != percent(0) {
			label := fmt.Sprintf("%.0f: %s", one.age, percent(one.p))
			curve.Callouts = append(curve.Callouts, chart.Callout{Age: one.age, P: one.p, Label: label})
		}
	}
	chart.Survival(s.Surface, s.colors, box, curve)
	s.y = box.Bottom() + 28
	keys := []chart.Key{{Color: s.colors.Strong, Label: "Chance of being alive"}}
	if curve.Band {
		keys = append(keys, chart.Key{Color: s.colors.Soft, Label: "80% band of the model's own error"})
	}
	chart.Keys(s.Surface, s.colors, box.X, s.y, keys)
	s.y += 16
	s.twoUncertainties(chart.AgeScale(points, box))
}

// curvePoints asks the model for the curve; a result of another version has only its own coarse points, without a band.
func (s *sheet) curvePoints() []chart.CurvePoint {
	var points []chart.CurvePoint
	if s.hasBand() {
		for _, one := range halo.SurvivalCurve(s.doc.Profile) {
			points = append(points, chart.CurvePoint{Age: float64(one.Age), P: one.P, Low: one.Low, High: one.High})
			if len(points) > 10 && (one.Age == 110 || one.Age%5 == 0 && one.High < 0.005) {
				break // nothing to be seen beyond
			}
		}
		return points
	}
	points = append(points, chart.CurvePoint{Age: float64(s.doc.Profile.Age()), P: 1})
	for _, one := range s.doc.Result.Longevity.SurvivalBy5Y {
		points = append(points, chart.CurvePoint{Age: float64(one.Age), P: one.P})
	}
	return points
}

// hasBand says whether the running model is the one that made the result, so that its curve belongs to the figures.
func (s *sheet) hasBand() bool {
	r := s.doc.Result
	return r.ModelVersion == halo.ModelVersion && r.DataSHA256 == halo.DataSHA256() &&
		len(halo.SurvivalCurve(s.doc.Profile)) > 1
}

// twoUncertainties draws, on the curve's own axis, what must never be merged.
func (s *sheet) twoUncertainties(across chart.Scale) {
	live := s.doc.Result.Longevity
	fate := live.DeathAge
	s.need(116)
	s.strip("How sure the average is: the model's own error", fmt.Sprintf("Your life expectancy lies between %s and %s with "+
		"a chance of 80%%.", age(live.ModelRangeLowAge), age(live.ModelRangeHighAge)), s.colors.Strong, across,
		[5]float64{live.ModelRangeLowAge, live.ModelRangeLowAge, live.LifeExpectancyAge, live.ModelRangeHighAge,
			live.ModelRangeHighAge})
	s.strip("How far single lives differ: the spread of fate", fmt.Sprintf("Of people like you one in ten dies before %s, one "+
		"in four before %s, half live past %s, one in four past %s and one in ten past %s.", age(fate.P10), age(fate.P25),
		age(fate.P50), age(fate.P75), age(fate.P90)), s.colors.Accent, across,
		[5]float64{fate.P10, fate.P25, fate.P50, fate.P75, fate.P90})
}

func (s *sheet) strip(title, text string, color draw.Color, across chart.Scale, q [5]float64) {
	s.Text(left, s.y+8, title, s.styles.smallBold)
	s.y = s.block(left, s.y+12, width, text, s.styles.small)
	chart.Strip(s.Surface, s.colors, color, across, s.y+13, chart.Quantiles{
		Low: q[0], LowInner: q[1], Middle: q[2], HighInner: q[3], High: q[4],
		LowLabel: decimal(q[0]), HighLabel: decimal(q[4]),
	})
	s.y += 34
}
