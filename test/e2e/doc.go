// Package e2e is the end-to-end test: the main job on a real cluster, with a
// real browser, a real mail host and real databases, as a platform engineer, a
// visitor and a neighbour would live it.
//
// It needs root and the tools that `make test` installs, so it is behind the
// build tag e2e: `go test -tags e2e ./test/e2e`.
package e2e
