package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	accounts "halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/sealing"
)

// Console is a tenant's database as the staff console sees it: through the user
// console, who may append to the log and not change it (ADR 0090). Times are
// the caller's, so that time-outs follow one clock.
type Console struct {
	db   *sql.DB
	ring func() sealing.Ring
	// Appended is told the end of the log after each entry, so that it is noted
	// outside the database too. May be nil; set before use.
	Appended func(head audit.Head)
}

// What a call of the console may fail for, apart from the database.
var (
	// ErrNoAccount says that there is no such account, or not in a state in
	// which this can be done to it.
	ErrNoAccount = errors.New("there is no such account, or this cannot be done to it now")
	// ErrNameTaken says that another account has the name.
	ErrNameTaken = errors.New("another account has this name")
	// ErrPending says that something about the account waits for an approval.
	ErrPending = errors.New("a request about this account is waiting for an approval already")
	// ErrOneself says that nobody may do this to their own account, or agree
	// to what they asked for themselves.
	ErrOneself = errors.New("nobody may do this for themselves; another person has to")
	// ErrLastAdministrator says that nobody would be left to handle accounts.
	ErrLastAdministrator = errors.New("this is the last active administrator")
	// ErrUsed says that a code was used before, a link is used up or expired,
	// or an account is not active any more.
	ErrUsed = errors.New("it was used before, has expired, or counts no longer")
	// ErrNoClient says that the advisor has no client of this number.
	ErrNoClient = errors.New("there is no client of this number")
	// ErrNoMail says that there is no mail of this number to which this can be
	// done now.
	ErrNoMail = errors.New("there is no mail of this number, or this cannot be done to it now")
)

// OpenConsole makes a console. Like Open it does not connect. Without sealing
// keys it can do what needs none: invite, and verify the log.
func OpenConsole(_ context.Context, config Config) (*Console, error) {
	config, err := config.complete()
	if err != nil {
		return nil, fmt.Errorf("opening the console's store: %w", err)
	}
	if config.Sealing == nil {
		config.Sealing = func() sealing.Ring { return sealing.Ring{} }
	}
	return &Console{db: config.pool(userConsole), ring: config.Sealing}, nil
}

// Close closes the connections.
func (c *Console) Close() error { return c.db.Close() }

// change does some work and notes it in the log, both or neither. It is tried
// again when it loses to another transaction.
func (c *Console) change(ctx context.Context, doing string, entry audit.Entry, work func(tx *sql.Tx) error) error {
	var head audit.Head
	for try := 1; ; try++ {
		var err error
		head, err = c.changeOnce(ctx, doing, entry, work)
		if err == nil {
			break
		}
		if try == 5 || !hasNumber(err, numberDeadlock, numberLockWaitTimeout) {
			return err
		}
	}
	if c.Appended != nil && head.Number > 0 {
		c.Appended(head)
	}
	return nil
}

