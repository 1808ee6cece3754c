package browser

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// form is a page with an element that is built like the widget, as small as can be.
const form = `<!doctype html><halo-assessment></halo-assessment><script>
	const root = document.querySelector('halo-assessment').attachShadow({mode: 'open'});
	const input = document.createElement('input');
	input.name = 'age';
	input.value = '67';
	const question = document.createElement('p');
	question.dataset.question = 'age';
	question.append(input);
	const step = document.createElement('section');
	step.dataset.step = 'contact';
	step.append(question);
	root.append(step);
</script>`

// tab starts a browser and opens the form in it over TLS, with the server's key trusted or not.
func tab(t *testing.T, trusted bool) (context.Context, *Browser, error) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(form))
	}))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "https://")
	options := Options{HostResolverRules: "MAP acme.example:443 " + address}
	if trusted {
		options.TrustedKeys = []string{KeyPin(server.Certificate())}
	}
	b, err := Start(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	page, closeTab, err := b.Tab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeTab)
	limited, stop := context.WithTimeout(page, 20*time.Second)
	t.Cleanup(stop)
	return limited, b, Open(limited, "https://acme.example/")
}

func TestANameLeadsToTheMappedServerWhoseKeyIsTrusted(t *testing.T) {
	page, b, err := tab(t, true)
	if err != nil {
		t.Fatal(err)
	}
	a := NewAssessment(page, 0)
	if err := a.Answer("age", 71); err != nil {
		t.Fatal(err)
	}
	value, err := chromedp.Run(page, chromedp.Evaluate[string](a.Path("[name='age']")+".value"))
	if err != nil || value != "71" {
		t.Errorf("the input holds %q, %v", value, err)
	}
	if step, err := a.Step(); err != nil || step != "contact" {
		t.Errorf("step %q, %v", step, err)
	}
	if err := a.Answer("height", "tall"); err == nil || !strings.Contains(err.Error(), "no such question") {
		t.Errorf("a question that is not there: %v", err)
	}
	if err := a.Answer("age", struct{}{}); err == nil || !strings.Contains(err.Error(), "is no answer") {
		t.Errorf("a value of no known type: %v", err)
	}
	if err := a.Complete(map[string]any{"age": 70, "height": 70}); err == nil || !strings.Contains(err.Error(), "1 answers") {
		t.Errorf("an answer that nobody asked for: %v", err)
	}
	soon, stop := context.WithTimeout(page, 100*time.Millisecond)
	defer stop()
	if err := NewAssessment(soon, 0).Await("[data-result]"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for what does not come: %v", err)
	}
	b.Close()
	if _, err := os.Stat(b.profile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the profile outlives the browser: %v", err)
	}
}

func TestAKeyThatNobodyTrustsIsRefused(t *testing.T) {
	if _, _, err := tab(t, false); err == nil || !strings.Contains(err.Error(), "ERR_CERT") {
		t.Errorf("the page opened, or failed for another reason: %v", err)
	}
}

func TestAPageIsLoadedAgainWhileTheNetworkChanges(t *testing.T) {
	type load struct {
		changed bool
		err     error
	}
	dead := &chromedp.LoadError{ErrorText: "net::ERR_CONNECTION_REFUSED"}
	for _, test := range []struct {
		name  string
		loads []load
		want  string
	}{
		{"quiet from the start", []load{{}}, ""},
		{"a script was lost", []load{{changed: true}, {}}, ""},
		{"the page itself was lost", []load{{true, &chromedp.LoadError{ErrorText: networkChanged}}, {true, nil}, {}}, ""},
		{"another reason", []load{{false, dead}}, "ERR_CONNECTION_REFUSED"},
		{"another reason after a change", []load{{changed: true}, {true, dead}}, "ERR_CONNECTION_REFUSED"},
		{"never quiet", slices.Repeat([]load{{changed: true}}, mostTries), "each of 10 times"},
	} {
		t.Run(test.name, func(t *testing.T) {
			done := 0
			err := untilQuiet(func() (bool, error) {
				now := test.loads[done]
				done++
				return now.changed, now.err
			})
			if done != len(test.loads) {
				t.Errorf("%d loads, want %d", done, len(test.loads))
			}
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
