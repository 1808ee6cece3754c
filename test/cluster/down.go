package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Down ends every process of the cluster, node and cloud, and removes its
// links, names, control groups and files. It works on a whole cluster, on half
// of one, and on none.
func (c *Cluster) Down(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("a local cluster needs root: run as root, or use sudo")
	}
	unlock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return c.clear(ctx)
}

func (c *Cluster) clear(ctx context.Context) error {
	if err := c.endProcesses(ctx); err != nil {
		return fmt.Errorf("stopping cluster %s: %w", c.Name, err)
	}
	if err := c.disconnect(ctx); err != nil {
		return fmt.Errorf("removing cluster %s: %w", c.Name, err)
	}
	if err := c.removeCgroups(); err != nil {
		return fmt.Errorf("removing cluster %s: %w", c.Name, err)
	}
	if err := os.RemoveAll(c.Folder); err != nil {
		return fmt.Errorf("removing cluster %s: %w", c.Name, err)
	}
	_ = os.Remove(filepath.Dir(c.Folder)) // fails while other clusters are in it
	return nil
}

// endProcesses kills who lives in the cluster's two namespaces. With the node's
// first process the kernel ends all in the node, the pods too, whose network
// is their own; their control groups tell when they are gone.
func (c *Cluster) endProcesses(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return poll(ctx, 50*time.Millisecond, "its processes to end", func() error {
		left, err := c.processes()
		if err != nil {
			return err
		}
		for _, pid := range left {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("ending process %d: %w", pid, err)
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("%d are left", len(left))
		}
		return nil
	})
}

// processes gives all processes of the cluster, in no order.
func (c *Cluster) processes() ([]int, error) {
	all := map[int]bool{}
	for _, namespace := range []string{c.NodeNamespace(), c.CloudNamespace()} {
		found, err := inhabitants(namespace)
		if err != nil {
			return nil, err
		}
		for _, pid := range found {
			all[pid] = true
		}
	}
	members, err := c.cgroupMembers()
	if err != nil {
		return nil, err
	}
	for _, pid := range members {
		all[pid] = true
	}
	pids := make([]int, 0, len(all))
	for pid := range all {
		pids = append(pids, pid)
	}
	return pids, nil
}

// lock makes this process the only one that changes the cluster, until unlock
// is called or the process ends. The lock is a socket name in the kernel, which
// leaves no file behind.
func (c *Cluster) lock(ctx context.Context) (unlock func(), err error) {
	var held net.Listener
	err = poll(ctx, 100*time.Millisecond, "another command on cluster "+c.Name+" to finish", func() (err error) {
		held, err = (&net.ListenConfig{}).Listen(ctx, "unix", "@halo-local-"+c.Name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return func() { _ = held.Close() }, nil
}
