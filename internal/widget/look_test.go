package widget_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// emulate sets the window and what the visitor's system prefers.
func emulate(width int64, scheme string) []chromedp.Action[chromedp.Void] {
	media := chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
	return []chromedp.Action[chromedp.Void]{chromedp.EmulateViewport(width, 800), media}
}

// flaws is a script that looks at all that the element shows and lists what a visitor could not read, hit or reach:
// text of less contrast than WCAG 2.2 AA asks for, targets under 24 pixels, anything wider than the page.
const flaws = `(() => {
	const root = document.querySelector('halo-assessment').shadowRoot;
	const found = [];
	const parts = (text) => {
		const numbers = text.match(/[\d.]+/g).map(Number);
		return text.startsWith('color(srgb') ? [...numbers.slice(0, 3).map((n) => n * 255), numbers[3] ?? 1] : [...numbers.slice(0, 3), numbers[3] ?? 1];
	};
	const luminance = (color) => {
		const [r, g, b] = color.slice(0, 3).map((n) => (n /= 255) <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = (node) => {
		for (; node; node = node.parentElement) {
			const color = parts(getComputedStyle(node).backgroundColor);
			if (color[3] === 1) return color;
		}
		return [255, 255, 255, 1];
	};
	const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
	let seen = 0;
	while (texts.nextNode()) {
		const { parentElement: node, data } = texts.currentNode;
		if (!data.trim() || !node.checkVisibility() || node.tagName === 'OPTION') continue;
		seen++;
		const style = getComputedStyle(node);
		const ink = parts(node.namespaceURI.endsWith('svg') ? style.fill : style.color);
		const [low, high] = [luminance(ink), luminance(behind(node))].sort((a, b) => a - b);
		const contrast = (high + 0.05) / (low + 0.05);
		if (contrast < 4.5) found.push('contrast ' + contrast.toFixed(2) + ': ' + data.slice(0, 40));
	}
	if (!seen) found.push('no text at all');
	for (const node of root.querySelectorAll('button, input, select, a')) {
		if (!node.checkVisibility()) continue;
		const { width, height } = (node.closest('label.card') ?? node).getBoundingClientRect();
		if (width < 24 || height < 24) found.push('target ' + width + ' x ' + height + ': ' + (node.name || node.textContent));
	}
	if (document.scrollingElement.scrollWidth > innerWidth) found.push('the page scrolls sideways: ' + document.scrollingElement.scrollWidth);
	return JSON.stringify(found);
})()`

func (p page) checkLook(where string) {
	p.t.Helper()
	var found []string
	if err := json.Unmarshal([]byte(p.evaluate(flaws)), &found); err != nil {
		p.t.Fatal(err)
	}
	for _, flaw := range found {
		p.t.Errorf("%s: %s", where, flaw)
	}
}

func TestEveryStepIsReadableAndFitsAtEverySizeAndColour(t *testing.T) {
	for _, look := range []struct {
		name   string
		width  int64
		scheme string
		color  string
	}{
		{"a small phone, light", 320, "light", "#0b6e4f"},
		{"a small phone, dark", 320, "dark", "#0b6e4f"},
		{"a wide screen, light, a pale brand", 1000, "light", "#ffe14d"},
		{"a wide screen, dark, a deep brand", 1000, "dark", "#1a0b5e"},
		{"a wide screen, light", 1000, "light", "#0b6e4f"},
		{"no colour at all", 640, "light", "red;}body{display:none"},
	} {
		t.Run(look.name, func(t *testing.T) {
			api := newAPI(t)
			api.color = look.color
			background := "#eef1f3"
			if look.scheme == "dark" {
				background = "#0d1115"
			}
			body := fmt.Sprintf("<style>body{margin:16px;background:%s}</style>", background) + element
			p := open(t, api, body, "", emulate(look.width, look.scheme)...)
			p.walk()
			p.must(p.Click("[data-action='submit']"))
			p.must(p.Await(".alert:not(:empty)"))
			p.shoot("8-problems")
			p.checkLook("with problems marked")
			for question, value := range person() {
				p.must(p.Answer(question, value))
			}
			p.must(p.Click("[data-action='submit']"))
			_, err := p.Result()
			p.must(err)
			p.shoot("9-result")
			p.checkLook("the result")
		})
	}
}

// walk answers everything up to the last step, and looks at each.
func (p page) walk() {
	p.t.Helper()
	answers := everything()
	for number := 1; ; number++ {
		p.must(p.Await("section[data-step]:not([hidden])"))
		questions, err := p.Questions()
		p.must(err)
		for _, question := range questions {
			if value, ok := answers[question]; ok {
				p.must(p.Answer(question, value))
			}
		}
		step, err := p.Step()
		p.must(err)
		p.shoot(fmt.Sprintf("%d-%s", number, step))
		p.checkLook("step " + step)
		if step == "contact" {
			return
		}
		p.must(p.Next())
	}
}
