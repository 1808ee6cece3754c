package store

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// Erasure is what is left of an erased person: a number that leads nowhere.
type Erasure struct {
	// ID is the number of the assessment whose person was erased.
	ID int64
	// At is when, in UTC to the second.
	At time.Time
}

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
		erased, err = erase(ctx, s.delivery, ids, "UTC_TIMESTAMP()")
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
func erase(ctx context.Context, db beginner, ids []int64, at string, moment ...any) (erased int, err error) {
	transaction, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return 0, failed("erasing persons: beginning the transaction", err)
	}
	defer func() { _ = transaction.Rollback() }()
	// Two erasures of the same persons lock them in the same order.
	for _, id := range slices.Sorted(slices.Values(ids)) {
		_, err := transaction.ExecContext(ctx,
			`INSERT IGNORE INTO halo_person.erasure (assessment_id, erased_at) VALUES (?, `+at+`)`, //nolint:gosec // at is a constant of this package's callers
			append([]any{id}, moment...)...)
		if err != nil {
			return 0, failed("erasing persons: noting the number", err)
		}
		result, err := transaction.ExecContext(ctx, `DELETE FROM halo_person.person WHERE assessment_id = ?`, id)
		if err != nil {
			return 0, failed("erasing persons: removing one", err)
		}
		removed, err := result.RowsAffected()
		if err != nil {
			return 0, failed("erasing persons: removing one", err)
		}
		erased += int(removed)
	}
	if err := transaction.Commit(); err != nil {
		return 0, failed("erasing persons: committing", err)
	}
	return erased, nil
}

// Erasures lists the ledger in the order of its numbers, up to limit after a
// number.
func (s *Store) Erasures(ctx context.Context, after int64, limit int) ([]Erasure, error) {
	const doing = "reading the ledger of erasures"
	rows, err := s.delivery.QueryContext(ctx,
		`SELECT assessment_id, erased_at FROM halo_person.erasure WHERE assessment_id > ? ORDER BY assessment_id LIMIT ?`, after, limit)
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	var found []Erasure
	for rows.Next() {
		var one Erasure
		if err := rows.Scan(&one.ID, &one.At); err != nil {
			return nil, failed(doing, err)
		}
		found = append(found, one)
	}
	return found, failed(doing, rows.Err())
}

// CountErasures says how many numbers the ledger has.
func (s *Store) CountErasures(ctx context.Context) (number int, err error) {
	err = s.delivery.QueryRowContext(ctx, `SELECT COUNT(*) FROM halo_person.erasure`).Scan(&number)
	return number, failed("counting the ledger of erasures", err)
}

// Purge removes up to limit persons that were stored more than a number of days
// ago by the database's clock, the oldest first, with consent and mails. Their
// assessments stay. They leave no number: a copy that still has them is rid of
// them by the next purge.
func (s *Store) Purge(ctx context.Context, days, limit int) (purged int, err error) {
	if days < 1 {
		return 0, nil
	}
	result, err := s.delivery.ExecContext(ctx,
		`DELETE FROM halo_person.person WHERE created_at < UTC_TIMESTAMP() - INTERVAL ? DAY ORDER BY created_at LIMIT ?`, days, limit)
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
