package console_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/axe"
	chromium "halo.dev/halo/test/browser"
)

// window is a tab of a real Chromium on the console.
type window struct {
	b   *bench
	tab context.Context
}

func (b *bench) chromium() *window {
	b.t.Helper()
	started, err := chromium.Start(b.t.Context(), chromium.Options{
		HostResolverRules: "MAP example.com " + b.server.Listener.Addr().String(),
		TrustedKeys:       []string{chromium.KeyPin(b.server.Certificate())},
	})
	b.must(err)
	b.t.Cleanup(started.Close)
	tab, closeTab, err := started.Tab()
	b.must(err)
	b.t.Cleanup(closeTab)
	limited, stop := context.WithTimeout(tab, 3*time.Minute)
	b.t.Cleanup(stop)
	return &window{b, limited}
}

func (w *window) do(actions ...chromedp.Action[chromedp.Void]) {
	w.b.t.Helper()
	if err := chromedp.Do(w.tab, actions...); err != nil {
		w.b.t.Fatalf("%v; the page says:\n%s", err, w.text())
	}
}

func (w *window) open(path string) { w.b.t.Helper(); w.b.must(chromium.Open(w.tab, origin+path)) }

func (w *window) text() string {
	text, _ := chromedp.Run(w.tab, chromedp.Evaluate[string]("document.body?.innerText ?? ''"))
	return text
}

// title waits until the next page is there, and is that of a title.
func (w *window) title(title string) {
	w.b.t.Helper()
	const titled = "document.readyState === 'complete' && !document.documentElement.dataset.left && document.querySelector('h1')?.innerText"
	for {
		if got, err := chromedp.Run(w.tab, chromedp.Evaluate[any](titled)); err == nil && got == title {
			return
		}
		select {
		case <-w.tab.Done():
			w.b.t.Fatalf("the page %q does not come; there is:\n%s", title, w.text())
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// leave marks the page that is about to be left.
func (w *window) leave() {
	w.b.t.Helper()
	w.do(chromedp.Evaluate[chromedp.Void]("document.documentElement.dataset.left = 'yes'"))
}

// write types into the field of a name; a text that ends with Enter sends the
// form.
func (w *window) write(name, text string) {
	w.b.t.Helper()
	if strings.HasSuffix(text, kb.Enter) {
		w.leave()
	}
	w.do(chromedp.SendKeys(fmt.Sprintf("main form [name=%q]", name), text, chromedp.NodeVisible))
}

// press clicks on what leads to another page.
func (w *window) press(selector string) {
	w.b.t.Helper()
	w.leave()
	w.do(chromedp.Click(selector, chromedp.NodeVisible))
}

// widths and schemes are how the pages are looked at.
var looks = []struct {
	width  int64
	scheme string
}{{320, "dark"}, {1000, "light"}}

// look looks at the page in every way: nothing that keeps people out, nothing
// that is wider than the window, nothing that the policy had to stop.
func (w *window) look(name string) {
	w.b.t.Helper()
	for _, look := range looks {
		media := chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}},
			})
			return err
		})
		w.do(chromedp.EmulateViewport(look.width, 800), media)
		where := fmt.Sprintf("%s at %d, %s", name, look.width, look.scheme)
		report, err := axe.Look(w.tab)
		w.b.must(err)
		for _, flaw := range append(report.Violations, report.Unsure...) {
			w.b.t.Errorf("%s: %s", where, flaw)
		}
		if !slices.Contains(report.Passed, "color-contrast") {
			w.b.t.Errorf("%s: axe-core looked at no text", where)
		}
		wider, err := chromedp.Run(w.tab, chromedp.Evaluate[int]("document.scrollingElement.scrollWidth - innerWidth"))
		w.b.must(err)
		if wider > 0 {
			w.b.t.Errorf("%s: the page scrolls sideways by %d", where, wider)
		}
		w.shoot(fmt.Sprintf("%s-%d-%s", name, look.width, look.scheme), look.width)
	}
	w.do(chromedp.EmulateViewport(1000, 800))
}

// shoot takes a picture of the page into the folder CONSOLE_PICTURES.
func (w *window) shoot(name string, width int64) {
	w.b.t.Helper()
	folder := os.Getenv("CONSOLE_PICTURES")
	if folder == "" {
		return
	}
	height, err := chromedp.Run(w.tab, chromedp.Evaluate[int64]("document.documentElement.scrollHeight"))
	w.b.must(err)
	w.do(chromedp.EmulateViewport(width, max(height, 400)))
	picture, err := chromedp.Run(w.tab, chromedp.CaptureScreenshot())
	w.b.must(err)
	w.b.must(os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644))
}

// signIn types what the sign-in page wants and sends it by the keyboard.
func (w *window) signIn(name, password, code, then string) {
	w.b.t.Helper()
	w.title("Sign in")
	w.write("name", name)
	w.write("password", password)
	w.write("code", code+kb.Enter)
	w.title(then)
}

