package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/console"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/store"
)

// accountFlags are those of both account commands.
type accountFlags struct {
	config, name, role, advisor string
	database                    store.Config
}

// runAccount creates or resets an account of the staff console.
func runAccount(ctx context.Context, args []string, std streams) int {
	if len(args) == 0 || args[0] != "create" && args[0] != "reset" {
		fmt.Fprint(std.err, "usage: halo-server account create|reset [flags]\n\n"+
			"Prints the one-time link with which the account's owner sets password and second factor.\n"+
			"\"halo-server account create -h\" lists the flags.\n")
		if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") {
			return exitOK
		}
		return exitMisused
	}
	f, err := parseAccountFlags(args[0], args[1:], std)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(std.err, "halo-server account %s: %v\n", args[0], err)
		return exitMisused
	}
	link, until, err := f.invite(ctx, args[0] == "create")
	if err != nil {
		fmt.Fprintf(std.err, "halo-server account %s: %v\n", args[0], err)
		return exitFailed
	}
	fmt.Fprintf(std.out, "%s\n", link)
	fmt.Fprintf(std.err, "This link works once and until %s. Give it to the owner of the account %s and to nobody else; it is not shown again.\n",
		until.UTC().Format("2006-01-02 15:04 UTC"), f.name)
	return exitOK
}

func parseAccountFlags(command string, args []string, std streams) (accountFlags, error) {
	var f accountFlags
	flags := flag.NewFlagSet("halo-server account "+command, flag.ContinueOnError)
	flags.SetOutput(std.err)
	flags.StringVar(&f.config, "config", "/etc/halo/config/config.yaml", "the `file` that has console.hostname")
	consoleDatabaseFlags(flags, &f.database)
	flags.StringVar(&f.name, "name", "", "the account's `name`")
	if command == "create" {
		flags.StringVar(&f.role, "role", "", "advisor, support, analyst, privacy-officer or administrator")
		flags.StringVar(&f.advisor, "advisor", "", "the `id` of the advisor whose clients an account with the role advisor sees")
	}
	if err := flags.Parse(args); err != nil {
		return f, err
	}
	if flags.NArg() > 0 {
		return f, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	var err error
	if f.name, err = account.ParseName(f.name); err != nil {
		return f, fmt.Errorf("the flag --name: %w", err)
	}
	if command == "create" {
		role, err := account.ParseRole(f.role)
		if err == nil {
			err = account.CheckAdvisor(role, f.advisor)
		}
		if err != nil {
			return f, fmt.Errorf("the flags --role and --advisor: %w", err)
		}
	}
	return f, nil
}

// consoleDatabaseFlags say where the database is, for commands that run in a
// pod of the server.
func consoleDatabaseFlags(flags *flag.FlagSet, database *store.Config) {
	flags.StringVar(&database.Host, "database-host", "", "the database's host `name`; its certificate must be valid for it")
	flags.IntVar(&database.Port, "database-port", 3306, "the database's `port`")
	flags.StringVar(&database.CAFile, "database-ca", "/etc/halo/config/database-ca.pem", "the `file` of certificates (PEM) that may have signed the database's")
	flags.StringVar(&database.CredentialsDir, "credentials-dir", "/etc/halo/database-users", "the `folder` with the credentials of the user console")
}

// invite does the work and makes the link.
func (f accountFlags) invite(ctx context.Context, create bool) (link string, until time.Time, err error) {
	text, err := os.ReadFile(f.config)
	if err != nil {
		return "", until, fmt.Errorf("reading the configuration: %w", err)
	}
	settings, err := config.Parse(text)
	if err != nil {
		return "", until, err
	}
	if settings.Console.Hostname == "" {
		return "", until, errors.New("the configuration has no console.hostname, so there is no console to join")
	}
	if _, ok := settings.Advisor(f.advisor); f.advisor != "" && !ok {
		return "", until, errors.New("the configuration has no advisor of the id that --advisor names")
	}
	opened, err := store.OpenConsole(ctx, f.database)
	if err != nil {
		return "", until, err
	}
	defer func() { _ = opened.Close() }()
	token, digest, err := account.NewToken()
	if err != nil {
		return "", until, err
	}
	now := time.Now()
	invitation := store.Invitation{Digest: digest, Expires: now.Add(console.InvitationLasts)}
	if create {
		err = opened.CreateAccount(ctx, now, f.name, account.Role(f.role), f.advisor, invitation)
	} else {
		err = opened.ResetAccount(ctx, now, f.name, invitation)
	}
	return console.JoinLink(settings.Console.Hostname, token), invitation.Expires, err
}

// runAudit verifies the staff console's log.
func runAudit(ctx context.Context, args []string, std streams) int {
	var database store.Config
	flags := flag.NewFlagSet("halo-server audit", flag.ContinueOnError)
	flags.SetOutput(std.err)
	consoleDatabaseFlags(flags, &database)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitMisused
	}
	head, err := verifyLog(ctx, database)
	if err != nil {
		fmt.Fprintf(std.err, "halo-server audit: %v\n", err)
		return exitFailed
	}
	fmt.Fprintf(std.out, "%d entries are as they were written; the last one's hash is %s\n", head.Number, head.Hash)
	return exitOK
}

func verifyLog(ctx context.Context, database store.Config) (audit.Head, error) {
	opened, err := store.OpenConsole(ctx, database)
	if err != nil {
		return audit.Head{}, err
	}
	defer func() { _ = opened.Close() }()
	head, err := opened.VerifyLog(ctx)
	var fault audit.Fault
	if errors.As(err, &fault) {
		return head, fmt.Errorf("the log is not what was written: %w", fault)
	}
	return head, err
}
