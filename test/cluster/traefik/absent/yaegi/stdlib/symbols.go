// Package stdlib stands for the symbols of a package that plugins may use.
package stdlib

import "github.com/traefik/yaegi/interp"

// Symbols are none.
var Symbols = interp.Exports{}
