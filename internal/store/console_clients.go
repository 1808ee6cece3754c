package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/personal"
)

// Client is a visitor as their advisor sees them in a list.
type Client struct {
	// ID is the number of person and assessment.
	ID                 int64
	First, Last, Email personal.Text
	CreatedAt          time.Time
	// Report is the state of the mail with the report; empty when it is not
	// in the outbox any more.
	Report string
}

// Clients lists an advisor's clients, the newest first.
func (c *Console) Clients(ctx context.Context, advisor string, offset, limit int) (clients []Client, err error) {
	const doing = "listing an advisor's clients"
	rows, err := c.db.QueryContext(ctx,
		`SELECT person.assessment_id, person.first_name, person.last_name, person.email, person.created_at, COALESCE(outbox.state, '')
		 FROM halo_person.person
		 LEFT JOIN halo_person.outbox ON outbox.assessment_id = person.assessment_id AND outbox.kind = 'report'
		 WHERE person.advisor = ? ORDER BY person.created_at DESC, person.assessment_id LIMIT ? OFFSET ?`, advisor, limit, offset)
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var one Client
		if err := rows.Scan(&one.ID, &one.First, &one.Last, &one.Email, &one.CreatedAt, &one.Report); err != nil {
			return nil, errors.New(doing + ": a row cannot be read")
		}
		clients = append(clients, one)
	}
	return clients, failed(doing, rows.Err())
}

// Client reads what an advisor's report is made of, as a delivery of the report
// holds it; the delivery's ID is the assessment's number. The error is
// ErrNoClient when the advisor has no such client.
func (c *Console) Client(ctx context.Context, advisor string, id int64) (found Delivery, err error) {
	found.ID, found.Kind, found.Advisor = id, KindReport, advisor
	err = c.db.QueryRowContext(ctx,
		`SELECT person.first_name, person.last_name, person.email, person.created_at,
		   assessment.input, assessment.result, assessment.model_version, assessment.data_sha256, assessment.valuation_year
		 FROM halo_person.person JOIN halo_assessment.assessment ON assessment.id = person.assessment_id
		 WHERE person.advisor = ? AND person.assessment_id = ?`, advisor, id).
		Scan(&found.First, &found.Last, &found.Email, &found.CreatedAt, (*[]byte)(&found.Input), (*[]byte)(&found.Result),
			&found.ModelVersion, &found.DataSHA256, &found.ValuationYear)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoClient
	}
	if err != nil {
		return Delivery{Input: json.RawMessage(nil)}, failed("reading a client", err)
	}
	return found, nil
}

// Mail is a mail of the outbox, without whose it is.
type Mail struct {
	ID       int64
	Kind     Kind
	Advisor  string
	State    string
	Attempts int
	// Reason is why it was not sent yet; it names nobody.
	Reason           string
	CreatedAt, DueAt time.Time
	// FinishedAt is zero until it was sent.
	FinishedAt time.Time
}

// Mails lists the outbox: what waits and what is parked, the oldest first; or,
// when ended, what was sent or canceled, the newest first.
func (c *Console) Mails(ctx context.Context, ended bool, offset, limit int) (mails []Mail, err error) {
	const doing = "listing the outbox"
	which := `outbox.state NOT IN ('sent', 'canceled') ORDER BY outbox.created_at, outbox.id`
	if ended {
		which = `outbox.state IN ('sent', 'canceled') ORDER BY outbox.created_at DESC, outbox.id`
	}
	//nolint:gosec // which is one of two constants
	rows, err := c.db.QueryContext(ctx,
		`SELECT outbox.id, outbox.kind, person.advisor, outbox.state, outbox.attempts, outbox.reason, outbox.created_at, outbox.due_at, outbox.finished_at
		 FROM halo_person.outbox JOIN halo_person.person ON person.assessment_id = outbox.assessment_id
		 WHERE `+which+` LIMIT ? OFFSET ?`, limit, offset)
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var one Mail
		var finished sql.NullTime
		err := rows.Scan(&one.ID, &one.Kind, &one.Advisor, &one.State, &one.Attempts, &one.Reason, &one.CreatedAt, &one.DueAt, &finished)
		if err != nil {
			return nil, failed(doing, err)
		}
		one.FinishedAt = finished.Time
		mails = append(mails, one)
	}
	return mails, failed(doing, rows.Err())
}

// Resend makes a mail that was sent, parked or canceled due now, with its
// attempts forgotten. The error may be ErrNoMail.
func (c *Console) Resend(ctx context.Context, now time.Time, by, id int64) error {
	entry := audit.Entry{At: now, Actor: by, Action: audit.MailResent, Subject: id}
	return c.change(ctx, "sending a mail again", entry, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			`UPDATE halo_person.outbox SET state = 'pending', attempts = 0, reason = '', finished_at = NULL, due_at = UTC_TIMESTAMP(6)
			 WHERE id = ? AND state IN ('sent', 'parked', 'canceled')`, id)
		return affected("queueing the mail", result, err, ErrNoMail)
	})
}

// Cancel takes a mail that was not sent out of the queue. One that a worker has
// in its hands at this moment may still go out, and is then shown as sent. The
// error may be ErrNoMail.
func (c *Console) Cancel(ctx context.Context, now time.Time, by, id int64) error {
	entry := audit.Entry{At: now, Actor: by, Action: audit.MailCanceled, Subject: id}
	return c.change(ctx, "canceling a mail", entry, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			`UPDATE halo_person.outbox SET state = 'canceled', finished_at = UTC_TIMESTAMP()
			 WHERE id = ? AND state NOT IN ('sent', 'canceled')`, id)
		return affected("taking the mail out of the queue", result, err, ErrNoMail)
	})
}
