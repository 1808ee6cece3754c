// Package unsafe stands for the symbols of a package that plugins may use.
package unsafe

import "github.com/traefik/yaegi/interp"

// Symbols are none.
var Symbols = interp.Exports{}
