package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"halo.dev/halo/test/platform"
)

// current is the demonstration on the cluster of the current kubeconfig, where
// ACK and AWS are real: it brings the operator, a class and a tenant, and
// nothing that the cluster has to have.
type current struct {
	managerImage, classFile, tenantFile string
}

// releaseName names the Helm release and its namespace.
const releaseName = "halo-operator"

// currentFromEnvironment reads what `make demo CLUSTER=current` was told.
func currentFromEnvironment() (current, error) {
	c := current{managerImage: os.Getenv("MANAGER_IMAGE"), classFile: os.Getenv("CLASS"), tenantFile: os.Getenv("TENANT")}
	if c.tenantFile == "" {
		c.tenantFile = "config/samples/halotenant.yaml"
	}
	if c.classFile == "" {
		return c, errors.New("CLUSTER=current needs CLASS=<file of a HaloTenantClass>; see docs/install.md")
	}
	return c, nil
}

func (c current) up(ctx context.Context, out io.Writer) error {
	repository, tag, _ := strings.Cut(c.managerImage, ":")
	if repository == "" || tag == "" {
		return errors.New("CLUSTER=current needs MANAGER_IMAGE=<repository>:<tag>, which the cluster can pull; see docs/install.md")
	}
	name, err := kubectl(ctx, "config", "current-context")
	if err != nil {
		return fmt.Errorf("finding the current cluster: %w", err)
	}
	if _, err := kubectl(ctx, "get", "crd", "dbclusters.rds.services.k8s.aws"); err != nil {
		return fmt.Errorf("context %s has no ACK rds-controller, which makes the databases; install it first: %w", strings.TrimSpace(name), err)
	}
	fmt.Fprintf(out, "operator and tenant on context %s", name)
	if _, err := command(ctx, "helm", "upgrade", "--install", releaseName, "charts/halo-operator", "--namespace", releaseName, "--create-namespace",
		"--set", "image.repository="+repository, "--set", "image.tag="+tag, "--set", "image.pullPolicy=IfNotPresent", "--wait", "--timeout", "5m"); err != nil {
		return err
	}
	for _, file := range []string{c.classFile, c.tenantFile} {
		if _, err := kubectl(ctx, "apply", "--server-side", "-f", file); err != nil {
			return err
		}
	}
	patience, cancel := context.WithTimeout(ctx, 40*time.Minute) // a new Aurora cluster takes about a quarter of an hour
	defer cancel()
	begun := time.Now()
	err = platform.WaitUntil(patience, func(wait string) {
		fmt.Fprintf(out, "      %s (%.0fs)\n", wait, time.Since(begun).Seconds())
	}, func(ctx context.Context) (bool, string) {
		output, err := kubectl(ctx, "get", "-f", c.tenantFile, "-o", platform.ReadyTemplate)
		if err != nil {
			return false, err.Error()
		}
		return platform.IsReady(output)
	})
	if err != nil {
		return err
	}
	table, err := kubectl(ctx, "get", "halotenants")
	fmt.Fprintf(out, "\n%s\nPut the widget on a page of an allowed origin (docs/widget.md). make demo-down CLUSTER=current removes tenant, class and operator.\n", table)
	return err
}

// down deletes the tenant, which takes a final copy, then the class and the operator.
func (c current) down(ctx context.Context, out io.Writer) error {
	for _, file := range []string{c.tenantFile, c.classFile} {
		said, err := kubectl(ctx, "delete", "--ignore-not-found", "--timeout=40m", "-f", file)
		fmt.Fprint(out, said)
		if err != nil {
			return err
		}
	}
	said, err := command(ctx, "helm", "uninstall", releaseName, "--namespace", releaseName, "--ignore-not-found", "--wait")
	fmt.Fprint(out, said)
	return err
}

func kubectl(ctx context.Context, args ...string) (string, error) {
	return command(ctx, "kubectl", args...)
}

// command runs a program of the PATH with the environment's kubeconfig; its error holds what it said.
func command(ctx context.Context, name string, args ...string) (string, error) {
	run := exec.CommandContext(ctx, name, args...)
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	if err := run.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", name, args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
