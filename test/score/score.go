// Package score has kube-score read manifests for tests.
package score

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Complaints are what kube-score calls critical or warns of, one line each, and how much it found to be right. make puts
// the program into the PATH.
func Complaints(ctx context.Context, manifests []byte) (complaints []string, right int, err error) {
	command := exec.CommandContext(ctx, "kube-score", "score", "--output-format", "ci", "-")
	command.Stdin = bytes.NewReader(manifests)
	var output, said bytes.Buffer
	command.Stdout, command.Stderr = &output, &said
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) { // its code tells that it complains
		return nil, 0, fmt.Errorf("kube-score (make installs it): %w", err)
	}
	for line := range strings.Lines(output.String()) {
		switch {
		case strings.HasPrefix(line, "[OK]"):
			right++
		case strings.HasPrefix(line, "[CRITICAL]"), strings.HasPrefix(line, "[WARNING]"):
			complaints = append(complaints, strings.TrimSpace(line))
		}
	}
	if right == 0 {
		return nil, 0, fmt.Errorf("kube-score judged nothing: %s%s", output.String(), said.String())
	}
	return complaints, right, nil
}
