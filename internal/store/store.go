// Package store keeps a tenant's assessments and people in MySQL: two schemas,
// two users, one transaction (ADR 0003); and the staff of the console in a
// third, with a user of its own. It is the only place with SQL, and it runs on
// Aurora MySQL 3 (MySQL 8.0) as on MariaDB 10.11.
//
// No error of this package carries a value that was stored or read, nor a
// secret: see DatabaseError.
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"halo.dev/halo/internal/personal"
	"halo.dev/halo/internal/sealing"
)

// Config says where the database is and how to speak with it.
type Config struct {
	// Host is the database's name; its certificate must be valid for it.
	Host string
	// Port is 3306 when zero.
	Port int
	// CAFile holds the certificates (PEM) that may have signed the database's.
	CAFile string
	// CredentialsDir holds the files intake-username, intake-password and the
	// same two of delivery and of console. They are read again for every new
	// connection.
	CredentialsDir string
	// Sealing returns the keys that persons are sealed with, as they are now.
	Sealing func() sealing.Ring
	// MaxConnections bounds the connections of each user; 8 when zero.
	MaxConnections int
	// ConnectionLifetime bounds how long a connection is used, and so how
	// long an exchanged password or certificate stays unnoticed; five minutes
	// when zero.
	ConnectionLifetime time.Duration
	// DialTimeout bounds the opening of a connection; 3 seconds when zero.
	DialTimeout time.Duration
	// QueryTimeout bounds each wait for the database's answer; 10 seconds
	// when zero.
	QueryTimeout time.Duration

	// resolver finds Host's address; the machine's when nil.
	resolver *net.Resolver
}

// Store is a tenant's database as halo-server sees it: two pools of
// connections, one for each user.
type Store struct {
	intake   *sql.DB
	delivery *sql.DB
	ring     func() sealing.Ring
}

// Submission is one answered questionnaire, ready to be kept.
type Submission struct {
	// Nonce is the idempotency key of the visitor's token.
	Nonce [16]byte
	// Request is the id of the request, by which log lines are found; at most
	// 36 ASCII characters, or empty.
	Request string
	// Advisor is the id of the advisor on whose page the visitor was.
	Advisor string
	// First, Last and Email are all that is kept of the person.
	First, Last, Email personal.Text
	// ConsentAt is when the visitor agreed, to the second.
	ConsentAt time.Time
	// ModelVersion, DataSHA256 (64 hexadecimal digits) and ValuationYear say
	// what computed the result, so that it can be computed again.
	ModelVersion  string
	DataSHA256    string
	ValuationYear int
	// Input, Result and Browser are JSON: the answers, the whole result, and
	// the part of it that the visitor sees. They must name nobody.
	Input, Result, Browser json.RawMessage
}

// Receipt is what Save did.
type Receipt struct {
	// Browser is the browser view that is stored under the nonce.
	Browser json.RawMessage
	// Replayed says that the nonce was known already and nothing was stored.
	Replayed bool
}

// Kind says what a delivery is.
type Kind string

const (
	// KindReport is the advisor's mail, with the report.
	KindReport Kind = "report"
	// KindConfirmation is the visitor's mail, without any result.
	KindConfirmation Kind = "confirmation"
)

// Delivery is one mail that has to be sent, claimed by one worker until its
// lease ends.
type Delivery struct {
	// ID is a random number of 63 bits; it names the delivery and links to
	// nothing else.
	ID int64
	// Kind says to whom the mail goes and what it holds.
	Kind Kind
	// Request is the id of the request that queued the mail, or empty.
	Request string
	// Advisor is the advisor's id.
	Advisor string
	// First, Last and Email are the visitor's.
	First, Last, Email personal.Text
	// Input and Result are the assessment's JSON; both are empty for a
	// confirmation, which must not know them.
	Input, Result json.RawMessage
	// ModelVersion, DataSHA256 and ValuationYear say what computed the result.
	ModelVersion  string
	DataSHA256    string
	ValuationYear int
	// Attempts counts the claims, this one included: 1 at first.
	Attempts int
	// CreatedAt is when the submission was stored, in UTC to the second.
	CreatedAt time.Time
}

// ErrLeaseLost says that a delivery was claimed anew, or ended, since the
// caller claimed it.
var ErrLeaseLost = errors.New("the delivery's lease was lost")

// Open makes a store. It does not connect: the database may be away, and every
// call says so while it is. An error means that the configuration is
// incomplete.
func Open(_ context.Context, config Config) (*Store, error) {
	config, err := config.complete()
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	if config.Sealing == nil {
		return nil, errors.New("opening the store: the sealing keys are missing: persons are never kept plain")
	}
	return &Store{
		intake:   config.pool(userIntake),
		delivery: config.pool(userDelivery),
		ring:     config.Sealing,
	}, nil
}

// Close closes the connections of both users.
func (s *Store) Close() error {
	return errors.Join(s.intake.Close(), s.delivery.Close())
}

// Pools is the state of the connections, by user.
func (s *Store) Pools() map[string]sql.DBStats {
	return map[string]sql.DBStats{userIntake: s.intake.Stats(), userDelivery: s.delivery.Stats()}
}

// Ping asks the database for an answer as both users. The error names the user
// and is a DatabaseError where the database itself refused.
func (s *Store) Ping(ctx context.Context) error {
	return errors.Join(
		failed("pinging the database as the user intake", s.intake.PingContext(ctx)),
		failed("pinging the database as the user delivery", s.delivery.PingContext(ctx)),
	)
}
