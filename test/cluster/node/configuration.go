package node

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"halo.dev/halo/test/cluster"
)

//go:embed templates
var templates embed.FS

// writeConfiguration renders every file below templates into the cluster's
// folder "configuration" and creates the folders that they name.
func writeConfiguration(c *cluster.Cluster) error {
	for _, folder := range []string{"configuration/cni", "containerd/root", "containerd/state", "kubelet", "log/pods", "volume-plugins"} {
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
