package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"halo.dev/halo/internal/sealing"
	"halo.dev/halo/internal/server/reload"
	"halo.dev/halo/internal/store"
)

// resealStep is how many persons are sealed in one transaction: few enough not to hold up a visitor.
const resealStep = 200

// runReseal seals with the newest key what an earlier one has sealed, or none. It may be cut off and begun again.
func runReseal(ctx context.Context, args []string, std streams) int {
	var config store.Config
	var keys string
	flags := flag.NewFlagSet("halo-server reseal", flag.ContinueOnError)
	flags.SetOutput(std.err)
	flags.StringVar(&config.Host, "database-host", "", "the database's host `name`; its certificate must be valid for it")
	flags.IntVar(&config.Port, "database-port", 3306, "the database's `port`")
	flags.StringVar(&config.CAFile, "database-ca", "", "the `file` of certificates (PEM) that may have signed the database's")
	flags.StringVar(&config.CredentialsDir, "credentials-dir", "/etc/halo/database-users", "the `folder` of the database users' credentials")
	flags.StringVar(&keys, "sealing-keys-dir", "/etc/halo/sealing-keys", "the `folder` of the keys that seal personal data, one file each, and of index")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitMisused
	}
	if flags.NArg() > 0 || config.Host == "" || config.CAFile == "" {
		fmt.Fprintln(std.err, "halo-server reseal: --database-host and --database-ca are needed, and nothing but flags")
		return exitMisused
	}
	ring, err := reload.Open(reload.Options{Source: "sealing-keys", Dir: keys}, func(files reload.Files) (sealing.Ring, error) {
		return sealing.ParseRing(files)
	})
	if err == nil {
		config.Sealing = ring.Get
		err = reseal(ctx, config, std)
	}
	if err != nil {
		fmt.Fprintf(std.err, "halo-server reseal: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// errUnreadable tells that some persons were left as they were.
var errUnreadable = errors.New("some persons cannot be opened and were left as they are: is a key missing from the folder?")

// reseal goes through the persons step by step and tells how far it is. It prints numbers of assessments only.
func reseal(ctx context.Context, config store.Config, std streams) (err error) {
	opened, err := store.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	stale, err := opened.Stale(ctx)
	if err != nil {
		return err
	}
	sealed, unreadable, last := 0, 0, int64(0)
	for done := stale == 0; !done; {
		step, err := opened.Reseal(ctx, last, resealStep)
		if err != nil {
			return fmt.Errorf("after %d of %d persons (begin again: nothing is done twice): %w", sealed, stale, err)
		}
		for _, number := range step.Unreadable {
			fmt.Fprintf(std.out, "the person of assessment %d cannot be opened\n", number)
		}
		sealed, unreadable, last, done = sealed+step.Sealed, unreadable+len(step.Unreadable), step.Last, step.Done
		fmt.Fprintf(std.out, "sealed %d of %d persons with the newest key\n", sealed, stale)
	}
	if unreadable > 0 {
		return errUnreadable
	}
	if stale == 0 {
		fmt.Fprintln(std.out, "every person is sealed with the newest key")
	}
	return nil
}
