package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/server/colors"
)

func TestASessionHoldsWhatTheWidgetNeedsAndNoAddress(t *testing.T) {
	b := start(t)
	got := b.do("GET", "/api/v1/session?advisor=planning", "", "Origin", acme)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("answer %d %s", got.status, got.body)
	}
	var session struct {
		Token   string
		Expires time.Time
		Tenant  struct {
			Name, Color, Logo string
			Colors            colors.Scheme
		}
		Language      string
		Advisor       struct{ ID, Name string }
		Questionnaire json.RawMessage
	}
	if err := json.Unmarshal(got.body, &session); err != nil {
		t.Fatal(err)
	}
	if session.Tenant.Name != "Acme Planning" || session.Tenant.Color != "#0b6e4f" ||
		session.Tenant.Logo != "" || session.Language != "en" || session.Tenant.Colors.Light.Accent != "#0b6e4f" || len(session.Tenant.Colors.Dark.Tint) != 7 ||
		session.Advisor.ID != "planning" || session.Advisor.Name != "Planning Desk" {
		t.Errorf("session is %+v", session)
	}
	if left := time.Until(session.Expires); left < 119*time.Minute || left > 2*time.Hour {
		t.Errorf("it ends in %v", left)
	}
	want, err := json.Marshal(halo.Questions())
	if err != nil || string(session.Questionnaire) != string(want) {
		t.Errorf("questionnaire is %.100s, want %.100s (%v)", session.Questionnaire, want, err)
	}
	if strings.Contains(string(got.body), "desk@") {
		t.Error("the session tells the advisor's address")
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("a token may be cached: %q", got.header.Get("Cache-Control"))
	}
}

func TestASessionSpeaksTheLanguageThatIsAskedFor(t *testing.T) {
	b := start(t)
	for language, want := range map[string]string{"es": "Sobre usted", "es-MX": "Sobre usted", "en": "About you", "xx": "About you"} {
		got := b.do("GET", "/api/v1/session?advisor=planning&language="+language, "", "Origin", acme)
		var session struct {
			Language      string
			Questionnaire halo.Questionnaire
		}
		if err := json.Unmarshal(got.body, &session); err != nil {
			t.Fatal(err)
		}
		if title := session.Questionnaire.Sections[0].Title; title != want || (session.Language == "es") != (want == "Sobre usted") {
			t.Errorf("%s: %q in %q", language, title, session.Language)
		}
	}
}

func TestASessionHoldsTheLogo(t *testing.T) {
	b := start(t)
	const logo = "data:image/png;base64,iVBORw0KGgo="
	b.write("config", "config.yaml", strings.Replace(yaml, `brand: {`, `brand: {logo: "`+logo+`", `, 1))
	b.config.Check()
	if got := b.do("GET", "/api/v1/session?advisor=planning", "", "Origin", acme); !strings.Contains(string(got.body), `"logo":"`+logo+`"`) {
		t.Errorf("the session is %.300s", got.body)
	}
}

func TestASessionForAnUnknownAdvisorIsNotFound(t *testing.T) {
	b := start(t)
	for _, query := range []string{"?advisor=other", "?advisor=", "", "?advisor=planning%00"} {
		b.wantProblem(b.do("GET", "/api/v1/session"+query, "", "Origin", acme), 404, halo.FieldError{Field: "advisor", Code: "choice"})
	}
}

