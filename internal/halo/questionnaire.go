package halo

import "slices"

// The types of a question.
const (
	TypeChoice  = "choice"  // one of Choices, a string
	TypeChoices = "choices" // a list of Choices without repeats
	TypeBoolean = "boolean"
	TypeInteger = "integer" // written without a point or an exponent
	TypeNumber  = "number"
	TypeShares  = "shares" // an object from Choices to percent; the sum is 100
)

// Questionnaire is what a visitor is asked. It marshals to the JSON that the
// widget renders; Sections and Questions are in the order of the page.
type Questionnaire struct {
	ModelVersion string     `json:"model_version"`
	Sections     []Section  `json:"sections"`
	Questions    []Question `json:"questions"`
}

// Section is a part of the page.
type Section struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Question is one question with all that validation and rendering need.
type Question struct {
	ID      string `json:"id"`
	Section string `json:"section"`
	Wording string `json:"wording"`
	// Hint is a short second line, or empty.
	Hint string `json:"hint,omitempty"`
	// Type is one of the Type constants.
	Type     string   `json:"type"`
	Required bool     `json:"required"`
	Choices  []Choice `json:"choices,omitempty"`
	// Min and Max are the limits of a number, both allowed; nil for others.
	Min  *float64 `json:"min,omitempty"`
	Max  *float64 `json:"max,omitempty"`
	Unit string   `json:"unit,omitempty"`
	// With names the question that must be answered when this one is.
	With string `json:"with,omitempty"`
	// Default is what a missing answer counts as: a string or an int. It is
	// nil when a missing answer leaves its factor out of the calculation.
	Default any `json:"default,omitempty"`
}

// Choice is one possible answer.
type Choice struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Questions is the questionnaire for a visitor. The valuation year, which the
// server sets, is not in it. The caller owns the value.
func Questions() Questionnaire {
	questions := slices.Clone(answerSheet()[:questionValuationYear])
	for i := range questions {
		questions[i] = questions[i].clone()
	}
	rank := map[string]int{}
	for i, s := range sections() {
		rank[s.ID] = i
	}
	slices.SortStableFunc(questions, func(a, b Question) int { return rank[a.Section] - rank[b.Section] })
	return Questionnaire{ModelVersion: ModelVersion, Sections: sections(), Questions: questions}
}

// clone copies a question with all that it points to.
func (q Question) clone() Question {
	q.Choices = slices.Clone(q.Choices)
	if q.Min != nil {
		q.Min, q.Max = limit(*q.Min), limit(*q.Max)
	}
	return q
}
