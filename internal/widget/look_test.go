package widget_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"halo.dev/halo/test/axe"
)

// emulate sets the window and what the visitor's system prefers.
func emulate(width int64, scheme string) []chromedp.Action[chromedp.Void] {
	media := chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
	return []chromedp.Action[chromedp.Void]{chromedp.EmulateViewport(width, 800), media}
}

// checkLook fails for everything that axe-core finds, and for a page that is wider than its window.
func (p page) checkLook(where string) {
	p.t.Helper()
	report, err := axe.Look(p.tab)
	p.must(err)
	for _, flaw := range report.Violations {
		p.t.Errorf("%s: %s", where, flaw)
	}
	for _, flaw := range report.Unsure {
		p.t.Errorf("%s: axe-core cannot tell: %s", where, flaw)
	}
	if !slices.Contains(report.Passed, "color-contrast") {
		p.t.Errorf("%s: axe-core looked at no text", where)
	}
	if width := p.evaluate("document.scrollingElement.scrollWidth - innerWidth"); width != "0" {
		p.t.Errorf("%s: the page scrolls sideways by %s", where, width)
	}
}

// look is one way in which visitors see the widget.
type look struct {
	name         string
	width        int64
	scheme, lang string
	color        string
}

var looks = []look{
	{"a small phone, light", 320, "light", "en", "#0b6e4f"},
	{"a small phone, dark, in Spanish", 320, "dark", "es", "#0b6e4f"},
	{"a wide screen, light, a pale brand", 1000, "light", "en", "#ffe14d"},
	{"a wide screen, dark, a deep brand, in Spanish", 1000, "dark", "es", "#1a0b5e"},
}

// advisorsPage is a page in the look's language and colours, the widget in its main part.
func (l look) advisorsPage(t *testing.T, api *fakeAPI) page {
	t.Helper()
	api.colors = colorsOf(t, l.color)
	background := "#eef1f3"
	if l.scheme == "dark" {
		background = "#0d1115"
	}
	body := fmt.Sprintf("<style>body{margin:16px;background:%s} h1{position:absolute;clip-path:inset(50%%)}</style>"+
		"<body lang=%s><main><h1>%s</h1>%s</main>", background, l.lang, "Acme Planning", element)
	return open(t, api, body, "", emulate(l.width, l.scheme)...)
}

func TestEveryStepIsOpenToEveryoneAtEverySizeAndColour(t *testing.T) {
	for _, look := range looks {
		t.Run(look.name, func(t *testing.T) {
			api := newAPI(t)
			api.logo = logo
			p := look.advisorsPage(t, api)
			p.walk()
			p.must(p.Click("[data-action='submit']"))
			p.must(p.Await(".alert:not(:empty)"))
			p.shoot("8-problems")
			p.checkLook("with problems marked")
			p.send(person())
			_, err := p.Result()
			p.must(err)
			p.shoot("9-result")
			p.checkLook("the result")
			if lang := p.inside(".card-box", "lang"); lang != look.lang {
				t.Errorf("the language is %s", lang)
			}
		})
	}
}

// walk answers everything up to the last step, and looks at each step.
func (p page) walk() {
	p.t.Helper()
	p.must(p.Await(".logo canvas"))
	for number := 1; ; number++ {
		step, err := p.Step()
		p.must(err)
		p.answerHere(everything())
		p.shoot(fmt.Sprintf("%d-%s", number, step))
		p.checkLook("step " + step)
		if step == "contact" {
			return
		}
		p.must(p.Next())
	}
}

func TestEveryNoticeIsOpenToEveryone(t *testing.T) {
	away := answering(http.StatusServiceUnavailable, "")
	for _, look := range looks[:2] {
		t.Run(look.name, func(t *testing.T) {
			api := newAPI(t)
			api.sessionFaults = slices.Repeat([]http.HandlerFunc{away}, 4)
			api.submitFaults = slices.Repeat([]http.HandlerFunc{away}, 4)
			api.view = `{"status":"not_applicable","model_version":"open-halo-1.0.0","reason":"serious_illness"}`
			p := look.advisorsPage(t, api)
			settled := "[data-notice] [data-action='again']"
			for _, stage := range []struct {
				name, shown string
				then        func()
			}{
				{"no questions", settled, func() { p.must(p.Click(settled)) }},
				{"the first step", "section[data-step='about']", func() { p.rush(with(fewest(), map[string]any{"serious_illness": true})) }},
				{"the last step of a visitor who is ill", "section[data-step='contact']", func() { p.send(person()) }},
				{"no answer", settled, func() { p.must(p.Click(settled)) }},
				{"no numbers", "[data-result='not_applicable']", func() {
					p.evaluate("document.querySelector('halo-assessment').setAttribute('advisor', 'nobody')")
				}},
				{"not available", "[data-notice]", func() {}},
			} {
				p.must(p.Await(stage.shown))
				if stage.shown == settled { // the tries that nobody asks for are over
					p.waitFor(func() bool { return len(api.received()) >= 4 || api.faultsLeft() == 0 })
					p.await("!(" + p.Path("[data-notice]") + ").innerText.includes('…')")
				}
				p.shoot(stage.name)
				p.checkLook(stage.name)
				stage.then()
			}
		})
	}
}

func TestAColourThatIsNoneIsNotTaken(t *testing.T) {
	api := newAPI(t)
	api.colors = map[string]map[string]string{"light": {"accent": "red;}body{display:none", "on": "url(x)"}}
	p := open(t, api, element, "", emulate(640, "light")...)
	p.must(p.Await("section[data-step='about']"))
	for property, want := range map[string]string{"backgroundColor": "rgb(31, 95, 139)"} {
		if got := p.evaluate(fmt.Sprintf("getComputedStyle(%s)[%q]", p.Path("[data-action='next']"), property)); got != want {
			t.Errorf("%s of the button is %s", property, got)
		}
	}
	if shown := p.evaluate("getComputedStyle(document.body).display"); shown != "block" {
		t.Errorf("the page's body is %s", shown)
	}
}

// TestNothingMoves: no animation and no transition, so that who asks for less motion gets it.
func TestNothingMoves(t *testing.T) {
	p := open(t, newAPI(t), element, "")
	p.must(p.Await("section[data-step='about']"))
	p.must(p.Answer("sex", "male"))
	moving := p.evaluate(`[...(` + p.Path(".card-box") + `).querySelectorAll('*')].map((node) => [node.tagName, getComputedStyle(node)])
		.filter(([, style]) => style.transitionDuration !== '0s' || style.animationName !== 'none' || style.scrollBehavior !== 'auto')
		.map(([name]) => name).join()`)
	if moving != "" {
		t.Errorf("these move: %s", moving)
	}
	if running := p.evaluate("document.getAnimations().length"); running != "0" {
		t.Errorf("%s animations run", running)
	}
}
