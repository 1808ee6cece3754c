//go:build !race

package chaos_test

const (
	// every is which of the operator's writes are tried: all.
	every = 1
	// seeds is how often each weather is lived through.
	seeds = 2
)
