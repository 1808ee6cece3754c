// Command server measures halo-server on this machine and prints the table of
// docs/performance.md: assessments a second through the whole path beside a
// bare loop that inserts the same rows into the same MariaDB in the same run,
// latencies, memory at rest, the time until a pod is ready, and reports.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"

	"halo.dev/halo/test/mariadb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	rounds := flag.Int("rounds", 10, "how often each kind of work has its turn")
	slice := flag.Duration("slice", time.Second, "how long a turn is")
	workers := flag.Int("workers", 8, "how many do the work at a time")
	flag.Parse()
	err := run(ctx, *rounds, *slice, *workers)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, slice time.Duration, workers int) error {
	dir, err := os.MkdirTemp("", "halo-bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	// With a log of a few megabytes it would stop everybody, now and then, to write pages: whose turn that is would decide.
	database, err := mariadb.Start(ctx, "--innodb-buffer-pool-size=512M", "--innodb-log-file-size=1G")
	if err != nil {
		return err
	}
	defer func() { _ = database.Stop() }()
	site, err := layOut(ctx, dir, database)
	if err != nil {
		return err
	}
	fmt.Printf("%d cores, %s, %d at a time, %d turns of %v each\n\n", runtime.NumCPU(), runtime.Version(), workers, rounds, slice)
	if err := processes(ctx, site); err != nil { // first, while no mail waits but its own
		return err
	}
	if err := throughput(ctx, site, rounds, slice, workers); err != nil {
		return err
	}
	return reports()
}
