package store

import (
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
)

// The database's error numbers that this package decides on, the same in MySQL
// and MariaDB.
const (
	numberDuplicate       = 1062
	numberLockWaitTimeout = 1205
	numberDeadlock        = 1213
)

// numbersDone are how the database refuses an ALTER TABLE that was made before:
// MySQL cannot be told "if it is not there yet". An ALTER TABLE is made whole or
// not at all, so one refusal is enough to know.
var numbersDone = []uint16{
	1060, 1061, // duplicate column, duplicate key
	1091, 3940, // what is to be dropped is not there (a key or column; in MySQL a constraint)
	1826, 3822, // duplicate constraint, in MariaDB and in MySQL
}

// DatabaseError is an answer of the database that it cannot do what was asked.
// The database quotes rejected values in some messages, so only the messages
// known not to are kept.
type DatabaseError struct {
	// Doing says what was tried.
	Doing string
	// Number is MySQL's error number, as 1142 for a command that the user
	// may not give.
	Number uint16
	// State is the SQLSTATE, five characters.
	State string
	// message is the database's own words, or empty.
	message string
}

// Error says what was tried and how the database named its refusal.
func (e *DatabaseError) Error() string {
	text := fmt.Sprintf("%s: the database answers with error %d (%s)", e.Doing, e.Number, e.State)
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// tellsNoValue says whether a message of this number is made of names alone:
// users, hosts, schemas, tables and columns.
func tellsNoValue(number uint16) bool {
	switch number {
	case 1040, // too many connections
		1044, 1045, 1142, 1143, 1227, // access denied
		1049, 1054, 1146, // unknown schema, column, table
		numberLockWaitTimeout, numberDeadlock,
		1290, 1792, 1836, // read only
		1406, // too long, with the column's name
		3159: // secure transport required
		return true
	}
	return false
}

// failed says what was being done when an error came up; nil stays nil. What
// the database said is reduced to a DatabaseError and can no longer be
// unwrapped; other errors (the network, TLS, the context) stay wrapped.
func failed(doing string, err error) error {
	var answer *mysql.MySQLError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		reduced := &DatabaseError{Doing: doing, Number: answer.Number, State: string(answer.SQLState[:])}
		if tellsNoValue(answer.Number) {
			reduced.message = answer.Message
		}
		return reduced
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// hasNumber says whether the database answered with one of these numbers.
func hasNumber(err error, numbers ...uint16) bool {
	var answer *DatabaseError
	if !errors.As(err, &answer) {
		return false
	}
	for _, number := range numbers {
		if answer.Number == number {
			return true
		}
	}
	return false
}
