package widget_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// keys presses keys one after the other on whatever has the focus.
func (p page) keys(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		p.do(chromedp.KeyEvent(key))
	}
}

// wantFocus fails unless a node of this name, action or tag has the focus.
func (p page) wantFocus(want string) {
	p.t.Helper()
	if got := p.focused(); got != want {
		p.t.Fatalf("the focus is on %q, not on %q", got, want)
	}
}

func TestTheWholeWayWorksByKeyboardAlone(t *testing.T) {
	api := newAPI(t)
	p := open(t, api, element, "")
	p.must(p.Await("section[data-step='about']"))
	if got := p.focused(); got != "" {
		t.Errorf("the widget took the focus of the page: %q", got)
	}
	p.keys(kb.Tab)
	p.wantFocus("sex")
	p.keys(" ", kb.ArrowDown, kb.Tab) // male, then female
	p.wantFocus("age")
	p.keys("62", kb.Tab)
	p.wantFocus("serious_illness")
	p.keys(kb.ArrowUp) // from nothing to the last: no
	p.keys(kb.Enter)   // anywhere sends the step
	for _, step := range []string{"body", "habits", "health", "family", "plans", "contact"} {
		p.must(p.Await("section[data-step='" + step + "']"))
		p.wantFocus("H2")
		if step != "contact" {
			p.tabTo("next")
			p.keys(kb.Enter)
		}
	}
	p.keys(kb.Tab, "Ada", kb.Tab, "Lovelace", kb.Tab, "ada@visitor.example", kb.Tab)
	p.wantFocus("consent")
	p.keys(" ")
	p.tabTo("back")
	p.keys(kb.Enter)
	p.must(p.Await("section[data-step='plans']"))
	p.wantFocus("H2")
	p.tabTo("next")
	p.keys(kb.Enter)
	p.tabTo("submit")
	p.keys(kb.Enter)
	_, err := p.Result()
	p.must(err)
	p.wantFocus("H2")
	if title := p.inside("h2", "textContent"); title != "Your outlook" {
		t.Errorf("the focus is on the heading %q", title)
	}
	post := api.received()[0]
	if post.Body.Person["first_name"] != "Ada" || !post.Body.Consent {
		t.Errorf("sent %+v", post.Body)
	}
	sameAnswers(t, with(fewest(), map[string]any{"doctor_visits": "average", "retirement_age": 67, "retirement_state": "US"}), post.Body.Answers)
}

// tabTo presses Tab until the focus is there.
func (p page) tabTo(want string) {
	p.t.Helper()
	for range 40 {
		if p.focused() == want {
			return
		}
		p.keys(kb.Tab)
	}
	p.t.Fatalf("no Tab leads to %q", want)
}

func TestEveryControlHasANameForAssistiveTechnology(t *testing.T) {
	p := open(t, newAPI(t), element, "")
	p.must(p.Await("section[data-step='about']"))
	nameless := p.evaluate(`[...document.querySelector('halo-assessment').shadowRoot.querySelectorAll('input, select')]
		.filter((node) => !node.labels.length || !node.labels[0].textContent.trim()).map((node) => node.name).join()`)
	if nameless != "" {
		t.Errorf("controls without a label: %s", nameless)
	}
	ungrouped := p.evaluate(`[...document.querySelector('halo-assessment').shadowRoot.querySelectorAll('[type=radio]')]
		.filter((node) => !node.closest('fieldset[role=radiogroup]')?.querySelector('legend').textContent.trim()).map((node) => node.name).join()`)
	if ungrouped != "" {
		t.Errorf("radio buttons without a group: %s", ungrouped)
	}
	doubled := p.evaluate(`(() => {
		const ids = [...document.querySelector('halo-assessment').shadowRoot.querySelectorAll('[id]')].map((node) => node.id);
		return ids.filter((id, i) => ids.indexOf(id) !== i).join();
	})()`)
	if doubled != "" {
		t.Errorf("ids used twice: %s", doubled)
	}
}