func TestASubmissionIsStoredWholeAndAnsweredInPart(t *testing.T) {
	b := start(t)
	got := b.post(b.token(), body)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("answer %d %s", got.status, got.body)
	}
	year := time.Now().UTC().Year()
	profile, problems := halo.Parse([]byte(answers), year)
	if problems != nil {
		t.Fatal(problems)
	}
	result := halo.Assess(profile)
	view, _ := json.Marshal(halo.BrowserView(result))
	full, _ := json.Marshal(result)
	input, _ := json.Marshal(profile)
	if string(got.body) != string(view) {
		t.Errorf("the visitor sees %s, want %s", got.body, view)
	}
	saved := b.store.all()
	if len(saved) != 1 {
		t.Fatalf("%d are stored", len(saved))
	}
	s := saved[0]
	if string(s.Input) != string(input) || string(s.Result) != string(full) || string(s.Browser) != string(view) {
		t.Errorf("stored input %s, result %.60s, browser %.60s", s.Input, s.Result, s.Browser)
	}
	if s.Advisor != "planning" || s.First.Reveal() != "Ada" || s.Last.Reveal() != "Marked" || s.Email.Reveal() != "marked@visitor.example" {
		t.Errorf("stored person differs: %q %q", s.Advisor, s.Last.Reveal())
	}
	if s.Request != got.header.Get("X-Request-Id") {
		t.Errorf("its request is %q, answered as %q", s.Request, got.header.Get("X-Request-Id"))
	}
	if s.ModelVersion != halo.ModelVersion || s.DataSHA256 != halo.DataSHA256() || s.ValuationYear != year {
		t.Errorf("stamped %q %q %d", s.ModelVersion, s.DataSHA256, s.ValuationYear)
	}
	if ago := time.Since(s.ConsentAt); ago < 0 || ago > time.Minute || s.ConsentAt.Location() != time.UTC {
		t.Errorf("consent at %v", s.ConsentAt)
	}
	if strings.Contains(string(s.Input)+string(s.Result)+string(s.Browser), "Marked") {
		t.Error("the assessment names the person")
	}
	select {
	case <-b.woken:
	default:
		t.Error("the mail worker was not woken")
	}
	if b.metric(`halo_assessments_total{outcome="stored"}`) != "1" {
		t.Error("the metric does not count it")
	}
}

func TestTheSameTokenAgainGivesTheSameAnswerAndStoresNothing(t *testing.T) {
	b := start(t)
	token := b.token()
	first := b.post(token, body)
	<-b.woken
	for _, text := range []string{body, strings.Replace(body, `"age":62`, `"age":30`, 1)} {
		again := b.post(token, text)
		if again.status != 200 || string(again.body) != string(first.body) {
			t.Errorf("again: %d %s, at first %s", again.status, again.body, first.body)
		}
	}
	if n := len(b.store.all()); n != 1 {
		t.Errorf("%d are stored", n)
	}
	if len(b.woken) != 0 {
		t.Error("a replay woke the mail worker")
	}
	if b.metric(`halo_assessments_total{outcome="replayed"}`) != "2" {
		t.Error("the metric does not count replays")
	}
}

func TestASeriousIllnessGetsNoNumbers(t *testing.T) {
	b := start(t)
	got := b.post(b.token(), strings.Replace(body, `"serious_illness":false`, `"serious_illness":true`, 1))
	var view map[string]any
	if err := json.Unmarshal(got.body, &view); err != nil || got.status != 200 {
		t.Fatalf("answer %d %s", got.status, got.body)
	}
	if view["status"] != "not_applicable" || len(view) != 3 {
		t.Errorf("the visitor sees %s", got.body)
	}
	saved := b.store.all()
	if len(saved) != 1 || strings.Contains(string(saved[0].Result), "longevity") {
		t.Errorf("stored %s", saved[0].Result)
	}
}

