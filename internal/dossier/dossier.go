// Package dossier writes everything that is kept on a person, for that person:
// the console and the command give the same.
package dossier

import (
	"encoding/json"
	"errors"
	"time"

	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/store"
)

// Dossier is what is kept on one person for one assessment. Its texts are the
// person's own: it may be shown to them and to nobody else.
type Dossier struct {
	Number       int64           `json:"number"`
	Advisor      string          `json:"advisor"`
	Person       person          `json:"person"`
	Received     time.Time       `json:"received"`
	Consent      time.Time       `json:"consent_given"`
	Mails        []mail          `json:"mails"`
	ModelVersion string          `json:"model_version"`
	DataSHA256   string          `json:"data_sha256"`
	Year         int             `json:"valuation_year"`
	Answers      json.RawMessage `json:"answers"`
	Result       json.RawMessage `json:"result"`
}

type person struct {
	First string `json:"first_name"`
	Last  string `json:"last_name"`
	Email string `json:"email"`
}

type mail struct {
	Kind   string    `json:"kind"`
	State  string    `json:"state"`
	Queued time.Time `json:"queued"`
	Ended  time.Time `json:"ended,omitzero"`
}

// Of gathers what is held; document is the report on it, which has the names.
func Of(held store.Held, document report.Document) Dossier {
	out := Dossier{
		Number: held.ID, Advisor: held.Advisor, Person: person(document.Client), Received: held.CreatedAt, Consent: held.ConsentAt,
		ModelVersion: held.ModelVersion, DataSHA256: held.DataSHA256, Year: held.ValuationYear, Answers: held.Input, Result: held.Result,
	}
	for _, one := range held.Mails {
		out.Mails = append(out.Mails, mail{string(one.Kind), one.State, one.CreatedAt, one.FinishedAt})
	}
	return out
}

// JSON writes a Dossier or a list of them. The error holds nothing of it.
func JSON(value any) ([]byte, error) {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return nil, errors.New("writing what is kept on a person: the stored documents are no JSON")
	}
	return append(text, '\n'), nil
}
