package image

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
)

// Build compiles programs of this module, given by import path, into the folder
// as static binaries without paths of this machine. Several at once share the
// look at the sources; nothing changed costs about a second. Flags go to
// `go build` before the packages, for example "-ldflags=-X main.version=1".
func Build(ctx context.Context, folder string, packages []string, flags ...string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("building: %w", err)
	}
	arguments := append([]string{"build", "-trimpath"}, flags...)
	arguments = append(arguments, "-o", folder+"/")
	command := exec.CommandContext(ctx, "go", append(arguments, packages...)...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("building %v: %w\n%s", packages, err, output.Bytes())
	}
	return nil
}
