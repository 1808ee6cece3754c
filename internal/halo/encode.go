package halo

import (
	"encoding/json"
	"math"
	"strconv"
)

// appendNumber appends a finite number exactly as encoding/json does, but for
// negative zero, which it writes as 0.
func appendNumber(dst []byte, v float64) []byte {
	switch {
	case v >= shortestFrom && v < shortestTo:
		if whole := int64(v); float64(whole) == v {
			return appendWhole(dst, uint64(whole))
		}
		return appendShortest(dst, v)
	case v == 0:
		return append(dst, '0')
	}
	return appendRare(dst, v)
}

// appendRare is appendNumber for negative, very small and very large numbers.
func appendRare(dst []byte, v float64) []byte {
	if abs := math.Abs(v); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, v, 'e', -1, 64)
	if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1] // e-09 to e-9
		dst = dst[:n-1]
	}
	return dst
}

// asIs says which bytes a JSON string holds as they are.
var asIs = func() (table [256]bool) {
	for c := byte(' '); c < 0x7f; c++ {
		table[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return table
}()

// appendString appends a JSON string.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if !asIs[s[i]] {
			quoted, err := json.Marshal(s)
			if err != nil {
				return append(dst, `""`...) // not reached: any string marshals
			}
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
