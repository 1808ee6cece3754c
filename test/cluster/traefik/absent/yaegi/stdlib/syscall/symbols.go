// Package syscall stands for the symbols of a package that plugins may use.
package syscall

import "github.com/traefik/yaegi/interp"

// Symbols are none.
var Symbols = interp.Exports{}
