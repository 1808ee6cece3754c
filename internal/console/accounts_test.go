package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/console"
	"halo.dev/halo/internal/store"
)

func (b *bench) state(name string) string {
	b.t.Helper()
	var state string
	b.must(database.Master(b.t).QueryRow(`SELECT state FROM halo_staff.account WHERE name = ?`, name).Scan(&state))
	return state
}

func (b *bench) id(name string) int64 {
	b.t.Helper()
	return b.number(`SELECT id FROM halo_staff.account WHERE name = ?`, name)
}

// do posts one of the forms of the list of accounts.
func (w *browser) doTo(id int64, what string) answer {
	w.b.t.Helper()
	return w.post(fmt.Sprintf("/console/accounts/%d/%s", id, what))
}

var linkPattern = regexp.MustCompile(`https://example\.com(/console/join/[A-Za-z0-9_-]{43})`)

// link reads the address of an invitation from a page.
func link(t *testing.T, got answer) string {
	t.Helper()
	found := linkPattern.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || found == nil {
		t.Fatalf("there is no link: %d %s", got.status, got.body)
	}
	return found[1]
}

func TestAnAccountTakesTwoPeople(t *testing.T) {
	b := newBench(t)
	staff := b.staff()
	admin, officer := b.signedIn(staff[account.Administrator]), b.signedIn(staff[account.PrivacyOfficer])
	if got := admin.post("/console/accounts", "name", "eve", "role", "privacy-officer", "advisor", ""); got.status != http.StatusSeeOther {
		t.Fatal(got.status, got.body)
	}
	eve := b.id("eve")
	if got := admin.doTo(eve, "approve"); got.status != http.StatusForbidden || b.state("eve") != "requested" {
		t.Errorf("approving one's own request answers %d", got.status)
	}
	if got := admin.doTo(eve, "reset"); got.status != http.StatusConflict {
		t.Errorf("a reset of what was only asked for answers %d", got.status)
	}
	path := link(t, officer.doTo(eve, "approve"))
	if b.state("eve") != "invited" {
		t.Errorf("the account is %s", b.state("eve"))
	}
	if got := officer.doTo(eve, "approve"); got.status != http.StatusConflict {
		t.Errorf("approving twice answers %d", got.status)
	}
	// Nobody is signed in by the link, and a look at it does not use it up.
	guest := b.browser("203.0.113.20")
	for range 2 {
		if got := guest.get(path); got.status != http.StatusOK || !strings.Contains(got.body, "<strong>eve</strong>") {
			t.Fatalf("the link answers %d", got.status)
		}
	}
	b.joinByPages(guest, path)
	if b.state("eve") != "active" {
		t.Errorf("the account is %s", b.state("eve"))
	}
	if got := guest.get(path); got.status != http.StatusGone {
		t.Errorf("the used link answers %d", got.status)
	}
}

var keyPattern = regexp.MustCompile(`<code class="key">([A-Z2-7 ]+)</code>`)

// joinByPages goes through the pages of an invitation and returns the secret's
// text.
func (b *bench) joinByPages(guest *browser, path string) string {
	b.t.Helper()
	for name, c := range map[string][2]string{"short": {"short", "short"}, "not the same": {password, password + "!"}} {
		if got := guest.post(path, "password", c[0], "again", c[1]); got.status != http.StatusUnprocessableEntity {
			b.t.Errorf("a password that is %s answers %d", name, got.status)
		}
	}
	if got := guest.post(path+"/code", "code", "123456"); got.status != http.StatusGone {
		b.t.Errorf("a code before the password answers %d", got.status)
	}
	before := keyPattern.FindStringSubmatch(guest.post(path, "password", password, "again", password).body)
	got := guest.post(path, "password", password, "again", password)
	key := keyPattern.FindStringSubmatch(got.body)
	if key == nil || before == nil || key[1] == before[1] || !strings.Contains(got.body, "<svg") {
		b.t.Fatalf("there is no new key: %d %s", got.status, got.body)
	}
	if got := guest.post(path+"/code", "code", "000000"); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, key[1]) {
		b.t.Errorf("a wrong code answers %d", got.status)
	}
	got = guest.post(path+"/code", "code", account.Code(decode(b.t, key[1]), b.now()))
	if got.status != http.StatusOK || strings.Count(got.body, "<li><code>") != account.RecoveryCodes {
		b.t.Fatalf("the right code answers %d %s", got.status, got.body)
	}
	return key[1]
}

