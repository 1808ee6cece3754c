package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// clusterPackages are Debian's that the local cluster, its databases and its
// mail host run on.
var clusterPackages = []string{
	"containerd", "runc", "containernetworking-plugins", "nftables", "iptables", "iproute2",
	"mariadb-server", "mariadb-backup",
	"postfix", "sasl2-bin", "libsasl2-modules",
}

// testPackages are those that only the tests need: a browser, a reader of PDF,
// and a C compiler for the race detector.
var testPackages = []string{"chromium", "poppler-utils", "gcc", "libc6-dev"}

// forNPM is Debian's package of npm, which one script of the tests comes by; none
// on a machine that has npm from elsewhere, beside which Debian's cannot be.
func forNPM() []string {
	if _, err := exec.LookPath("npm"); err == nil {
		return nil
	}
	return []string{"npm"}
}

// attackPackages are the tools that attack the server.
var attackPackages = []string{"sqlmap", "wapiti", "testssl.sh"}

// otherWay is what a machine that cannot run the local cluster can do.
const otherWay = "`make demo CLUSTER=current` uses the cluster of the current kubeconfig instead"

// missingPackages gives those that are not installed, in the order given.
func missingPackages(wanted []string) ([]string, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	if query, _ := exec.LookPath("dpkg-query"); query == "" {
		return wanted, nil // no Debian; checkMachine will say so
	}
	arguments := append([]string{"--show", "--showformat", "${Package} ${db:Status-Status}\n"}, wanted...)
	output, err := exec.Command("dpkg-query", arguments...).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) { // it also complains of packages it has never seen
		return nil, fmt.Errorf("looking for installed packages: %w", err)
	}
	installed := installedPackages(string(output))
	var missing []string
	for _, name := range wanted {
		if !installed[name] && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

// installedPackages reads lines of "<package> <status>".
func installedPackages(listing string) map[string]bool {
	installed := map[string]bool{}
	for line := range strings.Lines(listing) {
		name, status, _ := strings.Cut(strings.TrimSpace(line), " ")
		if status == "installed" {
			installed[name] = true
		}
	}
	return installed
}

// checkMachine tells in one line why packages cannot be installed here, and what
// to do about it.
func checkMachine() error {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking which system this is: %w", err)
	}
	return judgeMachine(string(release), os.Geteuid())
}

// judgeMachine decides by the content of os-release and the user's number.
func judgeMachine(release string, user int) error {
	system := "unknown"
	for line := range strings.Lines(release) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "ID="); ok {
			system = strings.Trim(name, `"`)
		}
	}
	switch {
	case system != "debian":
		return fmt.Errorf("not Debian (the system is %s): the local cluster runs on Debian only; %s", system, otherWay)
	case user != 0:
		return fmt.Errorf("not root: run as root or sudo make …; %s", otherWay)
	}
	return nil
}

// installPackages installs what is missing. The package lists are brought up to
// date when there are none or when they lead nowhere.
func installPackages(ctx context.Context, missing []string, log *os.File) error {
	allow, err := keepServicesDown()
	if err != nil {
		return err
	}
	defer allow()
	lists, err := filepath.Glob("/var/lib/apt/lists/*_Packages*")
	if err != nil {
		return fmt.Errorf("looking for package lists: %w", err)
	}
	install := append([]string{"install", "--yes", "--no-install-recommends"}, missing...)
	if len(lists) > 0 && apt(ctx, log, install...) == nil {
		return nil
	}
	if err := apt(ctx, log, "update"); err != nil {
		return err
	}
	return apt(ctx, log, install...)
}

func apt(ctx context.Context, log *os.File, arguments ...string) error {
	command := exec.CommandContext(ctx, "apt-get", arguments...)
	command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	command.Stdout, command.Stderr = log, log
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 30 * time.Second // dpkg must not be stopped in the middle
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("apt-get %s: %w", arguments[0], err)
	}
	return nil
}

// servicePolicy is Debian's way to keep a newly installed service from starting:
// the tests start their own MariaDB, Postfix and containerd, and the machine
// shall not get others.
const servicePolicy = "/usr/sbin/policy-rc.d"

// keepServicesDown forbids services to start until allow is called. A policy
// that the machine already has is respected.
func keepServicesDown() (allow func(), err error) {
	content := []byte("#!/bin/sh\n# written by build/prepare for the time of one installation\nexit 101\n")
	if now, err := os.ReadFile(servicePolicy); err == nil && !bytes.Equal(now, content) {
		return func() {}, nil
	}
	if err := os.WriteFile(servicePolicy, content, 0o755); err != nil {
		return nil, fmt.Errorf("keeping services from starting: %w", err)
	}
	return func() { _ = os.Remove(servicePolicy) }, nil
}
