package halo

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// The codes of a FieldError.
const (
	codeRequired  = "required"
	codeType      = "type"
	codeChoice    = "choice"
	codeRange     = "range"
	codeSum       = "sum"
	codeDuplicate = "duplicate"
	codePair      = "pair"
	codeBMIRange  = "bmi_range"
	codeUnknown   = "unknown_field"
)

// minBMI and maxBMI are the limits of a plausible body mass index.
const minBMI, maxBMI = 12, 80

// shareTolerance is how far the shares' sum may be from 100.
const shareTolerance = 0.01 + 1e-9

// Parse checks an answer sheet, one JSON object from question ids to answers,
// and returns the profile or every error in it: unknown keys first, then the
// questions in the order of validation. year is the valuation year when the
// sheet names none; it is checked as if the sheet had. Of a key that occurs
// twice the last value counts. The errors never quote an answer.
func Parse(input []byte, year int) (Profile, []FieldError) {
	s := scanner{input: input}
	var sheet rawSheet
	if !sheet.read(&s) || !s.atEnd() {
		return Profile{}, []FieldError{{"", codeType}}
	}
	return sheet.check(year)
}

// rawSheet is a parsed but unchecked answer sheet.
type rawSheet struct {
	given   uint32 // bit i: question i is there and not null
	values  [questionCount][]byte
	unknown []string
}

// has says whether a question has an answer, of whatever kind.
func (r *rawSheet) has(question int) bool { return r.given&(1<<question) != 0 }

// read reads one JSON object; false means that the input holds no such thing.
// Most sheets have the questions in order, so the next one is tried first.
func (r *rawSheet) read(s *scanner) bool {
	questions := answerSheet()
	next := 0
	return s.object(func(key, value []byte) {
		i, known := next, next < questionCount && questions[next].ID == string(key)
		if !known {
			i, known = questionIndex()[string(key)]
		}
		if !known {
			r.unknown = append(r.unknown, string(key))
			return
		}
		next = i + 1
		r.given |= 1 << i
		if isNull(value) {
			r.given &^= 1 << i
		}
		r.values[i] = value
	})
}

// alwaysChecked are the questions that are looked at without an answer, too.
const alwaysChecked = 1<<questionSex | 1<<questionAge | 1<<questionSeriousIllness | 1<<questionValuationYear

// check turns the sheet into a profile, or into all of its errors.
func (r *rawSheet) check(year int) (p Profile, errors []FieldError) {
	slices.Sort(r.unknown)
	for _, key := range slices.Compact(r.unknown) {
		errors = append(errors, FieldError{key, codeUnknown})
	}
	var failed uint32
	sheet := answerSheet()
	for left := r.given | alwaysChecked; left != 0; left &= left - 1 {
		i := bits.TrailingZeros32(left)
		q := &sheet[i]
		var code string
		switch {
		case r.has(i):
			code = p.answer(i, q, r.values[i])
		case q.Required:
			code = codeRequired
		default:
			code = p.answerWithin(i, q, float64(year))
		}
		if code != "" {
			errors = append(errors, FieldError{q.ID, code})
			failed |= 1 << i
		}
	}
	if e, bad := r.checkBody(&p, failed); bad {
		errors = append(errors, e)
	}
	if errors != nil {
		return Profile{}, errors
	}
	return p, nil
}

// checkBody checks height and weight together, after each alone.
func (r *rawSheet) checkBody(p *Profile, failed uint32) (FieldError, bool) {
	sheet := answerSheet()
	height, weight := r.has(questionHeight), r.has(questionWeight)
	switch {
	case height && !weight:
		return FieldError{sheet[questionWeight].ID, codePair}, true
	case weight && !height:
		return FieldError{sheet[questionHeight].ID, codePair}, true
	case failed&(1<<questionHeight|1<<questionWeight) != 0:
		return FieldError{}, false
	}
	if bmi, known := p.bmi(); known && (bmi < minBMI || bmi > maxBMI) {
		return FieldError{sheet[questionWeight].ID, codeBMIRange}, true
	}
	return FieldError{}, false
}

// answer checks the raw answer to question i and stores it; it returns the code
// of what is wrong, or "".
func (p *Profile) answer(i int, q *Question, raw []byte) string {
	switch q.Type {
	case TypeChoice:
		return p.answerChoice(i, q, raw)
	case TypeBoolean:
		return p.answerBoolean(i, raw)
	case TypeInteger:
		return p.answerInteger(i, q, raw)
	case TypeNumber:
		return p.answerNumber(i, q, raw)
	case TypeShares:
		return p.answerShares(i, q, raw)
	default:
		return p.answerChoices(i, q, raw)
	}
}