func TestARefusedRequestStoresNothing(t *testing.T) {
	b := start(t)
	good := b.token()
	post := func(headers ...string) answer { return b.do("POST", "/api/v1/assessments", body, headers...) }
	for _, test := range []struct {
		name   string
		got    answer
		status int
	}{
		{"no token", post("Origin", acme, "Content-Type", "application/json"), 403},
		{"a made-up token", b.post(strings.Repeat("A", len(good)), body), 403},
		{"a changed token", b.post(good[:len(good)-1]+"_", body), 403},
		{"another page's origin", post("Origin", unsafe, "Content-Type", "application/json", "Halo-Token", good), 403},
		{"no origin", post("Content-Type", "application/json", "Halo-Token", good), 403},
		{"origin null", post("Origin", "null", "Content-Type", "application/json", "Halo-Token", good), 403},
		{"two origins", post("Origin", acme, "Origin", unsafe, "Content-Type", "application/json", "Halo-Token", good), 403},
		{"a form's type", post("Origin", acme, "Content-Type", "application/x-www-form-urlencoded", "Halo-Token", good), 415},
		{"plain text", post("Origin", acme, "Content-Type", "text/plain", "Halo-Token", good), 415},
		{"no type", post("Origin", acme, "Halo-Token", good), 415},
		{"a long body", b.post(good, body+strings.Repeat(" ", 65536)), 413},
		{"no JSON", b.post(good, body[:50]), 400},
		{"a repeated key", b.post(good, strings.Replace(body, `"consent"`, `"consent":false,"consent"`, 1)), 400},
		{"GET", b.do("GET", "/api/v1/assessments", "", "Origin", acme), 405},
		{"PUT", b.do("PUT", "/api/v1/assessments", body, "Origin", acme, "Content-Type", "application/json", "Halo-Token", good), 405},
		{"an unknown address", b.do("POST", "/api/v2/assessments", body), 404},
	} {
		t.Run(test.name, func(t *testing.T) { b.wantProblem(test.got, test.status) })
	}
	if n := len(b.store.all()); n != 0 {
		t.Errorf("%d are stored", n)
	}
	if got := b.post(good, body); got.status != 200 {
		t.Errorf("the token is used up by refusals: %d %s", got.status, got.body)
	}
}

func TestAContentTypeMayNameItsCharset(t *testing.T) {
	b := start(t)
	got := b.do("POST", "/api/v1/assessments", body, "Origin", acme, "Content-Type", "application/json; charset=utf-8", "Halo-Token", b.token())
	if got.status != 200 {
		t.Errorf("answer %d %s", got.status, got.body)
	}
}

func TestEveryWrongAnswerIsNamedAtOnce(t *testing.T) {
	b := start(t)
	got := b.post(b.token(), `{"advisor":"x","person":{"first_name":"","last_name":"L","email":"no","x":1},"consent":false,"answers":{"age":17,"sex":"female"},"y":1}`)
	b.wantProblem(got, 422,
		halo.FieldError{Field: "y", Code: "unknown_field"}, halo.FieldError{Field: "advisor", Code: "choice"},
		halo.FieldError{Field: "person.x", Code: "unknown_field"}, halo.FieldError{Field: "person.first_name", Code: "required"},
		halo.FieldError{Field: "person.email", Code: "email"}, halo.FieldError{Field: "consent", Code: "required"},
		halo.FieldError{Field: "age", Code: "range"}, halo.FieldError{Field: "serious_illness", Code: "required"})
	if len(b.store.all()) != 0 || b.metric(`halo_assessments_total{outcome="invalid"}`) != "1" {
		t.Error("an invalid submission is stored, or not counted")
	}
}

func TestAnExpiredTokenIsRefused(t *testing.T) {
	b := start(t)
	token := b.token()
	b.clock.advance(2*time.Hour - time.Minute)
	if got := b.post(token, body); got.status != 200 {
		t.Fatalf("a minute before its end: %d %s", got.status, got.body)
	}
	b.clock.advance(2 * time.Minute)
	b.wantProblem(b.post(token, body), 403)
	if b.metric(`halo_http_rejected_total{reason="token_expired"}`) != "1" {
		t.Error("the metric does not count it")
	}
}

