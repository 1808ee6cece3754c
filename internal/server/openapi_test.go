package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/server"
	"halo.dev/halo/internal/widget"
)

// description is the served document, read by a library that is not ours.
type description struct {
	document *openapi3.T
	router   routers.Router
}

// describe asks a server for its document once; every answer of every test is
// then held to it.
var describe = sync.OnceValues(func() (*description, error) {
	text, err := documentText()
	if err != nil {
		return nil, err
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := document.Validate(context.Background()); err != nil {
		return nil, err
	}
	openapi3filter.RegisterBodyDecoder("text/javascript", openapi3filter.FileBodyDecoder)
	router, err := gorillamux.NewRouter(document)
	return &description{document, router}, err
})

// keepToTheDocument fails a test when an answer is not what the document says.
func (b *bench) keepToTheDocument(request *http.Request, got answer) {
	b.t.Helper()
	described, err := describe()
	if err != nil {
		b.t.Fatalf("the document: %v", err)
	}
	asked := request.Clone(context.Background())
	asked.URL.Scheme, asked.URL.Host = "", ""
	route, parameters, err := described.router.FindRoute(asked)
	if err != nil || request.Method == http.MethodHead {
		return // TestTheDocumentTellsEveryAddress compares addresses
	}
	if route.Operation.Responses.Status(got.status) == nil {
		b.t.Errorf("%s %s answers %d, which is not described", request.Method, request.URL.Path, got.status)
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: parameters, Route: route},
		Status:                 got.status, Header: got.header, Body: io.NopCloser(bytes.NewReader(got.body)),
		Options: &openapi3filter.Options{ExcludeResponseBody: got.status == http.StatusNotModified},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		b.t.Errorf("%s %s: %d is not as described: %v", request.Method, request.URL.Path, got.status, err)
	}
}

func TestTheDocumentIsServedToAnyPage(t *testing.T) {
	b := start(t)
	got := b.do("GET", "/api/v1/openapi.json", "", "Origin", unsafe)
	if got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v", got.status, got.header)
	}
	want, err := documentText()
	if err != nil || !bytes.Equal(got.body, want) {
		t.Errorf("it is not the document: %v", err)
	}
}

func TestTheDocumentTellsEveryAddress(t *testing.T) {
	source, err := os.ReadFile("server.go")
	if err != nil {
		t.Fatal(err)
	}
	var handled []string
	for _, match := range regexp.MustCompile(`mux\.Handle\("([^"]+)"`).FindAllSubmatch(source, -1) {
		handled = append(handled, string(match[1]))
	}
	described, err := describe()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(handled)
	if told := slices.Sorted(maps.Keys(described.document.Paths.Map())); !slices.Equal(told, handled) {
		t.Errorf("described are %q, handled are %q", told, handled)
	}
}

// TestEveryAnswerThatIsDescribedIsGiven: keepToTheDocument holds each to its
// schema, and what nobody can get should not be told.
func TestEveryAnswerThatIsDescribedIsGiven(t *testing.T) {
	given := map[string]bool{}
	b := start(t)
	note := func(operation string, got answer) { given[fmt.Sprintf("%s %d", operation, got.status)] = true }
	session := func(query string, headers ...string) {
		note("session", b.do("GET", "/api/v1/session"+query, "", headers...))
	}
	session("?advisor=planning", "Origin", acme)
	session("?advisor=planning")
	session("?advisor=nobody", "Origin", acme)
	note("document", b.do("GET", "/api/v1/openapi.json", ""))
	for operation, path := range map[string]string{"widget": "/widget.js", "pinnedWidget": b.pinned()} {
		first := b.do("GET", path, "")
		note(operation, first)
		note(operation, b.do("GET", path, "", "If-None-Match", first.header.Get("ETag")))
	}
	note("pinnedWidget", b.do("GET", "/widget/none.js", ""))
	note("widgetDescription", b.do("GET", "/widget.json", ""))

	post := func(text string) { note("assess", b.post(b.token(), text)) }
	post(body)
	post(strings.Replace(body, `"serious_illness":false`, `"serious_illness":true`, 1))
	post("{")
	post(strings.Replace(body, `"age":62`, `"age":17,"shoe":1`, 1))
	post(body + strings.Repeat(" ", 64<<10))
	note("assess", b.post("forged", body))
	note("assess", b.do("POST", "/api/v1/assessments", body, "Origin", acme, "Content-Type", "text/plain", "Halo-Token", b.token()))
	b.store.fault = func(context.Context) error { return errors.New("away") }
	post(body)
	b.store.fault = func(context.Context) error { panic("a bug") }
	post(body)

	b.write("config", "config.yaml", yaml+"limits: {requestsPerMinutePerClient: 1}\n")
	b.config.Check()
	b.clock.advance(time.Hour)
	session("?advisor=planning", "Origin", acme)
	session("?advisor=planning", "Origin", acme)
	note("assess", b.post("any", body))

	given["session 500"] = true // the source of random numbers does not fail on request
	for _, path := range mustDescribe(t).document.Paths.Map() {
		for _, operation := range path.Operations() {
			for status := range operation.Responses.Map() {
				if !given[operation.OperationID+" "+status] {
					t.Errorf("%s never answers %s", operation.OperationID, status)
				}
			}
		}
	}
}

func mustDescribe(t *testing.T) *description {
	t.Helper()
	described, err := describe()
	if err != nil {
		t.Fatal(err)
	}
	return described
}

// TestTheDocumentTakesWhatTheServerTakes sends bodies to both.
func TestTheDocumentTakesWhatTheServerTakes(t *testing.T) {
	b := start(t)
	schema := mustDescribe(t).document.Components.Schemas["Submission"].Value
	for _, question := range halo.Questions().Questions {
		if _, ok := mustDescribe(t).document.Components.Schemas["Answers"].Value.Properties[question.ID]; !ok {
			t.Errorf("the answer %s is not described", question.ID)
		}
	}
	for name, change := range map[string]struct{ from, to string }{
		"as it is":           {"", ""},
		"an unknown answer":  {`"age":62`, `"age":62,"shoe":43`},
		"a missing answer":   {`"age":62,`, ``},
		"a wrong type":       {`"age":62`, `"age":"62"`},
		"a value too small":  {`"age":62`, `"age":1`},
		"an unknown choice":  {`"female"`, `"none"`},
		"no consent":         {`"consent":true`, `"consent":false`},
		"a name of nobody":   {`"Ada"`, `""`},
		"a name too long":    {`"Ada"`, `"` + strings.Repeat("x", 101) + `"`},
		"a field of its own": {`"consent":true`, `"consent":true,"shoe":1`},
		"every habit":        {`"age":62`, `"age":62,"smoking":"current","height_in":66,"weight_lb":190`},
	} {
		text := strings.Replace(body, change.from, change.to, 1)
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		got := b.post(b.token(), text)
		if err := schema.VisitJSON(value); (err == nil) != (got.status == http.StatusOK) {
			t.Errorf("%s: the server answers %d, the document says %v", name, got.status, err)
		}
	}
}

func documentText() ([]byte, error) { return server.DescribeAPI(halo.Questions()) }

// pinned is the address of the newest script that never changes.
func (*bench) pinned() string { return "/widget/" + widget.NewVersion([]byte(widgetText)).Hash + ".js" }