func (p *Profile) answerChoice(i int, q *Question, raw []byte) string {
	if raw[0] != '"' {
		return codeType
	}
	choice := findChoice(q.Choices, unquote(raw))
	if choice < 0 {
		return codeChoice
	}
	p.set(i, float64(choice))
	return ""
}

func (p *Profile) answerBoolean(i int, raw []byte) string {
	switch raw[0] {
	case 't':
		p.set(i, 1)
	case 'f':
		p.set(i, 0)
	default:
		return codeType
	}
	return ""
}

func (p *Profile) answerInteger(i int, q *Question, raw []byte) string {
	for _, c := range raw {
		if c != '-' && (c < '0' || c > '9') {
			return codeType
		}
	}
	return p.answerNumber(i, q, raw)
}

func (p *Profile) answerNumber(i int, q *Question, raw []byte) string {
	v, ok := number(raw)
	if !ok {
		return codeType
	}
	return p.answerWithin(i, q, v)
}

func (p *Profile) answerWithin(i int, q *Question, v float64) string {
	if v < *q.Min || v > *q.Max {
		return codeRange
	}
	p.set(i, v)
	return ""
}

// answerShares reports the first rule that any entry breaks.
func (p *Profile) answerShares(i int, q *Question, raw []byte) string {
	if raw[0] != '{' {
		return codeType
	}
	var values [ethnicGroups][]byte
	badKey := false
	s := scanner{input: raw}
	s.object(func(key, value []byte) {
		if k := findChoice(q.Choices, key); k < 0 {
			badKey = true
		} else {
			values[k] = value
		}
	})
	if badKey {
		return codeChoice
	}
	code := ""
	for k, value := range values {
		if value == nil {
			continue
		}
		v, ok := number(value)
		if !ok {
			return codeType
		}
		if v < *q.Min || v > *q.Max {
			code = codeRange
		}
		p.named |= 1 << k
		p.shares[k] = v
	}
	if code != "" {
		return code
	}
	return p.checkShares(i)
}

func (p *Profile) checkShares(i int) string {
	sum := 0.0
	for _, v := range p.shares {
		sum += v
	}
	if math.Abs(sum-100) > shareTolerance {
		return codeSum
	}
	p.set(i, 0)
	return ""
}

// answerChoices reports the first rule that any entry breaks.
func (p *Profile) answerChoices(i int, q *Question, raw []byte) string {
	if raw[0] != '[' {
		return codeType
	}
	wrongType, unknown, repeated := false, false, false
	s := scanner{input: raw}
	s.array(func(value []byte) {
		if value[0] != '"' {
			wrongType = true
			return
		}
		k := findChoice(q.Choices, unquote(value))
		if k < 0 {
			unknown = true
			return
		}
		repeated = repeated || p.cancers&(1<<k) != 0
		p.cancers |= 1 << k
	})
	switch {
	case wrongType:
		return codeType
	case unknown:
		return codeChoice
	case repeated:
		return codeDuplicate
	}
	p.set(i, 0)
	return ""
}

// findChoice returns the index of a value, or -1.
func findChoice(choices []Choice, value []byte) int {
	for i := range choices {
		if choices[i].Value == string(value) {
			return i
		}
	}
	return -1
}

// number reads a JSON number of any size: what does not fit is an infinity,
// which is outside of every limit. Negative zero is zero.
func number(raw []byte) (float64, bool) {
	if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return 0, false
	}
	if v, ok := plainNumber(raw); ok {
		return v, true
	}
	v, _ := strconv.ParseFloat(string(raw), 64) // an error is one of range, and v an infinity
	return v + 0, true
}

// plainNumber reads the common case: up to 15 digits with a point or without.
// Both the digits and the power of ten are exact, so their quotient is the
// nearest number.
func plainNumber(raw []byte) (float64, bool) {
	if len(raw) > 15 {
		return 0, false
	}
	digits, scale, point := 0, 1, false
	for _, c := range raw {
		switch {
		case c == '.':
			point = true
			continue
		case c < '0' || c > '9':
			return 0, false
		}
		digits = 10*digits + int(c-'0')
		if point {
			scale *= 10
		}
	}
	return float64(digits) / float64(scale), true
}
