package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"halo.dev/halo/internal/sealing"
)

var (
	errNonceKnown = errors.New("the nonce is known")
	errIDTaken    = errors.New("the random id is taken")
)

// Save keeps a submission: the assessment and the nonce in one schema; the
// person, the consent and the two mails to send in the other; all of it or
// nothing. A nonce that is known already, also one that another call is
// storing at this moment, stores nothing and returns the browser view that
// was stored with it.
//
// A failure that passes by itself, as a deadlock or a failover of the database,
// is tried again until the context ends. After an error nothing was stored, or,
// when the connection broke at the very end, everything: calling again with the
// same nonce is right in both cases.
func (s *Store) Save(ctx context.Context, submission Submission) (receipt Receipt, err error) {
	if err := submission.check(); err != nil {
		return Receipt{}, fmt.Errorf("saving an assessment: %w", err)
	}
	err = s.again(ctx, func(ctx context.Context) error {
		receipt, err = s.save(ctx, submission)
		return err
	})
	return receipt, err
}

// save tries once; a random number that is taken counts for nothing.
func (s *Store) save(ctx context.Context, submission Submission) (Receipt, error) {
	for {
		err := s.insert(ctx, submission)
		switch {
		case err == nil:
			return Receipt{Browser: submission.Browser}, nil
		case errors.Is(err, errNonceKnown):
			return s.replay(ctx, submission.Nonce)
		case !errors.Is(err, errIDTaken):
			return Receipt{}, err
		}
	}
}

// check finds what the database would refuse with less helpful words.
func (s Submission) check() error {
	for _, document := range []struct {
		name string
		json json.RawMessage
	}{{"input", s.Input}, {"result", s.Result}, {"browser view", s.Browser}} {
		if !json.Valid(document.json) {
			return fmt.Errorf("the %s is not JSON", document.name)
		}
	}
	if s.ConsentAt.IsZero() {
		return errors.New("the time of the consent is missing")
	}
	return nil
}

// replay returns what a nonce is known for.
func (s *Store) replay(ctx context.Context, nonce [16]byte) (Receipt, error) {
	browser, found, err := s.ByNonce(ctx, nonce)
	if err != nil {
		return Receipt{}, err
	}
	if !found {
		return Receipt{}, errors.New("saving an assessment: the nonce was used, but its assessment is not found")
	}
	return Receipt{Browser: browser, Replayed: true}, nil
}

// ByNonce returns the browser view that was stored with a nonce.
func (s *Store) ByNonce(ctx context.Context, nonce [16]byte) (browser json.RawMessage, found bool, err error) {
	err = s.intake.QueryRowContext(ctx,
		`SELECT assessment.browser
		 FROM halo_assessment.nonce
		 JOIN halo_assessment.assessment ON assessment.id = nonce.assessment_id
		 WHERE nonce.nonce = ?`, nonce[:]).Scan((*[]byte)(&browser))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, failed("looking up a nonce", err)
	}
	return browser, true, nil
}

// insert stores a submission in one transaction. Apart from the database's own
// errors it returns errNonceKnown and errIDTaken.
func (s *Store) insert(ctx context.Context, submission Submission) error {
	transaction, err := s.intake.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return failed("saving an assessment: beginning the transaction", err)
	}
	defer func() { _ = transaction.Rollback() }()
	link, err := randomID()
	if err != nil {
		return err
	}
	if err := insertAssessment(ctx, transaction, link, submission); err != nil {
		return err
	}
	if err := insertPerson(ctx, transaction, s.ring(), link, submission); err != nil {
		return err
	}
	return failed("saving an assessment: committing", transaction.Commit())
}

// insertAssessment fills halo_assessment. The nonce goes first: who comes
// second with the same nonce waits here for the first one's end.
func insertAssessment(ctx context.Context, transaction *sql.Tx, link int64, submission Submission) error {
	_, err := transaction.ExecContext(ctx,
		`INSERT INTO halo_assessment.nonce (nonce, assessment_id, created_at) VALUES (?, ?, UTC_TIMESTAMP())`,
		submission.Nonce[:], link)
	if err = failed("saving an assessment: inserting the nonce", err); hasNumber(err, numberDuplicate) {
		return errNonceKnown
	}
	if err != nil {
		return err
	}
	_, err = transaction.ExecContext(ctx,
		`INSERT INTO halo_assessment.assessment
		   (id, model_version, data_sha256, valuation_year, input, result, browser, created_at)
		 VALUES (?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP())`,
		link, submission.ModelVersion, submission.DataSHA256, submission.ValuationYear,
		[]byte(submission.Input), []byte(submission.Result), []byte(submission.Browser))
	if err = failed("saving an assessment: inserting the assessment", err); hasNumber(err, numberDuplicate) {
		return errIDTaken
	}
	return err
}

// insertPerson fills halo_person. The columns for plain texts are left empty;
// they go when no program of the version before is at work any more.
func insertPerson(ctx context.Context, transaction *sql.Tx, ring sealing.Ring, link int64, submission Submission) error {
	sealed, err := seal(ring, link, submission.First, submission.Last, submission.Email)
	if err != nil {
		return err
	}
	_, err = transaction.ExecContext(ctx,
		`INSERT INTO halo_person.person
		   (assessment_id, advisor, key_id, first_sealed, last_sealed, email_sealed, email_index, first_name, last_name, email, created_at)
		 VALUES (?, ?, ?, ?, ?, ?, ?, '', '', '', UTC_TIMESTAMP())`,
		link, submission.Advisor, sealed.keyID, sealed.first, sealed.last, sealed.email, ring.Index(submission.Email))
	if err != nil {
		return failed("saving an assessment: inserting the person", err)
	}
	_, err = transaction.ExecContext(ctx,
		`INSERT INTO halo_person.consent (assessment_id, given_at) VALUES (?, ?)`,
		link, submission.ConsentAt.Truncate(time.Second))
	if err != nil {
		return failed("saving an assessment: inserting the consent", err)
	}
	for _, kind := range []Kind{KindReport, KindConfirmation} {
		if err := insertDelivery(ctx, transaction, link, kind, submission.Request); err != nil {
			return err
		}
	}
	return nil
}

// insertDelivery queues one mail.
func insertDelivery(ctx context.Context, transaction *sql.Tx, link int64, kind Kind, request string) error {
	id, err := randomID()
	if err != nil {
		return err
	}
	_, err = transaction.ExecContext(ctx,
		`INSERT INTO halo_person.outbox (id, assessment_id, kind, state, request, created_at, due_at)
		 VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(), UTC_TIMESTAMP(6))`, id, link, string(kind), stateQueued, request)
	if err = failed("saving an assessment: queueing a mail", err); hasNumber(err, numberDuplicate) {
		return errIDTaken
	}
	return err
}

// randomID makes a number of 63 random bits, never zero.
func randomID() (int64, error) {
	for {
		var bytes [8]byte
		if _, err := rand.Read(bytes[:]); err != nil {
			return 0, fmt.Errorf("making a random id: %w", err)
		}
		if id := int64(binary.BigEndian.Uint64(bytes[:]) >> 1); id != 0 {
			return id, nil
		}
	}
}
