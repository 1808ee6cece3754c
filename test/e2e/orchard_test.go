//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/test/cluster/image"
)

// The firm in production: what happens to it happens with care.
const (
	orchard       = "orchard"
	orchardHost   = "halo.orchard.example"
	orchardOrigin = "https://www.orchard.example"
)

const orchardManifest = `
apiVersion: halo.dev/v1alpha1
kind: HaloTenant
metadata: {name: orchard}
spec:
  className: production
  hostname: halo.orchard.example
  allowedOrigins: ["https://www.orchard.example"]
  advisors: [{id: planning, name: Planning Desk, email: planning@orchard.example}]
  brand: {name: Orchard Advisers, color: "#8a3324"}
  backup: {schedule: "* * * * *", retentionDays: 36}
`

func orchardChapters() []chapter {
	return []chapter{
		{"a tenant in production becomes Ready", orchardBecomesReady},
		{"credentials are rotated and no request fails", rotationFailsNoRequest},
		{"a tenant at rest has no pods, no capacity and no copies, and wakes with its data", restAndWake},
		{"a deletion in production is confirmed by name", deletionIsConfirmed},
		{"a deleted tenant comes back with its data, and its page shows the widget", comesBack},
	}
}

// classLike applies a class that is the development class but for what change
// does to its spec.
func classLike(ctx context.Context, t *testing.T, s *story, name string, change func(spec map[string]any)) {
	t.Helper()
	output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "halotenantclass", "development", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var class struct {
		Spec map[string]any `json:"spec"`
	}
	if err := json.Unmarshal([]byte(output), &class); err != nil {
		t.Fatal(err)
	}
	change(class.Spec)
	manifest, err := json.Marshal(map[string]any{
		"apiVersion": "halo.dev/v1alpha1", "kind": "HaloTenantClass", "metadata": map[string]any{"name": name}, "spec": class.Spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.platform.Apply(ctx, string(manifest)); err != nil {
		t.Fatal(err)
	}
}

func orchardBecomesReady(ctx context.Context, t *testing.T, s *story) {
	classLike(ctx, t, s, "production", func(spec map[string]any) {
		spec["environment"] = "production"
		spec["limits"] = map[string]any{"requestsPerMinutePerClient": 6000, "requestsPerMinute": 6000} // one machine visits all the time
	})
	if err := s.platform.Apply(ctx, orchardManifest); err != nil {
		t.Fatal(err)
	}
	awaitReady(ctx, t, s, orchard)
}

func awaitReady(ctx context.Context, t *testing.T, s *story, tenant string) {
	t.Helper()
	begun := time.Now()
	patience, cancel := context.WithTimeout(ctx, 4*time.Minute)
	defer cancel()
	if err := s.platform.WaitForReady(patience, "halotenant/"+tenant, func(wait string) { t.Log(wait) }); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s was Ready after %s", tenant, time.Since(begun).Round(100*time.Millisecond))
}

// halo runs the plugin as a person would.
func halo(ctx context.Context, t *testing.T, s *story, args ...string) string {
	t.Helper()
	if err := image.Build(ctx, s.platform.Path("bin"), []string{"halo.dev/halo/cmd/kubectl-halo"}, "-ldflags=-s -w"); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, s.platform.Path("bin", "kubectl-halo"), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+s.platform.Cluster.Kubeconfig())
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl halo %s: %v: %s", strings.Join(args, " "), err, said)
	}
	return string(said)
}

// statusOf reads a part of a tenant by a JSONPath.
func statusOf(ctx context.Context, t *testing.T, s *story, tenant, path string) string {
	t.Helper()
	output, err := s.platform.Cluster.Kubectl(ctx, "", "get", "halotenant", tenant, "-o", "jsonpath="+path)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

const assessments = "SELECT COUNT(*) FROM halo_assessment.assessment"

// askOrchard asks the database as its master, again while the master's password
// is being replaced: the newest may not be in force yet.
func askOrchard(ctx context.Context, t *testing.T, s *story, query string) (answer string) {
	t.Helper()
	patience, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		err := connect(ctx, t, s, orchard).QueryRowContext(ctx, query).Scan(&answer)
		return fmt.Sprint(err), err == nil
	})
	return answer
}

