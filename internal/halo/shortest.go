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
// be foreseen: a result has some hundred such numbers. Each step ends in the
// call of the next one, so that nothing must be kept in memory meanwhile.
//
// It is the idea of Schubfach (Raffaello Giulietti, "The Schubfach way to render
// doubles", 2020) for this range alone, in which every power of ten is exact.
// v*10^places has 16 or 17 digits before the point, and everything within half
// of 2^q*10^places, the reach, reads back as v. The reach is a half at least, so
// the nearest whole number does, and less than five, so that at most one
// multiple of ten does, which is shorter.
func appendShortest(dst []byte, v float64) []byte {
	word := math.Float64bits(v)
	b := &binades[word>>52-1002]
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
	digits := whole + one(part+whole&1 > 1<<63)
	if over == up { // either the one below or the one above
		digits = 10 * (tens + up)
	}
	if c == 1<<52 { // a power of two, whose reach below is less, is whole in at most 14 digits and zeros
		digits = whole
	}
	if v < 1 {
		return appendFraction(dst, digits, b)
	}
	// Nothing that reads back as v is beyond the next whole number.
	return appendMixed(dst, uint64(int64(v)), digits, b)
}

// appendMixed appends digits/10^places, of which the whole part is known, and
// more than none.
func appendMixed(dst []byte, whole, digits uint64, b *binade) []byte {
	fraction := (digits - whole*b.unit) * b.fill
	if whole >= 1e8 {
		return appendSixteen(slices.Grow(append(appendWhole(dst, whole), '.'), numberRoom), fraction)
	}
	at := len(dst)
	if cap(dst)-at < numberRoom {
		dst = slices.Grow(dst, numberRoom)
	}
	text := (*[numberRoom]byte)(dst[at : at+numberRoom])
	word := eightDigits(whole)
	leading := bits.TrailingZeros64(word^eightZeros) & 56 // bits of the zeros before
	binary.LittleEndian.PutUint64(text[:], word>>leading)
	digitsEnd := 8 - leading/8
	text[digitsEnd&15] = '.'
	return appendSixteen(dst[:at+digitsEnd+1], fraction)
}

// appendFraction appends digits/10^places, which is below 1.
func appendFraction(dst []byte, digits uint64, b *binade) []byte {
	at := len(dst)
	if cap(dst)-at < numberRoom {
		dst = slices.Grow(dst, numberRoom)
	}
	text := (*[numberRoom]byte)(dst[at : at+numberRoom])
	binary.LittleEndian.PutUint64(text[:], zeroPoint)
	digits *= b.fill
	first := digits / 1e16
	text[b.zeros&15] = '0' + byte(first)
	return appendSixteen(dst[:at+int(b.zeros&15)+1], digits-first*1e16)
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

// zeros and eightZeros are four and eight digits 0, zeroPoint is "0.000000".
const (
	zeros      = 0x30303030
	eightZeros = zeros<<32 | zeros
	zeroPoint  = eightZeros - '0'<<8 + '.'<<8
)

// appendWhole appends a whole number below 10^16.
func appendWhole(dst []byte, n uint64) []byte {
	at := len(dst)
	if cap(dst)-at < numberRoom {
		dst = slices.Grow(dst, numberRoom)
	}
	text := (*[numberRoom]byte)(dst[at : at+numberRoom])
	upper := n / 1e8
	if upper != 0 {
		n -= upper * 1e8
		word := eightDigits(upper)
		leading := bits.TrailingZeros64(word^eightZeros) & 56
		binary.LittleEndian.PutUint64(text[:], word>>leading)
		end := 8 - leading/8
		binary.LittleEndian.PutUint64(text[end&15:], eightDigits(n))
		return dst[:at+end+8]
	}
	word := eightDigits(n)
	leading := bits.TrailingZeros64(word^eightZeros|1<<56) & 56
	binary.LittleEndian.PutUint64(text[:], word>>leading)
	return dst[:at+8-leading/8]
}

// appendSixteen appends a number of 16 digits, not all of them 0, without the
// zeros at its end. There is room for all of them.
func appendSixteen(dst []byte, n uint64) []byte {
	at := len(dst)
	text := (*[16]byte)(dst[at : at+16])
	left := n / 1e8
	right := n - left*1e8
	word := eightDigits(left)
	binary.LittleEndian.PutUint64(text[:8], word)
	end := at + 8
	if right != 0 {
		word = eightDigits(right)
		binary.LittleEndian.PutUint64(text[8:], word)
		end += 8
	}
	return dst[:end-bits.LeadingZeros64(word^eightZeros)/8]
}

// eightDigits is the text of a number below 10^8, the first digit in the lowest
// byte.
func eightDigits(n uint64) uint64 {
	high := n * 109951163 >> 40 // n/10000
	return uint64(quads[high]) | uint64(quads[n-high*10000])<<32
}
