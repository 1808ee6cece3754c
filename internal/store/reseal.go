package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// Resealed is what one step of Reseal did.
type Resealed struct {
	// Sealed is how many persons were sealed with the newest key.
	Sealed int
	// Unreadable are the numbers of persons that could not be opened, whose
	// key is not here or whose texts were changed; they are left as they are.
	Unreadable []int64
	// Last is the highest number that was looked at: the next step goes on
	// after it.
	Last int64
	// Done says that there is no person after Last that another key sealed.
	Done bool
}

// Reseal seals up to limit persons that another key than the newest has
// sealed, or none, in the order of their numbers after a number. It may be
// interrupted and repeated at any time, may run more than once at a time, and
// does not stand in the way of serving. Mails that wait stay due, and change
// from pods of the version before sealing to those that can read the person.
func (s *Store) Reseal(ctx context.Context, after int64, limit int) (Resealed, error) {
	const doing = "sealing persons anew"
	transaction, err := s.delivery.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return Resealed{}, failed(doing+": beginning the transaction", err)
	}
	defer func() { _ = transaction.Rollback() }()
	ring := s.ring()
	rows, err := staleRows(ctx, transaction, ring.Newest(), after, limit)
	if err != nil {
		return Resealed{}, err
	}
	step := Resealed{Last: after, Done: len(rows) < limit}
	for _, row := range rows {
		step.Last = row.id
		person, err := row.open(ring)
		if err != nil {
			step.Unreadable = append(step.Unreadable, row.id)
			continue
		}
		sealed, err := seal(ring, row.id, person.First, person.Last, person.Email)
		if err != nil {
			return Resealed{}, err
		}
		if err := replaceTexts(ctx, transaction, sealed, ring.Index(person.Email)); err != nil {
			return Resealed{}, err
		}
		step.Sealed++
	}
	if err := transaction.Commit(); err != nil {
		return Resealed{}, failed(doing+": committing", err)
	}
	return step, nil
}

// staleRows locks persons that the newest key has not sealed.
func staleRows(ctx context.Context, transaction *sql.Tx, newest string, after int64, limit int) ([]sealedPerson, error) {
	const doing = "sealing persons anew: finding them"
	if newest == "" {
		return nil, errors.New(doing + ": there is no key to seal with")
	}
	rows, err := transaction.QueryContext(ctx,
		`SELECT `+personColumns+` FROM halo_person.person
		 WHERE key_id <> ? AND assessment_id > ? ORDER BY assessment_id LIMIT ? FOR UPDATE`, newest, after, limit)
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	var stale []sealedPerson
	for rows.Next() {
		var row sealedPerson
		if err := rows.Scan(row.targets()...); err != nil {
			return nil, errors.New(doing + ": a row cannot be read")
		}
		stale = append(stale, row)
	}
	return stale, failed(doing, rows.Err())
}

// replaceTexts writes a person's sealed texts and empties the plain ones.
func replaceTexts(ctx context.Context, transaction *sql.Tx, sealed *sealedPerson, index []byte) error {
	_, err := transaction.ExecContext(ctx,
		`UPDATE halo_person.person SET key_id = ?, first_sealed = ?, last_sealed = ?, email_sealed = ?, email_index = ?,
		   first_name = '', last_name = '', email = ''
		 WHERE assessment_id = ?`, sealed.keyID, sealed.first, sealed.last, sealed.email, index, sealed.id)
	if err != nil {
		return failed("sealing persons anew: writing one", err)
	}
	_, err = transaction.ExecContext(ctx,
		`UPDATE halo_person.outbox SET state = ? WHERE assessment_id = ? AND state = ?`, stateQueued, sealed.id, statePending)
	return failed("sealing persons anew: handing over the mails", err)
}

// Stale counts the persons that the newest key has not sealed.
func (s *Store) Stale(ctx context.Context) (stale int, err error) {
	err = s.delivery.QueryRowContext(ctx, `SELECT COUNT(*) FROM halo_person.person WHERE key_id <> ?`, s.ring().Newest()).Scan(&stale)
	return stale, failed("counting the persons that are to be sealed anew", err)
}

// marks are the placeholders for a number of values.
func marks(number int) string { return strings.TrimSuffix(strings.Repeat("?, ", number), ", ") }