// rotationFailsNoRequest has visitors come all the time while the users of the
// database change.
func rotationFailsNoRequest(ctx context.Context, t *testing.T, s *story) {
	const users = "SELECT GROUP_CONCAT(DISTINCT user ORDER BY user SEPARATOR ' ') FROM mysql.user WHERE user LIKE '%\\_a' OR user LIKE '%\\_b'"
	before := askOrchard(ctx, t, s, users)
	if strings.Contains(before, "_b") || !strings.Contains(before, "_a") {
		t.Fatalf("users before: %s; want those of the first turn only", before)
	}
	const readySince = `{.status.conditions[?(@.type=="Ready")].lastTransitionTime}`
	ready := statusOf(ctx, t, s, orchard, readySince)
	visits := startVisits(ctx, s)
	defer visits.stop()
	visits.await(ctx, t, 3)
	begun := time.Now()
	t.Log(halo(ctx, t, s, "rotate", orchard))
	patience, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		seen := statusOf(ctx, t, s, orchard, `{.status.credentials.users} {.status.credentials.previous} {.status.conditions[?(@.type=="CredentialsReady")].status} {.status.conditions[?(@.type=="Ready")].status}`)
		return seen, strings.Join(strings.Fields(seen), " ") == "2 True True"
	})
	took := time.Since(begun)
	if since := statusOf(ctx, t, s, orchard, readySince); since != ready {
		t.Errorf("Ready since %s, and before the rotation since %s", since, ready)
	}
	visits.await(ctx, t, 3) // with the old users gone
	visits.stop()
	done, failures := visits.count()
	if failures != nil {
		t.Errorf("of %d visits some failed: %v", done, failures)
	}
	after := askOrchard(ctx, t, s, users)
	if want := strings.ReplaceAll(before, "_a", "_b"); after != want {
		t.Errorf("users after: %s; want %s", after, want)
	}
	t.Logf("rotated in %s while %d visits went well: %s → %s", took.Round(100*time.Millisecond), done, before, after)
	formerSecretsGo(ctx, t, s)
}

// formerSecretsGo waits until the namespace has no credentials but those in force.
func formerSecretsGo(ctx context.Context, t *testing.T, s *story) {
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		master := statusOf(ctx, t, s, orchard, `{.status.credentials.master}`)
		seen, err := s.platform.Cluster.Kubectl(ctx, "", "get", "secrets", "-n", "halo-"+orchard, "-o", "jsonpath={.items[*].metadata.name}")
		there := slices.DeleteFunc(strings.Fields(seen), func(name string) bool { return !strings.HasPrefix(name, "database-") })
		return fmt.Sprint(there, err), err == nil && strings.Join(there, " ") == "database-master-"+strings.TrimSpace(master)+" database-users-2"
	})
}

// visits are assessments that follow one another without a pause to speak of:
// half of them on one connection that is kept, half on a new one each.
type visits struct {
	// words are what the servers say, asked at a failure: pods and their logs may be gone later.
	words    func() string
	end      context.CancelFunc
	everyone sync.WaitGroup
	mutex    sync.Mutex
	done     int
	failures error
}

func startVisits(ctx context.Context, s *story) *visits {
	ctx, end := context.WithCancel(ctx)
	v := &visits{end: end, words: func() string {
		said, err := s.platform.Cluster.Kubectl(context.WithoutCancel(ctx), "", "logs", "-n", "halo-"+orchard, "-l", "app.kubernetes.io/component=server", "--prefix", "--tail=100")
		return fmt.Sprintln(onlyErrors(said), err)
	}}
	for _, kept := range []bool{true, false} {
		v.everyone.Go(func() {
			client := visitorOf(s, orchardHost)
			defer client.CloseIdleConnections()
			for pause := time.NewTicker(400 * time.Millisecond); ; {
				select {
				case <-ctx.Done():
					pause.Stop()
					return
				case <-pause.C:
				}
				err := assess(context.WithoutCancel(ctx), client, orchardHost, orchardOrigin) // one that has begun may end
				if !kept {
					client.CloseIdleConnections()
				}
				v.note(err)
			}
		})
	}
	return v
}

