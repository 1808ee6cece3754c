package console_test

import (
	"encoding/base32"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/store"
)

// decode reads a key as an app does.
func decode(t *testing.T, key string) []byte {
	t.Helper()
	secret, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(key, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func (b *bench) assessment(advisor string) int64 {
	b.t.Helper()
	return b.number(`SELECT assessment_id FROM halo_person.person WHERE advisor = ?`, advisor)
}

func TestAnAdvisorSeesTheirOwnClientsAndLeavesATrace(t *testing.T) {
	b := newBench(t)
	b.visitor(1, "planning")
	b.visitor(2, "north")
	ada := b.join("ada", account.Advisor, "planning")
	w := b.signedIn(ada)
	own, other := b.assessment("planning"), b.assessment("north")
	got := w.get("/console/assessments")
	if got.status != http.StatusOK || !strings.Contains(got.body, "Marked&lt;b&gt;planning Lovelace") || strings.Contains(got.body, "north") {
		t.Errorf("the list: %d %s", got.status, got.body)
	}
	got = w.get(fmt.Sprintf("/console/assessments/%d", own))
	for _, want := range []string{"Marked&lt;b&gt;planning", "marked@planning.test", "Life expectancy", "How old are you today?"} {
		if got.status != http.StatusOK || !strings.Contains(got.body, want) {
			t.Errorf("the assessment lacks %q: %d %s", want, got.status, got.body)
		}
	}
	got = w.get(fmt.Sprintf("/console/assessments/%d/report.pdf", own))
	if got.status != http.StatusOK || !strings.HasPrefix(got.body, "%PDF-") || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the report: %d %.10q %s", got.status, got.body, got.header.Get("Content-Disposition"))
	}
	for _, path := range []string{"/console/assessments/%d", "/console/assessments/%d/report.pdf"} {
		for _, id := range []any{other, 5} {
			if got := w.get(fmt.Sprintf(path, id)); got.status != http.StatusNotFound || strings.Contains(got.body, "Marked") {
				t.Errorf("another advisor's or nobody's: %d", got.status)
			}
		}
	}
	var trace []string
	for _, entry := range b.entries() {
		if entry.Actor == ada.id && entry.Action != audit.SignedIn && entry.Action != audit.AccountActivated {
			trace = append(trace, fmt.Sprintf("%s %d %s", entry.Action, entry.Subject, entry.Detail))
		}
	}
	want := []string{fmt.Sprintf("report read %d ", own), fmt.Sprintf("assessment read %d ", own), fmt.Sprintf("clients listed 0 %d", own)}
	if strings.Join(trace, "|") != strings.Join(want, "|") {
		t.Errorf("the log has %q, want %q", trace, want)
	}
}

// TestNothingPersonalIsShownThatTheLogDoesNotNote takes the right to write the
// log away.
func TestNothingPersonalIsShownThatTheLogDoesNotNote(t *testing.T) {
	b := newBench(t)
	b.visitor(1, "planning")
	w := b.signedIn(b.join("ada", account.Advisor, "planning"))
	master := database.Master(t)
	_, err := master.Exec(`REVOKE INSERT ON halo_staff.audit FROM halo_console@'%'`)
	b.must(err)
	defer func() {
		_, err := master.Exec(`GRANT INSERT ON halo_staff.audit TO halo_console@'%'`)
		b.must(err)
	}()
	id := b.assessment("planning")
	for _, path := range []string{"/console/assessments", fmt.Sprintf("/console/assessments/%d", id), fmt.Sprintf("/console/assessments/%d/report.pdf", id)} {
		got := w.get(path)
		if got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "Marked") || strings.HasPrefix(got.body, "%PDF") {
			t.Errorf("%s answers %d %.200s", path, got.status, got.body)
		}
	}
}

// TestOnlyTheAdvisorsPagesNameAVisitor searches every page of every other
// role, the server's log and the staff's log for the marks.
func TestOnlyTheAdvisorsPagesNameAVisitor(t *testing.T) {
	b := newBench(t)
	b.visitor(1, "planning")
	id := b.assessment("planning")
	staff := b.staff()
	advisor := b.signedIn(staff[account.Advisor])
	for _, path := range []string{"/console/assessments", fmt.Sprintf("/console/assessments/%d", id)} {
		advisor.get(path)
	}
	for role, m := range staff {
		w := b.signedIn(m)
		for _, path := range []string{"/console/deliveries", "/console/deliveries?show=ended", "/console/accounts", "/console/log", "/console/account", "/console/assessments"} {
			if got := w.get(path); role != account.Advisor && (strings.Contains(got.body, "Marked") || strings.Contains(got.body, "marked@")) {
				t.Errorf("%s shows the role %s a visitor", path, role)
			}
		}
	}
	for _, secret := range append([]string{"Marked", "marked@", "Lovelace", password, staff[account.Advisor].codes[0]}, account.SecretText(staff[account.Advisor].secret)) {
		if strings.Contains(b.log.String(), secret) {
			t.Errorf("the server's log holds %q", secret)
		}
	}
	for _, entry := range b.entries() {
		if strings.Contains(strings.ToLower(string(entry.Action)+entry.Detail), "marked") {
			t.Errorf("the staff's log names a visitor: %+v", entry)
		}
	}
}

