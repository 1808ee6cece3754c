package node

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"halo.dev/halo/test/cluster"
	"halo.dev/halo/test/cluster/networkpolicy"
)

//go:embed templates
var templates embed.FS

// writeConfiguration renders every file below templates into the cluster's
// folder "configuration" and creates the folders that they name.
func writeConfiguration(c *cluster.Cluster) error {
	for _, folder := range []string{"configuration/cni", "containerd/root", "containerd/state", "kubelet", "log/pods", "volume-plugins", "cni-plugins"} {
		if err := os.MkdirAll(c.Path(folder), 0o755); err != nil {
			return fmt.Errorf("writing configuration: %w", err)
		}
	}
	files, err := renderConfiguration(c)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(c.Path("configuration", name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("writing configuration: %w", err)
		}
	}
	return linkPlugins(c)
}

// linkPlugins puts the CNI plugins that the node uses into one folder, which is
// all that containerd can be told: the distribution's, and our own.
func linkPlugins(c *cluster.Cluster) error {
	targets := map[string]string{networkpolicy.PluginName: c.Path("bin", "halo-cluster")}
	for _, name := range []string{"ptp", "host-local", "portmap", "loopback"} {
		targets[name] = filepath.Join("/usr/lib/cni", name)
	}
	for name, target := range targets {
		if err := os.Symlink(target, c.Path("cni-plugins", name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("linking CNI plugin %s: %w", name, err)
		}
	}
	return nil
}

// renderConfiguration gives the content of each configuration file by its path
// below the folder "configuration".
func renderConfiguration(c *cluster.Cluster) (map[string]string, error) {
	parsed, err := template.New("").Option("missingkey=error").ParseFS(templates, "templates/*")
	if err != nil {
		return nil, fmt.Errorf("reading configuration templates: %w", err)
	}
	paths := map[string]string{
		"containerd.toml": "containerd.toml",
		"kubelet.yaml":    "kubelet.yaml",
		"kube-proxy.yaml": "kube-proxy.yaml",
		"ptp.conflist":    filepath.Join("cni", "10-ptp.conflist"),
	}
	rendered := make(map[string]string, len(paths))
	for name, path := range paths {
		var content strings.Builder
		if err := parsed.ExecuteTemplate(&content, name, c); err != nil {
			return nil, fmt.Errorf("rendering %s: %w", name, err)
		}
		rendered[path] = content.String()
	}
	return rendered, nil
}