func (c *Console) changeOnce(ctx context.Context, doing string, entry audit.Entry, work func(tx *sql.Tx) error) (head audit.Head, err error) {
	tx, err := c.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return head, failed(doing+": beginning the transaction", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := work(tx); err != nil {
		return head, failed(doing, err)
	}
	if entry.Action != "" {
		if head, err = appendEntry(ctx, tx, entry); err != nil {
			return head, err
		}
	}
	return head, failed(doing+": committing", tx.Commit())
}

// unlogged is an entry for what leaves none.
var unlogged audit.Entry

// Record appends an entry to the log; its number is given here. Nothing that
// the entry is about may be shown before this returns nil.
func (c *Console) Record(ctx context.Context, entry audit.Entry) error {
	return c.change(ctx, "appending to the log", entry, func(*sql.Tx) error { return nil })
}

func appendEntry(ctx context.Context, tx *sql.Tx, entry audit.Entry) (audit.Head, error) {
	const doing = "appending to the log"
	head, err := readHead(ctx, tx, " FOR UPDATE")
	if err != nil {
		return head, err
	}
	entry.Number, entry.At = head.Number+1, entry.At.UTC().Truncate(time.Microsecond)
	next, err := head.Next(entry)
	if err != nil {
		return head, fmt.Errorf("%s: %w", doing, err)
	}
	_, err = tx.ExecContext(ctx,
		`INSERT INTO halo_staff.audit (number, at, actor, action, subject, detail, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		entry.Number, entry.At, entry.Actor, string(entry.Action), entry.Subject, entry.Detail, head.Hash[:], next.Hash[:])
	if err != nil {
		return head, failed(doing, err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE halo_staff.audit_head SET number = ?, hash = ? WHERE id = 1`, next.Number, next.Hash[:])
	return next, failed(doing, err)
}

func readHead(ctx context.Context, tx *sql.Tx, lock string) (head audit.Head, err error) {
	var hash []byte
	err = tx.QueryRowContext(ctx, `SELECT number, hash FROM halo_staff.audit_head WHERE id = 1`+lock).Scan(&head.Number, &hash)
	if err != nil {
		return head, failed("reading the end of the log", err)
	}
	copy(head.Hash[:], hash)
	return head, nil
}

// Entries lists the log backwards: up to limit entries before a number, or from
// the end when the number is 0.
func (c *Console) Entries(ctx context.Context, before int64, limit int) (entries []audit.Entry, err error) {
	const doing = "reading the log"
	rows, err := c.db.QueryContext(ctx,
		`SELECT number, at, actor, action, subject, detail FROM halo_staff.audit
		 WHERE ? = 0 OR number < ? ORDER BY number DESC LIMIT ?`, before, before, limit)
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var entry audit.Entry
		if err := rows.Scan(&entry.Number, &entry.At, &entry.Actor, &entry.Action, &entry.Subject, &entry.Detail); err != nil {
			return nil, failed(doing, err)
		}
		entries = append(entries, entry)
	}
	return entries, failed(doing, rows.Err())
}

// VerifyLog checks every entry, as they are at one moment. The error is an
// audit.Fault when the log is not what was written; the head is as far as it
// was checked.
func (c *Console) VerifyLog(ctx context.Context) (audit.Head, error) {
	const doing = "verifying the log"
	tx, err := c.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return audit.Head{}, failed(doing, err)
	}
	defer func() { _ = tx.Rollback() }()
	stored, err := readHead(ctx, tx, "")
	if err != nil {
		return audit.Head{}, err
	}
	var verifier audit.Verifier
	for {
		checked, err := verifySome(ctx, tx, &verifier)
		if err != nil {
			return verifier.Head(), err
		}
		if checked == 0 {
			return verifier.Head(), verifier.End(stored)
		}
	}
}

// verifySome reads the next entries: a connection is not to be held up by
// arithmetic for longer than its time-out.
func verifySome(ctx context.Context, tx *sql.Tx, verifier *audit.Verifier) (checked int, err error) {
	const doing = "verifying the log"
	rows, err := tx.QueryContext(ctx,
		`SELECT number, at, actor, action, subject, detail, previous, hash FROM halo_staff.audit
		 WHERE number > ? ORDER BY number LIMIT 1000`, verifier.Head().Number)
	if err != nil {
		return 0, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var entry audit.Entry
		var previous, hash []byte
		err := rows.Scan(&entry.Number, &entry.At, &entry.Actor, &entry.Action, &entry.Subject, &entry.Detail, &previous, &hash)
		if err != nil {
			return checked, failed(doing, err)
		}
		if err := verifier.Check(entry, audit.Hash(pad(previous)), audit.Hash(pad(hash))); err != nil {
			return checked, err
		}
		checked++
	}
	return checked, failed(doing, rows.Err())
}

// pad makes a stored digest as long as digests are.
func pad(digest []byte) (full [32]byte) {
	copy(full[:], digest)
	return full
}

func digestBytes(digest accounts.Digest) []byte { return digest[:] }
