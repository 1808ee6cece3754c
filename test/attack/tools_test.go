//go:build attack

package attack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/service"
)

// submission is what a widget sends, with every question that has a free shape.
const submission = `{"advisor":"planning","person":{"first_name":"Ada","last_name":"Marked","email":"ada@visitor.test"},"consent":true,` +
	`"answers":{"sex":"female","age":62,"serious_illness":false,"smoking":"current","retirement_state":"TX","height_in":66,"weight_lb":190}}`

// injectable is how sqlmap says that it got through.
var injectable = regexp.MustCompile(`(?i)(parameter '[^']*' is vulnerable|appears to be '.*' injectable|is '.*' injectable|identified the following injection point)`)

func TestSqlmapFindsNothingToInject(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	entrance := signedIn(t, s)
	for _, attack := range []struct {
		name      string
		arguments []string
	}{
		{"what a visitor sends", []string{"-u", entrance + "/api/v1/assessments", "--method", "POST", "--data", submission,
			"--headers", "Content-Type: application/json"}},
		{"the session's advisor", []string{"-u", entrance + "/api/v1/session?advisor=planning", "-p", "advisor"}},
		{"the headers", []string{"-u", entrance + "/api/v1/session?advisor=planning*", "--level", "3",
			"-p", "user-agent,referer,host", "--technique", "BEU"}},
	} {
		t.Run(attack.name, func(t *testing.T) {
			output := run(t, 4*time.Minute, "sqlmap", append(attack.arguments, "--batch", "--disable-coloring", "--dbms", "mysql",
				"--flush-session", "--output-dir", t.TempDir(), "--timeout", "10", "--time-sec", "3", "--ignore-code", "*")...)
			if found := injectable.FindAllString(output, -1); len(found) > 0 {
				t.Errorf("sqlmap got through: %q\n%s", found, output)
			}
			if !strings.Contains(output, "do not appear to be injectable") {
				t.Errorf("sqlmap did not finish its tests:\n%s", output)
			}
		})
	}
	wantAlive(t, s)
}

// wapitiReport is the part of wapiti's JSON that matters.
type wapitiReport struct {
	Vulnerabilities, Anomalies map[string][]struct{ Path, Info, Parameter string }
}

// wapiti runs the tool and returns what it has found, a line for each.
func wapiti(t *testing.T, patience time.Duration, arguments ...string) (found []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	run(t, patience, "wapiti", append(arguments, "--no-bugreport", "--flush-session", "--store-session", t.TempDir(),
		"--format", "json", "--output", file, "--timeout", "10")...)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report wapitiReport
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Vulnerabilities) == 0 {
		t.Errorf("wapiti's report lists no kind of vulnerability: %s", text)
	}
	for _, kinds := range []map[string][]struct{ Path, Info, Parameter string }{report.Vulnerabilities, report.Anomalies} {
		for kind, cases := range kinds {
			for _, c := range cases {
				found = append(found, fmt.Sprintf("%s at %s: %s %s", kind, c.Path, c.Parameter, c.Info))
			}
		}
	}
	return found
}

func TestWapitiFindsNothing(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	entrance := signedIn(t, s)
	found := wapiti(t, 4*time.Minute, "--url", entrance+"/api/v1/session?advisor=planning", "--start", entrance+"/widget.js",
		"--start", entrance+"/api/v1/assessments", "--scope", "domain", "--module", "all", "--max-scan-time", "120")
	for _, one := range found {
		// Browsers have dropped that header; the Content-Security-Policy does its work.
		if !strings.Contains(one, "X-XSS-Protection") {
			t.Error(one)
		}
	}
	wantAlive(t, s)
}

// finding is one line of testssl.sh's JSON.
type finding struct{ ID, Severity, Finding string }

// accepted are findings of testssl.sh that tell of the test and not of the server, and why.
var accepted = map[string]string{
	"cert_revocation":            "the test's authority publishes no revocation",
	"cert_crlDistributionPoints": "the test's authority publishes no revocation",
	"cert_ocspURL":               "the test's authority publishes no revocation",
	"OCSP_stapling":              "the test's authority publishes no revocation",
	"DNS_CAArecord":              "the name is in no DNS",
	"cert_chain_of_trust":        "the test's authority is in no browser",
	"cert_trust":                 "asked by address",
	"cert_validityPeriod":        "the test's certificate is not the operator's",
	"engine_problem":             "the tool's own OpenSSL lacks an old Russian cipher",
}

func TestTestsslFindsNoWeakness(t *testing.T) {
	s := service.Start(t, database, service.Options{})
	folder := t.TempDir()
	authority := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(authority, s.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(folder, "report.json")
	said := run(t, 5*time.Minute, "testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--add-ca", authority,
		"--protocols", "--std", "--server-preference", "--server-defaults", "--headers", "--vulnerable",
		"--jsonfile", report, "https://"+s.Public)
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	var findings []finding
	if err := json.Unmarshal(text, &findings); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range findings {
		seen[f.ID] = true
		switch f.Severity {
		case "OK", "INFO", "DEBUG":
		default:
			if accepted[f.ID] == "" {
				t.Errorf("%s: %s: %s", f.Severity, f.ID, f.Finding)
			}
		}
	}
	for _, id := range []string{"TLS1_3", "heartbleed", "cipherlist_NULL", "HSTS_time"} {
		if !seen[id] {
			t.Errorf("testssl.sh did not look at %s", id)
		}
	}
	wantAlive(t, s)
}

// wantAlive fails when the server does not answer a visitor as before.
func wantAlive(t *testing.T, s *service.Service) {
	t.Helper()
	token, err := s.Token(t.Context())
	if err != nil {
		t.Fatalf("after the attack: %v", err)
	}
	response := post(t, s, token, submission)
	if response.StatusCode != http.StatusOK {
		t.Errorf("after the attack a visitor gets %d", response.StatusCode)
	}
}