func (v *visits) note(err error) {
	if err != nil {
		err = fmt.Errorf("%s: %w; the servers say: %s", time.Now().Format(time.TimeOnly), err, v.words())
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.done++
	v.failures = errors.Join(v.failures, err)
}

// onlyErrors keeps the lines of a log that are neither routine nor a request.
func onlyErrors(log string) string {
	lines := slices.DeleteFunc(strings.Split(log, "\n"), func(line string) bool { return strings.Contains(line, `"level":"INFO"`) })
	return strings.Join(lines, "\n")
}

func (v *visits) count() (done int, failures error) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	return v.done, v.failures
}

// await waits until so many more visits are over.
func (v *visits) await(ctx context.Context, t *testing.T, more int) {
	t.Helper()
	first, _ := v.count()
	patience, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	await(patience, t, func(context.Context) (string, bool) {
		done, _ := v.count()
		return fmt.Sprint(done, " visits"), done >= first+more
	})
}

// stop lets those end that have begun.
func (v *visits) stop() {
	v.end()
	v.everyone.Wait()
}

// assess is a whole visit, without a browser: a session, then the answers.
func assess(ctx context.Context, client *http.Client, host, origin string) error {
	response, err := askSession(ctx, client, host, origin)
	if err != nil {
		return fmt.Errorf("asking for a session: %w", err)
	}
	var session struct{ Token string }
	if err := read(response, &session); err != nil {
		return fmt.Errorf("asking for a session: %w", err)
	}
	given, person := map[string]any{}, map[string]any{}
	for id, answer := range answers() {
		switch name, ofPerson := strings.CutPrefix(id, "person."); {
		case ofPerson:
			person[name] = answer
		case id != "consent":
			given[id] = answer
		}
	}
	body, err := json.Marshal(map[string]any{"advisor": "planning", "consent": true, "person": person, "answers": given})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+host+"/api/v1/assessments", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Origin", origin)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Halo-Token", session.Token)
	if response, err = client.Do(request); err != nil {
		return fmt.Errorf("sending answers: %w", err)
	}
	var view map[string]any
	if err := read(response, &view); err != nil {
		return fmt.Errorf("sending answers: %w", err)
	}
	return nil
}

// read takes the JSON of an answer that is 200, and the whole of it, so that the
// connection can be used again.
func read(response *http.Response, into any) error {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	return json.Unmarshal(body, into)
}

// restAndWake sends the tenant to rest over a tick of its schedule, which has
// made copies before.
func restAndWake(ctx context.Context, t *testing.T, s *story) {
	t.Logf("copied before: %s", awaitScheduledBackup(ctx, t, s, orchard, time.Time{}))
	rows := askOrchard(ctx, t, s, assessments)
	hibernate(ctx, t, s, true)
	patience, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	await(patience, t, func(ctx context.Context) (string, bool) {
		seen := statusOf(ctx, t, s, orchard, `{.status.conditions[?(@.type=="Ready")].reason} {.status.conditions[?(@.type=="Ready")].message}`)
		return seen, strings.HasPrefix(seen, "Hibernating Hibernating:")
	})
	await(patience, t, func(ctx context.Context) (string, bool) { // they finish what they were asked for
		pods := get(ctx, t, s, "pods", "-l", "app.kubernetes.io/component=server", "-o", "name")
		return pods, pods == ""
	})
	const least = `jsonpath={.items[0].spec.serverlessV2ScalingConfiguration.minCapacity} {.items[0].status.serverlessV2ScalingConfiguration.minCapacity}`
	if capacity := get(ctx, t, s, "dbclusters", "-o", least); capacity != "0" && capacity != "0 0" {
		t.Errorf("the database's least capacity at rest is %q; want 0", capacity)
	}
	if next := statusOf(ctx, t, s, orchard, "{.status.backup.nextTime}"); next != "" {
		t.Errorf("the next copy of a tenant at rest is due at %s", next)
	}
	tick := time.Now().Truncate(time.Minute).Add(time.Minute)
	tickPasses(ctx, t, tick.Add(3*time.Second))
	backups, err := s.platform.Cluster.Kubectl(ctx, "", "get", "halobackups", "-o", "name")
	if err != nil {
		t.Fatal(err)
	}
	if name := "orchard-" + tick.UTC().Format("20060102-1504"); strings.Contains(backups, name) {
		t.Errorf("a tenant at rest was copied: %s", name)
	}
	hibernate(ctx, t, s, false)
	awaitReady(ctx, t, s, orchard)
	if status, err := sessionStatus(ctx, s, orchardHost, orchardOrigin); err != nil || status != http.StatusOK {
		t.Errorf("the tenant that woke answers %d (%v); want 200", status, err)
	}
	if woken := askOrchard(ctx, t, s, assessments); woken != rows {
		t.Errorf("%s assessments after the rest; want %s", woken, rows)
	}
	if capacity := get(ctx, t, s, "dbclusters", "-o", least); !strings.HasPrefix(capacity, "0.5") {
		t.Errorf("the database's least capacity after the rest is %q; want 0.5", capacity)
	}
}

