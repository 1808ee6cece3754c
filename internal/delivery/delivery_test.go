package delivery_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"halo.dev/halo/internal/delivery"
	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/mail"
	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/store"
)

const yaml = `tenant: acme
hostname: halo.acme.example
allowedOrigins: []
advisors: [{id: planning, name: Planning Desk, email: desk@advisor.example}]
brand: {name: Acme Planning, color: "#0b6e4f", logo: "data:image/png;base64,AA=="}
mail: {host: smtp.example, port: 587, tls: required, from: halo@acme.example}
`

// bench is a writer with a configuration that can change and a report that is
// only recorded.
type bench struct {
	delivery.Writer
	config   config.Config
	document report.Document
	failed   []string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{}
	b.configure(t, yaml)
	b.Config = func() config.Config { return b.config }
	b.Report = func(w io.Writer, d report.Document) error {
		b.document = d
		_, err := io.WriteString(w, "%PDF-")
		return err
	}
	b.Failed = func(reason string) { b.failed = append(b.failed, reason) }
	return b
}

func (b *bench) configure(t *testing.T, text string) {
	t.Helper()
	parsed, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	b.config = parsed
}

// stored is a delivery as it comes from the outbox.
func stored(t *testing.T, answers string) store.Delivery {
	t.Helper()
	profile, problems := halo.Parse([]byte(answers), 2026)
	if problems != nil {
		t.Fatal(problems)
	}
	input, err := json.Marshal(profile)
	if err != nil {
		t.Fatal(err)
	}
	result, err := json.Marshal(halo.Assess(profile))
	if err != nil {
		t.Fatal(err)
	}
	return store.Delivery{
		ID: 7, Kind: store.KindReport, Advisor: "planning", First: personal.New("Ada"), Last: personal.New("Marked"),
		Email: personal.New("marked@visitor.example"), Input: input, Result: result, ModelVersion: halo.ModelVersion,
		DataSHA256: halo.DataSHA256(), ValuationYear: 2026, Attempts: 1, CreatedAt: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
	}
}

const answers = `{"sex":"female","age":62,"serious_illness":false,"smoking":"current","height_in":66,"weight_lb":190}`

func TestTheReportIsMadeOfWhatIsStored(t *testing.T) {
	b := newBench(t)
	d := stored(t, answers)
	message, err := b.Write(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	profile, _ := halo.Parse([]byte(answers), 2026)
	if b.document.Profile != profile {
		t.Error("the answers differ")
	}
	if diff := cmp.Diff(halo.Assess(profile), b.document.Result); diff != "" {
		t.Errorf("the result differs:\n%s", diff)
	}
	if b.document.Client.First != "Ada" || b.document.Client.Last != "Marked" || b.document.Client.Email != "marked@visitor.example" ||
		b.document.Advisor != "Planning Desk" || b.document.Brand != (report.Brand{Name: "Acme Planning", Color: "#0b6e4f", Logo: "data:image/png;base64,AA=="}) || !b.document.Date.Equal(d.CreatedAt) {
		t.Errorf("document for %q, %v, %v", b.document.Advisor, b.document.Brand, b.document.Date)
	}
	if message.To.Reveal() != "desk@advisor.example" || len(message.Attachments) != 1 || string(message.Attachments[0].Content) != "%PDF-" {
		t.Errorf("to %q with %d attachments", message.To.Reveal(), len(message.Attachments))
	}
	if strings.Contains(message.Subject, "Marked") {
		t.Errorf("the subject names the person: %q", message.Subject)
	}
}

// TestAStoredResultIsNotComputedAgain: what the visitor saw stays what the
// advisor gets, whatever the model says today.
func TestAStoredResultIsNotComputedAgain(t *testing.T) {
	b := newBench(t)
	d := stored(t, answers)
	d.Result = json.RawMessage(strings.Replace(string(d.Result), `"model_version":"`+halo.ModelVersion, `"model_version":"older`, 1))
	if _, err := b.Write(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if b.document.Result.ModelVersion != "older" {
		t.Errorf("the report is of the model %q", b.document.Result.ModelVersion)
	}
}

func TestASeriousIllnessHasALetterOfItsOwn(t *testing.T) {
	b := newBench(t)
	ordinary, err := b.Write(t.Context(), stored(t, answers))
	if err != nil {
		t.Fatal(err)
	}
	message, err := b.Write(t.Context(), stored(t, `{"sex":"female","age":62,"serious_illness":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if b.document.Result.Status != halo.StatusNotApplicable || message.Text.Equal(ordinary.Text) {
		t.Errorf("status %q, the same letter: %v", b.document.Result.Status, message.Text.Equal(ordinary.Text))
	}
}

func TestTheConfirmationGoesToTheVisitorWithoutAReport(t *testing.T) {
	b := newBench(t)
	d := stored(t, answers)
	d.Kind, d.Input, d.Result = store.KindConfirmation, nil, nil
	message, err := b.Write(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if message.To.Reveal() != "marked@visitor.example" || len(message.Attachments) != 0 || message.ReplyTo.Reveal() != "desk@advisor.example" {
		t.Errorf("to %q, %d attachments", message.To.Reveal(), len(message.Attachments))
	}
}

func TestTheAddressInForceCounts(t *testing.T) {
	b := newBench(t)
	b.configure(t, strings.Replace(yaml, "desk@advisor.example", "new@advisor.example", 1))
	message, err := b.Write(t.Context(), stored(t, answers))
	if err != nil || message.To.Reveal() != "new@advisor.example" {
		t.Errorf("to %q, error %v", message.To.Reveal(), err)
	}
}

func TestAMailThatCannotBeWrittenWaitsAndIsCounted(t *testing.T) {
	d := stored(t, answers)
	broken := d
	broken.Result = json.RawMessage(`{"status":5}`)
	refused := d
	refused.Input = json.RawMessage(`{"sex":"marked"}`)
	strange := d
	strange.Kind = "postcard"
	removed := d
	removed.Advisor = "gone"
	printer := errors.New("no ink")
	for _, test := range []struct {
		name, reason string
		delivery     store.Delivery
		report       error
		want         error
	}{
		{"an advisor who was removed", "advisor", removed, nil, delivery.ErrNoAdvisor},
		{"a result that is none", "assessment", broken, nil, delivery.ErrUnreadable},
		{"answers that are none", "assessment", refused, nil, delivery.ErrUnreadable},
		{"a kind without a letter", "letter", strange, nil, nil},
		{"a report that fails", "report", d, printer, printer},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			if test.report != nil {
				b.Report = func(io.Writer, report.Document) error { return test.report }
			}
			_, err := b.Write(t.Context(), test.delivery)
			if err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			var refusal *mail.Error
			if errors.As(err, &refusal) && refusal.Permanent() {
				t.Error("the mail would be given up")
			}
			if strings.Contains(fmt.Sprint(err), "arked") {
				t.Errorf("the error tells what is stored: %v", err)
			}
			if len(b.failed) != 1 || b.failed[0] != test.reason {
				t.Errorf("counted as %q", b.failed)
			}
		})
	}
}

func TestARemovedAdvisorWhoReturnsGetsTheReport(t *testing.T) {
	b := newBench(t)
	b.configure(t, strings.Replace(yaml, "id: planning", "id: other", 1))
	if _, err := b.Write(t.Context(), stored(t, answers)); !errors.Is(err, delivery.ErrNoAdvisor) {
		t.Fatalf("error %v", err)
	}
	b.configure(t, yaml)
	if _, err := b.Write(t.Context(), stored(t, answers)); err != nil {
		t.Errorf("error %v", err)
	}
}
