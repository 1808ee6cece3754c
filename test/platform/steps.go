package platform

import (
	"context"
	"fmt"
	"io"
	"time"
)

// step is one part of bringing the platform up, named as a person would.
type step struct {
	name string
	run  func(ctx context.Context, say func(detail string)) error
}

// runSteps runs the steps in order and tells of each what it does and how long
// it took. The first error ends the run; it says in which step it happened.
func runSteps(ctx context.Context, out io.Writer, steps []step) error {
	begin := time.Now()
	for i, s := range steps {
		started := time.Now()
		say := func(detail string) {
			fmt.Fprintf(out, "      %s (%.0fs)\n", detail, time.Since(started).Seconds())
		}
		fmt.Fprintf(out, "[%d/%d] %s\n", i+1, len(steps), s.name)
		if err := s.run(ctx, say); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(out, "      done in %.1fs, %.1fs so far\n", time.Since(started).Seconds(), time.Since(begin).Seconds())
	}
	return nil
}
