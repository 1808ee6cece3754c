// The command generate writes the widget's bundle: `generate <source folder> <file>`. go generate runs it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"halo.dev/halo/internal/widget/bundle"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate <source folder> <file>")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func write(source, file string) error {
	script, err := bundle.Build(source)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make the bundle's folder: %w", err)
	}
	if err := os.WriteFile(file, script, 0o644); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}
