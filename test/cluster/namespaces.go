package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// namedNamespaces is where `ip netns` and its relatives look.
const namedNamespaces = "/run/netns"

// createNamespace makes an empty named network namespace. It does by hand what
// `ip netns add` does, without turning namedNamespaces into a mount of its own
// that would stay behind.
func createNamespace(name string) error {
	if err := os.MkdirAll(namedNamespaces, 0o755); err != nil {
		return fmt.Errorf("creating network namespace %s: %w", name, err)
	}
	path := filepath.Join(namedNamespaces, name)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return fmt.Errorf("creating network namespace %s: %w", name, err)
	}
	_ = file.Close() // nothing was written
	err = onOwnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		return unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, "")
	})
	if err != nil {
		return errors.Join(fmt.Errorf("creating network namespace %s: %w", name, err), os.Remove(path))
	}
	return nil
}

// deleteNamespace removes the name; the kernel removes the namespace and its
// links once nobody lives in it.
func deleteNamespace(name string) error {
	path := filepath.Join(namedNamespaces, name)
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("deleting network namespace %s: %w", name, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("deleting network namespace %s: %w", name, err)
	}
	_ = os.Remove(namedNamespaces) // fails while others have namespaces there
	return nil
}

// inNamespace calls f on a thread that is inside the named network namespace;
// a process that f starts is born there.
func inNamespace(name string, f func() error) error {
	return onOwnThread(func() error {
		handle, err := os.Open(filepath.Join(namedNamespaces, name))
		if err != nil {
			return fmt.Errorf("entering network namespace %s: %w", name, err)
		}
		defer handle.Close()
		if err := unix.Setns(int(handle.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering network namespace %s: %w", name, err)
		}
		return f()
	})
}

// onOwnThread calls f on a thread that ends afterwards, so that f may change
// what it likes about it. The process's first thread never ends, and what the
// kernel tells of the process is what is true of that thread: it is not used.
func onOwnThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// As long as this goroutine holds the first thread, another gets another.
			defer runtime.UnlockOSThread()
			done <- onOwnThread(f)
			return
		}
		done <- f() // the thread was never unlocked, and ends with the goroutine
	}()
	return <-done
}

// inhabitants gives the processes that live in the named network namespace, in
// the order of their numbers' text, the caller left out; none when there is no
// such namespace.
func inhabitants(name string) ([]int, error) {
	var home unix.Stat_t
	if err := unix.Stat(filepath.Join(namedNamespaces, name), &home); err != nil {
		if errors.Is(err, unix.ENOENT) {
			return nil, nil
		}
		return nil, fmt.Errorf("looking at network namespace %s: %w", name, err)
	}
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var found []int
	for _, process := range processes {
		pid, err := strconv.Atoi(process.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		var its unix.Stat_t
		if unix.Stat(filepath.Join("/proc", process.Name(), "ns", "net"), &its) != nil {
			continue // it has ended meanwhile
		}
		if its.Ino == home.Ino && its.Dev == home.Dev {
			found = append(found, pid)
		}
	}
	return found, nil
}
