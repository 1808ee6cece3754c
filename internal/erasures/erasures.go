// Package erasures is the ledger of erased persons outside of their database:
// numbers, one a line. A number links an erased person's answers to nobody; a
// copy of the database that is older than the erasure still has the person, and
// is rid of them by the number. Server and operator share this package: it is
// how the one tells the other. It is pure.
package erasures

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Where a server's health port tells of erasures, and is told that they are
// noted.
const (
	// Path answers GET with an Answer: the numbers that are not noted outside
	// of the database yet; with ?after=N all numbers greater than N.
	Path = "/erasures"
	// NotedPath takes POST with numbers that are noted now.
	NotedPath = "/erasures/noted"
)

// AtOnce is the most numbers of one answer: a reader that gets so many asks
// again, after the last of them.
const AtOnce = 1000

// PartSize is the most numbers of one part of a ledger, so that it fits into a
// ConfigMap, which has room for 1 MiB.
const PartSize = 20_000

// Answer is the body of an answer, as JSON.
type Answer struct {
	// Tenant is whose numbers these are.
	Tenant string `json:"tenant"`
	// Numbers are up to AtOnce numbers as Format writes them, in their order.
	Numbers string `json:"numbers"`
}

// Parse reads numbers: decimal, positive, one a line; empty lines count for
// nothing. The error names the line.
func Parse(text string) ([]int64, error) {
	var numbers []int64
	line := 0
	for part := range strings.SplitSeq(text, "\n") {
		line++
		part = strings.TrimSuffix(part, "\r")
		if part == "" {
			continue
		}
		number, err := strconv.ParseUint(part, 10, 63)
		if err != nil || number == 0 {
			return nil, fmt.Errorf("line %d of the ledger of erasures is not a number from 1 to 2^63-1", line)
		}
		numbers = append(numbers, int64(number))
	}
	return numbers, nil
}

// Format writes numbers as Parse reads them.
func Format(numbers []int64) string {
	var text strings.Builder
	for _, number := range numbers {
		text.WriteString(strconv.FormatInt(number, 10))
		text.WriteByte('\n')
	}
	return text.String()
}

// Add puts numbers into a ledger's parts, which are counted from 0: those that
// none has go to the end of the last part, and into new ones when that is full.
// What a part holds stays in it. It returns the parts that change, by number.
func Add(parts []string, numbers []int64) (changed map[int]string, err error) {
	held := map[int64]bool{}
	last := 0
	for i, part := range parts {
		known, err := Parse(part)
		if err != nil {
			return nil, fmt.Errorf("part %d: %w", i+1, err)
		}
		for _, number := range known {
			held[number] = true
		}
		last = len(known)
	}
	at := max(len(parts)-1, 0)
	changed = map[int]string{}
	for _, number := range slices.Sorted(slices.Values(numbers)) {
		if held[number] {
			continue
		}
		held[number] = true
		if last >= PartSize {
			at, last = at+1, 0
		}
		text, begun := changed[at]
		if !begun && at < len(parts) {
			text = parts[at]
			if text != "" && !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
		}
		changed[at] = text + strconv.FormatInt(number, 10) + "\n"
		last++
	}
	return changed, nil
}
