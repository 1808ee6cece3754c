// Command prepare brings a Debian machine with Go and make to where this
// repository's make targets can run: packages from the distribution, programs
// built from source into a cache. What is there already is left alone, so that
// it may run before everything, and an interrupted run goes on where it stopped.
//
// It uses the standard library only: nothing has to be downloaded before it can
// say what it is doing.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const usage = `usage: go run ./build/prepare PART...

  demo            what a local cluster needs: packages, kube, coredns, helm
  test            the same, and what the tests and generators need
  packages        the distribution's packages for the local cluster
  test-packages   those for the tests
  attack          what attacks the server, and the database behind it
  environment     print the settings that make the programs usable, for eval
  PROGRAM         one program alone: kube, coredns, helm, controller-gen, …
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		if errors.Is(err, errUsage) {
			fmt.Fprint(os.Stderr, "\n", usage)
		}
		os.Exit(1)
	}
}

// errUsage asks for the usage to be read.
var errUsage = errors.New("what to prepare was not understood")

func run(ctx context.Context, parts []string) error {
	cache, err := openCache()
	if err != nil {
		return err
	}
	if len(parts) == 1 && parts[0] == "environment" {
		fmt.Printf("export KUBEBUILDER_ASSETS=%s\nexport PATH=%s:$PATH\n", cache.assets(), cache.bin())
		return nil
	}
	packages, programs, err := choose(parts)
	if err != nil {
		return err
	}
	root, err := repositoryRoot()
	if err != nil {
		return err
	}
	steps, err := plan(cache, root, packages, programs)
	if err != nil || len(steps) == 0 {
		return err
	}
	unlock, err := cache.lock()
	if err != nil {
		return err
	}
	defer unlock()
	// Another run may have done some of it while this one waited.
	if steps, err = plan(cache, root, packages, programs); err != nil {
		return err
	}
	return carryOut(ctx, cache, steps)
}

// choose resolves the parts asked for into packages and programs.
func choose(parts []string) (packages []string, programs []program, err error) {
	if len(parts) == 0 {
		return nil, nil, errUsage
	}
	known := map[string]program{}
	var all []program
	for _, one := range everyProgram() {
		known[one.name] = one
		all = append(all, one)
	}
	for _, part := range parts {
		switch one, isProgram := known[part]; {
		case isProgram:
			programs = append(programs, one)
		case part == "packages":
			packages = append(packages, clusterPackages...)
		case part == "test-packages":
			packages = append(append(packages, testPackages...), forNPM()...)
		case part == "attack":
			packages = append(append(packages, clusterPackages...), attackPackages...)
		case part == "demo":
			packages = append(packages, clusterPackages...)
			programs = append(programs, known["kube"], known["coredns"], known["helm"])
		case part == "test":
			packages = slices.Concat(packages, clusterPackages, testPackages, attackPackages, forNPM())
			programs = append(programs, all...)
		default:
			return nil, nil, fmt.Errorf("%w: there is no part %q, and no program of that name among %s", errUsage, part, programNames(all))
		}
	}
	return packages, programs, nil
}

func programNames(all []program) string {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = one.name
	}
	return strings.Join(names, ", ")
}

// plan lists the steps that are still to be done.
func plan(cache cache, root string, packages []string, programs []program) ([]step, error) {
	var steps []step
	missing, err := missingPackages(packages)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		if err := checkMachine(); err != nil {
			return nil, err
		}
		steps = append(steps, step{
			name: "packages", what: strings.Join(missing, ", "),
			do: func(ctx context.Context, log *os.File) error { return installPackages(ctx, missing, log) },
		})
	}
	for _, one := range programs {
		key, err := one.key(root)
		if err != nil {
			return nil, err
		}
		if cache.has(one, key) {
			if err := cache.link(one, key); err != nil {
				return nil, err
			}
			continue
		}
		steps = append(steps, step{
			name: one.name, what: one.what,
			do: func(ctx context.Context, log *os.File) error { return cache.build(ctx, one, key, root, log) },
		})
	}
	return steps, nil
}

// repositoryRoot finds the folder of this repository's go.mod, from any folder
// in it.
func repositoryRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for {
		content, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err == nil && strings.HasPrefix(string(content), "module halo.dev/halo\n") {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("finding the repository: call it from a folder of the repository")
		}
		folder = parent
	}
}
