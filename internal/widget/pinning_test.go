package widget_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"halo.dev/halo/internal/widget"
)

func TestAPageCanPinTheScript(t *testing.T) {
	const policy = "default-src 'none'; script-src %[1]s; connect-src %[1]s; require-trusted-types-for 'script'; trusted-types 'none'"
	newest := widget.Newest()
	for _, test := range []struct {
		name, integrity string
		loads           bool
	}{
		{"to what it is", newest.Integrity, true},
		{"to something else", widget.NewVersion(append(newest.Text, ' ')).Integrity, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := newAPI(t)
			text := fmt.Sprintf("<!doctype html><html lang=en><title>Advisor</title>"+
				"<script src='%s/widget/%s.js' integrity=%q crossorigin=anonymous></script>%s", api.URL, newest.Hash, test.integrity, element)
			p := openWhole(t, api, text, policy, chromedp.Func(listenForViolations))
			if !test.loads {
				p.await("document.readyState === 'complete'")
				if defined := p.evaluate("!!customElements.get('halo-assessment')"); defined != "false" {
					t.Error("another script than the pinned one ran")
				}
				return
			}
			p.must(p.Await("section[data-step='about']"))
			if violations := p.evaluate("window.violations.join()"); violations != "" {
				t.Errorf("violations of the page's policy: %s", violations)
			}
		})
	}
}
