package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// InNode calls f on a thread inside the node's network namespace: what f sends
// are the node's own packets, as a kubelet's probes are. f must not leave its
// goroutine's thread: dial addresses, not names.
func (c *Cluster) InNode(f func() error) error { return inNamespace(c.NodeNamespace(), f) }

// InCloud is InNode for the network of the databases and the mail host. What f
// opens there stays there.
func (c *Cluster) InCloud(f func() error) error { return inNamespace(c.CloudNamespace(), f) }

// PodNetwork is the network of a running pod.
type PodNetwork struct {
	uid    string
	handle *os.File
}

// PodNetwork opens the network of a running pod, given by its UID.
func (c *Cluster) PodNetwork(uid string) (*PodNetwork, error) {
	handle, err := networkOfPod(uid)
	if err != nil {
		return nil, err
	}
	return &PodNetwork{uid, handle}, nil
}

// Do is InNode for the pod: what f sends are the pod's own packets, whether or
// not the pod has a program for it.
func (p *PodNetwork) Do(f func() error) error {
	return onOwnThread(func() error {
		if err := unix.Setns(int(p.handle.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering the network of pod %s: %w", p.uid, err)
		}
		return f()
	})
}

// Close lets go of the network. It must not be called during Do.
func (p *PodNetwork) Close() error { return p.handle.Close() }

// networkOfPod opens the network namespace of a process of the pod. Containers'
// control groups carry their pod's UID.
func networkOfPod(uid string) (*os.File, error) {
	if uid == "" {
		return nil, errors.New("looking for a pod's network: the pod has no UID")
	}
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	for _, process := range processes {
		if _, err := strconv.Atoi(process.Name()); err != nil {
			continue
		}
		groups, err := os.ReadFile(filepath.Join("/proc", process.Name(), "cgroup"))
		if err != nil || !bytes.Contains(groups, []byte("/pod"+uid)) {
			continue // it has ended, or is another pod's
		}
		if handle, err := os.Open(filepath.Join("/proc", process.Name(), "ns", "net")); err == nil {
			return handle, nil
		}
	}
	return nil, fmt.Errorf("looking for the network of pod %s: no process is in its control group", uid)
}

// PretendAddress makes an address outside of the cluster's ranges lead to the
// cloud, as one of the Internet would: a server that listens there shows whether
// pods can reach it. Twice is no error; it goes with the cluster.
func (c *Cluster) PretendAddress(ctx context.Context, address string) error {
	for _, arguments := range [][]string{
		{"-n", c.CloudNamespace(), "addr", "replace", address + "/32", "dev", "eth0"},
		{"-n", c.NodeNamespace(), "route", "replace", address + "/32", "dev", "cloud"},
	} {
		if _, err := run(ctx, "", "ip", arguments...); err != nil {
			return fmt.Errorf("making %s lead to the cloud (ip %s): %w", address, strings.Join(arguments, " "), err)
		}
	}
	return nil
}
