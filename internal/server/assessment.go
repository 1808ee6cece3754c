package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/questionnaire"
	"halo.dev/halo/internal/server/colors"
	"halo.dev/halo/internal/server/submission"
	"halo.dev/halo/internal/server/token"
	"halo.dev/halo/internal/store"
)

// storeDeadline bounds how long a visitor waits for the database. An answer
// after this is a clean 503, after which the widget asks again.
const storeDeadline = 4 * time.Second

// retryAfterOutage is what a visitor's widget waits before it asks again.
const retryAfterOutage = 5 * time.Second

// session is the answer to a page that wants to show the questionnaire.
type session struct {
	Token         string          `json:"token"`
	Expires       time.Time       `json:"expires"`
	Tenant        tenant          `json:"tenant"`
	Advisor       advisor         `json:"advisor"`
	Language      string          `json:"language"`
	Questionnaire json.RawMessage `json:"questionnaire"`
}

type tenant struct {
	Name   string        `json:"name"`
	Color  string        `json:"color"`
	Colors colors.Scheme `json:"colors"`
	Logo   string        `json:"logo,omitempty"` // as in the configuration
}

// advisor is what a page may know of an advisor: never the address.
type advisor struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// questions are the questionnaire in every language, encoded once.
type questions struct {
	set     questionnaire.Set
	encoded map[string]json.RawMessage
}

func encodeQuestions() (questions, error) {
	set, err := questionnaire.New()
	if err != nil {
		return questions{}, err
	}
	q := questions{set: set, encoded: map[string]json.RawMessage{}}
	for _, language := range set.Languages() {
		if q.encoded[language], err = json.Marshal(set.In(language)); err != nil {
			return questions{}, fmt.Errorf("encoding the questionnaire: %w", err)
		}
	}
	return q, nil
}

// session answers GET /api/v1/session.
func (a *api) session(w http.ResponseWriter, r *http.Request) {
	current := a.Config()
	found, ok := current.Advisor(r.URL.Query().Get("advisor"))
	if !ok {
		writeProblem(w, problem{
			Status: http.StatusNotFound, Detail: "There is no advisor of this id.",
			Errors: []halo.FieldError{{Field: "advisor", Code: "choice"}},
		})
		return
	}
	signed, expires, err := a.sign(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	scheme, err := colors.Of(current.Brand.Color)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	language := a.questions.set.Choose(r.URL.Query().Get("language"))
	writeJSON(w, http.StatusOK, "application/json", session{
		Token: signed, Expires: expires,
		Tenant:        tenant{Name: current.Brand.Name, Color: current.Brand.Color, Colors: scheme, Logo: current.Brand.Logo},
		Advisor:       advisor{ID: found.ID, Name: found.Name},
		Language:      language,
		Questionnaire: a.questions.encoded[language],
	})
}

// sign makes a session's token. A page that has one already, whose time is
// over, sends it along: the new one has its nonce, so that answers which
// arrived under the old one are not kept twice.
func (a *api) sign(r *http.Request) (signed string, expires time.Time, err error) {
	origin, now := r.Header.Get("Origin"), a.Now()
	if earlier := r.Header.Get(headerToken); earlier != "" {
		if signed, expires, err = a.Keys().Renew(earlier, origin, now); err == nil {
			return signed, expires, nil
		}
	}
	return a.Keys().Issue(origin, now)
}

// assess answers POST /api/v1/assessments. The order is from cheap to dear:
// what needs no body first, and the database last.
func (a *api) assess(w http.ResponseWriter, r *http.Request) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		writeProblem(w, problem{Status: http.StatusUnsupportedMediaType, Detail: "The body must be application/json."})
		return
	}
	nonce, ok := a.checkToken(w, r)
	if !ok {
		return
	}
	body, ok := readBody(w, r, a.Config().Limits.BodyBytes)
	if !ok {
		return
	}
	sent, ok := a.parse(w, body)
	if !ok {
		return
	}
	var record store.Submission
	err := a.part(r.Context(), "model", func(ctx context.Context) (err error) {
		record, err = a.evaluate(nonce, requestID(ctx), sent)
		return err
	})
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.save(w, r, record)
}

