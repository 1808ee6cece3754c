package platform

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPageAllowsOnlyTheTenantsHost(t *testing.T) {
	handler, err := Page{Firm: `Acme <&> "Planning"`, Widget: "https://halo.acme.test:8443/widget.js", Advisor: "planning"}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	policy := recorder.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src https://halo.acme.test:8443;", "connect-src https://halo.acme.test:8443;", "require-trusted-types-for 'script'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("Content-Security-Policy %q lacks %q", policy, want)
		}
	}
	body := recorder.Body.String()
	for _, want := range []string{`<script src="https://halo.acme.test:8443/widget.js" async></script>`, `<halo-assessment advisor="planning">`, `Acme &lt;&amp;&gt; &#34;Planning&#34;`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
	if strings.Contains(body, "style=") || strings.Contains(body, "<style") {
		t.Error("the page has an inline style, which its own policy forbids")
	}
}
