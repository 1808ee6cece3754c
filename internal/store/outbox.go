package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// reasonLength is the width of the outbox's column for a reason.
const reasonLength = 255

// Claim takes up to limit mails that are due, the longest due first, for the
// length of the lease: until then no other call of Claim returns them, nor
// waits for this one. A mail whose lease ends without Sent, Retry or Park is
// due again. The worker's name is kept for whoever looks into the table.
func (s *Store) Claim(ctx context.Context, worker string, lease time.Duration, limit int) ([]Delivery, error) {
	transaction, err := s.delivery.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return nil, failed("claiming mails: beginning the transaction", err)
	}
	defer func() { _ = transaction.Rollback() }()
	ids, err := lockDue(ctx, transaction, limit)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(ids)), ", ")
	_, err = transaction.ExecContext(ctx,
		`UPDATE halo_person.outbox
		 SET attempts = attempts + 1, claimed_by = ?, due_at = TIMESTAMPADD(MICROSECOND, ?, UTC_TIMESTAMP(6))
		 WHERE id IN (`+marks+`)`, append([]any{cut(worker, 64), lease.Microseconds()}, ids...)...)
	if err != nil {
		return nil, failed("claiming mails: taking the lease", err)
	}
	deliveries, err := readDeliveries(ctx, transaction, marks, ids)
	if err != nil {
		return nil, err
	}
	return deliveries, failed("claiming mails: committing", transaction.Commit())
}

// lockDue finds and locks the rows that are due, passing over locked ones.
func lockDue(ctx context.Context, transaction *sql.Tx, limit int) (ids []any, err error) {
	rows, err := transaction.QueryContext(ctx,
		`SELECT id FROM halo_person.outbox
		 WHERE state = 'pending' AND due_at <= UTC_TIMESTAMP(6)
		 ORDER BY due_at, id LIMIT ? FOR UPDATE SKIP LOCKED`, limit)
	if err != nil {
		return nil, failed("claiming mails: finding what is due", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, failed("claiming mails: reading an id", err)
		}
		ids = append(ids, id)
	}
	return ids, failed("claiming mails: finding what is due", rows.Err())
}

// readDeliveries reads what the claimed mails need. A confirmation gets no
// answers and no result, so that it cannot tell any.
func readDeliveries(ctx context.Context, transaction *sql.Tx, marks string, ids []any) ([]Delivery, error) {
	rows, err := transaction.QueryContext(ctx,
		`SELECT outbox.id, outbox.kind, outbox.attempts, outbox.request, outbox.created_at,
		   person.advisor, person.first_name, person.last_name, person.email,
		   CASE WHEN outbox.kind = 'report' THEN assessment.input END,
		   CASE WHEN outbox.kind = 'report' THEN assessment.result END,
		   COALESCE(assessment.model_version, ''), COALESCE(assessment.data_sha256, ''),
		   COALESCE(assessment.valuation_year, 0)
		 FROM halo_person.outbox
		 JOIN halo_person.person ON person.assessment_id = outbox.assessment_id
		 LEFT JOIN halo_assessment.assessment ON assessment.id = outbox.assessment_id
		 WHERE outbox.id IN (`+marks+`) ORDER BY outbox.created_at, outbox.id`, ids...)
	if err != nil {
		return nil, failed("claiming mails: reading them", err)
	}
	defer func() { _ = rows.Close() }()
	var deliveries []Delivery
	for rows.Next() {
		var d Delivery
		err := rows.Scan(&d.ID, &d.Kind, &d.Attempts, &d.Request, &d.CreatedAt,
			&d.Advisor, &d.First, &d.Last, &d.Email, (*[]byte)(&d.Input), (*[]byte)(&d.Result),
			&d.ModelVersion, &d.DataSHA256, &d.ValuationYear)
		if err != nil {
			return nil, errors.New("claiming mails: a row of the outbox cannot be read")
		}
		deliveries = append(deliveries, d)
	}
	return deliveries, failed("claiming mails: reading them", rows.Err())
}

