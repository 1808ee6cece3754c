package halo

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// shortestFrom and shortestTo bound the numbers that appendShortest takes.
const shortestFrom, shortestTo = 1e-6, 1e15

// numberRoom is how many bytes the functions of this file may touch: 16 digits
// before the point, or "0." and seven digits, and 16 after them.
const numberRoom = 40

// appendShortest appends the decimal number with the fewest digits that reads
// back as v, of these the nearest one, without an exponent: what
// strconv.AppendFloat(dst, v, 'f', -1, 64) appends. v is no whole number and is
// from shortestFrom up to, but not including, shortestTo.
//
// Digits are found and written without branches where which way they go cannot
// be foreseen: a result has some hundred such numbers.
func appendShortest(dst []byte, v float64) []byte {
	digits, b := shortest(v)
	n := len(dst)
	dst = slices.Grow(dst, numberRoom)
	text := (*[numberRoom]byte)(dst[n : n+numberRoom])
	var at int
	if v >= 1 {
		whole := uint64(int64(v)) // nothing that reads back as v is beyond the next whole number
		if whole < 10000 {
			at = putSmall(text, whole)
		} else {
			at = putWhole(text, whole)
		}
		text[at] = '.'
		at++
		digits = (digits - whole*b.unit) * b.fill
	} else {
		*(*[8]byte)(text[:]) = [8]byte{'0', '.', '0', '0', '0', '0', '0', '0'}
		digits *= b.fill
		first := digits / 1e16
		at = int(b.zeros)
		text[at] = '0' + byte(first)
		at++
		digits -= first * 1e16
	}
	return dst[:n+at+putFraction((*[16]byte)(text[at:at+16]), digits)]
}

// binade is what all numbers v of one exponent share: v is c*2^q with 53 bits
// in c, and 10^-places is the greatest power of ten up to 2^q.
type binade struct {
	scale, shift uint64 // 10^places*2^q is scale*2^shift/2^64
	// reach is the half of that with the point between the two words.
	reach, reachPart uint64
	unit             uint64 // 10^places, for 1 and more
	fill             uint64 // makes 16 digits after the point of places, and 17 below 1
	zeros            uint8  // where the first of these 17 comes, below 1
}

// binades are those of 2^(i-1)/2^20 up to 2^i/2^20.
var binades = func() (table [71]binade) {
	for i := range table {
		q := i - 73
		places := -(q * 1262611 >> 22)
		scale, unit := uint64(1), uint64(1)
		for range places {
			scale *= 5 // 5^22 has 52 bits
			unit *= 10
		}
		shift := uint64(q + places + 64 - bits.LeadingZeros64(scale))
		scale <<= bits.LeadingZeros64(scale)
		b := binade{scale: scale, shift: shift, reach: scale >> (65 - shift), reachPart: scale << (shift - 1), unit: unit, fill: 1}
		for range 16 - places {
			b.fill *= 10
		}
		if v := math.Ldexp(1, q+53); v <= 1 {
			for range 17 - max(places, 16) {
				b.fill *= 10
			}
			b.zeros = uint8(max(places, 17) - 15)
		}
		table[i] = b
	}
	return table
}()

// shortest finds the digits of appendShortest: the number is digits/10^places,
// maybe with zeros at the end. digits is below 10^17.
//
// It is the idea of Schubfach (Raffaello Giulietti, "The Schubfach way to render
// doubles", 2020) for this range alone, in which every power of ten is exact.
// v*10^places has 16 or 17 digits before the point, and everything within half
// of 2^q*10^places, the reach, reads back as v. The reach is a half at least, so
// the nearest whole number does, and less than five, so that at most one
// multiple of ten does, which is shorter.
func shortest(v float64) (digits uint64, b *binade) {
	word := math.Float64bits(v)
	b = &binades[word>>52-1002]
	c := word&(1<<52-1) | 1<<52
	// Both are 128 bits with the point in the middle.
	whole, part := bits.Mul64(b.scale, c<<(b.shift&7))
	// What is exactly halfway to the next number reads back as the even one.
	reachPart, borrow := bits.Sub64(b.reachPart, c&1, 0)
	reach := b.reach - borrow

	tens := whole / 10
	rest := whole - 10*tens
	_, over := bits.Sub64(reachPart, part, 0)
	_, over = bits.Sub64(reach, rest, over) // 1: the multiple of ten below is too far
	_, carry := bits.Add64(part, reachPart, 0)
	up := one(rest+reach+carry >= 10)
	digits = whole + one(part+whole&1 > 1<<63)
	if over == up { // either the one below or the one above
		digits = 10 * (tens + up)
	}
	if c == 1<<52 { // a power of two, whose reach below is less, is whole in at most 14 digits and zeros
		digits = whole
	}
	return digits, b
}

// one is 1 for true.
func one(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// quads are the texts of 0000 to 9999, the first digit in the lowest byte.
var quads = func() (table [10000]uint32) {
	for i := range table {
		n := uint32(i)
		table[i] = n/1000 | n/100%10<<8 | n/10%10<<16 | n%10<<24 | zeros
	}
	return table
}()

// zeros are four digits 0.
const zeros = 0x30303030

// appendWhole appends a whole number below 10^16.
func appendWhole(dst []byte, n uint64) []byte {
	at := len(dst)
	dst = slices.Grow(dst, numberRoom)
	return dst[:at+putWhole((*[numberRoom]byte)(dst[at:at+numberRoom]), n)]
}

// putWhole writes a whole number below 10^16 and returns its length.
func putWhole(text *[numberRoom]byte, n uint64) int {
	if n < 10000 {
		return putSmall(text, n)
	}
	at := putWhole(text, n/10000)
	binary.LittleEndian.PutUint32(text[at:], quads[n%10000])
	return at + 4
}

// putSmall is putWhole for a number below 10^4.
func putSmall(text *[numberRoom]byte, n uint64) int {
	word := quads[n]
	leading := bits.TrailingZeros32(word^zeros|1<<24) / 8
	binary.LittleEndian.PutUint32(text[:], word>>(8*leading))
	return 4 - leading
}

// putFraction writes a number of 16 digits and returns their length without the
// zeros at the end.
func putFraction(text *[16]byte, n uint64) int {
	left := n / 1e8
	right := n - left*1e8
	word := eightDigits(left)
	binary.LittleEndian.PutUint64(text[:], word)
	end := 8
	if right != 0 {
		word = eightDigits(right)
		binary.LittleEndian.PutUint64(text[8:], word)
		end = 16
	}
	return end - bits.LeadingZeros64(word^(zeros<<32|zeros))/8
}

// eightDigits is the text of a number below 10^8, the first digit in the lowest
// byte.
func eightDigits(n uint64) uint64 {
	high := n * 109951163 >> 40 // n/10000
	return uint64(quads[high]) | uint64(quads[n-high*10000])<<32
}
