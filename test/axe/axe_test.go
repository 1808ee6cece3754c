package axe

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/browser"
)

// show opens a page whose body holds markup, under a policy that forbids every script.
func show(t *testing.T, body string) context.Context {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; require-trusted-types-for 'script'")
		_, _ = fmt.Fprintf(w, "<!doctype html><html lang=en><title>A page</title><main><h1>Heading</h1>%s</main>", body)
	}))
	t.Cleanup(server.Close)
	chromium, err := browser.Start(context.Background(), browser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(chromium.Close)
	tab, closeTab, err := chromium.Tab()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeTab)
	limited, stop := context.WithTimeout(tab, time.Minute)
	t.Cleanup(stop)
	if err := browser.Open(limited, server.URL); err != nil {
		t.Fatal(err)
	}
	return limited
}

func TestFlawsAreFoundInShadowTreesToo(t *testing.T) {
	tab := show(t, `<p style="color:#aaa">pale</p><div><template shadowrootmode="open"><input></template></div>
		<p><button style="width:9px;height:9px;padding:0" aria-label="one"></button><button style="width:9px;height:9px;padding:0" aria-label="two"></button></p>`)
	report, err := Look(tab)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{"color-contrast", "label", "target-size"} {
		if !slices.ContainsFunc(report.Violations, func(line string) bool { return strings.HasPrefix(line, rule+" at ") }) {
			t.Errorf("%s was not found among %q", rule, report.Violations)
		}
	}
}

func TestAGoodPageHasNoFlawsAndWasLookedAt(t *testing.T) {
	report, err := Look(show(t, "<label>Age <input></label><p><button style=display:block>Send</button>"))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Violations) > 0 || !slices.Contains(report.Passed, "label") || !slices.Contains(report.Passed, "target-size") {
		t.Errorf("%+v", report)
	}
}
