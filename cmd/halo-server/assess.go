package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/term"

	"halo.dev/halo/internal/halo/batch"
)

// progressEvery is how often the progress of a batch is shown on a terminal.
const progressEvery = 500 * time.Millisecond

const assessUsage = `usage: halo-server assess [--jsonl] [--view full|browser] < answers.json

Computes the model. Standard input is one JSON object: the answers of one person,
or {"a": answers, "b": answers} for a household. The result goes to standard output.
With --jsonl every line is such an object, and every line, an empty one too, has
one line of result, in the same order. A line holds at most 1 MiB.

Exit status: 0 with results, 1 when any input was invalid (its result says why)
or the work failed, 2 for misuse.

`

// runAssess computes the model for what is on standard input.
func runAssess(ctx context.Context, args []string, std streams) int {
	flags := flag.NewFlagSet("halo-server assess", flag.ContinueOnError)
	flags.SetOutput(std.err)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), assessUsage)
		flags.PrintDefaults()
	}
	jsonl := flags.Bool("jsonl", false, "one object a line, one result a line")
	view := flags.String("view", "full", "`part` of the result: full, or browser for what the visitor may see")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitMisused
	}
	options := batch.Options{Year: time.Now().UTC().Year(), Workers: runtime.GOMAXPROCS(0), Progress: new(batch.Progress)}
	switch *view {
	case "full":
	case "browser":
		options.View = batch.Browser
	default:
		fmt.Fprintf(std.err, "halo-server assess: there is no view %q: use full or browser\n", *view)
		return exitMisused
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(std.err, "halo-server assess: unexpected argument %q: answers are read from standard input\n", flags.Arg(0))
		return exitMisused
	}
	if *jsonl {
		return assessLines(ctx, options, std)
	}
	return assessOne(options, std)
}

// assessOne computes the one document on standard input.
func assessOne(o batch.Options, std streams) int {
	document, err := io.ReadAll(io.LimitReader(std.in, batch.MaxLine+1))
	if err != nil {
		fmt.Fprintf(std.err, "halo-server assess: reading standard input: %v\n", err)
		return exitFailed
	}
	result, valid := batch.Line(nil, document, o.Year, o.View)
	if _, err := std.out.Write(append(result, '\n')); err != nil {
		fmt.Fprintf(std.err, "halo-server assess: writing the result: %v\n", err)
		return exitFailed
	}
	if !valid {
		return exitFailed
	}
	return exitOK
}

// assessLines computes a batch and says at the end how fast it went.
func assessLines(ctx context.Context, o batch.Options, std streams) int {
	start := time.Now()
	stop := showProgress(o.Progress, std.err, start)
	err := batch.Stream(ctx, std.in, std.out, o)
	stop()
	fmt.Fprintln(std.err, summary(o.Progress, time.Since(start)))
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(std.err, "halo-server assess: interrupted: the results so far are whole and in order")
		return exitFailed
	case err != nil:
		fmt.Fprintf(std.err, "halo-server assess: %v\n", err)
		return exitFailed
	case o.Progress.Invalid() > 0:
		return exitFailed
	}
	return exitOK
}

// showProgress shows how far a batch is, when w is a terminal, until the
// returned function is called.
func showProgress(p *batch.Progress, w io.Writer, start time.Time) (stop func()) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				fmt.Fprint(w, "\r\x1b[K")
				return
			case <-ticker.C:
				fmt.Fprintf(w, "\r\x1b[K%s", summary(p, time.Since(start)))
			}
		}
	}()
	return func() { close(quit); <-done }
}

// summary words what a batch has done so far.
func summary(p *batch.Progress, elapsed time.Duration) string {
	rate := float64(p.Lines()) / max(elapsed.Seconds(), 1e-9)
	return fmt.Sprintf("%d results in %.1f s, %.0f a second, %d invalid", p.Lines(), elapsed.Seconds(), rate, p.Invalid())
}
