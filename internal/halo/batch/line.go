// Package batch computes many results: one JSON document a line in, one a line
// out, in the same order, on all cores and in constant memory.
package batch

import "halo.dev/halo/internal/halo"

// MaxLine is the longest line, in bytes, that is read; a longer one has the
// error "too_long" as its result. A full answer sheet has some 700 bytes.
const MaxLine = 1 << 20

// codeTooLong is the code of a line of more than MaxLine bytes.
const codeTooLong = "too_long"

// View says which part of a result is wanted.
type View int

// The views of a result.
const (
	// Full is the whole result, for the advisor.
	Full View = iota
	// Browser is the visitor's part. A household has none but its status.
	Browser
)

// Line computes one document: an answer sheet, or a household, as halo.IsHousehold
// tells. It appends the result to dst, without a line break, and says whether the
// answers were valid. year is the valuation year when the answers name none.
func Line(dst, document []byte, year int, view View) (result []byte, valid bool) {
	if len(document) > MaxLine {
		return tooLong(dst), false
	}
	if halo.IsHousehold(document) {
		return household(dst, document, year, view)
	}
	var r halo.Result
	if p, errors := halo.Parse(document, year); errors != nil {
		r = halo.Invalid(errors)
	} else {
		r = halo.Assess(p)
	}
	valid = r.Status != halo.StatusError
	if view == Browser {
		b := halo.BrowserView(r)
		return b.AppendJSON(dst), valid
	}
	return r.AppendJSON(dst), valid
}

func household(dst, document []byte, year int, view View) ([]byte, bool) {
	var h halo.HouseholdResult
	if a, b, errors := halo.ParseHousehold(document, year); errors != nil {
		h = halo.InvalidHousehold(errors)
	} else {
		h = halo.Household(a, b)
	}
	valid := h.Status != halo.StatusError
	if view == Browser {
		h = halo.HouseholdBrowserView(h)
	}
	return h.AppendJSON(dst), valid
}

func tooLong(dst []byte) []byte {
	r := halo.Invalid([]halo.FieldError{{Code: codeTooLong}})
	return r.AppendJSON(dst)
}
