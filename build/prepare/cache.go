package main

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
)

// cache is the folder of everything that was built:
//
//	built/<program>-<key>/<program>   the programs
//	bin/<program>                     links to those of this checkout
//	assets/                           links for the API server tests
//	log/<step>.log                    what the last build said
type cache struct{ folder string }

// openCache finds the cache's folder: HALO_CACHE, or halo below ~/.cache.
func openCache() (cache, error) {
	folder := os.Getenv("HALO_CACHE")
	if folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return cache{}, fmt.Errorf("finding the cache folder: set HALO_CACHE: %w", err)
		}
		folder = filepath.Join(home, ".cache", "halo")
	}
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return cache{}, fmt.Errorf("finding the cache folder: %w", err)
	}
	return cache{absolute}, nil
}

func (c cache) bin() string    { return filepath.Join(c.folder, "bin") }
func (c cache) assets() string { return filepath.Join(c.folder, "assets") }

// place is where the program with this key is.
func (c cache) place(one program, key string) string {
	return filepath.Join(c.folder, "built", one.name+"-"+key, one.name)
}

func (c cache) has(one program, key string) bool {
	information, err := os.Stat(c.place(one, key))
	return err == nil && information.Mode().IsRegular()
}

// lock lets one run build at a time; the kernel unlocks when the process ends.
func (c cache) lock() (unlock func(), err error) {
	if err := os.MkdirAll(c.folder, 0o755); err != nil {
		return nil, fmt.Errorf("creating the cache: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(c.folder, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the cache: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		fmt.Println("another run is preparing; waiting for it")
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
			return nil, fmt.Errorf("locking the cache: %w", err)
		}
	}
	leftovers, err := filepath.Glob(filepath.Join(c.folder, unfinished+"*"))
	if err != nil {
		return nil, fmt.Errorf("clearing the cache: %w", err)
	}
	for _, leftover := range leftovers { // of a run that was killed
		if err := os.RemoveAll(leftover); err != nil {
			return nil, fmt.Errorf("clearing the cache: %w", err)
		}
	}
	return func() { _ = file.Close() }, nil
}

// unfinished begins the names of folders in which something is being built.
const unfinished = "unfinished-"

// build makes a program aside and then moves it into its place, so that an
// interrupted build leaves nothing that looks finished.
func (c cache) build(ctx context.Context, one program, key, root string, log *os.File) error {
	aside, err := os.MkdirTemp(c.folder, unfinished)
	if err != nil {
		return fmt.Errorf("building %s: %w", one.name, err)
	}
	defer os.RemoveAll(aside)
	produce := compile
	if one.script != "" {
		produce = download
	}
	if err := produce(ctx, one, root, aside, log); err != nil {
		return err
	}
	place := c.place(one, key)
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return fmt.Errorf("keeping %s: %w", one.name, err)
	}
	if err := os.Rename(filepath.Join(aside, one.name), place); err != nil {
		return fmt.Errorf("keeping %s: %w", one.name, err)
	}
	return c.link(one, key)
}

// compile leaves a program of Go in the folder aside.
func compile(ctx context.Context, one program, root, aside string, log *os.File) error {
	arguments := append([]string{"install"}, one.flags...)
	if one.folder != "" {
		arguments = append([]string{"build", "-o", filepath.Join(aside, one.name)}, one.flags...)
	}
	command := exec.CommandContext(ctx, "go", append(arguments, one.packagePath)...)
	command.Dir = filepath.Join(root, one.folder)
	if one.folder == "" {
		command.Dir = aside // outside of this module, whose go.mod has no say
	}
	// Collecting garbage less often makes the compiler about a third faster.
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOGC=400", "GOBIN="+aside)
	return finish(ctx, command, one, log)
}

// download leaves a script of npm in the folder aside. npm compares what it got
// with the hashes in package-lock.json, and runs nothing of it.
func download(ctx context.Context, one program, root, aside string, log *os.File) error {
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join(root, one.folder, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(aside, name), content, 0o644)
		}
		if err != nil {
			return fmt.Errorf("downloading %s: %w", one.name, err)
		}
	}
	command := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	command.Dir = aside
	if err := finish(ctx, command, one, log); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(aside, one.script), filepath.Join(aside, one.name)); err != nil {
		return fmt.Errorf("downloading %s: %w", one.name, err)
	}
	return nil
}

// finish runs a command to its end, or ends it with ctx.
func finish(ctx context.Context, command *exec.Cmd, one program, log *os.File) error {
	command.Stdout, command.Stderr = log, log
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("building %s: %w", one.name, err)
	}
	return nil
}

// link makes bin/<program> lead to the program with this key.
func (c cache) link(one program, key string) error {
	target, err := filepath.Rel(c.bin(), c.place(one, key))
	if err != nil {
		return fmt.Errorf("linking %s: %w", one.name, err)
	}
	links := map[string]string{filepath.Join(c.bin(), one.name): target}
	if one.name == "kube" {
		// The program behaves as what it is called by.
		links[filepath.Join(c.bin(), "kubectl")] = "kube"
		for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
			links[filepath.Join(c.assets(), name)] = filepath.Join("..", "bin", "kube")
		}
	}
	for path, target := range links {
		if err := replaceLink(path, target); err != nil {
			return fmt.Errorf("linking %s: %w", one.name, err)
		}
	}
	return nil
}

// replaceLink sets a symbolic link at once: nobody ever finds it missing.
func replaceLink(path, target string) error {
	if now, err := os.Readlink(path); err == nil && now == target {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	aside := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, aside); err != nil {
		return err
	}
	return os.Rename(aside, path)
}
