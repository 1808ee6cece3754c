//go:build e2e

package e2e

import (
	"context"
	"strings"
	"testing"
	"time"
)

// acme is the sample tenant, with a copy every minute so that the story need
// not wait for the night.
const acme = `
apiVersion: halo.dev/v1alpha1
kind: HaloTenant
metadata: {name: acme}
spec:
  className: development
  hostname: halo.acme.example
  allowedOrigins: ["https://www.acme.example"]
  advisors: [{id: planning, name: Planning Desk, email: planning@acme.example}]
  brand: {name: Acme Planning, color: "#0b6e4f"}
  backup: {schedule: "* * * * *", retentionDays: 36}
  console: {enabled: true}
`

// refusesBadManifests applies what kubectl must refuse, and what only the
// controller can see.
func refusesBadManifests(ctx context.Context, t *testing.T, s *story) {
	refused := map[string]struct{ old, new, want string }{
		"an origin with a path":        {`"https://www.acme.example"`, `"https://www.acme.example/"`, "spec.allowedOrigins"},
		"a wildcard origin":            {`"https://www.acme.example"`, `"https://*.acme.example"`, "spec.allowedOrigins"},
		"an origin without a scheme":   {`"https://www.acme.example"`, `www.acme.example`, "spec.allowedOrigins"},
		"a point-in-time of 36 days":   {"  brand:", "  database: {pointInTimeDays: 36}\n  brand:", "pointInTimeDays"},
		"a hostname that is an URL":    {"halo.acme.example\n", "https://halo.acme.example\n", "spec.hostname"},
		"a field that is not known":    {"  brand:", "  encryption: off\n  brand:", "encryption"},
		"two advisors with one id":     {"advisors: [", "advisors: [{id: planning, name: Twin, email: twin@acme.example}, ", "advisors"},
		"an advisor without an e-mail": {", email: planning@acme.example", "", "email"},
	}
	for name, change := range refused {
		t.Run(name, func(t *testing.T) {
			manifest := strings.Replace(acme, change.old, change.new, 1)
			if manifest == acme {
				t.Fatalf("the change %q does not apply", change.old)
			}
			err := s.platform.Apply(ctx, manifest)
			if err == nil {
				t.Fatal("kubectl apply took it")
			}
			if !strings.Contains(err.Error(), change.want) {
				t.Errorf("the refusal does not name %s: %v", change.want, err)
			}
			t.Log(err)
		})
	}
	t.Run("an unknown class stalls the tenant", func(t *testing.T) {
		if err := s.platform.Apply(ctx, strings.NewReplacer("development", "nowhere", "name: acme}", "name: lost}", "halo.acme", "halo.lost").Replace(acme)); err != nil {
			t.Fatal(err)
		}
		awaitStalled(ctx, t, s, "lost", "spec.className", "nowhere")
		deleteTenant(ctx, t, s, "lost")
	})
}

// awaitStalled waits until the tenant says that only a person can help, in a
// message with these words.
func awaitStalled(ctx context.Context, t *testing.T, s *story, tenant string, words ...string) {
	t.Helper()
	patience, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	message := await(patience, t, func(ctx context.Context) (string, bool) {
		output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "halotenant", tenant, "-o", `jsonpath={.status.conditions[?(@.type=="Stalled")].status} {.status.conditions[?(@.type=="Stalled")].message}`)
		return output, err == nil && strings.HasPrefix(output, "True ")
	})
	for _, word := range words {
		if !strings.Contains(message, word) {
			t.Errorf("the message %q does not name %s", message, word)
		}
	}
	t.Log(message)
}

func deleteTenant(ctx context.Context, t *testing.T, s *story, tenant string) {
	t.Helper()
	if _, err := s.platform.Cluster.Kubectl(ctx, "", "delete", "halotenant", tenant, "--timeout=3m"); err != nil {
		t.Fatal(err)
	}
}

// becomesReady applies the tenant and waits; then it starts the browser, which
// needs the tenant's certificate. A second tenant may not take the hostname.
func becomesReady(ctx context.Context, t *testing.T, s *story) {
	if err := s.platform.Apply(ctx, acme); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	patience, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	if err := s.platform.WaitForReady(patience, "halotenant/acme", func(wait string) { t.Log(wait) }); err != nil {
		t.Fatal(err)
	}
	t.Logf("Ready %s after it was applied", time.Since(begun).Round(100*time.Millisecond))
	table, err := s.platform.Cluster.Kubectl(ctx, "", "get", "halotenants")
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + table)
	certificate, err := certificateOf(ctx, s, acmeHost)
	if err != nil {
		t.Fatal(err)
	}
	s.browser = startBrowser(ctx, t, s.platform, firm{"Acme Planning", acmeHost, "planning", []string{acmeOrigin, blogOrigin}}, certificate)

	if err := s.platform.Apply(ctx, strings.Replace(acme, "name: acme}", "name: imitator}", 1)); err != nil {
		t.Fatal(err)
	}
	awaitStalled(ctx, t, s, "imitator", "spec.hostname", "acme")
	deleteTenant(ctx, t, s, "imitator")
}

// await looks until a thing is as wanted and gives what was last seen.
func await(ctx context.Context, t *testing.T, look func(context.Context) (seen string, done bool)) string {
	t.Helper()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		seen, done := look(ctx)
		if done {
			return seen
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%v; last seen: %q", context.Cause(ctx), seen)
		case <-ticker.C:
		}
	}
}
