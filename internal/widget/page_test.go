package widget_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"halo.dev/halo/test/browser"
)

// chromium is shared by the tests of this package; each opens tabs of its own.
var chromium *browser.Browser

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	// httptest servers all have the same certificate.
	server := httptest.NewTLSServer(nil)
	pin := browser.KeyPin(server.Certificate())
	server.Close()
	var err error
	chromium, err = browser.Start(context.Background(), browser.Options{TrustedKeys: []string{pin}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer chromium.Close()
	return m.Run()
}

// page is an advisor's page, open in a tab.
type page struct {
	browser.Assessment
	t   *testing.T
	tab context.Context
	url string
}

// element is what an advisor puts on their page.
const element = `<halo-assessment advisor="planning"></halo-assessment>`

// open serves an advisor's page from an origin of its own and opens it. policy is its Content-Security-Policy, or empty.
// With %s the policy names the API's origin. Tests run beside one another: each has an API, a page and a tab of its own.
func open(t *testing.T, api *fakeAPI, body, policy string, before ...chromedp.Action[chromedp.Void]) page {
	t.Helper()
	page := fmt.Sprintf("<!doctype html><html lang=en><title>Advisor</title>"+
		"<meta name=viewport content='width=device-width'><script src=%q async></script>%s", api.URL+"/widget.js", body)
	return openWhole(t, api, page, policy, before...)
}

// openWhole is open for a page that is written out.
func openWhole(t *testing.T, api *fakeAPI, text, policy string, before ...chromedp.Action[chromedp.Void]) page {
	t.Helper()
	t.Parallel()
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if policy != "" {
			w.Header().Set("Content-Security-Policy", fmt.Sprintf(policy, api.URL))
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(host.Close)
	return visit(t, host.URL, before...)
}

// visit opens a page at an address, in a tab of its own.
func visit(t *testing.T, address string, before ...chromedp.Action[chromedp.Void]) page {
	t.Helper()
	tab, closeTab, err := chromium.Tab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeTab)
	var broken loads
	if err := chromedp.Listen(tab, broken.listen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			explain(t, tab)
			t.Log("loads that failed: ", broken.list())
		}
	})
	limited, stop := context.WithTimeout(tab, time.Minute)
	t.Cleanup(stop)
	p := page{Assessment: browser.NewAssessment(limited, 0), t: t, tab: limited, url: address}
	p.do(chromedp.Func(hurry))
	p.do(before...)
	p.must(browser.Open(p.tab, address))
	return p
}

// hurry shortens the widget's own waits to a twentieth, all but the limit of a request.
func hurry(ctx context.Context, _ *chromedp.Target) error {
	const script = "const wait = setTimeout; window.setTimeout = (then, time, ...rest) => wait(then, time < 20000 ? time / 20 : time, ...rest)"
	_, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	return err
}

// loads remembers what could not be loaded, and why.
type loads struct {
	mu     sync.Mutex
	failed []string
}

func (l *loads) listen(event any) {
	if failure, ok := event.(*network.EventLoadingFailed); ok {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed = append(l.failed, fmt.Sprint(failure.Type, " ", failure.ErrorText))
	}
}

func (l *loads) list() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.failed)
}

// explain logs what a page has loaded and what it shows, for whoever reads a failure.
func explain(t *testing.T, tab context.Context) {
	const state = `JSON.stringify({
		loaded: performance.getEntriesByType('resource').map(({ name, responseStatus, duration }) => [name, responseStatus, duration]),
		shown: document.querySelector('halo-assessment')?.shadowRoot?.textContent.slice(0, 300),
	})`
	limited, stop := context.WithTimeout(tab, 5*time.Second)
	defer stop()
	text, err := chromedp.Run(limited, chromedp.Evaluate[string](state))
	t.Log("the page: ", text, err)
}

func (p page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.must(chromedp.Do(p.tab, steps...))
}

func (p page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.shoot("failure")
		p.t.Fatal(err)
	}
}

// evaluate gives back the text of a JavaScript expression.
func (p page) evaluate(expression string) string {
	p.t.Helper()
	text, err := chromedp.Run(p.tab, chromedp.Evaluate[string]("String("+expression+")"))
	p.must(err)
	return text
}