// checkToken answers 403 to a token that is not good. Why it is not, only the
// metric tells.
func (a *api) checkToken(w http.ResponseWriter, r *http.Request) (token.Nonce, bool) {
	nonce, err := a.Keys().Verify(r.Header.Get(headerToken), r.Header.Get("Origin"), a.Now())
	if err == nil {
		return nonce, true
	}
	reason := "token_forged"
	if errors.Is(err, token.ErrExpired) {
		reason = "token_expired"
	}
	a.Metrics.rejected(reason)
	writeProblem(w, problem{Status: http.StatusForbidden, Detail: "The token is not valid, or no longer. Please ask for a new one."})
	return token.Nonce{}, false
}

// readBody answers 413 to a body that is too long and 400 to one that breaks off.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		writeProblem(w, problem{Status: http.StatusRequestEntityTooLarge, Detail: "The body is too long."})
		return nil, false
	case err != nil:
		writeProblem(w, problem{Status: http.StatusBadRequest, Detail: "The body could not be read to its end."})
		return nil, false
	}
	return body, true
}

// parse answers 400 to what is no JSON and 422 to what holds errors.
func (a *api) parse(w http.ResponseWriter, body []byte) (submission.Submission, bool) {
	current := a.Config()
	knows := func(id string) bool { _, ok := current.Advisor(id); return ok }
	sent, problems, err := submission.Parse(body, a.Now().UTC().Year(), knows)
	switch {
	case err != nil:
		a.Metrics.assessed("malformed")
		writeProblem(w, problem{Status: http.StatusBadRequest, Detail: "The body must be one JSON text in UTF-8, every key once."})
		return submission.Submission{}, false
	case len(problems) > 0:
		a.Metrics.assessed("invalid")
		writeProblem(w, problem{Status: http.StatusUnprocessableEntity, Detail: "Some answers need another look.", Errors: problems})
		return submission.Submission{}, false
	}
	return sent, true
}

// evaluate asks the model and makes the record. To a serious illness the model
// has no numbers: the record then holds the status and the answers alone.
func (a *api) evaluate(nonce token.Nonce, request string, sent submission.Submission) (store.Submission, error) {
	result := halo.Assess(sent.Profile)
	if result.Status != halo.StatusOK && result.Status != halo.StatusNotApplicable {
		return store.Submission{}, fmt.Errorf("the model answers a checked profile with the status %q", result.Status)
	}
	record := store.Submission{
		Nonce: nonce, Request: request, Advisor: sent.Advisor, First: sent.First, Last: sent.Last, Email: sent.Email,
		ConsentAt: a.Now().UTC(), ModelVersion: halo.ModelVersion, DataSHA256: halo.DataSHA256(),
		ValuationYear: sent.Profile.ValuationYear(),
	}
	for _, part := range []struct {
		into *json.RawMessage
		from any
	}{{&record.Input, sent.Profile}, {&record.Result, result}, {&record.Browser, halo.BrowserView(result)}} {
		text, err := json.Marshal(part.from)
		if err != nil {
			return store.Submission{}, fmt.Errorf("encoding an assessment: %w", err)
		}
		*part.into = text
	}
	return record, nil
}

// save keeps the record and answers with the visitor's part of it. A visitor
// who leaves meanwhile has sent the answers all the same, so the transaction
// does not end with the connection.
func (a *api) save(w http.ResponseWriter, r *http.Request, record store.Submission) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeDeadline)
	defer cancel()
	var receipt store.Receipt
	begin := time.Now()
	err := a.part(ctx, "store", func(ctx context.Context) (err error) {
		receipt, err = a.Store.Save(ctx, record)
		return err
	})
	a.Metrics.saved(time.Since(begin))
	if err != nil {
		a.Metrics.assessed("unavailable")
		a.Logger.LogAttrs(ctx, slog.LevelError, "an assessment could not be stored",
			slog.String("request", requestID(r.Context())), slog.String("error", err.Error()))
		writeLater(w, problem{
			Status: http.StatusServiceUnavailable,
			Detail: "The answers could not be kept just now. Nothing was stored; please send them again in a moment.",
		}, retryAfterOutage)
		return
	}
	outcome := "stored"
	if receipt.Replayed {
		outcome = "replayed"
	} else if a.Wake != nil {
		a.Wake()
	}
	a.Metrics.assessed(outcome)
	writeJSON(w, http.StatusOK, "application/json", receipt.Browser)
}

// fail answers 500 and logs why.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	a.Logger.LogAttrs(r.Context(), slog.LevelError, "a request failed",
		slog.String("request", requestID(r.Context())), slog.String("error", err.Error()))
	writeProblem(w, problem{Status: http.StatusInternalServerError, Detail: "Something went wrong on our side. Nothing was stored."})
}
