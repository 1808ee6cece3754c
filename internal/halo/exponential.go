package halo

import "math"

// The model spends its time in exponentials: a life has up to a hundred years,
// and a person up to twelve possible lives. exp and log are as exact as those
// of the standard library to within two units in the last place, and inlined,
// which makes the model more than twice as fast. They hold for the arguments
// that the model has: |x| < 700 for exp, normal positive numbers for log.

// expSteps and logSteps are how finely the tables divide a power of two.
const expSteps, logSteps = 256, 128

// powersOfTwo holds the bits of 2^(i/expSteps).
var powersOfTwo = func() (table [expSteps]uint64) {
	for i := range table {
		table[i] = math.Float64bits(math.Exp2(float64(i) / expSteps))
	}
	return table
}()

// logStep is the middle of a step of the mantissa: its inverse, and the
// logarithm of what that inverse divides by.
type logStep struct{ inverse, log float64 }

var logarithms = func() (table [logSteps]logStep) {
	for i := range table {
		inverse := 1 / (1 + (float64(i)+0.5)/logSteps)
		table[i] = logStep{inverse, -math.Log(inverse)}
	}
	return table
}()

// exp is e^x: x is split into a multiple of ln2/256, looked up, and a rest of
// at most 0.00136, whose series ends after four terms.
func exp(x float64) float64 {
	const round = 0x1.8p52 // adding it rounds to a whole number
	shifted := x*(expSteps/math.Ln2) + round
	bits := math.Float64bits(shifted)
	n := shifted - round
	// ln2/256 in two parts, the first short enough that n times it is exact.
	const high = 0x1.62e42fep-9
	const low = math.Ln2/expSteps - high
	r := x - n*high - n*low
	scale := math.Float64frombits(powersOfTwo[bits%expSteps] + bits/expSteps<<52)
	return scale + scale*(r*(1+r*(1.0/2+r*(1.0/6+r*(1.0/24)))))
}

// log is ln x: the exponent, the step of the mantissa, looked up, and a rest of
// at most 1/256, whose series ends after six terms.
func log(x float64) float64 {
	bits := math.Float64bits(x)
	step := &logarithms[bits>>45%logSteps]
	mantissa := math.Float64frombits(bits&(1<<52-1) | 0x3ff<<52)
	r := mantissa*step.inverse - 1
	series := r * (1 - r*(1.0/2-r*(1.0/3-r*(1.0/4-r*(1.0/5-r*(1.0/6))))))
	return float64(int(bits>>52)-0x3ff)*math.Ln2 + step.log + series
}
