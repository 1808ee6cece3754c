package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// Erase removes persons with their consent and every mail that waits, and
// leaves the numbers in the ledger of erasures. A mail that a worker has in its
// hands at this moment may still go out. To erase a person who is not there is
// no error: the number is noted all the same, so that no copy brings the person
// back. It says how many persons there were.
func (s *Store) Erase(ctx context.Context, ids ...int64) (erased int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	err = s.again(ctx, func(ctx context.Context) error {
		erased, err = erase(ctx, s.delivery, ids)
		return err
	})
	return erased, err
}

// beginner is a pool or a connection.
type beginner interface {
	BeginTx(ctx context.Context, options *sql.TxOptions) (*sql.Tx, error)
}

// erase notes the numbers first: a person may be gone only when the number is
// in the ledger.
func erase(ctx context.Context, db beginner, ids []int64) (erased int, err error) {
	transaction, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return 0, failed("erasing persons: beginning the transaction", err)
	}
	defer func() { _ = transaction.Rollback() }()
	// Two erasures of the same persons lock them in the same order.
	ids = slices.Sorted(slices.Values(ids))
	//nolint:gosec // what is joined are placeholders
	_, err = transaction.ExecContext(ctx, `INSERT IGNORE INTO halo_person.erasure (assessment_id, erased_at) VALUES `+
		strings.TrimSuffix(strings.Repeat("(?, UTC_TIMESTAMP()), ", len(ids)), ", "), anyOf(ids)...)
	if err != nil {
		return 0, failed("erasing persons: noting the numbers", err)
	}
	result, err := transaction.ExecContext(ctx, `DELETE FROM halo_person.person WHERE assessment_id IN (`+marks(len(ids))+`)`, anyOf(ids)...) //nolint:gosec // placeholders
	if err != nil {
		return 0, failed("erasing persons: removing them", err)
	}
	removed, err := result.RowsAffected()
	if err != nil {
		return 0, failed("erasing persons: removing them", err)
	}
	return int(removed), failed("erasing persons: committing", transaction.Commit())
}

// anyOf makes arguments of numbers.
func anyOf(ids []int64) []any {
	arguments := make([]any, 0, len(ids))
	for _, id := range ids {
		arguments = append(arguments, id)
	}
	return arguments
}

// Unnoted lists up to limit numbers of the ledger that are not known to be
// noted outside of the database.
func (s *Store) Unnoted(ctx context.Context, limit int) ([]int64, error) {
	return s.numbers(ctx, `SELECT assessment_id FROM halo_person.erasure WHERE noted_at IS NULL ORDER BY assessment_id LIMIT ?`, limit)
}

// ErasedAfter lists the numbers of the ledger in their order, up to limit that
// are greater than a number.
func (s *Store) ErasedAfter(ctx context.Context, after int64, limit int) ([]int64, error) {
	return s.numbers(ctx, `SELECT assessment_id FROM halo_person.erasure WHERE assessment_id > ? ORDER BY assessment_id LIMIT ?`, after, limit)
}

func (s *Store) numbers(ctx context.Context, query string, arguments ...any) (numbers []int64, err error) {
	const doing = "reading the ledger of erasures"
	rows, err := s.delivery.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var number int64
		if err := rows.Scan(&number); err != nil {
			return nil, failed(doing, err)
		}
		numbers = append(numbers, number)
	}
	return numbers, failed(doing, rows.Err())
}

// Noted remembers that numbers of the ledger are noted outside of the database.
// A number that is not in the ledger is left out of it.
func (s *Store) Noted(ctx context.Context, ids ...int64) error {
	if len(ids) == 0 {
		return nil
	}
	return s.again(ctx, func(ctx context.Context) error { return noted(ctx, s.delivery, ids) })
}

// executor is a pool, a connection or a transaction.
type executor interface {
	ExecContext(ctx context.Context, query string, arguments ...any) (sql.Result, error)
}

func noted(ctx context.Context, db executor, ids []int64) error {
	_, err := db.ExecContext(ctx, `UPDATE halo_person.erasure SET noted_at = UTC_TIMESTAMP()
		WHERE noted_at IS NULL AND assessment_id IN (`+marks(len(ids))+`)`, anyOf(slices.Sorted(slices.Values(ids)))...) //nolint:gosec // placeholders
	return failed("remembering which erasures are noted", err)
}

// unsentGrace is how many days longer a person is kept whose mail was not sent:
// nobody's report is lost to a relay that is away when their time is over.
const unsentGrace = 30

// Purge removes up to limit persons that were stored more than a number of days
// ago by the database's clock, the oldest first, with consent and mails. Who
// has a mail that was not sent yet is kept up to 30 days longer. Their
// assessments stay. They leave no number: a copy that still has them is rid of
// them by the next purge.
func (s *Store) Purge(ctx context.Context, days, limit int) (purged int, err error) {
	if days < 1 {
		return 0, nil
	}
	result, err := s.delivery.ExecContext(ctx,
		`DELETE FROM halo_person.person WHERE created_at < UTC_TIMESTAMP() - INTERVAL ? DAY
		 AND (created_at < UTC_TIMESTAMP() - INTERVAL ? DAY OR NOT EXISTS (
		   SELECT 1 FROM halo_person.outbox WHERE outbox.assessment_id = person.assessment_id AND outbox.state NOT IN ('sent', 'canceled')))
		 ORDER BY created_at LIMIT ?`, days, days+unsentGrace, limit)
	if err != nil {
		return 0, failed("purging persons", err)
	}
	removed, err := result.RowsAffected()
	return int(removed), failed("purging persons", err)
}

// Lease calls work while no other pod does the same: under a lock of the
// database, which ends with its connection. When another one holds it, work is
// not called.
func (s *Store) Lease(ctx context.Context, name string, work func(ctx context.Context) error) (held bool, err error) {
	connection, err := s.delivery.Conn(ctx)
	if err != nil {
		return false, failed("taking the lease "+name, err)
	}
	defer func() { _ = connection.Close() }()
	var taken sql.NullInt64
	if err := connection.QueryRowContext(ctx, `SELECT GET_LOCK(?, 0)`, "halo-"+name).Scan(&taken); err != nil {
		return false, failed("taking the lease "+name, err)
	}
	if taken.Int64 != 1 {
		return false, nil
	}
	defer func() {
		var released sql.NullInt64
		_ = connection.QueryRowContext(context.WithoutCancel(ctx), `SELECT RELEASE_LOCK(?)`, "halo-"+name).Scan(&released)
	}()
	return true, work(ctx)
}
