package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"halo.dev/halo/test/cluster/image"
)

// UpOptions say how a cluster is started.
type UpOptions struct {
	// StopWithCaller stops the node when the calling process ends, however it
	// ends. What is then left (links, names, files) is cleared by Down, or by
	// the next Up.
	StopWithCaller bool
	// Progress is told each step in a few words; nil for nobody.
	Progress func(step string)
}

// programs of this module that run on the node or in its images.
var programs = []string{
	"halo.dev/halo/test/cluster/halo-cluster",
	"halo.dev/halo/test/cluster/pause",
	"halo.dev/halo/test/cluster/entrance/halo-entrance",
}

// Up starts the cluster and returns when its node is Ready, its DNS answers and
// its entrance is open. A cluster that already runs is left as it is; what is
// left of one that was killed is cleared first.
func (c *Cluster) Up(ctx context.Context, options UpOptions) error {
	if options.Progress == nil {
		options.Progress = func(string) {}
	}
	if os.Geteuid() != 0 {
		return errors.New("a local cluster needs root: run as root, or use sudo")
	}
	unlock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.checkTools(); err != nil {
		return err
	}
	if c.Status(ctx).Running() {
		options.Progress("already running")
		return nil
	}
	if err := c.clear(ctx); err != nil {
		return err
	}
	if err := c.bringUp(ctx, options); err != nil {
		return c.explain(err)
	}
	return nil
}

func (c *Cluster) bringUp(ctx context.Context, options UpOptions) error {
	if err := os.MkdirAll(c.path("log"), 0o755); err != nil {
		return fmt.Errorf("creating the cluster's folder: %w", err)
	}
	options.Progress("building the cluster's own programs")
	if err := image.Build(ctx, c.path("bin"), programs, "-ldflags=-s -w"); err != nil {
		return err
	}
	options.Progress("network, credentials")
	if err := c.connect(ctx); err != nil {
		return err
	}
	if err := c.createCgroups(); err != nil {
		return err
	}
	if err := c.writeCredentials(); err != nil {
		return err
	}
	options.Progress("control plane, containerd")
	if err := c.startNode(options.StopWithCaller); err != nil {
		return err
	}
	group, groupContext := errgroup.WithContext(ctx)
	group.Go(func() error { return c.loadOwnImages(groupContext) })
	group.Go(func() error { return c.applyManifests(groupContext) })
	if err := group.Wait(); err != nil {
		return err
	}
	options.Progress("node, DNS, entrance")
	return c.waitUntilServing(ctx)
}

// checkTools says early what is missing and how to get it.
func (c *Cluster) checkTools() error {
	for _, tool := range []string{"kube", "coredns"} {
		if _, err := os.Stat(filepath.Join(c.Tools, tool)); err != nil {
			return fmt.Errorf("%s is not built yet: run `go run ./build/prepare kube coredns`: %w", tool, err)
		}
	}
	for _, program := range []string{"containerd", "ctr", "runc", "nft", "iptables", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not installed: run `go run ./build/prepare packages`: %w", program, err)
		}
	}
	return nil
}

// startNode starts the node's first process (package node) in the node's
// network namespace and new mount and process namespaces, in a session of its
// own, so that a terminal's interrupt does not reach it.
func (c *Cluster) startNode(stopWithCaller bool) error {
	output, err := os.Create(c.LogFile("node"))
	if err != nil {
		return fmt.Errorf("starting the node: %w", err)
	}
	defer output.Close()
	arguments := []string{"node", c.Name}
	var inherited []*os.File
	if stopWithCaller {
		reading, writing, err := os.Pipe()
		if err != nil {
			return fmt.Errorf("starting the node: %w", err)
		}
		defer reading.Close()
		keepOpen(writing)
		inherited, arguments = []*os.File{reading}, append(arguments, "--stop-with-caller")
	}
	command := exec.Command(c.path("bin", "halo-cluster"), arguments...)
	command.Stdout, command.Stderr, command.ExtraFiles = output, output, inherited
	command.Env = append(os.Environ(), "HALO_STATE="+filepath.Dir(c.Folder), "HALO_CACHE="+filepath.Dir(c.Tools), "KUBECONFIG=")
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	if err := inNamespace(c.NodeNamespace(), command.Start); err != nil {
		return fmt.Errorf("starting the node: %w", err)
	}
	go func() { _ = command.Wait() }() // so that it leaves no zombie; its end is seen by its absence
	return nil
}

// keepOpen holds a file open until the process ends: without a finalizer, which
// os.File has, the descriptor is nobody's to close.
func keepOpen(file *os.File) {
	descriptor, err := syscall.Dup(int(file.Fd()))
	if err == nil {
		syscall.CloseOnExec(descriptor)
	}
	_ = file.Close()
}

// loadOwnImages assembles and loads the images of the cluster's own pods.
func (c *Cluster) loadOwnImages(ctx context.Context) error {
	file := c.path("images.tar")
	if err := c.writeOwnImages(file); err != nil {
		return err
	}
	err := poll(ctx, 100*time.Millisecond, "containerd", func() error {
		_, err := os.Stat(c.ContainerdSocket())
		return err
	})
	if err != nil {
		return err
	}
	if err := c.LoadImage(ctx, file); err != nil {
		return err
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing loaded images: %w", err)
	}
	return nil
}

// explain adds the place where the cause can be read.
func (c *Cluster) explain(err error) error {
	return fmt.Errorf("starting cluster %s: %w\nlogs: %s", c.Name, err, filepath.Dir(c.LogFile("node")))
}