// tickPasses waits for a time of day, which is what schedules go by.
func tickPasses(ctx context.Context, t *testing.T, until time.Time) {
	t.Helper()
	select {
	case <-ctx.Done():
		t.Fatal(context.Cause(ctx))
	case <-time.After(time.Until(until)):
	}
}

func hibernate(ctx context.Context, t *testing.T, s *story, rest bool) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"hibernate":%v}}`, rest)
	if _, err := s.platform.Cluster.Kubectl(ctx, "", "patch", "halotenant", orchard, "--type=merge", "-p", patch); err != nil {
		t.Fatal(err)
	}
}

// get asks for objects of orchard's namespace.
func get(ctx context.Context, t *testing.T, s *story, args ...string) string {
	t.Helper()
	output, err := s.platform.Cluster.Kubectl(ctx, "", append([]string{"get", "-n", "halo-orchard"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(output)
}

func deletionIsConfirmed(ctx context.Context, t *testing.T, s *story) {
	kubectl := func(args ...string) error {
		_, err := s.platform.Cluster.Kubectl(ctx, "", args...)
		return err
	}
	for _, confirmation := range []string{"", "acme"} {
		if confirmation != "" {
			if err := kubectl("annotate", "halotenant", orchard, "halo.dev/confirm-deletion="+confirmation); err != nil {
				t.Fatal(err)
			}
		}
		err := kubectl("delete", "halotenant", orchard, "--wait=false")
		if err == nil || !strings.Contains(err.Error(), "halo.dev/confirm-deletion=orchard") {
			t.Fatalf("a deletion confirmed by %q: %v; want a refusal that says how to confirm", confirmation, err)
		}
		t.Log(err)
	}
	if status, err := sessionStatus(ctx, s, orchardHost, orchardOrigin); err != nil || status != http.StatusOK {
		t.Fatalf("after the refusals the tenant answers %d (%v); want 200", status, err)
	}
	if err := kubectl("annotate", "--overwrite", "halotenant", orchard, "halo.dev/confirm-deletion="+orchard); err != nil {
		t.Fatal(err)
	}
}

// comesBack deletes the tenant, makes it again, and visits its page with what a
// visitor's browser trusts then: the certificate is a new one.
func comesBack(ctx context.Context, t *testing.T, s *story) {
	rows := askOrchard(ctx, t, s, assessments)
	if rows == "0" {
		t.Fatal("the tenant has no assessment that could come back")
	}
	former, err := certificateOf(ctx, s, orchardHost)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.platform.Cluster.Kubectl(ctx, "", "delete", "halotenant", orchard, "--timeout=3m"); err != nil {
		t.Fatal(err)
	}
	t.Log(halo(ctx, t, s, "undelete", orchard))
	awaitReady(ctx, t, s, orchard)
	if back := askOrchard(ctx, t, s, assessments); back != rows {
		t.Errorf("%s assessments came back; want %s", back, rows)
	}
	present, err := certificateOf(ctx, s, orchardHost)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(former.RawSubjectPublicKeyInfo, present.RawSubjectPublicKeyInfo) {
		t.Error("the tenant came back with the key of before, which was deleted with it")
	}
	s.browser = startBrowser(ctx, t, s.platform, firm{"Orchard Advisers", orchardHost, "planning", []string{orchardOrigin}}, present)
	assessment := s.browser.visit(t, orchardOrigin)
	if err := assessment.Await("section[data-step]"); err != nil {
		t.Fatal(err)
	}
	if step, err := assessment.Step(); err != nil || step == "" {
		t.Errorf("step %q (%v) is shown of the tenant that came back", step, err)
	}
}