func TestATokenThatIsRenewedStandsForTheSameAssessment(t *testing.T) {
	b := start(t)
	first := b.token()
	if got := b.post(first, body); got.status != 200 {
		t.Fatalf("answer %d %s", got.status, got.body)
	}
	b.clock.advance(2*time.Hour + time.Minute)
	b.wantProblem(b.post(first, body), 403)
	for _, test := range []struct {
		name, origin, earlier string
		stored                int
	}{
		{"the visitor's own", acme, first, 1},
		{"one that was not signed here", acme, first[:len(first)-2] + "AA", 2},
	} {
		got := b.do("GET", "/api/v1/session?advisor=planning", "", "Origin", test.origin, "Halo-Token", test.earlier)
		var session struct{ Token string }
		if err := json.Unmarshal(got.body, &session); err != nil || got.status != 200 {
			t.Fatalf("%s: %d %s", test.name, got.status, got.body)
		}
		if got := b.post(session.Token, body); got.status != 200 || len(b.store.all()) != test.stored {
			t.Errorf("%s: %d, %d stored", test.name, got.status, len(b.store.all()))
		}
	}
}

func TestATokenOfOnePageIsNoneOfAnother(t *testing.T) {
	b := start(t)
	b.write("config", "config.yaml", strings.Replace(yaml, "[https://www.acme.example]", "[https://www.acme.example, https://blog.acme.example]", 1))
	b.config.Check()
	got := b.do("POST", "/api/v1/assessments", body, "Origin", "https://blog.acme.example", "Content-Type", "application/json", "Halo-Token", b.token())
	b.wantProblem(got, 403)
	if b.metric(`halo_http_rejected_total{reason="token_forged"}`) != "1" {
		t.Error("the metric does not count it")
	}
}

func TestADatabaseThatIsAwayIsACleanRefusal(t *testing.T) {
	b := start(t)
	token := b.token()
	b.store.fault = func(context.Context) error { return errors.New("connection refused") }
	got := b.post(token, body)
	b.wantProblem(got, 503)
	if got.header.Get("Retry-After") != "5" || got.header.Get("Access-Control-Allow-Origin") != acme {
		t.Errorf("headers are %v", got.header)
	}
	b.store.fault = nil
	if got := b.post(token, body); got.status != 200 || len(b.store.all()) != 1 {
		t.Errorf("the same token when it is back: %d %s", got.status, got.body)
	}
}

func TestADatabaseThatDoesNotAnswerIsNotWaitedForLong(t *testing.T) {
	b := start(t)
	token := b.token()
	b.store.fault = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	begin := time.Now()
	b.wantProblem(b.post(token, body), 503)
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestAVisitorWhoLeavesIsStoredAllTheSame(t *testing.T) {
	b := start(t)
	token := b.token()
	reached, release := make(chan struct{}), make(chan struct{})
	b.store.fault = func(ctx context.Context) error {
		close(reached)
		<-release
		return ctx.Err()
	}
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "POST", b.url+"/api/v1/assessments", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{"Origin": {acme}, "Content-Type": {"application/json"}, "Halo-Token": {token}}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if response, err := b.client.Do(request); err == nil {
			response.Body.Close()
		}
	}()
	<-reached
	leave()
	<-gone
	// The server hears of it by the stream's reset, which has been sent
	// before a later request on the same connection is answered.
	b.do("GET", "/widget.js", "")
	close(release)
	select {
	case <-b.woken:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was stored")
	}
	if saved := b.store.all(); len(saved) != 1 || saved[0].Last.Reveal() != "Marked" {
		t.Errorf("%d are stored", len(saved))
	}
}

func TestAPanicIsA500AndTellsNothing(t *testing.T) {
	b := start(t)
	token := b.token()
	b.store.fault = func(context.Context) error { panic("marked@visitor.example") }
	b.wantProblem(b.post(token, body), 500)
	if log := b.log.String(); !strings.Contains(log, "a handler panicked") || strings.Contains(log, "marked@") {
		t.Errorf("log is %s", log)
	}
	if b.metric("halo_http_panics_total") != "1" {
		t.Error("the metric does not count it")
	}
	if got := b.do("GET", "/widget.js", ""); got.status != 200 {
		t.Errorf("the server answers %d after it", got.status)
	}
}
