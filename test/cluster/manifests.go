package cluster

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"halo.dev/halo/test/cluster/image"
)

//go:embed manifests
var manifests embed.FS

// ownImages gives, by reference, the program that each image of the cluster's
// own pods runs.
func (c *Cluster) ownImages() map[string]string {
	return map[string]string{
		"halo.local/pause:local":    c.path("bin", "pause"),
		"halo.local/coredns:local":  filepath.Join(c.Tools, "coredns"),
		"halo.local/entrance:local": c.path("bin", "halo-entrance"),
	}
}

func (c *Cluster) writeOwnImages(file string) error {
	images := map[string]v1.Image{}
	for reference, program := range c.ownImages() {
		program, err := filepath.EvalSymlinks(program)
		if err != nil {
			return fmt.Errorf("assembling %s: %w", reference, err)
		}
		if images[reference], err = image.Assemble(program); err != nil {
			return err
		}
	}
	return image.Write(file, images)
}

// renderManifests gives the objects of the cluster's own services as YAML.
func (c *Cluster) renderManifests() (string, error) {
	parsed, err := template.New("").Option("missingkey=error").ParseFS(manifests, "manifests/*.yaml")
	if err != nil {
		return "", fmt.Errorf("reading manifests: %w", err)
	}
	var all strings.Builder
	for _, one := range parsed.Templates() {
		if err := one.Execute(&all, c); err != nil {
			return "", fmt.Errorf("rendering %s: %w", one.Name(), err)
		}
		all.WriteString("\n---\n")
	}
	return all.String(), nil
}

// applyManifests waits for the API server and creates the cluster's own services.
func (c *Cluster) applyManifests(ctx context.Context) error {
	objects, err := c.renderManifests()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	err = poll(ctx, 200*time.Millisecond, "the API server", func() error {
		if err := c.nodeLives(); err != nil {
			return err
		}
		_, err := c.Kubectl(ctx, "", "get", "--raw", "/readyz")
		return err
	})
	if err != nil {
		return err
	}
	if _, err := c.Kubectl(ctx, objects, "apply", "--server-side", "-f", "-"); err != nil {
		return fmt.Errorf("creating the cluster's services: %w", err)
	}
	return nil
}

// waitUntilServing returns when the node is Ready and the cluster's own
// services are available.
func (c *Cluster) waitUntilServing(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	err := poll(ctx, 200*time.Millisecond, "the node to register", func() error {
		_, err := c.Kubectl(ctx, "", "get", "node", c.NodeName())
		return err
	})
	if err != nil {
		return err
	}
	waits := [][]string{
		{"wait", "--for=condition=Ready", "node/" + c.NodeName()},
		{"-n", "kube-system", "wait", "--for=condition=Available", "deployment/coredns"},
		{"-n", "entrance", "wait", "--for=condition=Available", "deployment/entrance"},
		{"-n", "intranet", "wait", "--for=condition=Available", "deployment/entrance"},
	}
	for _, arguments := range waits {
		if _, err := c.Kubectl(ctx, "", append(arguments, "--timeout=150s")...); err != nil {
			return fmt.Errorf("waiting for the cluster's services: %w", err)
		}
	}
	return nil
}

// Kubectl runs the cluster's kubectl as its administrator, with the input on
// standard input, and gives its standard output.
func (c *Cluster) Kubectl(ctx context.Context, input string, arguments ...string) (string, error) {
	all := append([]string{"kubectl", "--kubeconfig", c.Kubeconfig()}, arguments...)
	output, err := run(ctx, input, filepath.Join(c.Tools, "kube"), all...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() < 0 && ctx.Err() != nil {
		return "", fmt.Errorf("kubectl was stopped: %w", ctx.Err())
	}
	return output, err
}
