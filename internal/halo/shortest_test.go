package halo

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

// checkNumber compares appendNumber with encoding/json.
func checkNumber(t *testing.T, v float64) {
	t.Helper()
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if got := appendNumber([]byte("x"), v); string(got[1:]) != string(want) {
		t.Fatalf("%b is written %s, want %s", v, got[1:], want)
	}
}

func TestNumbersAreWrittenAsTheStandardLibraryWould(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		checkNumber(t, math.Exp(random.Float64()*50-15))                                  // any size
		checkNumber(t, math.Float64frombits(0x3eb0c6f7a0b5ed8d+random.Uint64N(0x3f<<52))) // any bits from 1e-6
		checkNumber(t, math.Round(random.Float64()*1e9)/1e4)                              // short ones
		checkNumber(t, math.Floor(math.Exp(random.Float64()*38)))                         // whole ones
		checkNumber(t, -random.Float64())
	}
	for exponent := -1074; exponent <= 1023; exponent++ {
		power := math.Ldexp(1, exponent)
		checkNumber(t, power)
		checkNumber(t, math.Nextafter(power, 0))
		checkNumber(t, math.Nextafter(power, math.Inf(1)))
	}
	for _, v := range []float64{0, 1, -1, 0.1, 0.5, 1e-6, 1e-7, 9.999999999999999e-7, 1e15, 1e15 - 0.125, 999999999999999.9,
		1e21, 1e20, math.MaxFloat64, math.SmallestNonzeroFloat64, 2.5, 1.0 / 3, 0.3, 100.25, 5e-324, 1 << 53} {
		checkNumber(t, v)
	}
}

func FuzzNumber(f *testing.F) {
	f.Add(uint64(0x3ff0000000000000))
	f.Add(uint64(0x3eb0c6f7a0b5ed8d))
	f.Fuzz(func(t *testing.T, bits uint64) {
		if v := math.Float64frombits(bits); !math.IsNaN(v) && !math.IsInf(v, 0) && v != 0 {
			checkNumber(t, v)
		}
	})
}
