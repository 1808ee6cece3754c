// Package interp stands for the interpreter of Traefik's plugins: it runs none.
package interp

import (
	"errors"
	"io"
	"reflect"
)

// Exports are symbols by package, of which there are none.
type Exports map[string]map[string]reflect.Value

// Options are those of an interpreter.
type Options struct {
	GoPath         string
	Env            []string
	Stdout, Stderr io.Writer
}

// Interpreter runs nothing.
type Interpreter struct{}

var errAbsent = errors.New("plugins are not in this build")

// New gives an interpreter that runs nothing.
func New(Options) *Interpreter { return &Interpreter{} }

// Use refuses.
func (*Interpreter) Use(Exports) error { return errAbsent }

// Eval refuses.
func (*Interpreter) Eval(string) (reflect.Value, error) { return reflect.Value{}, errAbsent }
