// The generate command copies what controller-gen makes into the Helm chart, so that the chart and config/ cannot tell
// two stories. With -check it writes nothing and fails when a copy is not what it would write.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	notice = "{{- /* Made from config/ by config/generate; do not edit. */ -}}\n"
	chart  = "charts/halo-operator/templates"
)

func main() {
	root := flag.String("root", ".", "the repository's root")
	check := flag.Bool("check", false, "fail instead of writing")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	sources, err := filepath.Glob(filepath.Join(root, "config", "crd", "halo.dev_*.yaml"))
	if err != nil {
		return fmt.Errorf("looking for CRDs: %w", err)
	}
	if len(sources) == 0 {
		return errors.New("config/crd has no CRD; run controller-gen first")
	}
	var failures []error
	for _, source := range sources {
		name := "crd-" + strings.TrimPrefix(filepath.Base(source), "halo.dev_")
		failures = append(failures, transfer(source, filepath.Join(root, chart, name), keep, check))
	}
	failures = append(failures,
		transfer(filepath.Join(root, "config", "rbac", "role.yaml"), filepath.Join(root, chart, "role.yaml"), escape, check),
		transfer(filepath.Join(root, "config", "rbac", "duties.yaml"), filepath.Join(root, chart, "duties.yaml"), escape, check),
		transfer(filepath.Join(root, "config", "policy", "deletion.yaml"), filepath.Join(root, chart, "deletion.yaml"), namespaced, check),
		transfer(filepath.Join(root, "config", "policy", "secrets.yaml"), filepath.Join(root, chart, "secrets.yaml"), namespaced, check),
		transfer(filepath.Join(root, "config", "policy", "floor.yaml"), filepath.Join(root, chart, "floor.yaml"), escape, check),
		transfer(filepath.Join(root, "config", "monitoring", "rules.yaml"), filepath.Join(root, chart, "alerts.yaml"), alerts, check),
		transfer(filepath.Join(root, "config", "monitoring", "dashboard.json"), filepath.Join(root, chart, "dashboard.yaml"), dashboard, check))
	return errors.Join(failures...)
}

func transfer(source, target string, edit func(string) string, check bool) error {
	text, err := os.ReadFile(source)
	if err != nil {
		return fmt.Errorf("reading what to copy: %w", err)
	}
	wanted := []byte(notice + edit(string(text)))
	if !check {
		if err := os.WriteFile(target, wanted, 0o644); err != nil {
			return fmt.Errorf("writing a copy: %w", err)
		}
		return nil
	}
	present, err := os.ReadFile(target)
	if err != nil {
		return fmt.Errorf("reading a copy: %w", err)
	}
	if !bytes.Equal(present, wanted) {
		return fmt.Errorf("%s is not what %s makes; run go run ./config/generate", target, source)
	}
	return nil
}

// escape keeps Helm from reading braces of the text as its own.
func escape(text string) string {
	return strings.NewReplacer("{{", `{{ "{{" }}`, "}}", `{{ "}}" }}`).Replace(text)
}

// keep makes Helm leave a CRD, and with it every tenant, when the chart is uninstalled.
func keep(text string) string {
	return strings.Replace(escape(text), "  annotations:\n", "  annotations:\n    helm.sh/resource-policy: keep\n", 1)
}

// namespaced puts the release's namespace in the place of the one that kustomize uses.
func namespaced(text string) string {
	return strings.ReplaceAll(escape(text), "system:serviceaccount:halo-operator:", "system:serviceaccount:{{ .Release.Namespace }}:")
}

// alerts are made where the values ask for them: a cluster without the Prometheus operator refuses them.
func alerts(text string) string {
	return "{{- if .Values.monitoring.alerts }}\n" + inRelease(escape(text)) + "{{- end }}\n"
}

// dashboard is the ConfigMap that config/monitoring/kustomization.yaml makes of the file.
func dashboard(text string) string {
	lines := strings.ReplaceAll(strings.TrimRight(escape(text), "\n"), "\n", "\n    ")
	return `{{- if .Values.monitoring.dashboard }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: halo-dashboard
  namespace: {{ .Release.Namespace }}
  labels:
    grafana_dashboard: "1"
data:
  dashboard.json: |
    ` + lines + "\n{{- end }}\n"
}

// inRelease puts the release's namespace in the place of the one that kustomize uses.
func inRelease(text string) string {
	return strings.ReplaceAll(text, "namespace: halo-operator\n", "namespace: {{ .Release.Namespace }}\n")
}
