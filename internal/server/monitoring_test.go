package server_test

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/prometheus/client_golang/prometheus"
	sigsyaml "sigs.k8s.io/yaml"

	"halo.dev/halo/internal/server"
)

// told are the names of all metrics that a pod may tell.
func told(t *testing.T) map[string]bool {
	t.Helper()
	m := server.NewMetrics()
	m.WatchPools(func() map[string]sql.DBStats { return nil })
	descriptions := make(chan *prometheus.Desc, 1000)
	m.Gatherer().(*prometheus.Registry).Describe(descriptions)
	close(descriptions)
	names := map[string]bool{}
	for description := range descriptions {
		if match := regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(description.String()); match != nil {
			names[match[1]] = true
		}
	}
	return names
}

// wantMetrics parses an expression and looks for each of its metrics.
func wantMetrics(t *testing.T, where, expression string, known map[string]bool) {
	t.Helper()
	parsed, err := metricsql.Parse(strings.ReplaceAll(expression, "$namespace", "halo-.*"))
	if err != nil {
		t.Errorf("%s: %q: %v", where, expression, err)
		return
	}
	found := 0
	metricsql.VisitAll(parsed, func(e metricsql.Expr) {
		metric, ok := e.(*metricsql.MetricExpr)
		if !ok || len(metric.LabelFilterss) == 0 || len(metric.LabelFilterss[0]) == 0 {
			return
		}
		name := metric.LabelFilterss[0][0].Value
		found++
		if !known[name] && !known[strings.TrimSuffix(name, "_bucket")] {
			t.Errorf("%s: no pod tells %q", where, name)
		}
	})
	if found == 0 {
		t.Errorf("%s: %q asks for nothing", where, expression)
	}
}

func TestAlertsAndDashboardAskForWhatPodsTell(t *testing.T) {
	known := told(t)
	folder := filepath.Join("..", "..", "config", "monitoring")
	var rules struct {
		Spec struct {
			Groups []struct {
				Rules []struct {
					Alert, Expr string
					Annotations map[string]string
				}
			}
		}
	}
	read := func(name string, into any) {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil {
			err = sigsyaml.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read("rules.yaml", &rules)
	for _, group := range rules.Spec.Groups {
		for _, rule := range group.Rules {
			wantMetrics(t, rule.Alert, rule.Expr, known)
			if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%s does not say what it means and what to do", rule.Alert)
			}
		}
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating json.RawMessage
	}
	read("dashboard.json", &dashboard)
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			wantMetrics(t, panel.Title, target.Expr, known)
		}
	}
	if len(rules.Spec.Groups) == 0 || len(dashboard.Panels) == 0 {
		t.Error("there is nothing to check")
	}
}
