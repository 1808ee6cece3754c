// Command kubectl-halo is a plugin of kubectl: kubectl halo. It tells what the manager would do about a manifest, what
// a tenant is made of, and what one waits for; it asks for new credentials, and brings a deleted tenant back. It never
// reads a Secret.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// Exit statuses, as in diff(1).
const (
	exitSame    = 0 // nothing to change; or done
	exitDiffers = 1 // something to change; or not ready
	exitTrouble = 2 // it could not be told, or not be done
)

// streams are the standard streams; tests give their own.
type streams struct {
	in       io.Reader
	out, err io.Writer
	// colour is true when out is a terminal that wants colours.
	colour bool
	now    func() time.Time
}

// subcommand is one word after kubectl halo.
type subcommand struct {
	name, arguments, summary string
	run                      func(ctx context.Context, arguments []string, std streams) (exit int, err error)
}

func subcommands() []subcommand {
	return []subcommand{
		{"plan", "-f FILE", "what would change if FILE were applied, and why; exits 0 for nothing, 1 for something", runPlan},
		{"render", "-f FILE", "all objects of the tenants in FILE, without a cluster", runRender},
		{"why", "NAME", "what the tenant's Ready waits for, in one tree; exits 0 when it is Ready, 1 when not", runWhy},
		{"rotate", "NAME", "ask for new database credentials", runRotate},
		{"undelete", "NAME", "make a deleted tenant again from its final copy", runUndelete},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	colour := term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, colour: colour, now: time.Now})
	stop()
	os.Exit(code)
}

// run finds the subcommand and gives it the rest of the arguments.
func run(ctx context.Context, arguments []string, std streams) int {
	if len(arguments) == 0 {
		usage(std.err)
		return exitTrouble
	}
	if word := arguments[0]; word == "help" || word == "-h" || word == "--help" {
		usage(std.out)
		return exitSame
	}
	for _, command := range subcommands() {
		if command.name != arguments[0] {
			continue
		}
		code, err := command.run(ctx, arguments[1:], std)
		switch {
		case errors.Is(err, pflag.ErrHelp):
			return exitSame
		case err != nil:
			fmt.Fprintf(std.err, "kubectl halo %s: %v\n", command.name, err)
			return exitTrouble
		}
		return code
	}
	fmt.Fprintf(std.err, "kubectl halo: there is no command %q\n\n", arguments[0])
	usage(std.err)
	return exitTrouble
}

func usage(out io.Writer) {
	fmt.Fprintln(out, "usage: kubectl halo COMMAND [flags]")
	fmt.Fprintln(out)
	for _, command := range subcommands() {
		fmt.Fprintf(out, "  %-8s %-9s %s\n", command.name, command.arguments, command.summary)
	}
	fmt.Fprintln(out, "\nEach command takes kubectl's flags for the cluster (--kubeconfig, --context, ...) and -h.")
}
