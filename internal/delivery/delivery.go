// Package delivery writes the mail of a claimed delivery: to the advisor the
// letter with the report, to the visitor the confirmation. Who the advisor is
// and how the firm looks comes from the configuration in force, not from the
// time of the submission: a corrected address counts for what waits.
package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/mail"
	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/store"
)

// Why a mail cannot be written yet. None of them loses it: it stays in the
// outbox and is tried again.
var (
	// ErrNoAdvisor says that the delivery's advisor is not in the
	// configuration.
	ErrNoAdvisor = errors.New("the advisor is not in the configuration; the mail waits until it is")
	// ErrUnreadable says that the stored answers or result cannot be read by
	// this version.
	ErrUnreadable = errors.New("the stored assessment cannot be read by this version")
)

// Writer writes mails. Its fields are set before use and not changed after.
type Writer struct {
	// Config returns the configuration in force.
	Config func() config.Config
	// Report writes a report as a PDF.
	Report func(w io.Writer, document report.Document) error
	// Failed is told the reason ("advisor", "assessment", "report", "letter")
	// of each mail that could not be written. May be nil.
	Failed func(reason string)
}

// Write writes the mail of a delivery. The error names no person; it is
// ErrNoAdvisor, ErrUnreadable, or that of the report or the letter.
func (w Writer) Write(_ context.Context, d store.Delivery) (mail.Message, error) {
	message, reason, err := w.write(d)
	if err != nil && w.Failed != nil {
		w.Failed(reason)
	}
	return message, err
}

func (w Writer) write(d store.Delivery) (message mail.Message, reason string, err error) {
	current := w.Config()
	advisor, ok := current.Advisor(d.Advisor)
	if !ok {
		return mail.Message{}, "advisor", ErrNoAdvisor
	}
	lead := mail.Lead{
		Firm: current.Brand.Name, AdvisorName: advisor.Name, AdvisorEmail: advisor.Email,
		First: d.First, Last: d.Last, Email: d.Email, Received: d.CreatedAt,
	}
	switch d.Kind {
	case store.KindConfirmation:
		message, err = mail.ForVisitor(lead)
	case store.KindReport:
		return w.forAdvisor(d, lead, current.Brand)
	default:
		err = fmt.Errorf("there is no letter for a delivery of the kind %q", d.Kind)
	}
	return message, "letter", err
}

// forAdvisor writes the report from the stored result: the advisor sees what
// the visitor was told, also when the model has changed since.
func (w Writer) forAdvisor(d store.Delivery, lead mail.Lead, brand config.Brand) (message mail.Message, reason string, err error) {
	document, err := Document(d, lead.AdvisorName, brand)
	if err != nil {
		return mail.Message{}, "assessment", err
	}
	var pdf bytes.Buffer
	if err := w.Report(&pdf, document); err != nil {
		return mail.Message{}, "report", fmt.Errorf("writing the report: %w", err)
	}
	lead.NotApplicable = document.Result.Status == halo.StatusNotApplicable
	message, err = mail.ForAdvisor(lead, pdf.Bytes())
	return message, "letter", err
}

// Document is what the report of a delivery is made of. The error is
// ErrUnreadable.
func Document(d store.Delivery, advisorName string, brand config.Brand) (report.Document, error) {
	document := report.Document{
		Client:  report.Person{First: d.First.Reveal(), Last: d.Last.Reveal(), Email: d.Email.Reveal()},
		Advisor: advisorName, Brand: report.Brand{Name: brand.Name, Color: brand.Color, Logo: brand.Logo}, Date: d.CreatedAt,
	}
	profile, problems := halo.Parse(d.Input, d.ValuationYear)
	if len(problems) > 0 {
		return document, fmt.Errorf("%w: of its answers %d are refused", ErrUnreadable, len(problems))
	}
	if err := json.Unmarshal(d.Result, &document.Result); err != nil {
		return document, fmt.Errorf("%w: its result is not what a result looks like", ErrUnreadable)
	}
	document.Profile = profile
	return document, nil
}
