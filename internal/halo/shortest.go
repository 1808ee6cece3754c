package halo

import (
	"math"
	"math/bits"
)

// shortestFrom and shortestTo bound the numbers that appendShortest takes.
const shortestFrom, shortestTo = 1e-6, 1e15

// powersOfFive holds 5^n with its highest bit at bit 63, and hence 10^n without
// its exponent: exactly, as 5^22 has 52 bits.
var powersOfFive = func() (table [23]uint64) {
	power := uint64(1)
	for n := range table {
		table[n] = power << bits.LeadingZeros64(power)
		power *= 5
	}
	return table
}()

// appendShortest appends the decimal number with the fewest digits that reads
// back as v, of these the nearest one, without an exponent: what
// strconv.AppendFloat(dst, v, 'f', -1, 64) appends. v is no whole number and is
// from shortestFrom up to, but not including, shortestTo.
//
// It is Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles",
// 2020) for this range alone, in which every power of ten is exact; that makes
// it three multiplications, and a result three times as fast to write.
func appendShortest(dst []byte, v float64) []byte {
	// v = c*2^q, and k is chosen so that v/10^k has 16 or 17 digits.
	fraction := math.Float64bits(v) & (1<<52 - 1)
	c, q := fraction|1<<52, int(math.Float64bits(v)>>52)-1075
	below := 4*c - 2 // four times the number halfway to the next smaller one
	k := q * 1262611 >> 22
	if fraction == 0 { // which is nearer at a power of two
		below++
		k = (q*1262611 - 524031) >> 22
	}
	shift := q + -k*1741647>>19 + 1
	scale := powersOfFive[-k]
	low, middle, high := roundToOdd(scale, below<<shift), roundToOdd(scale, 4*c<<shift), roundToOdd(scale, (4*c+2)<<shift)
	if c%2 == 1 { // of two numbers halfway to a decimal, it reads back as the even one
		low++
		high--
	}
	return appendDecimal(dst, nearest(low, middle, high, &k), -k)
}

// roundToOdd is the upper half of a product, with the lowest bit set when
// anything was cut off.
func roundToOdd(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	if low != 0 {
		high |= 1
	}
	return high
}

// nearest picks the decimal digits for the number middle/4 from between low/4
// and high/4: with a digit less, and k one more, when one such lies there.
func nearest(low, middle, high uint64, k *int) uint64 {
	digits := middle / 4
	tens := digits / 10
	down, up := low <= 40*tens, 40*tens+40 <= high
	if down != up {
		*k++
		if up {
			tens++
		}
		return tens
	}
	down, up = low <= 4*digits, 4*digits+4 <= high
	half := 4*digits + 2
	if down != up {
		if up {
			digits++
		}
	} else if middle > half || middle == half && digits%2 == 1 {
		digits++
	}
	return digits
}

// digitPairs are the numbers from 00 to 99.
const digitPairs = "00010203040506070809101112131415161718192021222324252627282930313233343536373839" +
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879" +
	"8081828384858687888990919293949596979899"

// appendDecimal appends digits/10^places without trailing zeros; places is 1 or
// more.
func appendDecimal(dst []byte, digits uint64, places int) []byte {
	for digits%10 == 0 && places > 0 {
		digits /= 10
		places--
	}
	const half = 1e8 // halves are worked out side by side
	var text [18]byte
	putPair(text[0:2], uint32(digits/half/half))
	putEight(text[2:10], uint32(digits/half%half))
	putEight(text[10:18], uint32(digits%half))
	at := 0
	for at < len(text)-1 && text[at] == '0' {
		at++
	}
	if places == 0 {
		return append(dst, text[at:]...)
	}
	whole := len(text) - at - places
	if whole > 0 {
		dst = append(dst, text[at:at+whole]...)
		return append(append(dst, '.'), text[at+whole:]...)
	}
	dst = append(dst, "0.000000"[:2-whole]...)
	return append(dst, text[at:]...)
}

// putEight writes eight digits.
func putEight(text []byte, n uint32) {
	high, low := n/10000, n%10000
	putPair(text[0:2], high/100)
	putPair(text[2:4], high%100)
	putPair(text[4:6], low/100)
	putPair(text[6:8], low%100)
}

// putPair writes two digits.
func putPair(text []byte, n uint32) {
	text[0], text[1] = digitPairs[2*n], digitPairs[2*n+1]
}
