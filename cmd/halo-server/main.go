// Command halo-server is a tenant's HALO service in one program: it serves the
// widget's API, migrates the database, and works the model and the report from
// the command line. Each subcommand has a file of its own here that turns
// flags into a call of the package that knows the work.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit statuses, as in diff(1): a caller can tell a bad input from a bad call.
const (
	exitOK      = 0
	exitFailed  = 1 // the work failed, or an input was invalid
	exitMisused = 2 // unknown subcommand, flag or argument
)

// streams are the standard streams that a subcommand may use; tests give
// their own.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// subcommand is one word after the program's name.
type subcommand struct {
	name, summary string
	run           func(ctx context.Context, args []string, std streams) (exit int)
}

// subcommands lists what the program can do, in the order of the help text.
func subcommands() []subcommand {
	return []subcommand{
		{"account", "create or reset an account of the staff console", runAccount},
		{"analytics", "write figures that identify nobody", runAnalytics},
		{"assess", "compute the model for answers on standard input", runAssess},
		{"audit", "verify the staff console's log", runAudit},
		{"erase", "erase the person whose e-mail address is on standard input", runErase},
		{"export", "write what is kept on the person whose e-mail address is on standard input", runExport},
		{"migrate", "bring the tenant's database to what this version needs", runMigrate},
		{"report", "write the report on answers on standard input as a PDF", runReport},
		{"reseal", "seal personal data with the newest key", runReseal},
		{"serve", "serve the widget and its API, and mail the reports", runServe},
		{"version", "print the program's and the model's version", runVersion},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run finds the subcommand and gives it the rest of the arguments.
func run(ctx context.Context, args []string, std streams) int {
	if len(args) == 0 {
		usage(std.err)
		return exitMisused
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(std.out)
		return exitOK
	}
	for _, c := range subcommands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], std)
		}
	}
	fmt.Fprintf(std.err, "halo-server: there is no subcommand %q\n", args[0])
	usage(std.err)
	return exitMisused
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: halo-server SUBCOMMAND [flags]\n\n")
	for _, c := range subcommands() {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nhalo-server SUBCOMMAND -h lists the flags of one.\n")
}
