package node

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mountAll gives the node /proc, /sys and empty /run, /var/lib and /var/log of
// its own, so that nothing it writes lands in the machine's folders. The
// cluster's folder stays where it is.
func mountAll(folder string) error {
	// From now on nothing that is mounted here is seen outside; inside, pods see it.
	for _, propagation := range []uintptr{unix.MS_PRIVATE, unix.MS_SHARED} {
		if err := unix.Mount("", "/", "", unix.MS_REC|propagation, ""); err != nil {
			return fmt.Errorf("separating the node's mounts: %w", err)
		}
	}
	resolver, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil {
		resolver = "" // the machine has none
	}
	if err := mount("proc", "/proc", "proc", 0); err != nil {
		return err
	}
	if err := mountSys(folder); err != nil {
		return err
	}
	if err := hideMachine(folder); err != nil {
		return err
	}
	return emptyResolver(folder, resolver)
}

// mountSys mounts a /sys that shows the node's network, with the machine's
// control groups in their place.
func mountSys(folder string) error {
	kept := filepath.Join(folder, "cgroup")
	if err := os.MkdirAll(kept, 0o755); err != nil {
		return fmt.Errorf("mounting /sys: %w", err)
	}
	if err := mount("/sys/fs/cgroup", kept, "", unix.MS_BIND|unix.MS_REC); err != nil {
		return err
	}
	if err := mount("sysfs", "/sys", "sysfs", 0); err != nil {
		return err
	}
	return mount(kept, "/sys/fs/cgroup", "", unix.MS_BIND|unix.MS_REC)
}

// hideMachine covers the machine's changing folders and brings the cluster's own
// back when it lies below one of them.
func hideMachine(folder string) error {
	own, err := unix.Open(folder, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening %s: %w", folder, err)
	}
	defer unix.Close(own)
	for _, covered := range []string{"/run", "/var/lib", "/var/log"} {
		if err := mount("tmpfs", covered, "tmpfs", 0); err != nil {
			return err
		}
	}
	if _, err := os.Stat(folder); err == nil {
		return nil // it lies elsewhere
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("bringing %s back: %w", folder, err)
	}
	return mount(fmt.Sprintf("/proc/self/fd/%d", own), folder, "", unix.MS_BIND|unix.MS_REC)
}

// emptyResolver hides the machine's name servers: the node can reach none.
func emptyResolver(folder, resolver string) error {
	empty := filepath.Join(folder, "resolv.conf")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		return fmt.Errorf("hiding name servers: %w", err)
	}
	if resolver == "" {
		return nil
	}
	if _, err := os.Stat(resolver); err != nil { // it lay in /run, which is covered
		if err := os.MkdirAll(filepath.Dir(resolver), 0o755); err != nil {
			return fmt.Errorf("hiding name servers: %w", err)
		}
		if err := os.WriteFile(resolver, nil, 0o644); err != nil {
			return fmt.Errorf("hiding name servers: %w", err)
		}
	}
	return mount(empty, resolver, "", unix.MS_BIND)
}

func mount(source, target, kind string, flags uintptr) error {
	if err := unix.Mount(source, target, kind, flags, ""); err != nil {
		return fmt.Errorf("mounting %s: %w", target, err)
	}
	return nil
}
