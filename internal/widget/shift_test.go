package widget_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// watchShifts makes a page add up how far its content jumps without the visitor having done anything just before: the
// layout shifts of which web vitals make their score.
func watchShifts(ctx context.Context, _ *chromedp.Target) error {
	const script = `window.shifts = []; new PerformanceObserver((list) => list.getEntries().forEach(({value, hadRecentInput}) => {
		if (!hadRecentInput) shifts.push(value);
	})).observe({type: 'layout-shift', buffered: true})`
	_, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	return err
}

// shifted is the sum so far, of all that has been painted.
func (p page) shifted() float64 {
	p.t.Helper()
	_, err := chromedp.Run(p.tab, chromedp.Evaluate[bool]("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))",
		chromedp.EvalAwaitPromise))
	p.must(err)
	sum, err := strconv.ParseFloat(p.evaluate("shifts.reduce((a, b) => a + b, 0)"), 64)
	p.must(err)
	return sum
}

func TestTheAdvisorsPageDoesNotJump(t *testing.T) {
	// room is the line of docs/widget.md that gives the element its height before the script is there.
	const room = "<style>halo-assessment:not(:defined) { display: block; min-height: max(79rem, 130rem - 150vw); }</style>"
	for _, test := range []struct {
		name        string
		width       int64
		lang        string
		head, inner string
		jumps       bool
	}{
		{"the script in its place, wide", 1000, "en", "", "<script src=%q></script>", false},
		{"the script in its place, a phone, in Spanish", 320, "es", "", "<script src=%q></script>", false},
		{"room kept for a late script, wide, in Spanish", 1000, "es", room + "<script src=%q async></script>", "", false},
		{"room kept for a late script, a phone", 390, "en", room + "<script src=%q async></script>", "", false},
		{"no room kept: the measure sees it", 390, "en", "<script src=%q async></script>", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := newAPI(t)
			api.latency, api.logo = 200*time.Millisecond, logo
			script := api.URL + "/widget.js"
			fill := func(text string) string {
				if text == "" {
					return ""
				}
				return fmt.Sprintf(text, script)
			}
			text := fmt.Sprintf("<!doctype html><html lang=%s><title>Advisor</title><meta name=viewport content='width=device-width'>%s"+
				"<p>Above</p>%s%s<p>Below</p>", test.lang, fill(test.head), element, fill(test.inner))
			before := append(emulate(test.width, "light"), chromedp.Func(watchShifts))
			p := openWhole(t, api, text, "", before...)
			p.must(p.Await(".logo canvas"))
			if sum := p.shifted(); (sum > 0) != test.jumps {
				t.Fatalf("while loading, the page jumps by %v", sum)
			}
			if test.jumps {
				return
			}
			p.must(p.Complete(with(fewest(), person())))
			_, err := p.Result()
			p.must(err)
			if sum := p.shifted(); sum != 0 {
				t.Errorf("on the way to the result, the page jumps by %v", sum)
			}
		})
	}
}
