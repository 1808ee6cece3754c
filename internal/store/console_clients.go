package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"halo.dev/halo/internal/audit"
)

// Client is a visitor as their advisor sees them in a list.
type Client struct {
	Person
	// Report is the state of the mail with the report; empty when it is not
	// in the outbox any more.
	Report string
}

// Clients lists an advisor's clients, the newest first.
func (c *Console) Clients(ctx context.Context, advisor string, offset, limit int) (clients []Client, err error) {
	const doing = "listing an advisor's clients"
	rows, err := c.db.QueryContext(ctx,
		`SELECT COALESCE(outbox.state, ''), `+personColumns+`
		 FROM halo_person.person
		 LEFT JOIN halo_person.outbox ON outbox.assessment_id = person.assessment_id AND outbox.kind = 'report'
		 WHERE person.advisor = ? ORDER BY person.created_at DESC, person.assessment_id LIMIT ? OFFSET ?`, advisor, limit, offset)
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var state string
		var row sealedPerson
		if err := rows.Scan(append([]any{&state}, row.targets()...)...); err != nil {
			return nil, errors.New(doing + ": a row cannot be read")
		}
		person, err := row.open(c.ring())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		clients = append(clients, Client{Person: person, Report: state})
	}
	return clients, failed(doing, rows.Err())
}

// Client reads what an advisor's report is made of, as a delivery of the report
// holds it; the delivery's ID is the assessment's number. The error is
// ErrNoClient when the advisor has no such client.
func (c *Console) Client(ctx context.Context, advisor string, id int64) (found Delivery, err error) {
	found, err = c.assessed(ctx, id)
	if err == nil && found.Advisor != advisor {
		err = ErrNoClient
	}
	if err != nil {
		return Delivery{}, failed("reading a client", err)
	}
	return found, nil
}

// assessed reads a person's assessment. The error may be ErrNoClient.
func (c *Console) assessed(ctx context.Context, id int64) (found Delivery, err error) {
	var row sealedPerson
	err = c.db.QueryRowContext(ctx,
		`SELECT assessment.input, assessment.result, assessment.model_version, assessment.data_sha256, assessment.valuation_year, `+personColumns+`
		 FROM halo_person.person JOIN halo_assessment.assessment ON assessment.id = person.assessment_id
		 WHERE person.assessment_id = ?`, id).
		Scan(append([]any{(*[]byte)(&found.Input), (*[]byte)(&found.Result), &found.ModelVersion, &found.DataSHA256, &found.ValuationYear},
			row.targets()...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, ErrNoClient
	}
	if err != nil {
		return Delivery{}, failed("reading an assessment", err)
	}
	person, err := row.open(c.ring())
	if err != nil {
		return Delivery{}, err
	}
	found.ID, found.Kind, found.Advisor, found.CreatedAt = id, KindReport, person.Advisor, person.CreatedAt
	found.First, found.Last, found.Email = person.First, person.Last, person.Email
	return found, nil
}

// Held is everything that is kept on a person.
type Held struct {
	// Delivery is the person with the assessment, as Client gives it.
	Delivery
	// ConsentAt is when the person agreed; zero when that is not kept.
	ConsentAt time.Time
	Mails     []Mail
}

// Held reads everything that is kept on a person. The error may be ErrNoPerson.
func (c *Console) Held(ctx context.Context, id int64) (held Held, err error) {
	const doing = "reading what is kept on a person"
	held.Delivery, err = c.assessed(ctx, id)
	if errors.Is(err, ErrNoClient) {
		err = ErrNoPerson
	}
	if err != nil {
		return Held{}, failed(doing, err)
	}
	var consent sql.NullTime
	err = c.db.QueryRowContext(ctx, `SELECT MAX(given_at) FROM halo_person.consent WHERE assessment_id = ?`, id).Scan(&consent)
	if err != nil {
		return Held{}, failed(doing, err)
	}
	held.ConsentAt = consent.Time
	held.Mails, err = c.mails(ctx, `outbox.assessment_id = ? ORDER BY outbox.kind`, id)
	return held, err
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
	which := `outbox.state NOT IN ('sent', 'canceled') ORDER BY outbox.created_at, outbox.id LIMIT ? OFFSET ?`
	if ended {
		which = `outbox.state IN ('sent', 'canceled') ORDER BY outbox.created_at DESC, outbox.id LIMIT ? OFFSET ?`
	}
	return c.mails(ctx, which, limit, offset)
}

// mails lists the mails that a condition of this file finds.
func (c *Console) mails(ctx context.Context, which string, arguments ...any) (mails []Mail, err error) {
	const doing = "listing the outbox"
	//nolint:gosec // which is one of the constants of this file
	rows, err := c.db.QueryContext(ctx,
		`SELECT outbox.id, outbox.kind, person.advisor, outbox.state, outbox.attempts, outbox.reason, outbox.created_at, outbox.due_at, outbox.finished_at
		 FROM halo_person.outbox JOIN halo_person.person ON person.assessment_id = outbox.assessment_id
		 WHERE `+which, arguments...)
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
			`UPDATE halo_person.outbox SET state = ?, attempts = 0, reason = '', finished_at = NULL, due_at = UTC_TIMESTAMP(6)
			 WHERE id = ? AND state IN ('sent', 'parked', 'canceled')`, stateQueued, id)
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
