package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/test/sealingkeys"
)

func TestAPrivacyOfficerFindsExportsAndErasesAPerson(t *testing.T) {
	b := newBench(t)
	b.visitor(1, "planning")
	b.visitor(2, "north")
	m := b.join("grace", account.PrivacyOfficer, "")
	w := b.signedIn(m)
	id, other := b.assessment("planning"), b.assessment("north")
	got := w.post("/console/people", "email", " MARKED@planning.test ")
	if got.status != http.StatusOK || !strings.Contains(got.body, fmt.Sprintf("/console/people/%d", id)) || strings.Contains(got.body, "north") {
		t.Errorf("the search: %d %s", got.status, got.body)
	}
	for _, address := range []string{"marked@planning", "%", "nobody@planning.test"} {
		if got := w.post("/console/people", "email", address); !strings.Contains(got.body, "Nobody of this address is kept.") {
			t.Errorf("%q finds somebody", address)
		}
	}
	if got := w.post("/console/people", "email", "  "); got.status != http.StatusUnprocessableEntity {
		t.Errorf("no address answers %d", got.status)
	}
	path := fmt.Sprintf("/console/people/%d", id)
	if got := w.get(path); got.status != http.StatusOK || !strings.Contains(got.body, "Marked&lt;b&gt;planning Lovelace") {
		t.Errorf("the person: %d %s", got.status, got.body)
	}
	b.wantExport(w.get(path+"/export.json"), id)
	if got := w.get(path + "/report.pdf"); got.status != http.StatusOK || !strings.HasPrefix(got.body, "%PDF-") {
		t.Errorf("the report: %d", got.status)
	}
	for name, code := range map[string]string{"a wrong code": "000000", "no code": ""} {
		if got := w.post(path+"/erase", "password", password, "code", code); got.status != http.StatusUnprocessableEntity || b.assessment("planning") != id {
			t.Errorf("erasing with %s answers %d", name, got.status)
		}
	}
	if got := w.post(path+"/erase", "password", password, "code", b.code(m)); got.status != http.StatusOK || !strings.Contains(got.body, "Nothing is left") {
		t.Fatalf("erasing: %d %s", got.status, got.body)
	}
	for query, want := range map[string]int64{
		`SELECT COUNT(*) FROM halo_person.person WHERE assessment_id = ?`:                      0,
		`SELECT COUNT(*) FROM halo_person.outbox WHERE assessment_id = ?`:                      0,
		`SELECT COUNT(*) FROM halo_person.erasure WHERE assessment_id = ?`:                     1,
		`SELECT COUNT(*) FROM halo_assessment.assessment WHERE id = ?`:                         1,
		`SELECT COUNT(*) FROM halo_staff.audit WHERE action = 'person erased' AND subject = ?`: 1,
	} {
		if n := b.number(query, id); n != want {
			t.Errorf("%s finds %d, want %d", query, n, want)
		}
	}
	if got := w.get("/console/people"); !strings.Contains(got.body, "1 erasures are not noted outside") || !strings.Contains(b.log.String(), fmt.Sprintf(`"msg":"erased","number":%d`, id)) {
		t.Errorf("nobody is told that the number is not noted outside: %s %s", got.body, b.log.String())
	}
	b.must(b.whole.Noted(t.Context(), id))
	if got := w.get("/console/people"); strings.Contains(got.body, "erasures") {
		t.Error("a number that is noted is told of")
	}
	for _, path := range []string{path, path + "/export.json", path + "/report.pdf"} {
		if got := w.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s answers %d after that", path, got.status)
		}
	}
	if b.assessment("north") != other {
		t.Error("somebody else was erased")
	}
	b.wantTrace(m, fmt.Sprintf("person searched 1 found %d", id), "person searched 0 found", "person searched 0 found", "person searched 0 found",
		fmt.Sprintf("person read %d", id), fmt.Sprintf("person exported %d json", id), fmt.Sprintf("person exported %d pdf", id),
		fmt.Sprintf("person read %d", id), fmt.Sprintf("person read %d", id), fmt.Sprintf("person erased %d", id))
}