func TestSupportSteersTheOutbox(t *testing.T) {
	b := newBench(t)
	b.visitor(1, "planning")
	w := b.signedIn(b.join("ada", account.Support, ""))
	mail := b.number(`SELECT id FROM halo_person.outbox WHERE kind = 'report'`)
	post := func(what string) int { return w.post(fmt.Sprintf("/console/deliveries/%d/%s", mail, what)).status }
	state := func() string {
		var state string
		b.must(database.Master(t).QueryRow(`SELECT state FROM halo_person.outbox WHERE id = ?`, mail).Scan(&state))
		return state
	}
	waiting := state()
	if got := w.get("/console/deliveries"); strings.Count(got.body, "<tr>") != 3 || !strings.Contains(got.body, ">Cancel<") || strings.Contains(got.body, "Send again") {
		t.Errorf("the list: %s", got.body)
	}
	for i, c := range []struct {
		what   string
		status int
		state  string
	}{
		{"resend", http.StatusConflict, waiting}, {"cancel", http.StatusSeeOther, "canceled"}, {"cancel", http.StatusConflict, "canceled"},
		{"resend", http.StatusSeeOther, waiting}, {"cancel", http.StatusSeeOther, "canceled"},
	} {
		if got := post(c.what); got != c.status || state() != c.state {
			t.Errorf("step %d, %s: %d and %s, want %d and %s", i, c.what, got, state(), c.status, c.state)
		}
	}
	if got := w.get("/console/deliveries?show=ended"); !strings.Contains(got.body, "canceled") || !strings.Contains(got.body, "Send again") {
		t.Errorf("the ended ones: %s", got.body)
	}
	claimed, err := b.whole.Claim(t.Context(), "worker", 1, 10)
	if err != nil || len(claimed) != 1 || claimed[0].ID == mail {
		t.Errorf("a worker claims %d mails, of which none may be the canceled one: %v", len(claimed), err)
	}
	if got := post("resend"); got != http.StatusSeeOther || b.woken != 2 {
		t.Errorf("resending: %d, the worker was woken %d times", got, b.woken)
	}
	claimed, err = b.whole.Claim(t.Context(), "worker", 1, 10)
	if err != nil || len(claimed) == 0 {
		t.Errorf("a worker claims %d mails after that: %v", len(claimed), err)
	}
	b.must(b.whole.Sent(t.Context(), store.Delivery{ID: mail}))
	if got := post("cancel"); got != http.StatusConflict || state() != "sent" {
		t.Errorf("canceling what was sent: %d and %s", got, state())
	}
	if got := post("resend"); got != http.StatusSeeOther || state() != waiting {
		t.Errorf("resending what was sent: %d and %s", got, state())
	}
}

func TestTheLogIsVerifiedByPage(t *testing.T) {
	b := newBench(t)
	w := b.signedIn(b.join("ada", account.Administrator, ""))
	if got := w.post("/console/log/verification"); got.status != http.StatusOK || !strings.Contains(got.body, "All 3 entries are as they were written.") {
		t.Errorf("a sound log: %d %s", got.status, got.body)
	}
	master := database.Master(t)
	for name, c := range map[string]struct{ spoil, mend string }{
		"a changed entry": {`UPDATE halo_staff.audit SET subject = subject + 1 WHERE number = 2`, `UPDATE halo_staff.audit SET subject = subject - 1 WHERE number = 2`},
		"a moved head":    {`UPDATE halo_staff.audit_head SET number = number + 1`, `UPDATE halo_staff.audit_head SET number = number - 1`},
	} {
		if _, err := master.Exec(c.spoil); err != nil {
			t.Fatal(err)
		}
		if _, err := b.store.VerifyLog(t.Context()); err == nil {
			t.Errorf("%s does not show", name)
		}
		if name == "a changed entry" {
			if got := w.post("/console/log/verification"); !strings.Contains(got.body, "at entry 2: the entry was changed") {
				t.Errorf("the page: %s", got.body)
			}
		}
		if _, err := master.Exec(c.mend); err != nil {
			t.Fatal(err)
		}
		if _, err := b.store.VerifyLog(t.Context()); err != nil {
			t.Errorf("mended: %v", err)
		}
	}
	if _, err := master.Exec(`DELETE FROM halo_staff.audit WHERE number = 3`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.store.VerifyLog(t.Context()); err == nil || !strings.Contains(err.Error(), "at entry 3") {
		t.Errorf("a removed entry: %v", err)
	}
}

func TestManyWriteTheLogAtOnce(t *testing.T) {
	b := newBench(t)
	const writers, each = 6, 20
	errs := make(chan error, writers)
	for actor := range int64(writers) {
		go func() {
			var err error
			for range each {
				if err = b.store.Record(t.Context(), audit.Entry{At: b.now(), Actor: actor, Action: audit.LogVerified}); err != nil {
					break
				}
			}
			errs <- err
		}()
	}
	for range writers {
		b.must(<-errs)
	}
	if head, err := b.store.VerifyLog(t.Context()); err != nil || head.Number != writers*each {
		t.Errorf("%d entries: %v", head.Number, err)
	}
}

func TestALongLogIsVerifiedAndTurnedOver(t *testing.T) {
	b := newBench(t)
	w := b.signedIn(b.join("ada", account.Administrator, ""))
	for range 60 {
		b.must(b.store.Record(t.Context(), audit.Entry{At: b.now(), Action: audit.LogVerified, Detail: "sound"}))
	}
	got := w.get("/console/log")
	if strings.Count(got.body, "<tr>") != 51 || !strings.Contains(got.body, "?before=14") {
		t.Errorf("the first page: %s", got.body)
	}
	if got := w.get("/console/log?before=14"); strings.Count(got.body, "<tr>") != 14 || strings.Contains(got.body, "Earlier entries") {
		t.Errorf("the second page: %s", got.body)
	}
}
