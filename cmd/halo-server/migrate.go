package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"halo.dev/halo/internal/store"
)

// runMigrate brings the tenant's database to what this program needs.
func runMigrate(ctx context.Context, args []string, std streams) int {
	config := store.MigrateConfig{Progress: std.out}
	flags := flag.NewFlagSet("halo-server migrate", flag.ContinueOnError)
	flags.SetOutput(std.err)
	flags.StringVar(&config.Host, "database-host", "", "the database's host `name`; its certificate must be valid for it")
	flags.IntVar(&config.Port, "database-port", 3306, "the database's `port`")
	flags.StringVar(&config.CAFile, "database-ca", "", "the `file` of certificates (PEM) that may have signed the database's")
	flags.StringVar(&config.MasterUsername, "master-username", "halo_master", "the `name` of the user who may create schemas and users")
	flags.StringVar(&config.MasterPasswordFile, "master-password-file", "", "the `file` that holds that user's password")
	flags.StringVar(&config.CredentialsDir, "credentials-dir", "",
		"the `folder` of the credentials that the users get: intake-username, intake-password, and the same of delivery and console")
	flags.StringVar(&config.ErasuresDir, "erasures-dir", "", "the `folder` of a ledger of erasures: persons of its numbers are removed from a restored copy")
	flags.DurationVar(&config.Wait, "wait", 5*time.Minute, "how long to wait for the database at most")
	retire := flags.Bool("retire", false, "drop the users of the other turn, and do nothing else; those of the credentials are signed in as first")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitMisused
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(std.err, "halo-server migrate: unexpected argument %q\n", flags.Arg(0))
		return exitMisused
	}
	for _, required := range []string{"database-host", "database-ca", "master-password-file", "credentials-dir"} {
		if flags.Lookup(required).Value.String() == "" {
			fmt.Fprintf(std.err, "halo-server migrate: the flag --%s is missing\n", required)
			return exitMisused
		}
	}
	act := store.Migrate
	if *retire {
		act = store.Retire
	}
	if err := act(ctx, config); err != nil {
		fmt.Fprintf(std.err, "halo-server migrate: %v\n", err)
		return exitFailed
	}
	return exitOK
}
