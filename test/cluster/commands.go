package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// run executes a program and gives its standard output. An error carries what
// the program said.
func run(ctx context.Context, input, program string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, program, arguments...)
	var output, complaint bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &output, &complaint
	command.WaitDelay = time.Second
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(append([]string{program}, arguments...), " "), err,
			strings.TrimSpace(complaint.String()+output.String()))
	}
	return output.String(), nil
}

// poll asks until the condition holds or the context ends, whose error then
// carries what was missing at the last look.
func poll(ctx context.Context, every time.Duration, what string, condition func() error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		missing := condition()
		if missing == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (last: %w)", what, ctx.Err(), missing)
		case <-ticker.C:
		}
	}
}
