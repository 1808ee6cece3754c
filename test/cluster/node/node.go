// Package node is the first process inside the local cluster's node: it mounts
// what a machine has mounted, writes the programs' configuration, starts them,
// starts again whichever ends, and collects orphans. When it ends, the kernel
// ends everything in its process namespace.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"halo.dev/halo/test/cluster"
)

// callerPipe is the descriptor of the pipe whose other end the caller holds.
const callerPipe = 3

// Options say how the node lives.
type Options struct {
	// StopWithCaller ends the node when descriptor 3, the reading end of a
	// pipe, reaches its end: when the process that holds the other end is gone.
	StopWithCaller bool
	// Self is the program that provides the command networkpolicy.
	Self string
}

// Run turns the calling process into the node's first process. It must be
// alone in new mount and process namespaces, inside the node's network
// namespace. Run returns when the context ends or when it could not start.
func Run(ctx context.Context, c *cluster.Cluster, options Options) error {
	if os.Getpid() != 1 {
		return errors.New("the node's first process must be process 1 of a namespace of its own; use `halo-cluster up`")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if options.StopWithCaller {
		go func() {
			defer cancel()
			_, _ = io.Copy(io.Discard, os.NewFile(callerPipe, "caller")) // ends when the caller does
		}()
	}
	if err := mountAll(c.Folder); err != nil {
		return err
	}
	if err := writeConfiguration(c); err != nil {
		return err
	}
	if err := forwardPackets(); err != nil {
		return err
	}
	keeper := newKeeper()
	defer keeper.stop()
	return keepRunning(ctx, c, daemons(c, options.Self), keeper)
}

// forwardPackets makes the node's network namespace a router, which pods and
// cloud are behind.
func forwardPackets() error {
	settings := []struct{ file, value string }{
		{"/proc/sys/net/ipv4/ip_forward", "1"},
		{"/proc/sys/net/ipv4/conf/all/rp_filter", "0"},
	}
	for _, setting := range settings {
		if err := os.WriteFile(setting.file, []byte(setting.value), 0o644); err != nil {
			return fmt.Errorf("letting the node forward packets: %w", err)
		}
	}
	return nil
}

// keepRunning starts every daemon as soon as what it needs answers, and keeps
// it running until the context ends.
func keepRunning(ctx context.Context, c *cluster.Cluster, all []daemon, keeper *keeper) error {
	if err := os.MkdirAll(filepath.Dir(c.LogFile("node")), 0o755); err != nil {
		return fmt.Errorf("creating log folder: %w", err)
	}
	answers, err := newProbes(c)
	if err != nil {
		return err
	}
	for _, one := range all {
		go func() {
			for _, need := range one.needs {
				if err := answers.wait(ctx, need); err != nil {
					return // the node is ending
				}
			}
			keeper.keep(ctx, one, c.LogFile(one.name))
		}()
	}
	<-ctx.Done()
	slog.Info("the node ends", "reason", context.Cause(ctx))
	return nil
}
