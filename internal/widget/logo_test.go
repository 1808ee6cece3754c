package widget_test

import (
	"fmt"
	"testing"
)

// logo is a picture of 64 by 32 pixels, all of rgb(11, 110, 79).
const logo = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAAAgCAYAAACinX6EAAAAQUlEQVR42u3QMQEAAAQAML9wmuj/0YMdK7DIrvksBAgQIECAAAECBAgQIECAAAECBAgQIECAAAECBAgQIECAgPsWDho40zpVQXkAAAAASUVORK5CYII="

func TestTheLogoIsShownWithoutALoadThatAPolicyCouldForbid(t *testing.T) {
	const policy = "default-src 'none'; script-src %[1]s; connect-src %[1]s"
	api := newAPI(t)
	api.logo = logo
	p := open(t, api, element, policy)
	p.must(p.Await(".logo canvas"))
	p.await("(" + p.Path(".logo canvas") + ").getBoundingClientRect().height > 20")
	pixel := p.evaluate(`(() => {
		const copy = document.createElement('canvas').getContext('2d');
		copy.drawImage(` + p.Path(".logo canvas") + `, 0, 0);
		return copy.getImageData(32, 16, 1, 1).data.join();
	})()`)
	if pixel != "11,110,79,255" {
		t.Errorf("its middle is %s", pixel)
	}
	if name := p.inside(".logo canvas", "ariaLabel"); name != "Acme Planning" {
		t.Errorf("a screen reader says %q", name)
	}
	p.send(with(fewest(), person()))
	_, err := p.Result()
	p.must(err)
	p.must(p.Await("[data-result] .logo canvas"))
}

func TestALogoThatCannotBeReadLeavesTheName(t *testing.T) {
	for i, broken := range []string{"data:image/png;base64,AAAA", "data:image/png;base64,*", "nothing"} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			api := newAPI(t)
			api.logo = broken
			p := open(t, api, `<script>window.broken = []; addEventListener('unhandledrejection', ({reason}) => broken.push(reason));</script>`+element, "")
			p.must(p.Await("section[data-step='about']"))
			if text, _ := p.Text(".firm"); text != "Acme Planning" {
				t.Errorf("the firm reads %q", text)
			}
			if said := p.evaluate("broken.join()"); said != "" {
				t.Errorf("unhandled: %s", said)
			}
		})
	}
}