// TestSomebodyJoinsSignsInAndSeesEveryPage goes through the console in a real
// browser, by mouse and keyboard, with a role for every page.
func TestSomebodyJoinsSignsInAndSeesEveryPage(t *testing.T) {
	b := newBench(t)
	b.visitorNamed(1, "planning", "Mary", "Example", "mary@visitor.example")
	b.visitorNamed(2, "planning", "Percy", "Longer-Example-Name", "percy.longer-example-name@a-rather-long-host-name.visitor.example")
	b.visitorNamed(3, "north", "Jane", "Elsewhere", "jane@visitor.example")
	text, digest, err := account.NewToken()
	b.must(err)
	b.must(b.store.CreateAccount(t.Context(), b.now(), "ada.lovelace", account.Advisor, "planning", store.Invitation{Digest: digest, Expires: b.now().Add(time.Hour)}))
	w := b.chromium()
	b.must(chromium.Open(w.tab, origin+"/console/join/"+text))
	w.title("Choose a password")
	w.look("join-password")
	w.write("password", password)
	w.write("again", password+"!"+kb.Enter)
	w.title("Choose a password")
	w.problem("The two passwords are not the same.")
	w.look("join-problem")
	w.write("password", password)
	w.write("again", password+kb.Enter)
	w.title("Set up the second factor")
	w.look("join-code")
	key, err := chromedp.Run(w.tab, chromedp.Evaluate[string]("document.querySelector('.key').innerText"))
	b.must(err)
	ada := member{name: "ada.lovelace", secret: decode(t, key)}
	w.write("code", account.Code(ada.secret, b.now()))
	w.press("main button")
	w.title("Recovery codes")
	w.look("recovery-codes")
	w.press("main a")
	w.title("Sign in")
	w.look("sign-in")
	w.signIn("ada.lovelace", "wrong password", "123456", "Sign in")
	w.problem("Name, password or code is not right.")
	w.look("sign-in-problem")
	w.signIn("ada.lovelace", password, b.code(ada), "Assessments")
	w.look("assessments")
	w.press("tbody a")
	w.title("Assessment")
	w.look("assessment")
	w.open("/console/accounts")
	w.title("Not for this account")
	w.look("forbidden")
	w.press("nav li:last-child a")
	w.title("My account")
	w.look("my-account")
	w.signOut()
	w.others(b)
}

// problem looks for what the page complains about, in a live region.
func (w *window) problem(words string) {
	w.b.t.Helper()
	got, err := chromedp.Run(w.tab, chromedp.Evaluate[string]("document.querySelector('[role=alert]')?.innerText ?? ''"))
	w.b.must(err)
	if !strings.Contains(got, words) {
		w.b.t.Errorf("the page complains %q, want %q", got, words)
	}
}

func (w *window) signOut() {
	w.b.t.Helper()
	w.press("header button")
	w.title("Sign in")
}

// others sees the pages of the other roles.
func (w *window) others(b *bench) {
	b.t.Helper()
	support := b.join("grace", account.Support, "")
	w.signIn("grace", password, b.code(support), "Deliveries")
	w.look("deliveries")
	w.press("tbody button")
	w.title("Deliveries")
	w.press(".tabs li:last-child a")
	w.title("Deliveries")
	if got := w.text(); !strings.Contains(got, "canceled") {
		b.t.Errorf("the canceled mail is not listed: %s", got)
	}
	w.look("deliveries-ended")
	w.signOut()

	analyst := b.join("edgar", account.Analyst, "")
	w.signIn("edgar", password, b.code(analyst), "Figures")
	w.look("figures")
	w.signOut()

	admin, officer := b.join("joan", account.Administrator, ""), b.join("radia", account.PrivacyOfficer, "")
	w.signIn("joan", password, b.code(admin), "Accounts")
	w.write("name", "barbara")
	w.do(chromedp.SendKeys("#role", "analyst"))
	w.press("section button")
	w.title("Accounts")
	if got := w.text(); !strings.Contains(got, "joan asks to create it") {
		b.t.Errorf("the request is not listed: %s", got)
	}
	w.look("accounts")
	w.open("/console/log")
	w.press("main form button")
	w.title("Log")
	if got := w.text(); !strings.Contains(got, "entries are as they were written.") {
		b.t.Errorf("the log is not verified: %s", got)
	}
	w.look("log")
	w.signOut()

	w.signIn("radia", password, b.code(officer), "People")
	w.write("email", "PERCY.longer-example-name@a-rather-long-host-name.visitor.example"+kb.Enter)
	w.title("People")
	w.look("people")
	w.press("tbody a")
	w.title("Person")
	w.look("person")
	w.write("password", password)
	w.write("code", b.code(officer)+kb.Enter)
	w.title("Erased")
	w.look("erased")
	w.press("nav li:nth-child(2) a")
	w.title("Accounts")
	w.look("accounts-officer")
	w.press("tbody button[aria-label='Approve: barbara']")
	w.title("Link for barbara")
	w.look("link")
}
