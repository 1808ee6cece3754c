package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/sealing"
)

// ErrNoPerson says that there is no person of a number: there never was, or it
// was purged or erased.
var ErrNoPerson = errors.New("there is no person of this number")

// The columns that a text is sealed for. They are part of what is stored and
// never change.
const (
	placeFirst = "first_name"
	placeLast  = "last_name"
	placeEmail = "email"
)

// Person is what is kept of a visitor.
type Person struct {
	// ID is the number that links the person to the assessment.
	ID int64
	// Advisor is the id of the advisor on whose page the visitor was.
	Advisor string
	// First, Last and Email are as the visitor wrote them.
	First, Last, Email personal.Text
	// CreatedAt is when the person was stored, in UTC to the second.
	CreatedAt time.Time
}

// sealedPerson is a person as it lies in the database.
type sealedPerson struct {
	id                 int64
	keyID, advisor     string
	first, last, email []byte
	// The plain columns hold something in rows of the version before sealing.
	plainFirst, plainLast, plainEmail personal.Text
	createdAt                         time.Time
}

// personColumns are what a sealedPerson is read from, for the table or alias
// "person"; targets are where to.
const personColumns = `person.assessment_id, person.key_id, person.advisor,
	person.first_sealed, person.last_sealed, person.email_sealed,
	person.first_name, person.last_name, person.email, person.created_at`

func (p *sealedPerson) targets() []any {
	return []any{&p.id, &p.keyID, &p.advisor, &p.first, &p.last, &p.email, &p.plainFirst, &p.plainLast, &p.plainEmail, &p.createdAt}
}

// open decrypts the person. The error is of the package sealing, and names the
// person's number.
func (p *sealedPerson) open(ring sealing.Ring) (Person, error) {
	person := Person{ID: p.id, Advisor: p.advisor, First: p.plainFirst, Last: p.plainLast, Email: p.plainEmail, CreatedAt: p.createdAt}
	if p.keyID == "" {
		return person, nil
	}
	for _, part := range []struct {
		column string
		sealed []byte
		into   *personal.Text
	}{{placeFirst, p.first, &person.First}, {placeLast, p.last, &person.Last}, {placeEmail, p.email, &person.Email}} {
		text, err := ring.Open(sealing.Place{Row: p.id, Column: part.column}, p.keyID, part.sealed)
		if err != nil {
			return Person{ID: p.id}, fmt.Errorf("opening the column %s of person %d, sealed with the key %q: %w", part.column, p.id, p.keyID, err)
		}
		*part.into = text
	}
	return person, nil
}

// seal encrypts a person's texts with the newest key.
func seal(ring sealing.Ring, id int64, first, last, email personal.Text) (*sealedPerson, error) {
	p := &sealedPerson{id: id, keyID: ring.Newest()}
	for _, part := range []struct {
		column string
		text   personal.Text
		into   *[]byte
	}{{placeFirst, first, &p.first}, {placeLast, last, &p.last}, {placeEmail, email, &p.email}} {
		sealed, err := ring.Seal(sealing.Place{Row: id, Column: part.column}, part.text)
		if err != nil {
			return nil, fmt.Errorf("sealing a person: %w", err)
		}
		*part.into = sealed
	}
	return p, nil
}

// Person reads the person of a number. The error is ErrNoPerson, or one of the
// package sealing, or the database's.
func (s *Store) Person(ctx context.Context, id int64) (Person, error) {
	var found sealedPerson
	err := s.delivery.QueryRowContext(ctx,
		`SELECT `+personColumns+` FROM halo_person.person WHERE assessment_id = ?`, id).Scan(found.targets()...)
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, fmt.Errorf("reading a person: %w", ErrNoPerson)
	}
	if err != nil {
		return Person{}, failed("reading a person", err)
	}
	return found.open(s.ring())
}

// PersonsOf finds the persons with an e-mail address, however its letters are
// written, the oldest first. It is found by its blind index; only rows of the
// version before sealing are compared as they are.
func (s *Store) PersonsOf(ctx context.Context, email personal.Text) ([]Person, error) {
	const doing = "searching by an e-mail address"
	ring := s.ring()
	rows, err := s.delivery.QueryContext(ctx,
		`SELECT `+personColumns+` FROM halo_person.person WHERE email_index = ?
		 UNION ALL
		 SELECT `+personColumns+` FROM halo_person.person WHERE key_id = '' AND email = TRIM(?)`, ring.Index(email), email)
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	var persons []Person
	for rows.Next() {
		var row sealedPerson
		if err := rows.Scan(row.targets()...); err != nil {
			return nil, errors.New(doing + ": a row cannot be read")
		}
		person, err := row.open(ring)
		if err != nil {
			return nil, err
		}
		if sealing.SameAddress(person.Email, email) {
			persons = append(persons, person)
		}
	}
	return persons, failed(doing, rows.Err())
}
