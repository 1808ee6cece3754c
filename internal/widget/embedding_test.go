package widget_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// hostile are style rules that advisors' pages really have.
const hostile = `<style>
	html { font-size: 62.5%; }
	* { letter-spacing: 3px; text-transform: uppercase; }
	body { color: #f0f; font: italic 30px serif; text-align: right; line-height: 3; }
	input, button, fieldset { display: none !important; }
</style>`

func TestThePagesStyleStaysOutAndTheWidgetsStaysIn(t *testing.T) {
	p := open(t, newAPI(t), hostile+`<h2 id="own">Own heading</h2><button id="press" style="display:inline !important">Own</button>`+element, "")
	p.must(p.Await("section[data-step='about']"))
	for _, test := range []struct{ selector, property, want string }{
		{".lead", "fontSize", "16px"},
		{".lead", "fontStyle", "normal"},
		{".lead", "textTransform", "none"},
		{".lead", "letterSpacing", "normal"},
		{".lead", "textAlign", "start"},
		{"[name='age']", "display", "block"},
	} {
		got := p.evaluate(fmt.Sprintf("getComputedStyle(%s)[%q]", p.Path(test.selector), test.property))
		if got != test.want {
			t.Errorf("%s of %s is %s", test.property, test.selector, got)
		}
	}
	if got := p.evaluate("getComputedStyle(document.querySelector('#own')).fontWeight + getComputedStyle(document.querySelector('#press')).minHeight"); got != "7000px" {
		t.Errorf("the page's own heading and button became %s", got)
	}
}

func TestAPageCanThemeTheWidget(t *testing.T) {
	const themed = `<style>halo-assessment { --halo-accent: rgb(1, 2, 3); --halo-radius: 0px; --halo-font: monospace; }</style>` +
		`<halo-assessment advisor="planning" theme="dark" privacy="https://www.acme.example/privacy"></halo-assessment>`
	p := open(t, newAPI(t), themed, "")
	p.must(p.Await("section[data-step='about']"))
	for _, test := range []struct{ selector, property, want string }{
		{"[data-action='next']", "backgroundColor", "rgb(1, 2, 3)"},
		{".card-box", "borderRadius", "0px"},
		{".card-box", "fontFamily", "monospace"},
		{".card-box", "backgroundColor", "rgb(22, 28, 34)"},
	} {
		got := p.evaluate(fmt.Sprintf("getComputedStyle(%s)[%q]", p.Path(test.selector), test.property))
		if got != test.want {
			t.Errorf("%s of %s is %s", test.property, test.selector, got)
		}
	}
	if link := p.inside("a", "href"); link != "https://www.acme.example/privacy" {
		t.Errorf("the privacy link leads to %s", link)
	}
}

func TestOnlyAWebAddressBecomesThePrivacyLink(t *testing.T) {
	p := open(t, newAPI(t), `<halo-assessment advisor="planning" privacy="javascript:alert(1)"></halo-assessment>`, "")
	p.must(p.Await("section[data-step='about']"))
	if link := p.inside("a", "href"); link != "undefined" {
		t.Errorf("the privacy link leads to %s", link)
	}
}

func TestTextOfTheServerNeverBecomesMarkup(t *testing.T) {
	api := newAPI(t)
	api.name = `<img src=x onerror="window.broken=1"><b id=bold>Acme</b>`
	p := open(t, api, element, "")
	p.must(p.Await("section[data-step='about']"))
	if got := p.inside(".firm", "textContent"); got != api.name {
		t.Errorf("the firm's name reads %q", got)
	}
	if got := p.inside("#bold, img", "tagName"); got != "undefined" {
		t.Errorf("the firm's name made a node %s", got)
	}
}

func TestAnotherAdvisorInTheAttributeStartsAnew(t *testing.T) {
	api := newAPI(t)
	p := open(t, api, `<halo-assessment advisor="nobody"></halo-assessment>`, "")
	p.must(p.Await("[data-notice]"))
	p.evaluate("document.querySelector('halo-assessment').setAttribute('advisor', 'planning')")
	p.must(p.Await("section[data-step='about']"))
	p.evaluate("(() => { const node = document.querySelector('halo-assessment'); node.remove(); document.body.append(node); })()")
	if step, _ := p.Step(); step != "about" || api.sessions != 1 {
		t.Errorf("after moving the element: step %q, %d sessions", step, api.sessions)
	}
}

func TestTheScriptMayBeOnThePageTwice(t *testing.T) {
	api := newAPI(t)
	p := open(t, api, fmt.Sprintf("%s<script src=%q></script>%s", element, api.URL+"/widget.js", warnings), "")
	p.must(p.Await("section[data-step='about']"))
	p.do(chromedp.Reload())
	p.must(p.Await("section[data-step='about']"))
	if said := p.evaluate("said.join()"); said != "" {
		t.Errorf("the page's developer reads %q", said)
	}
}
