package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// program is one that is built from source into the cache.
type program struct {
	name string
	what string // what is in it, for people who wait
	// folder is that of a module of this repository which holds the program in
	// the package; without a folder, the package is a path and a pinned version.
	folder      string
	packagePath string
	flags       []string
	// script is set of a script that npm downloads instead: its path below the
	// folder, whose package-lock.json pins it by its hash.
	script string
}

// kubernetesVersion is what the module test/cluster/tools requires.
const kubernetesVersion = "v1.37.2"

// everyProgram lists all, the slowest first.
func everyProgram() []program {
	stripped := []string{"-trimpath", "-ldflags=-s -w"}
	pinned := func(name, what, packagePath string) program {
		return program{name: name, what: what, packagePath: packagePath, flags: stripped}
	}
	return []program{
		{
			name: "kube", what: "kube-apiserver, etcd, kubelet, kubectl and four more; about 6 minutes, once",
			folder: "test/cluster/tools", packagePath: "./kube",
			flags: []string{"-trimpath", "-ldflags=" + kubernetesLinkerFlags()},
		},
		{
			name: "coredns", what: "the local cluster's DNS; about 2 minutes, once",
			folder: "test/cluster/coredns", packagePath: ".", flags: stripped,
		},
		{
			name: "traefik", what: "an Ingress controller and Gateway for the end-to-end test; about 3 minutes, once",
			folder: "test/cluster/traefik", packagePath: "github.com/traefik/traefik/v3/cmd/traefik", flags: stripped,
		},
		pinned("helm", "installs the chart", "helm.sh/helm/v4/cmd/helm@v4.3.1"),
		pinned("controller-gen", "generates CRDs and RBAC", "sigs.k8s.io/controller-tools/cmd/controller-gen@v0.23.0"),
		pinned("kustomize", "renders config/", "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1"),
		pinned("golangci-lint", "reads the code", "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0"),
		pinned("kube-score", "reads the manifests", "github.com/zegl/kube-score/cmd/kube-score@v1.20.0"),
		{
			name: "axe-core", what: "looks for what keeps people out of a page",
			folder: "test/axe/npm", script: "node_modules/axe-core/axe.min.js",
		},
	}
}

// kubernetesLinkerFlags make the programs tell their version, as the
// distribution's do.
func kubernetesLinkerFlags() string {
	major, minor := "1", strings.Split(kubernetesVersion, ".")[1]
	flags := []string{"-s", "-w"}
	for _, setting := range []string{
		"gitVersion=" + kubernetesVersion, "gitMajor=" + major, "gitMinor=" + minor,
		"gitTreeState=archive", "gitCommit=unknown", "buildDate=2026-01-01T00:00:00Z",
	} {
		flags = append(flags, "-X", "k8s.io/component-base/version."+setting)
	}
	return strings.Join(flags, " ")
}

// key names the program's content by all that it is made from: twelve
// hexadecimal digits.
func (p program) key(root string) (string, error) {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%s\n%q\n", p.name, p.packagePath+p.script, p.flags)
	if p.folder == "" {
		return hex.EncodeToString(hash.Sum(nil))[:12], nil
	}
	folder := filepath.Join(root, p.folder)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isSource(entry.Name()) {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(hash, "%s %d\n%s", relative, len(content), content)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading the sources of %s: %w", p.name, err)
	}
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}

// isSource tells whether a file of a module has a part in the program.
func isSource(name string) bool {
	switch name {
	case "go.mod", "go.sum", "package.json", "package-lock.json":
		return true
	}
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}
