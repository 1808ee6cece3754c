package widget_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"halo.dev/halo/internal/questionnaire"
	"halo.dev/halo/internal/server/colors"
	"halo.dev/halo/internal/widget"
)

// okView is the browser view that the API answers with unless a test says otherwise.
const okView = `{"status":"ok","model_version":"open-halo-1.0.0","life_expectancy_age":79.8,"prob_90_pct":16.9,` +
	`"prob_95_pct":7.1,"prob_100_pct":1.3,"active_working_years":5.5,"active_retirement_years":10.9,"assisted_years":3.4,` +
	`"years_lost":9.1,"tips":[{"id":"quit_smoking","years_gained":2.6},{"id":"be_active","years_gained":2.0},` +
	`{"id":"reach_healthy_weight","years_gained":1.5}]}`

// posted is one POST as it arrived.
type posted struct {
	Token, Origin, Cookie, ContentType string
	Body                               struct {
		Advisor string            `json:"advisor"`
		Person  map[string]string `json:"person"`
		Consent bool              `json:"consent"`
		Answers json.RawMessage   `json:"answers"`
	}
}

// fakeAPI plays halo-server's side of the widget API, faults included; what it asks is the real questionnaire.
type fakeAPI struct {
	*httptest.Server
	mu sync.Mutex
	// refused origins get a bare 403 without CORS headers, as halo-server gives it.
	refused bool
	name    string
	colors  any // as colors.Scheme
	logo    string
	expires time.Duration
	// sessionFaults and submitFaults answer the next requests, one each, instead of the API.
	sessionFaults, submitFaults []http.HandlerFunc
	view                        string
	questions                   questionnaire.Set
	sessions                    int
	latency                     time.Duration // of scripts and sessions, as on a slow line
	renewed                     []string      // the tokens that came along with a request for a session
	posts                       []posted
}

func newAPI(t *testing.T) *fakeAPI {
	t.Helper()
	api := &fakeAPI{name: "Acme Planning", colors: colorsOf(t, "#0b6e4f"), expires: time.Hour, view: okView}
	var err error
	if api.questions, err = questionnaire.New(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	script := func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(api.latency)
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = w.Write(widget.Newest().Text)
	}
	mux.HandleFunc("GET /widget.js", script)
	mux.HandleFunc("GET /widget/"+widget.Newest().Hash+".js", script)
	mux.HandleFunc("GET /api/v1/session", api.session)
	mux.HandleFunc("POST /api/v1/assessments", api.submit)
	mux.HandleFunc("OPTIONS /api/v1/", func(w http.ResponseWriter, r *http.Request) {
		if api.allow(w, r) {
			w.Header().Set("Access-Control-Allow-Headers", "content-type, halo-token")
			w.WriteHeader(http.StatusNoContent)
		}
	})
	api.Server = httptest.NewTLSServer(mux)
	t.Cleanup(api.Close)
	return api
}

func colorsOf(t *testing.T, color string) colors.Scheme {
	t.Helper()
	scheme, err := colors.Of(color)
	if err != nil {
		t.Fatal(err)
	}
	return scheme
}

// allow lets a request's origin in, or answers it.
func (api *fakeAPI) allow(w http.ResponseWriter, r *http.Request) bool {
	api.mu.Lock()
	defer api.mu.Unlock()
	if api.refused {
		w.WriteHeader(http.StatusForbidden)
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	return true
}

func (api *fakeAPI) session(w http.ResponseWriter, r *http.Request) {
	time.Sleep(api.latency)
	if !api.allow(w, r) || api.fault(&api.sessionFaults, w, r) {
		return
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	advisor := r.URL.Query().Get("advisor")
	if advisor != "planning" {
		problem(w, http.StatusNotFound, "")
		return
	}
	api.sessions++
	if earlier := r.Header.Get("Halo-Token"); earlier != "" {
		api.renewed = append(api.renewed, earlier)
	}
	language := api.questions.Choose(r.URL.Query().Get("language"))
	_ = json.NewEncoder(w).Encode(map[string]any{
		"token":         fmt.Sprintf("token-%d", api.sessions),
		"expires":       time.Now().Add(api.expires).UTC().Format(time.RFC3339),
		"tenant":        map[string]any{"name": api.name, "colors": api.colors, "logo": api.logo},
		"advisor":       map[string]string{"id": advisor, "name": "Planning Desk"},
		"language":      language,
		"questionnaire": api.questions.In(language),
	})
}

func (api *fakeAPI) submit(w http.ResponseWriter, r *http.Request) {
	post := posted{
		Token: r.Header.Get("Halo-Token"), Origin: r.Header.Get("Origin"),
		Cookie: r.Header.Get("Cookie"), ContentType: r.Header.Get("Content-Type"),
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &post.Body)
	api.mu.Lock()
	api.posts = append(api.posts, post)
	api.mu.Unlock()
	if !api.allow(w, r) || api.fault(&api.submitFaults, w, r) {
		return
	}
	_, _ = io.WriteString(w, api.view)
}

// fault lets the next fault of a list answer, if there is one.
func (api *fakeAPI) fault(list *[]http.HandlerFunc, w http.ResponseWriter, r *http.Request) bool {
	api.mu.Lock()
	var next http.HandlerFunc
	if len(*list) > 0 {
		next, *list = (*list)[0], (*list)[1:]
	}
	api.mu.Unlock()
	if next != nil {
		next(w, r)
	}
	return next != nil
}

// received returns what has been posted so far.
func (api *fakeAPI) received() []posted {
	api.mu.Lock()
	defer api.mu.Unlock()
	return append([]posted(nil), api.posts...)
}

// faultsLeft counts the answers that are still to go wrong.
func (api *fakeAPI) faultsLeft() int {
	api.mu.Lock()
	defer api.mu.Unlock()
	return len(api.sessionFaults)
}

// problem answers with RFC 9457 problem details.
func problem(w http.ResponseWriter, status int, errors string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"type":"about:blank","title":"%s","status":%d,"errors":[%s]}`, http.StatusText(status), status, errors)
}

// answering is a fault that answers with a problem; errors is the inside of its list.
func answering(status int, errors string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { problem(w, status, errors) }
}

// cutShort is the fault of a line that breaks within the answer: the server has taken the request. (A line that breaks
// before the answer is no fault to a page: Chromium sends such a request again by itself.)
func cutShort(w http.ResponseWriter, r *http.Request) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: %s\r\nContent-Length: %d\r\n\r\n%s",
		r.Header.Get("Origin"), len(okView), okView[:len(okView)/2])
	_ = connection.Close()
}

// person are the answers of the last step.
func person() map[string]any {
	return map[string]any{
		"person.first_name": "Ada", "person.last_name": "Lovelace", "person.email": "ada@visitor.example", "consent": true,
	}
}

// with joins maps of answers; the later ones win.
func with(all ...map[string]any) map[string]any {
	joined := map[string]any{}
	for _, answers := range all {
		maps.Copy(joined, answers)
	}
	return joined
}

// fewest are the answers that must be given.
func fewest() map[string]any {
	return map[string]any{"sex": "female", "age": 62, "serious_illness": false}
}
