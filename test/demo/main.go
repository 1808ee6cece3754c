// Command demo shows the main job on this machine: a tenant of its own on a
// real one-node cluster, and an advisor's page to open. It is what `make demo`
// and `make demo-down` run.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"halo.dev/halo/test/platform"
)

// platformName tells the demonstration's cluster from that of the tests.
const platformName = "demo"

const usage = `usage: go run ./test/demo COMMAND

  up      bring up the cluster, the operator, the tenant acme and its advisor's page (again: change what differs)
  down    stop all of it and leave nothing behind
  mail    list the mail that has arrived, and save its reports
  status  the table that up ends with`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command string, args []string) error {
	if command == "serve" { // what up leaves running; not for people
		return serve(ctx, args)
	}
	if os.Getenv("CLUSTER") == "current" {
		return runCurrent(ctx, command)
	}
	p, err := platform.New(platformName)
	if err != nil {
		return err
	}
	switch command {
	case "up":
		return up(ctx, p, os.Stdout)
	case "down":
		if err := p.StopBackground(ctx, pageProgram); err != nil {
			return err
		}
		if err := p.Down(ctx); err != nil {
			return err
		}
		fmt.Println("The demonstration has stopped and left nothing behind; built tools stay in the cache (make clean removes them).")
		return nil
	case "mail":
		return mail(p, os.Stdout)
	case "status":
		return table(ctx, p, os.Stdout)
	}
	return fmt.Errorf("there is no command %q\n%s", command, usage)
}

// runCurrent is run for CLUSTER=current.
func runCurrent(ctx context.Context, command string) error {
	c, err := currentFromEnvironment()
	if err != nil {
		return err
	}
	switch command {
	case "up":
		return c.up(ctx, os.Stdout)
	case "down":
		return c.down(ctx, os.Stdout)
	}
	return fmt.Errorf("CLUSTER=current knows up and down, not %q", command)
}
