package halo

import "math"

// browserTips is how many tips the visitor sees.
const browserTips = 3

// Browser is the part of a result that the visitor may see, rounded to one
// decimal: no money, and no more than three tips. Like Result it has three
// forms by Status.
type Browser struct {
	Status                string       `json:"status"`
	ModelVersion          string       `json:"model_version"`
	Errors                []FieldError `json:"errors"`
	Reason                string       `json:"reason"`
	LifeExpectancyAge     float64      `json:"life_expectancy_age"`
	Prob90Pct             float64      `json:"prob_90_pct"`
	Prob95Pct             float64      `json:"prob_95_pct"`
	Prob100Pct            float64      `json:"prob_100_pct"`
	ActiveWorkingYears    float64      `json:"active_working_years"`
	ActiveRetirementYears float64      `json:"active_retirement_years"`
	AssistedYears         float64      `json:"assisted_years"`
	YearsLost             float64      `json:"years_lost"`
	Tips                  []BrowserTip `json:"tips"`
}

// BrowserTip is a tip as the visitor sees it.
type BrowserTip struct {
	ID          string  `json:"id"`
	YearsGained float64 `json:"years_gained"`
}

// BrowserView keeps what the visitor may see of a result.
func BrowserView(r Result) Browser {
	b := Browser{Status: r.Status, ModelVersion: r.ModelVersion, Errors: r.Errors, Reason: r.Reason}
	if r.Status != StatusOK {
		return b
	}
	b.LifeExpectancyAge = tenth(r.Longevity.LifeExpectancyAge)
	b.Prob90Pct = percent(r.Longevity.Prob90)
	b.Prob95Pct = percent(r.Longevity.Prob95)
	b.Prob100Pct = percent(r.Longevity.Prob100)
	b.ActiveWorkingYears = tenth(r.Healthspan.ActiveWorkingYears)
	b.ActiveRetirementYears = tenth(r.Healthspan.ActiveRetirementYears)
	b.AssistedYears = tenth(r.Healthspan.AssistedYears)
	b.YearsLost = tenth(r.Healthspan.YearsLost)
	b.Tips = make([]BrowserTip, 0, browserTips)
	for _, tip := range r.Tips[:min(len(r.Tips), browserTips)] {
		b.Tips = append(b.Tips, BrowserTip{tip.ID, tenth(tip.YearsGained)})
	}
	return b
}

// tenth rounds to one decimal, halves upward.
func tenth(v float64) float64 { return math.Floor(10*v+0.5) / 10 }

// percent turns a probability into percent with one decimal.
func percent(p float64) float64 { return math.Floor(1000*p+0.5) / 10 }
