package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"halo.dev/halo/internal/analytics"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/store"
)

// runAnalytics writes figures that identify nobody to standard output.
func runAnalytics(ctx context.Context, args []string, std streams) int {
	var database store.Config
	flags := flag.NewFlagSet("halo-server analytics", flag.ContinueOnError)
	flags.SetOutput(std.err)
	consoleDatabaseFlags(flags, &database)
	text := flags.String("format", string(analytics.CSV), "csv, jsonl or parquet")
	least := flags.Int("least", analytics.DefaultLeast, "how many people a cell has at least; smaller ones are merged or left out")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitMisused
	}
	format, err := analytics.ParseFormat(*text)
	var table *analytics.Table
	if err == nil {
		table, err = analytics.New(*least)
	}
	if err == nil && (flags.NArg() > 0 || database.Host == "") {
		err = errors.New("--database-host is needed, and nothing but flags")
	}
	if err != nil {
		fmt.Fprintf(std.err, "halo-server analytics: %v\n", err)
		return exitMisused
	}
	if err := writeFigures(ctx, database, table, format, std); err != nil {
		fmt.Fprintf(std.err, "halo-server analytics: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func writeFigures(ctx context.Context, database store.Config, table *analytics.Table, format analytics.Format, std streams) (err error) {
	staff, err := store.OpenConsole(ctx, database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, staff.Close()) }()
	if err := staff.EachAssessment(ctx, table.Add); err != nil {
		return err
	}
	rows, left := table.Rows()
	entry := audit.Entry{At: time.Now(), Actor: audit.CommandLine, Action: audit.FiguresDownloaded, Subject: int64(len(rows)), Detail: string(format)}
	if err := staff.Record(ctx, entry); err != nil {
		return err
	}
	fmt.Fprintf(std.err, "%d cells; %d people are in none, because theirs would be too small\n", len(rows), left)
	return format.Write(std.out, rows)
}
