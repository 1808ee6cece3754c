//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

// visitor is who answers; the name is looked for later where it must be, and
// where it must not be.
var visitor = struct{ first, last, email string }{"Wilhelmina", "Quartermain", "wilhelmina@quartermain.example"}

// answers of a visitor who has something to gain.
func answers() map[string]any {
	return map[string]any{
		"sex": "female", "age": 62, "serious_illness": false, "retirement_age": 66, "retirement_state": "TX",
		"height_in": 65, "weight_lb": 190, "smoking": "current", "activity": "some", "diet": "low", "alcohol": "light",
		"has_diabetes": false, "family_alzheimers": true, "family_cancers": []string{"breast"}, "long_lived_relatives": 1,
		"person.first_name": visitor.first, "person.last_name": visitor.last, "person.email": visitor.email, "consent": true,
	}
}

func visitorAnswers(_ context.Context, t *testing.T, s *story) {
	assessment := s.browser.visit(t, acmeOrigin)
	if err := assessment.Complete(answers()); err != nil {
		t.Fatal(err)
	}
	result, err := assessment.Result()
	if err != nil {
		t.Fatal(err)
	}
	if result.Status != "ok" || result.LifeExpectancy == "" {
		t.Fatalf("result %+v; want a life expectancy", result)
	}
	if shown, err := assessment.Has(".bars[role='img']"); err != nil || !shown {
		t.Errorf("no chart is shown (%v)", err)
	}
	t.Logf("life expectancy shown: %s", result.LifeExpectancy)
}

func reportArrives(ctx context.Context, t *testing.T, s *story) {
	pdf := awaitReport(ctx, t, s, "planning@acme.example", 1)
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Fatalf("the attachment begins with %q", pdf[:min(len(pdf), 8)])
	}
	text := textOf(ctx, t, pdf)
	for _, want := range []string{visitor.first, visitor.last, "Acme Planning"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not name %s", want)
		}
	}
	database := connect(ctx, t, s, "acme")
	for table, want := range map[string]int{
		"halo_assessment.assessment": 1, "halo_person.person": 1, "halo_person.consent": 1,
	} {
		if got := database.count(ctx, t, table); got != want {
			t.Errorf("%s has %d rows; want %d", table, got, want)
		}
	}
	if found := database.textOfSchema(ctx, t, "halo_assessment"); strings.Contains(found, visitor.last) || strings.Contains(found, "quartermain") {
		t.Error("the schema that must identify nobody holds the visitor's name or address")
	}
}

func illnessIsKind(ctx context.Context, t *testing.T, s *story) {
	assessment := s.browser.visit(t, acmeOrigin)
	ill := map[string]any{"sex": "male", "age": 58, "serious_illness": true}
	for key, value := range answers() {
		if strings.HasPrefix(key, "person.") || key == "consent" {
			ill[key] = value
		}
	}
	if err := assessment.Complete(ill); err != nil {
		t.Fatal(err)
	}
	result, err := assessment.Result()
	if err != nil {
		t.Fatal(err)
	}
	if result.Status != "not_applicable" || result.LifeExpectancy != "" {
		t.Errorf("result %+v; want not_applicable without a number", result)
	}
	database := connect(ctx, t, s, "acme")
	if stored := database.query(ctx, t, "SELECT COUNT(*) FROM halo_assessment.assessment WHERE result LIKE '%not_applicable%' AND result NOT LIKE '%longevity%'"); stored != "1" {
		t.Errorf("%s assessments say not_applicable without a number; want 1", stored)
	}
}

func otherOriginIsRefused(ctx context.Context, t *testing.T, s *story) {
	assessment := s.browser.visit(t, blogOrigin)
	patience, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	notice := await(patience, t, func(context.Context) (string, bool) { // it makes sure that it is no outage first
		notice, _ := assessment.Text("[data-notice]")
		return notice, strings.Contains(notice, "cannot be shown on this page")
	})
	if step, err := assessment.Step(); err != nil || step != "" {
		t.Errorf("step %q (%v) is shown on a page that is not safelisted", step, err)
	}
	t.Logf("the page says: %s", notice)
}

// originIsAddedInPlace adds the origin to the manifest, waits until a fresh
// visit works, and looks that the same containers still run.
func originIsAddedInPlace(ctx context.Context, t *testing.T, s *story) {
	before, served := serverPods(ctx, t, s, "acme"), servedEverywhere(ctx, t, s, "acme", "")
	added := strings.Replace(acme, `["https://www.acme.example"]`, `["https://www.acme.example", "https://blog.acme.example"]`, 1)
	begun := time.Now()
	if err := s.platform.Apply(ctx, added); err != nil {
		t.Fatal(err)
	}
	for {
		assessment := s.browser.visit(t, blogOrigin)
		if err := assessment.Await("section[data-step], [data-notice]"); err != nil {
			t.Fatal(err)
		}
		if step, _ := assessment.Step(); step != "" {
			break
		}
		if time.Since(begun) > 30*time.Second {
			t.Fatal("the added origin is still refused after 30 s")
		}
	}
	took := time.Since(begun)
	if took > 10*time.Second {
		t.Errorf("the added origin worked after %s; ten seconds are promised", took.Round(time.Millisecond))
	}
	t.Logf("the added origin worked %s after kubectl apply began", took.Round(10*time.Millisecond))
	awaitServedEverywhere(ctx, t, s, blogOrigin, begun.Add(10*time.Second))
	servedEverywhere(ctx, t, s, "acme", served)
	if after := serverPods(ctx, t, s, "acme"); !maps.Equal(before, after) {
		t.Errorf("pods and restarts before %v, after %v; want the same", before, after)
	}
}

// awaitServedEverywhere asks each pod's API through the entrance until every
// answer of a long row allows the origin: with two pods behind it, one that
// still refuses would show.
func awaitServedEverywhere(ctx context.Context, t *testing.T, s *story, origin string, deadline time.Time) {
	t.Helper()
	patience, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		for range 12 {
			status, err := sessionStatus(ctx, s, acmeHost, origin)
			if err != nil || status != 200 {
				return fmt.Sprint(status, err), false
			}
		}
		return "", true
	})
}

// servedEverywhere waits until a tenant's status says that each pod serves its configuration, and that this is another one
// than the former. It gives the hash.
func servedEverywhere(ctx context.Context, t *testing.T, s *story, tenant, former string) (hash string) {
	t.Helper()
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "halotenant", tenant, "-o",
			`jsonpath={.status.configuration.sha256} {.status.conditions[?(@.type=="ConfigurationServed")].status}`)
		if err != nil {
			return err.Error(), false
		}
		var served string
		hash, served, _ = strings.Cut(output, " ")
		return "the configuration is " + hash + ", served everywhere: " + served, served == "True" && hash != former
	})
	return hash
}

// serverPods gives each server pod's uid and how often its container restarted.
func serverPods(ctx context.Context, t *testing.T, s *story, tenant string) map[string]string {
	t.Helper()
	output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "pods", "-n", "halo-"+tenant, "-l", "app.kubernetes.io/component=server",
		"-o", `jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{"\n"}{end}`)
	if err != nil {
		t.Fatal(err)
	}
	pods := map[string]string{}
	for line := range strings.Lines(output) {
		uid, restarts, _ := strings.Cut(strings.TrimSpace(line), " ")
		pods[uid] = restarts
	}
	if len(pods) == 0 {
		t.Fatalf("tenant %s has no server pods", tenant)
	}
	return pods
}
