package platform

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle []byte

// Page is the website of an advice firm: a page with the one script tag and the
// one element that the widget wants. Its Content-Security-Policy is as strict
// as a careful firm's: scripts and connections to the tenant's host only, no
// inline script or style, Trusted Types required.
type Page struct {
	Firm    string
	Widget  string // URL of the tenant's widget.js
	Advisor string
}

// Handler serves the page at / and its style sheet.
func (p Page) Handler() (http.Handler, error) {
	parsed, err := template.New("page").Parse(pageSource)
	if err != nil {
		return nil, fmt.Errorf("parsing the advisor's page: %w", err)
	}
	widget, err := url.Parse(p.Widget)
	if err != nil {
		return nil, fmt.Errorf("the widget's URL: %w", err)
	}
	host := widget.Scheme + "://" + widget.Host
	policy := fmt.Sprintf("default-src 'none'; style-src 'self'; script-src %s; connect-src %s; require-trusted-types-for 'script'; base-uri 'none'; form-action 'none'", host, host)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		_ = parsed.Execute(w, p) // the visitor has gone when this fails
	})
	mux.HandleFunc("GET /page.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(pageStyle)
	})
	return mux, nil
}