// Sent ends a delivery that the relay has accepted. It does so even when the
// lease is lost, because the mail is on its way whoever holds the lease; a
// delivery that has ended or was erased is left as it is. The request's id goes:
// it has no use any more.
func (s *Store) Sent(ctx context.Context, delivery Delivery) error {
	_, err := s.delivery.ExecContext(ctx,
		`UPDATE halo_person.outbox SET state = 'sent', reason = '', request = '', finished_at = UTC_TIMESTAMP()
		 WHERE id = ? AND state <> 'sent'`, delivery.ID)
	return failed("noting that a mail was sent", err)
}

// Retry makes a delivery due again at a time. The reason is kept for whoever
// looks into the table; it must tell nothing personal. The error is
// ErrLeaseLost when another worker has claimed the delivery since.
func (s *Store) Retry(ctx context.Context, delivery Delivery, at time.Time, reason string) error {
	// The delay is what counts: the database's clock and this one may differ.
	delay := max(time.Until(at), 0)
	result, err := s.delivery.ExecContext(ctx,
		`UPDATE halo_person.outbox SET due_at = TIMESTAMPADD(MICROSECOND, ?, UTC_TIMESTAMP(6)), reason = ?
		 WHERE id = ? AND state = 'pending' AND attempts = ?`,
		delay.Microseconds(), cut(reason, reasonLength), delivery.ID, delivery.Attempts)
	return oneRow("noting that a mail is to be tried again", result, err)
}

// Park ends the attempts of a delivery until Release; nothing of it is lost.
// Reason and error are as with Retry.
func (s *Store) Park(ctx context.Context, delivery Delivery, reason string) error {
	result, err := s.delivery.ExecContext(ctx,
		`UPDATE halo_person.outbox SET state = 'parked', reason = ?
		 WHERE id = ? AND state = 'pending' AND attempts = ?`,
		cut(reason, reasonLength), delivery.ID, delivery.Attempts)
	return oneRow("parking a mail", result, err)
}

// Release makes every parked mail due now, with its attempts forgotten, and
// says how many there were.
func (s *Store) Release(ctx context.Context) (int64, error) {
	result, err := s.delivery.ExecContext(ctx,
		`UPDATE halo_person.outbox SET state = 'pending', attempts = 0, due_at = UTC_TIMESTAMP(6)
		 WHERE state = 'parked'`)
	if err != nil {
		return 0, failed("releasing parked mails", err)
	}
	released, err := result.RowsAffected()
	return released, failed("releasing parked mails", err)
}

// OutboxStats counts the mails that wait and those that are parked, and says
// when the oldest that waits was stored; the zero time when none waits.
func (s *Store) OutboxStats(ctx context.Context) (pending, parked int, oldest time.Time, err error) {
	var first sql.NullTime
	err = s.delivery.QueryRowContext(ctx,
		`SELECT COUNT(CASE WHEN state = 'pending' THEN 1 END), COUNT(CASE WHEN state = 'parked' THEN 1 END),
		   MIN(CASE WHEN state = 'pending' THEN created_at END)
		 FROM halo_person.outbox WHERE state IN ('pending', 'parked')`).Scan(&pending, &parked, &first)
	if err != nil {
		return 0, 0, time.Time{}, failed("counting the outbox", err)
	}
	return pending, parked, first.Time, nil
}

// oneRow turns an update that found no row into ErrLeaseLost.
func oneRow(doing string, result sql.Result, err error) error {
	if err != nil {
		return failed(doing, err)
	}
	switch found, err := result.RowsAffected(); {
	case err != nil:
		return failed(doing, err)
	case found == 0:
		return failed(doing, ErrLeaseLost)
	}
	return nil
}

// cut shortens a text to a number of bytes, at the end of a character.
func cut(text string, length int) string {
	if len(text) <= length {
		return text
	}
	return strings.ToValidUTF8(text[:length], "")
}
