//go:build race

package chaos_test

const (
	// every is which of the operator's writes are tried: the race detector makes a life five times as long.
	every = 4
	// seeds is how often each weather is lived through.
	seeds = 1
)
