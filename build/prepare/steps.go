package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// step is one thing to do. It writes what its commands say to the log.
type step struct {
	name string
	what string
	do   func(ctx context.Context, log *os.File) error
}

// tailLines is how much of a failed step's log is shown.
const tailLines = 20

// carryOut does the steps in turn and stops at the first that fails.
func carryOut(ctx context.Context, cache cache, steps []step) error {
	folder := filepath.Join(cache.folder, "log")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("creating the log folder: %w", err)
	}
	for i, one := range steps {
		label := fmt.Sprintf("[%d/%d] %s: %s", i+1, len(steps), one.name, one.what)
		path := filepath.Join(folder, one.name+".log")
		if err := carryOutOne(ctx, one, label, path); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("interrupted during %s; the next run goes on from here", one.name)
			}
			return fmt.Errorf("%w\n%s\nthe whole log: %s", err, tail(path), path)
		}
	}
	return nil
}

func carryOutOne(ctx context.Context, one step, label, path string) error {
	log, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("creating the log: %w", err)
	}
	defer log.Close()
	show := newDisplay(os.Stdout, isTerminal(os.Stdout), label)
	err = one.do(ctx, log)
	show.finish(err == nil)
	return err
}

// display shows for how long a step has been running: on a terminal in one line
// that is written again and again, elsewhere by a line now and then.
type display struct {
	output   io.Writer
	terminal bool
	label    string
	start    time.Time
	stop     chan struct{}
	stopped  chan struct{}
}

func newDisplay(output io.Writer, terminal bool, label string) *display {
	d := &display{
		output: output, terminal: terminal, label: label, start: time.Now(),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	interval := 15 * time.Second
	if terminal {
		interval = time.Second
	}
	d.write("…")
	go func() {
		defer close(d.stopped)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-d.stop:
				return
			case <-ticker.C:
				d.write("… " + d.elapsed())
			}
		}
	}()
	return d
}

// finish shows the end and returns when nothing more will be written.
func (d *display) finish(done bool) {
	close(d.stop)
	<-d.stopped
	word := "done, "
	if !done {
		word = "failed after "
	}
	d.write(word + d.elapsed())
	if d.terminal {
		fmt.Fprintln(d.output)
	}
}

func (d *display) elapsed() string { return time.Since(d.start).Round(time.Second).String() }

func (d *display) write(state string) {
	if d.terminal {
		fmt.Fprintf(d.output, "\r\x1b[K%s %s", d.label, state) // to the line's start, clear it
		return
	}
	fmt.Fprintf(d.output, "%s %s\n", d.label, state)
}

// isTerminal tells whether a person may be looking.
func isTerminal(file *os.File) bool {
	information, err := file.Stat()
	return err == nil && information.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// tail gives the last lines of a log.
func tail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