func TestALinkCountsForTwoDays(t *testing.T) {
	b := newBench(t)
	text, digest, err := account.NewToken()
	b.must(err)
	b.must(b.store.CreateAccount(t.Context(), b.now(), "eve", account.Support, "", store.Invitation{Digest: digest, Expires: b.now().Add(console.InvitationLasts)}))
	w := b.browser("203.0.113.21")
	b.advance(console.InvitationLasts - time.Minute)
	if got := w.post("/console/join/"+text, "password", password, "again", password); got.status != http.StatusOK {
		t.Fatal(got.status, got.body)
	}
	b.advance(2 * time.Minute)
	for _, path := range []string{"/console/join/" + text, "/console/join/" + text[1:], "/console/join/x"} {
		if got := w.get(path); got.status != http.StatusGone {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
	if got := w.post("/console/join/"+text+"/code", "code", "123456"); got.status != http.StatusGone {
		t.Errorf("the code answers %d", got.status)
	}
}

func TestAResetTakesTwoPeopleAndEndsEverythingOld(t *testing.T) {
	b := newBench(t)
	staff := b.staff()
	other := b.join("other-admin", account.Administrator, "")
	admin, second, support := b.signedIn(staff[account.Administrator]), b.signedIn(other), b.signedIn(staff[account.Support])
	id := staff[account.Support].id
	if got := admin.doTo(id, "reset"); got.status != http.StatusSeeOther {
		t.Fatal(got.status, got.body)
	}
	if got := support.get("/console/account"); got.status != http.StatusOK {
		t.Errorf("a mere request ends the session: %d", got.status)
	}
	if got := admin.doTo(id, "approve"); got.status != http.StatusForbidden {
		t.Errorf("approving one's own request answers %d", got.status)
	}
	path := link(t, second.doTo(id, "approve"))
	if got := support.get("/console/account"); got.status != http.StatusSeeOther {
		t.Errorf("the old session answers %d", got.status)
	}
	m := staff[account.Support]
	if got := b.browser("203.0.113.22").try(m.name, password, b.code(m)); got.status != http.StatusForbidden {
		t.Errorf("the old password and code answer %d", got.status)
	}
	if got := b.browser("203.0.113.22").try(m.name, password, m.codes[0]); got.status != http.StatusForbidden {
		t.Errorf("an old recovery code answers %d", got.status)
	}
	b.joinByPages(b.browser("203.0.113.23"), path)
	if got := support.get("/console/account"); got.status != http.StatusSeeOther {
		t.Errorf("the old session answers %d once the account is active again", got.status)
	}
	// Nobody may reset themselves, nor agree to what others ask about them.
	if got := admin.doTo(staff[account.Administrator].id, "reset"); got.status != http.StatusForbidden {
		t.Errorf("a reset of oneself answers %d", got.status)
	}
	if got := admin.doTo(other.id, "reset"); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	if got := second.doTo(other.id, "approve"); got.status != http.StatusForbidden {
		t.Errorf("agreeing to a reset of oneself answers %d", got.status)
	}
	if got := second.doTo(other.id, "refuse"); got.status != http.StatusSeeOther {
		t.Errorf("refusing it answers %d", got.status)
	}
}

func TestARequestLapsesWithWhoAsked(t *testing.T) {
	b := newBench(t)
	first, second := b.join("first", account.Administrator, ""), b.join("second", account.Administrator, "")
	one, two := b.signedIn(first), b.signedIn(second)
	if got := one.post("/console/accounts", "name", "eve", "role", "support", "advisor", ""); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	if got := two.doTo(first.id, "disable"); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	if got := two.doTo(b.id("eve"), "approve"); got.status != http.StatusConflict || b.state("eve") != "requested" {
		t.Errorf("what a disabled account asked for is approved: %d", got.status)
	}
	if got := two.doTo(b.id("eve"), "refuse"); got.status != http.StatusSeeOther || b.state("eve") != "disabled" {
		t.Errorf("refusing it: %d", got.status)
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	b := newBench(t)
	first, second := b.join("first", account.Administrator, ""), b.join("second", account.Administrator, "")
	one, two := b.signedIn(first), b.signedIn(second)
	if got := one.doTo(first.id, "disable"); got.status != http.StatusForbidden {
		t.Errorf("disabling oneself answers %d", got.status)
	}
	// Both at once: one of them stays.
	statuses := make(chan int, 2)
	go func() { statuses <- one.doTo(second.id, "disable").status }()
	go func() { statuses <- two.doTo(first.id, "disable").status }()
	<-statuses
	<-statuses
	if n := b.number(`SELECT COUNT(*) FROM halo_staff.account WHERE role = 'administrator' AND state = 'active'`); n != 1 {
		t.Fatalf("%d administrators are left", n)
	}
	last, lastID := one, first.id
	if b.state("first") != "active" {
		last, lastID = two, second.id
	}
	officer := b.signedIn(b.join("officer", account.PrivacyOfficer, ""))
	if got := officer.doTo(lastID, "disable"); got.status != http.StatusForbidden {
		t.Errorf("a privacy officer disables: %d", got.status)
	}
	if got := last.get("/console/accounts"); got.status != http.StatusOK {
		t.Errorf("the last one's page answers %d", got.status)
	}
	// A reset of the last one would leave nobody either.
	_, digest, err := account.NewToken()
	b.must(err)
	if _, err := database.Master(t).Exec(`INSERT INTO halo_staff.approval VALUES (?, 'reset', ?, UTC_TIMESTAMP())`, lastID, b.id("officer")); err != nil {
		t.Fatal(err)
	}
	third := b.join("third", account.PrivacyOfficer, "")
	err = b.store.Approve(t.Context(), b.now(), third.id, lastID, store.Invitation{Digest: digest, Expires: b.now().Add(time.Hour)})
	if err == nil || !strings.Contains(err.Error(), store.ErrLastAdministrator.Error()) {
		t.Errorf("resetting the last administrator: %v", err)
	}
}

func TestDisablingEndsSessionsAtOnce(t *testing.T) {
	b := newBench(t)
	staff := b.staff()
	admin, support := b.signedIn(staff[account.Administrator]), b.signedIn(staff[account.Support])
	if got := admin.doTo(staff[account.Support].id, "disable"); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	if got := support.get("/console/deliveries"); got.status != http.StatusSeeOther {
		t.Errorf("its session answers %d", got.status)
	}
	m := staff[account.Support]
	if got := support.try(m.name, password, b.code(m)); got.status != http.StatusForbidden {
		t.Errorf("signing in answers %d", got.status)
	}
}

func TestRequestsForAccountsAreChecked(t *testing.T) {
	b := newBench(t)
	admin := b.signedIn(b.join("ada", account.Administrator, ""))
	for name, c := range map[string]struct{ name, role, advisor, says string }{
		"a taken name":        {"ada", "support", "", "Another account has this name"},
		"no name":             {"", "support", "", "A name has"},
		"no role":             {"eve", "", "", "The role is none of"},
		"no advisor":          {"eve", "advisor", "", "needs the id of an advisor"},
		"an advisor of none":  {"eve", "advisor", "nobody", "has no advisor of this id"},
		"an advisor too many": {"eve", "support", "planning", "has no advisor"},
	} {
		got := admin.post("/console/accounts", "name", c.name, "role", c.role, "advisor", c.advisor)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, c.says) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func TestOnesOwnAccount(t *testing.T) {
	b := newBench(t)
	ada := b.join("ada", account.Support, "")
	elsewhere, w := b.signedIn(ada), b.signedIn(ada)
	const next = "another horse battery staple"
	change := func(old, code, password, again string) answer {
		return w.post("/console/account/password", "password", old, "code", code, "new", password, "again", again)
	}
	for name, got := range map[string]answer{
		"a wrong password": change("wrong", b.code(ada), next, next),
		"a wrong code":     change(password, "000000", next, next),
		"not the same":     change(password, b.code(ada), next, next+"!"),
		"too short":        change(password, b.code(ada), "short", "short"),
	} {
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s answers %d", name, got.status)
		}
	}
	before := w.cookie(sessionName)
	if got := change(password, b.code(ada), next, next); got.status != http.StatusOK || w.cookie(sessionName) == before {
		t.Fatalf("changing the password answers %d %s", got.status, got.body)
	}
	if got := w.get("/console/account"); got.status != http.StatusOK {
		t.Errorf("the new session answers %d", got.status)
	}
	if got := elsewhere.get("/console/account"); got.status != http.StatusSeeOther {
		t.Errorf("the other browser's session answers %d", got.status)
	}
	if got := elsewhere.try("ada", password, b.code(ada)); got.status != http.StatusForbidden {
		t.Errorf("the old password answers %d", got.status)
	}
	if got := elsewhere.try("ada", next, b.code(ada)); got.status != http.StatusSeeOther {
		t.Errorf("the new password answers %d", got.status)
	}
	if got := w.post("/console/account/sessions"); got.status != http.StatusOK {
		t.Fatal(got.status)
	}
	if got := elsewhere.get("/console/account"); got.status != http.StatusSeeOther {
		t.Errorf("an ended session answers %d", got.status)
	}
	got := w.post("/console/account/recovery-codes", "password", next, "code", b.code(ada))
	if got.status != http.StatusOK || strings.Count(got.body, "<li><code>") != account.RecoveryCodes {
		t.Fatalf("new recovery codes: %d %s", got.status, got.body)
	}
	if got := b.browser("203.0.113.30").try("ada", next, ada.codes[0]); got.status != http.StatusForbidden {
		t.Errorf("an old recovery code answers %d", got.status)
	}
}
