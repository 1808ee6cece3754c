package widget_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"

	"github.com/chromedp/chromedp"
)

func TestAnswersThatMeetADeadLineAreSentAgainWithTheSameToken(t *testing.T) {
	busy := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "2")
		answering(http.StatusTooManyRequests, "")(w, r)
	}
	for _, test := range []struct {
		name  string
		fault http.HandlerFunc
	}{
		{"the connection breaks within the answer", cutShort},
		{"the database is away", answering(http.StatusServiceUnavailable, "")},
		{"a proxy cannot reach the server", answering(http.StatusBadGateway, "")},
		{"too many visitors at once", busy},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := newAPI(t)
			seen := make(chan struct{}) // the second try is answered when the visitor's page was looked at
			look := sync.OnceFunc(func() { close(seen) })
			defer look()
			api.submitFaults = []http.HandlerFunc{test.fault, func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-seen:
				case <-r.Context().Done():
				}
				_, _ = io.WriteString(w, okView)
			}}
			p := open(t, api, element, "")
			p.send(with(fewest(), person()))
			p.must(p.Await("[data-notice]"))
			p.shoot("away")
			if text, _ := p.Text("[data-notice]"); !strings.Contains(text, "Your answers are safe on this page.") {
				t.Errorf("the visitor reads %q", text)
			}
			if inert := p.inside("form", "inert"); inert != "true" {
				t.Error("answers can be changed while nobody knows whether they were kept")
			}
			look()
			_, err := p.Result() // nobody pressed anything
			p.must(err)
			posts := api.received()
			if len(posts) != 2 || posts[0].Token != posts[1].Token {
				t.Errorf("posts: %+v", posts)
			}
		})
	}
}

func TestTheVisitorCanTryAgainAtOnce(t *testing.T) {
	api := newAPI(t)
	slow := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "60")
		answering(http.StatusServiceUnavailable, "")(w, r)
	}
	api.submitFaults = []http.HandlerFunc{slow, slow, slow, slow, slow}
	p := open(t, api, element, "")
	p.send(with(fewest(), person()))
	for sent := 1; sent <= 5; sent++ {
		p.waitFor(func() bool { return len(api.received()) == sent })
		p.must(p.Await("[data-action='again']"))
		if sent == 4 {
			p.await("(" + p.Path("[data-notice]") + ").innerText.includes('check your connection')")
		}
		p.wantFocus("again")
		p.must(p.Click("[data-action='again']"))
	}
	_, err := p.Result()
	p.must(err)
	for _, post := range api.received() {
		if post.Token != "token-1" {
			t.Errorf("a try went out with %s", post.Token)
		}
	}
}

// waitFor waits for something outside the page.
func (p page) waitFor(condition func() bool) {
	p.t.Helper()
	for !condition() {
		select {
		case <-p.tab.Done():
			p.t.Fatal("waited in vain: ", p.tab.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestATokenThatRanOutIsReplacedAndTheVisitorNoticesNothing(t *testing.T) {
	for _, test := range []struct {
		name     string
		expires  time.Duration
		faults   []http.HandlerFunc
		tokens   []string
		sessions int
	}{
		{"by the page's own clock", time.Second, nil, []string{"token-2"}, 2},
		{"by the server's word", time.Hour, []http.HandlerFunc{answering(http.StatusForbidden, "")}, []string{"token-1", "token-2"}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := newAPI(t)
			api.expires, api.submitFaults = test.expires, test.faults
			p := open(t, api, element, "")
			p.send(with(fewest(), person()))
			_, err := p.Result()
			p.must(err)
			var tokens []string
			for _, post := range api.received() {
				tokens = append(tokens, post.Token)
			}
			if strings.Join(tokens, " ") != strings.Join(test.tokens, " ") || api.sessions != test.sessions {
				t.Errorf("tokens %q, %d sessions", tokens, api.sessions)
			}
			if !slices.Equal(api.renewed, []string{"token-1"}) {
				t.Errorf("the server was not told which token is renewed: %q", api.renewed)
			}
		})
	}
}

// warnings collects what the page says to its developer.
const warnings = `<script>window.said = []; console.warn = (text) => said.push(text);</script>`

func TestAPageThatIsNotLetInShowsAKindWordAndTellsItsDeveloper(t *testing.T) {
	for _, test := range []struct {
		name    string
		body    string
		refused bool
		warning string
	}{
		{"its origin is not on the list", element, true, "allowedOrigins"},
		{"its advisor is unknown", `<halo-assessment advisor="nobody"></halo-assessment>`, false, "check the advisor attribute"},
		{"it names no advisor", `<halo-assessment></halo-assessment>`, false, "check the advisor attribute"},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := newAPI(t)
			api.refused = test.refused
			p := open(t, api, warnings+test.body, "")
			p.await("(" + p.Path("[data-notice]") + ")?.innerText.startsWith('Not available here')")
			p.shoot("notice")
			if step, _ := p.Step(); step != "" {
				t.Errorf("questions are shown: %s", step)
			}
			if text, _ := p.Text("[data-notice]"); strings.Contains(text, "origin") {
				t.Errorf("the visitor reads %q", text)
			}
			if said := p.evaluate("said.join()"); !strings.Contains(said, test.warning) {
				t.Errorf("the developer reads %q", said)
			}
		})
	}
}

func TestQuestionsThatCannotBeLoadedAreAskedForAgain(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults []http.HandlerFunc
	}{
		{"the server cannot, once", []http.HandlerFunc{answering(http.StatusServiceUnavailable, "")}},
		{"the server cannot, for a while", slices.Repeat([]http.HandlerFunc{answering(http.StatusServiceUnavailable, "")}, 3)},
		{"the line breaks twice", []http.HandlerFunc{cutShort, cutShort}},
		{"the line breaks, and then the server cannot", []http.HandlerFunc{cutShort, answering(http.StatusTooManyRequests, ""), cutShort}},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := newAPI(t)
			api.sessionFaults = test.faults
			p := open(t, api, element, "")
			p.must(p.Await("[data-notice]"))
			p.must(p.Await("section[data-step='about']"))
			if shown, _ := p.Has("[data-notice]"); shown {
				t.Error("the notice stays")
			}
		})
	}
}

func TestAPageWithAStrictPolicyShowsTheWidgetInFull(t *testing.T) {
	const policy = "default-src 'none'; script-src %[1]s; connect-src %[1]s; require-trusted-types-for 'script'; trusted-types 'none'"
	api := newAPI(t)
	p := open(t, api, element, policy, chromedp.Func(listenForViolations))
	p.must(p.Complete(with(everything(), person())))
	_, err := p.Result()
	p.must(err)
	if color := p.inside("[data-result]", "parentElement && getComputedStyle(("+p.Path(".card-box")+")).borderRadius"); color != "16px" {
		t.Errorf("the style sheet is not there: %s", color)
	}
	if width := p.evaluate("(" + p.Path("[data-chance='90'] .meter i") + ").getBoundingClientRect().width > 10"); width != "true" {
		t.Error("the bar of a chance has no length")
	}
	if violations := p.evaluate("window.violations.join()"); violations != "" {
		t.Errorf("violations of the page's policy: %s", violations)
	}
}

// listenForViolations makes the page remember every breach of its policy, from its first moment.
func listenForViolations(ctx context.Context, _ *chromedp.Target) error {
	const script = "window.violations = []; document.addEventListener('securitypolicyviolation', " +
		"(event) => violations.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample))"
	_, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	return err
}
