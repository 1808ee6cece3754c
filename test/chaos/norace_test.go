//go:build !race

package chaos_test

// every is which of the operator's writes are tried: all.
const every = 1
