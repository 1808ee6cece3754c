//go:build race

package chaos_test

// every is which of the operator's writes are tried: the race detector makes a life five times as long.
const every = 4
