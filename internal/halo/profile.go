package halo

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Profile is a checked answer sheet. Parse makes one; the zero Profile has no
// answer at all and Assess refuses it. Profiles compare with ==.
type Profile struct {
	answered uint32 // bit i: question i has an answer
	// values holds integers and numbers as they are, booleans as 0 and 1, and
	// choices as the index of the choice.
	values [questionCount]float64
	shares [ethnicGroups]float64 // percent of each group of ethnicity
	named  uint8                 // bit i: group i was named, if only with 0
	// cancers has bit i set when choice i of family_cancers was named.
	cancers uint16
}

// Answer is one answered question, as text for a reader.
type Answer struct {
	Question string // the wording
	Value    string // the label of the choice, "Yes" or "No", or a number with its unit
}

// Age is the person's age in whole years.
func (p Profile) Age() int { return p.integer(questionAge) }

// ValuationYear is the calendar year of the calculation.
func (p Profile) ValuationYear() int { return p.integer(questionValuationYear) }

// SeriousIllness says whether the model must not be applied to the person.
func (p Profile) SeriousIllness() bool { return p.yes(questionSeriousIllness) }

// RetirementState is the name of the state in which the person expects to live
// when retired; "United States" when none was given.
func (p Profile) RetirementState() string { return loadedTables().states[p.state()].name }

// Answers lists the answered questions in the order of the page, without the
// valuation year.
func (p Profile) Answers() []Answer {
	var answers []Answer
	for _, q := range Questions().Questions {
		if i := questionIndex()[q.ID]; p.has(i) {
			answers = append(answers, Answer{q.Wording, p.text(i, q)})
		}
	}
	return answers
}

// text words the answer to question i.
func (p Profile) text(i int, q Question) string {
	switch q.Type {
	case TypeChoice:
		return q.Choices[p.integer(i)].Label
	case TypeBoolean:
		if p.yes(i) {
			return "Yes"
		}
		return "No"
	case TypeChoices:
		return p.cancersText(q)
	case TypeShares:
		return p.sharesText(q)
	default:
		text := strconv.FormatFloat(p.values[i], 'f', -1, 64)
		if q.Unit != "" {
			text += " " + q.Unit
		}
		return text
	}
}

func (p Profile) cancersText(q Question) string {
	var labels []string
	for i, c := range q.Choices {
		if p.cancers&(1<<i) != 0 {
			labels = append(labels, c.Label)
		}
	}
	if labels == nil {
		return "None"
	}
	return strings.Join(labels, ", ")
}

func (p Profile) sharesText(q Question) string {
	var parts []string
	for i, c := range q.Choices {
		if p.shares[i] > 0 {
			parts = append(parts, c.Label+" "+strconv.FormatFloat(p.shares[i], 'f', -1, 64)+"%")
		}
	}
	return strings.Join(parts, ", ")
}

// MarshalJSON writes the answers as the canonical input: the answered
// questions in the order of validation and the valuation year always, numbers
// in their shortest form. Parse of it gives an equal Profile.
func (p Profile) MarshalJSON() ([]byte, error) { return p.AppendJSON(nil), nil }

// AppendJSON appends what MarshalJSON returns.
func (p Profile) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, q := range answerSheet() {
		if !p.has(i) {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, q.ID), ':')
		dst = p.appendValue(dst, i, q)
	}
	return append(dst, '}')
}

func (p Profile) appendValue(dst []byte, i int, q Question) []byte {
	switch q.Type {
	case TypeChoice:
		return appendString(dst, q.Choices[p.integer(i)].Value)
	case TypeBoolean:
		return strconv.AppendBool(dst, p.yes(i))
	case TypeChoices:
		dst = append(dst, '[')
		for k, c := range q.Choices {
			if p.cancers&(1<<k) != 0 {
				dst = append(appendString(dst, c.Value), ',')
			}
		}
		return closeList(dst, ']')
	case TypeShares:
		dst = append(dst, '{')
		for k, c := range q.Choices {
			if p.named&(1<<k) != 0 {
				dst = append(appendString(dst, c.Value), ':')
				dst = append(appendNumber(dst, p.shares[k]), ',')
			}
		}
		return closeList(dst, '}')
	default:
		return appendNumber(dst, p.values[i])
	}
}

// closeList replaces a trailing comma by the closing bracket.
func closeList(dst []byte, bracket byte) []byte {
	if dst[len(dst)-1] == ',' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, bracket)
}

func (p *Profile) has(question int) bool { return p.answered&(1<<question) != 0 }

// yes is true for a boolean that was answered with true.
func (p *Profile) yes(question int) bool { return p.values[question] == 1 }

// integer is the value of an integer question or the index of a choice.
func (p *Profile) integer(question int) int { return int(p.values[question]) }

func (p *Profile) set(question int, value float64) {
	p.answered |= 1 << question
	p.values[question] = value
}

// retirementAge is the answer or the default.
func (p *Profile) retirementAge() int {
	if p.has(questionRetirementAge) {
		return p.integer(questionRetirementAge)
	}
	return defaultRetirementAge
}

// state is the index of the answered state, or of the whole country.
func (p *Profile) state() int {
	if p.has(questionRetirementState) {
		return p.integer(questionRetirementState)
	}
	return loadedTables().country
}

// bmi is the body mass index in kg/m², and whether it is known.
func (p *Profile) bmi() (float64, bool) {
	if !p.has(questionHeight) || !p.has(questionWeight) {
		return 0, false
	}
	return bodyMassIndex(p.values[questionHeight], p.values[questionWeight]), true
}

// bodyMassIndex takes inches and pounds.
func bodyMassIndex(height, weight float64) float64 { return 703 * weight / (height * height) }

var _ json.Marshaler = Profile{}
