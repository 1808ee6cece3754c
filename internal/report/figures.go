package report

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// dollars writes an amount as "$412,000": rounded half up, to the dollar below 1,000, to ten below 10,000, to a hundred
// below 100,000 and to a thousand above: more digits would claim a precision that no estimate has.
func dollars(v float64) string {
	unit := 1.0
	switch {
	case v >= 1e5:
		unit = 1000
	case v >= 1e4:
		unit = 100
	case v >= 1e3:
		unit = 10
	}
	return "$" + separated(math.Floor(v/unit+0.5)*unit)
}

// separated writes a whole number with a comma between each three digits.
func separated(v float64) string {
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	var out strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(digit)
	}
	return out.String()
}

// thousands writes an axis label: "$40k", "$1.5M", "$0".
func thousands(v float64) string {
	switch {
	case v >= 1e6:
		return "$" + strconv.FormatFloat(v/1e6, 'f', -1, 64) + "M"
	case v >= 1e3:
		return "$" + strconv.FormatFloat(v/1e3, 'f', -1, 64) + "k"
	}
	return "$" + strconv.FormatFloat(v, 'f', -1, 64)
}

// decimal writes a number with one decimal, half up.
func decimal(v float64) string {
	return strconv.FormatFloat(math.Floor(v*10+0.5)/10, 'f', 1, 64)
}

// years writes a duration: "1 year" never occurs, "1.0 years" does.
func years(v float64) string { return decimal(v) + " years" }

// age writes an age: "age 87.4".
func age(v float64) string { return "age " + decimal(v) }

// percent writes a chance with one decimal: "29.3%".
func percent(p float64) string { return decimal(100*p) + "%" }

// date writes a day as Americans do: "November 22, 2026".
func date(t time.Time) string { return t.Format("January 2, 2006") }

// dash stands in tables where there is no number.
const dash = "\u2013"
