package halo

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestExponentialsAreAsExactAsTheStandardLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		// From tiny to large in magnitude, of both signs.
		x := math.Exp(random.Float64()*45 - 40)
		for _, x := range []float64{x, -x} {
			if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 4.5e-16*want {
				t.Fatalf("exp(%v) = %v, want %v", x, got, want)
			}
		}
		y := math.Exp(random.Float64()*200 - 100)
		if got, want := log(y), math.Log(y); math.Abs(got-want) > 4.5e-16*max(1, math.Abs(want)) {
			t.Fatalf("log(%v) = %v, want %v", y, got, want)
		}
	}
	for _, x := range []float64{0, math.Copysign(0, -1), 1, -1, 699, -699, 5e-324} {
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 4.5e-16*want {
			t.Errorf("exp(%v) = %v, want %v", x, got, want)
		}
	}
	if got := log(1); math.Abs(got) > 4.5e-16 {
		t.Errorf("log(1) = %v", got)
	}
}