// inside evaluates a method or property of the first node that a selector finds in the element.
func (p page) inside(selector, member string) string {
	p.t.Helper()
	return p.evaluate("(" + p.Path(selector) + ")?." + member)
}

// focused tells what has the focus: the name of an input, the action of a button, or the tag.
func (p page) focused() string {
	p.t.Helper()
	return p.evaluate(`(() => {
		const node = document.querySelector('halo-assessment').shadowRoot.activeElement;
		return node ? node.name || node.dataset.action || node.tagName : '';
	})()`)
}

// await waits until a JavaScript expression is true.
func (p page) await(expression string) {
	p.t.Helper()
	for p.evaluate(expression) != "true" {
		select {
		case <-p.tab.Done():
			p.t.Fatalf("%s did not come true: %v", expression, p.tab.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// rush answers step after step within the page and leaves the last one unsent: the way there, for tests of what comes
// after. Answers are as in browser.Assessment. It stops at a step that the page does not let it leave.
func (p page) rush(answers map[string]any) {
	p.t.Helper()
	p.run(answers, `for (;;) {
		const step = answer();
		if (step.dataset.step === 'contact') break;
		box.querySelector('[data-action="next"]').click();
		if (!step.hidden) break;
	}`)
}

// answerHere answers the step that is shown, within the page.
func (p page) answerHere(answers map[string]any) {
	p.t.Helper()
	p.run(answers, "answer()")
}

func (p page) run(answers map[string]any, script string) {
	p.t.Helper()
	p.must(p.Await("section[data-step]:not([hidden])"))
	text, err := json.Marshal(answers)
	p.must(err)
	p.evaluate(fmt.Sprintf("((box, answers) => { %s; %s })((%s), %s)", answerScript, script, p.Path(".card-box"), text))
}

// answerScript defines answer(), which answers the step that is shown and returns it.
const answerScript = `
	const tell = (node) => ['input', 'change'].forEach((type) => node.dispatchEvent(new Event(type, {bubbles: true})));
	const set = (name, value) => {
		for (const node of box.querySelectorAll('[name="' + name + '"]')) {
			if (node.type === 'radio' || node.type === 'checkbox') {
				const picked = (Array.isArray(value) ? value.length ? value : [''] : [value]).map(String).includes(node.value);
				if (node.checked === picked) continue;
				node.checked = picked;
			} else node.value = value;
			tell(node);
		}
	};
	const answer = () => {
		const step = box.querySelector('section[data-step]:not([hidden])');
		for (const { dataset: { question } } of step.querySelectorAll('[data-question]')) {
			const value = answers[question];
			if (value === undefined) continue;
			if (typeof value === 'object' && !Array.isArray(value))
				for (const [choice, share] of Object.entries(value)) set(question + '.' + choice, share);
			else set(question, value);
		}
		return step;
	}`

// send rushes to the end and sends.
func (p page) send(answers map[string]any) {
	p.t.Helper()
	p.rush(answers)
	p.must(p.Click("[data-action='submit']"))
}

// shoot saves a picture of the whole page when the variable WIDGET_PICTURES names a folder.
func (p page) shoot(name string) {
	p.t.Helper()
	folder := os.Getenv("WIDGET_PICTURES")
	if folder == "" {
		return
	}
	// The window grows to the page for the picture. (A picture beyond the window leaves Chromium unsure of where things are.)
	size, err := chromedp.Run(p.tab, chromedp.Evaluate[[]int64]("[innerWidth, innerHeight, document.documentElement.scrollHeight]"))
	if err != nil {
		p.t.Log(err)
		return
	}
	err = chromedp.Do(p.tab, chromedp.EmulateViewport(size[0], max(size[1], size[2])))
	var picture []byte
	if err == nil {
		picture, err = chromedp.Run(p.tab, chromedp.CaptureScreenshot())
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, filepath.Base(p.t.Name())+"-"+name+".png"), picture, 0o644)
	}
	if err == nil {
		err = chromedp.Do(p.tab, chromedp.EmulateViewport(size[0], size[1]))
	}
	if err != nil {
		p.t.Log(err)
	}
}