// wantTrace compares what the log says of a member since signing in.
func (b *bench) wantTrace(m member, want ...string) {
	b.t.Helper()
	var trace []string
	for _, entry := range b.entries() {
		if entry.Actor == m.id && entry.Action != audit.SignedIn && entry.Action != audit.AccountActivated {
			trace = append([]string{strings.TrimSpace(fmt.Sprintf("%s %d %s", entry.Action, entry.Subject, entry.Detail))}, trace...)
		}
	}
	if strings.Join(trace, "|") != strings.Join(want, "|") {
		b.t.Errorf("the log has %q, want %q", trace, want)
	}
}

func (b *bench) wantExport(got answer, id int64) {
	b.t.Helper()
	var out struct {
		Number   int64
		Person   map[string]string
		Consent  string `json:"consent_given"`
		Mails    []map[string]string
		Answers  map[string]any
		Result   map[string]any
		Received string
	}
	if err := json.Unmarshal([]byte(got.body), &out); err != nil || got.status != http.StatusOK {
		b.t.Fatalf("the export: %d %v %s", got.status, err, got.body)
	}
	if out.Number != id || out.Person["first_name"] != "Marked<b>planning" || out.Person["email"] != "marked@planning.test" || len(out.Mails) != 2 ||
		out.Answers["age"] != 62.0 || out.Result["status"] != "ok" || out.Consent == "" || out.Received == "" {
		b.t.Errorf("the export lacks something: %s", got.body)
	}
}

func TestAnAnalystDownloadsFiguresThatIdentifyNobody(t *testing.T) {
	b := newBench(t)
	for number := range byte(12) {
		b.visitor(number+1, "planning")
	}
	m := b.join("edgar", account.Analyst, "")
	w := b.signedIn(m)
	if got := w.get("/console/figures"); got.status != http.StatusOK || !strings.Contains(got.body, `/console/figures/jsonl" download>Download as JSON Lines<`) {
		t.Errorf("the page: %d %s", got.status, got.body)
	}
	for format, begins := range map[string]string{"csv": "age_band,", "jsonl": `{"age_band":`, "parquet": "PAR1"} {
		got := w.get("/console/figures/" + format)
		if got.status != http.StatusOK || !strings.HasPrefix(got.body, begins) || strings.Contains(got.body, "Marked") || strings.Contains(got.body, "planning") {
			t.Errorf("%s: %d %q", format, got.status, got.body)
		}
		if format == "csv" && !strings.Contains(got.body, ",10,") {
			t.Errorf("twelve people are not told as ten: %s", got.body)
		}
	}
	if got := w.get("/console/figures/xml"); got.status != http.StatusNotFound {
		t.Errorf("XML answers %d", got.status)
	}
	if n := b.number(`SELECT COUNT(*) FROM halo_staff.audit WHERE action = 'figures downloaded' AND actor = ? AND subject = 1`, m.id); n != 3 {
		t.Errorf("the log has %d downloads", n)
	}
}

func TestASecondFactorIsSealedAndFollowsTheKeys(t *testing.T) {
	b := newBench(t)
	ada := b.join("ada", account.Support, "")
	stored := func() (secret []byte) {
		b.must(database.Master(t).QueryRow(`SELECT secret FROM halo_staff.account WHERE id = ?`, ada.id).Scan(&secret))
		return secret
	}
	first := stored()
	if bytes.Contains(first, ada.secret) || !bytes.HasPrefix(first, []byte("1\x00")) {
		t.Errorf("the secret lies as %x", first)
	}
	b.ring = sealingkeys.Ring(t, "1", "2")
	b.signedIn(ada)
	if !bytes.HasPrefix(stored(), []byte("2\x00")) {
		t.Error("signing in does not seal the secret anew")
	}
	b.ring = sealingkeys.Ring(t, "2")
	w := b.signedIn(ada)
	// Another account's secret does not open in this row.
	bob := b.join("bob", account.Support, "")
	_, err := database.Master(t).Exec(`UPDATE halo_staff.account AS a JOIN halo_staff.account AS b ON b.id = ? SET a.secret = b.secret WHERE a.id = ?`, bob.id, ada.id)
	b.must(err)
	if got := w.try("ada", password, b.code(bob)); got.status != http.StatusServiceUnavailable {
		t.Errorf("with another's secret the answer is %d", got.status)
	}
	if strings.Contains(b.log.String(), string(ada.secret)) || strings.Contains(b.log.String(), account.SecretText(ada.secret)) {
		t.Error("the server's log holds a secret")
	}
}
