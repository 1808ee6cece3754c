package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"halo.dev/halo/internal/sealing"
)

const (
	// reasonLength is the width of the outbox's column for a reason.
	reasonLength = 255
	// keyPause is after how long a mail is looked at again whose person is
	// sealed with a key that has not reached this pod.
	keyPause = time.Minute
)

// A mail that waits is stateQueued, or statePending when the version before
// sealing wrote it, whose pods take no other.
const (
	statePending = "pending"
	stateQueued  = "queued"
)

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
	_, err = transaction.ExecContext(ctx,
		`UPDATE halo_person.outbox
		 SET attempts = attempts + 1, claimed_by = ?, due_at = TIMESTAMPADD(MICROSECOND, ?, UTC_TIMESTAMP(6))
		 WHERE id IN (`+marks(len(ids))+`)`, append([]any{cut(worker, 64), lease.Microseconds()}, ids...)...)
	if err != nil {
		return nil, failed("claiming mails: taking the lease", err)
	}
	deliveries, closed, err := s.readDeliveries(ctx, transaction, ids)
	if err != nil {
		return nil, err
	}
	for _, one := range closed {
		if err := setAside(ctx, transaction, one); err != nil {
			return nil, err
		}
	}
	return deliveries, failed("claiming mails: committing", transaction.Commit())
}

// lockDue finds and locks the rows that are due, passing over locked ones: of
// each state for itself, so that the index gives them in their order.
func lockDue(ctx context.Context, transaction *sql.Tx, limit int) (ids []any, err error) {
	for _, state := range []string{statePending, stateQueued} {
		found, err := lockDueOf(ctx, transaction, state, limit-len(ids))
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	return ids, nil
}

func lockDueOf(ctx context.Context, transaction *sql.Tx, state string, limit int) (ids []any, err error) {
	rows, err := transaction.QueryContext(ctx,
		`SELECT id FROM halo_person.outbox
		 WHERE state = ? AND due_at <= UTC_TIMESTAMP(6)
		 ORDER BY due_at, id LIMIT ? FOR UPDATE SKIP LOCKED`, state, limit)
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

// closed is a mail whose person cannot be opened.
type closed struct {
	id  int64
	why error
}

// readDeliveries reads what the claimed mails need. A confirmation gets no
// answers and no result, so that it cannot tell any.
func (s *Store) readDeliveries(ctx context.Context, transaction *sql.Tx, ids []any) (open []Delivery, shut []closed, err error) {
	rows, err := transaction.QueryContext(ctx,
		`SELECT outbox.id, outbox.kind, outbox.attempts, outbox.request, outbox.created_at,
		   CASE WHEN outbox.kind = 'report' THEN assessment.input END,
		   CASE WHEN outbox.kind = 'report' THEN assessment.result END,
		   COALESCE(assessment.model_version, ''), COALESCE(assessment.data_sha256, ''),
		   COALESCE(assessment.valuation_year, 0), `+personColumns+`
		 FROM halo_person.outbox
		 JOIN halo_person.person ON person.assessment_id = outbox.assessment_id
		 LEFT JOIN halo_assessment.assessment ON assessment.id = outbox.assessment_id
		 WHERE outbox.id IN (`+marks(len(ids))+`) ORDER BY outbox.created_at, outbox.id`, ids...)
	if err != nil {
		return nil, nil, failed("claiming mails: reading them", err)
	}
	defer func() { _ = rows.Close() }()
	ring := s.ring()
	for rows.Next() {
		var d Delivery
		var row sealedPerson
		err := rows.Scan(append([]any{&d.ID, &d.Kind, &d.Attempts, &d.Request, &d.CreatedAt, (*[]byte)(&d.Input), (*[]byte)(&d.Result),
			&d.ModelVersion, &d.DataSHA256, &d.ValuationYear}, row.targets()...)...)
		if err != nil {
			return nil, nil, errors.New("claiming mails: a row of the outbox cannot be read")
		}
		person, err := row.open(ring)
		if err != nil {
			shut = append(shut, closed{d.ID, err})
			continue
		}
		d.Advisor, d.First, d.Last, d.Email = person.Advisor, person.First, person.Last, person.Email
		open = append(open, d)
	}
	return open, shut, failed("claiming mails: reading them", rows.Err())
}

// setAside says in the outbox why a mail was not given out. A key may yet come,
// and the attempt does not count; a text that was changed is parked.
func setAside(ctx context.Context, transaction *sql.Tx, one closed) error {
	statement := `UPDATE halo_person.outbox SET state = 'parked', reason = ? WHERE id = ?`
	arguments := []any{cut(one.why.Error(), reasonLength), one.id}
	if errors.Is(one.why, sealing.ErrUnknownKey) {
		statement = `UPDATE halo_person.outbox
			SET reason = ?, attempts = attempts - 1, due_at = TIMESTAMPADD(MICROSECOND, ?, UTC_TIMESTAMP(6)) WHERE id = ?`
		arguments = []any{arguments[0], keyPause.Microseconds(), one.id}
	}
	_, err := transaction.ExecContext(ctx, statement, arguments...)
	return failed("claiming mails: setting one aside", err)
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
		 WHERE id = ? AND state IN ('pending', 'queued') AND attempts = ?`,
		delay.Microseconds(), cut(reason, reasonLength), delivery.ID, delivery.Attempts)
	return oneRow("noting that a mail is to be tried again", result, err)
}

// Park ends the attempts of a delivery until Release; nothing of it is lost.
// Reason and error are as with Retry.
func (s *Store) Park(ctx context.Context, delivery Delivery, reason string) error {
	result, err := s.delivery.ExecContext(ctx,
		`UPDATE halo_person.outbox SET state = 'parked', reason = ?
		 WHERE id = ? AND state IN ('pending', 'queued') AND attempts = ?`,
		cut(reason, reasonLength), delivery.ID, delivery.Attempts)
	return oneRow("parking a mail", result, err)
}

// Release makes every parked mail due now, with its attempts forgotten, and
// says how many there were.
func (s *Store) Release(ctx context.Context) (int64, error) {
	result, err := s.delivery.ExecContext(ctx,
		`UPDATE halo_person.outbox SET state = 'queued', attempts = 0, due_at = UTC_TIMESTAMP(6)
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
		`SELECT COUNT(CASE WHEN state <> 'parked' THEN 1 END), COUNT(CASE WHEN state = 'parked' THEN 1 END),
		   MIN(CASE WHEN state <> 'parked' THEN created_at END)
		 FROM halo_person.outbox WHERE state IN ('pending', 'queued', 'parked')`).Scan(&pending, &parked, &first)
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
