package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	accounts "halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
)

// Session is a signed-in browser.
type Session struct {
	Digest accounts.Digest
	// CreatedAt is when it was signed in, SeenAt its last request.
	CreatedAt, SeenAt time.Time
}

// Entry is what SignIn needs.
type Entry struct {
	AccountID int64
	// Step is the second factor's that was shown; or Recovery is the code that
	// stood in for it.
	Step     int64
	Recovery *accounts.Digest
	// Session is the new one. Replaced ends: a session that somebody planted
	// in the browser is worth nothing afterwards.
	Session  accounts.Digest
	Replaced *accounts.Digest
	// Device is noted as known; nil when it was known before.
	Device *accounts.Digest
	// Secret, where it is given, is sealed anew with the newest key.
	Secret []byte
	// Keep is how long a session lasts at most; older rows are removed.
	Keep time.Duration
	// Forget is what the attempt was counted by.
	Forget []accounts.Digest
}

// SignIn makes a session, and uses up the second factor's step or the recovery
// code. The error is ErrUsed when it was used before, or the account is not
// active.
func (c *Console) SignIn(ctx context.Context, now time.Time, e Entry) error {
	entry := audit.Entry{At: now, Actor: e.AccountID, Action: audit.SignedIn, Subject: e.AccountID}
	if e.Recovery != nil {
		entry.Action = audit.RecoveryUsed
	}
	return c.change(ctx, "signing in", entry, func(tx *sql.Tx) error {
		if err := useFactor(ctx, tx, now, e); err != nil {
			return err
		}
		if err := c.sealAnew(ctx, tx, e); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM halo_staff.session WHERE created_at < ?`, now.Add(-e.Keep).UTC()); err != nil {
			return failed("removing old sessions", err)
		}
		if e.Replaced != nil {
			if _, err := tx.ExecContext(ctx, `DELETE FROM halo_staff.session WHERE digest = ?`, digestBytes(*e.Replaced)); err != nil {
				return failed("ending the session before", err)
			}
		}
		if e.Device != nil {
			_, err := tx.ExecContext(ctx, `INSERT INTO halo_staff.device (digest, account_id, created_at) VALUES (?, ?, ?)`,
				digestBytes(*e.Device), e.AccountID, now.UTC())
			if err != nil {
				return failed("noting the device", err)
			}
		}
		if err := forgetAttempts(ctx, tx, e.Forget...); err != nil {
			return err
		}
		return insertSession(ctx, tx, now, e.AccountID, e.Session)
	})
}

// sealAnew keeps up with the keys: whoever signs in needs the old ones no more.
func (c *Console) sealAnew(ctx context.Context, tx *sql.Tx, e Entry) error {
	if len(e.Secret) == 0 {
		return nil
	}
	sealed, err := sealSecret(c.ring(), e.AccountID, e.Secret)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE halo_staff.account SET secret = ? WHERE id = ?`, sealed, e.AccountID)
	return failed("sealing the second factor anew", err)
}

// useFactor changes the account's row in any case, so that a second request
// with the same code waits here for the first one's end.
func useFactor(ctx context.Context, tx *sql.Tx, now time.Time, e Entry) error {
	if e.Recovery == nil {
		result, err := tx.ExecContext(ctx,
			`UPDATE halo_staff.account SET last_step = ?, signed_in_at = ? WHERE id = ? AND state = 'active' AND last_step < ?`,
			e.Step, now.UTC(), e.AccountID, e.Step)
		return affected("using a second factor", result, err, ErrUsed)
	}
	if err := mustBeActive(ctx, tx, e.AccountID); err != nil {
		return ErrUsed
	}
	if _, err := tx.ExecContext(ctx, `UPDATE halo_staff.account SET signed_in_at = ? WHERE id = ?`, now.UTC(), e.AccountID); err != nil {
		return failed("noting the time of signing in", err)
	}
	result, err := tx.ExecContext(ctx,
		`UPDATE halo_staff.recovery_code SET used_at = ? WHERE account_id = ? AND digest = ? AND used_at IS NULL`,
		now.UTC(), e.AccountID, digestBytes(*e.Recovery))
	return affected("using a recovery code", result, err, ErrUsed)
}

func insertSession(ctx context.Context, tx *sql.Tx, now time.Time, id int64, session accounts.Digest) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO halo_staff.session (digest, account_id, created_at, seen_at) VALUES (?, ?, ?, ?)`,
		digestBytes(session), id, now.UTC(), now.UTC())
	return failed("storing the session", err)
}

// Session finds a session and its account. The error is ErrUsed when there is
// no such session, or its account is not active.
func (c *Console) Session(ctx context.Context, digest accounts.Digest) (session Session, found Account, err error) {
	session.Digest = digest
	var signedIn sql.NullTime
	err = c.db.QueryRowContext(ctx,
		`SELECT session.created_at, session.seen_at, `+accountColumns+`
		 FROM halo_staff.session JOIN `+accountTables+` ON account.id = session.account_id
		 WHERE session.digest = ? AND account.state = 'active'`, digestBytes(digest)).
		Scan(append([]any{&session.CreatedAt, &session.SeenAt}, accountTargets(&found, &signedIn)...)...)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrUsed
	}
	found.SignedInAt = signedIn.Time
	return session, found, failed("reading a session", err)
}

// Touch notes a session's last request.
func (c *Console) Touch(ctx context.Context, now time.Time, digest accounts.Digest) error {
	return c.change(ctx, "noting a session's last request", unlogged, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE halo_staff.session SET seen_at = ? WHERE digest = ?`, now.UTC(), digestBytes(digest))
		return err
	})
}

// SignOut ends a session.
func (c *Console) SignOut(ctx context.Context, now time.Time, id int64, digest accounts.Digest) error {
	entry := audit.Entry{At: now, Actor: id, Action: audit.SignedOut, Subject: id}
	return c.change(ctx, "signing out", entry, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM halo_staff.session WHERE digest = ? AND account_id = ?`, digestBytes(digest), id)
		return failed("ending the session", err)
	})
}

// Expire ends a session that lasted too long.
func (c *Console) Expire(ctx context.Context, digest accounts.Digest) error {
	return c.change(ctx, "ending a session", unlogged, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM halo_staff.session WHERE digest = ?`, digestBytes(digest))
		return err
	})
}

// ChangePassword sets a password (its hash) and ends every session and known
// device of the account but the given new ones.
func (c *Console) ChangePassword(ctx context.Context, now time.Time, id int64, password string, session, device accounts.Digest) error {
	entry := audit.Entry{At: now, Actor: id, Action: audit.PasswordChanged, Subject: id}
	return c.change(ctx, "changing a password", entry, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE halo_staff.account SET password = ? WHERE id = ? AND state = 'active'`, password, id)
		if err := affected("storing the password", result, err, ErrUsed); err != nil {
			return err
		}
		return onlyThis(ctx, tx, now, id, session, device)
	})
}

// EndOthers ends every session and known device of the account but the given
// new ones.
func (c *Console) EndOthers(ctx context.Context, now time.Time, id int64, session, device accounts.Digest) error {
	entry := audit.Entry{At: now, Actor: id, Action: audit.SessionsEnded, Subject: id}
	return c.change(ctx, "ending sessions", entry, func(tx *sql.Tx) error {
		return onlyThis(ctx, tx, now, id, session, device)
	})
}

func onlyThis(ctx context.Context, tx *sql.Tx, now time.Time, id int64, session, device accounts.Digest) error {
	for _, table := range []string{"session", "device"} {
		//nolint:gosec // table is one of these constants
		if _, err := tx.ExecContext(ctx, `DELETE FROM halo_staff.`+table+` WHERE account_id = ?`, id); err != nil {
			return failed("removing the account's rows of the table "+table, err)
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO halo_staff.device (digest, account_id, created_at) VALUES (?, ?, ?)`,
		digestBytes(device), id, now.UTC())
	if err != nil {
		return failed("noting the device", err)
	}
	return insertSession(ctx, tx, now, id, session)
}

// RenewRecovery replaces the account's recovery codes.
func (c *Console) RenewRecovery(ctx context.Context, now time.Time, id int64, recovery []accounts.Digest) error {
	entry := audit.Entry{At: now, Actor: id, Action: audit.RecoveryRenewed, Subject: id}
	return c.change(ctx, "renewing recovery codes", entry, func(tx *sql.Tx) error {
		if err := mustBeActive(ctx, tx, id); err != nil {
			return err
		}
		return replaceRecovery(ctx, tx, id, recovery)
	})
}

// UseStep uses up a step of the second factor for something other than signing
// in, and forgets the attempts that were counted by forget. The error is ErrUsed
// when it was used before.
func (c *Console) UseStep(ctx context.Context, id, step int64, forget accounts.Digest) error {
	return c.change(ctx, "confirming with a second factor", unlogged, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			`UPDATE halo_staff.account SET last_step = ? WHERE id = ? AND state = 'active' AND last_step < ?`, step, id, step)
		if err := affected("using a second factor", result, err, ErrUsed); err != nil {
			return err
		}
		return forgetAttempts(ctx, tx, forget)
	})
}

// RecoveryLeft says how many recovery codes an account has not used.
func (c *Console) RecoveryLeft(ctx context.Context, id int64) (left int, err error) {
	err = c.db.QueryRowContext(ctx,
		`SELECT COUNT(*) FROM halo_staff.recovery_code WHERE account_id = ? AND used_at IS NULL`, id).Scan(&left)
	return left, failed("counting recovery codes", err)
}

// KnownDevice says whether an account was signed in to with a device before.
func (c *Console) KnownDevice(ctx context.Context, name string, device accounts.Digest) (known bool, err error) {
	err = c.db.QueryRowContext(ctx,
		`SELECT COUNT(*) > 0 FROM halo_staff.device JOIN halo_staff.account ON account.id = device.account_id
		 WHERE device.digest = ? AND account.name = ?`, digestBytes(device), name).Scan(&known)
	return known, failed("looking for a known device", err)
}

// Waiting says how long an attempt has to wait after a number of failures.
type Waiting func(failures int, last, now time.Time) time.Duration

// BeginAttempt counts an attempt as failed before it is made, so that many at
// once are no way around the count; or says how long to wait. failures include
// this one.
func (c *Console) BeginAttempt(ctx context.Context, now time.Time, counter accounts.Digest, waiting Waiting) (wait time.Duration, failures int, err error) {
	err = c.change(ctx, "counting an attempt", unlogged, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM halo_staff.attempt WHERE last_at < ? ORDER BY last_at LIMIT 100`, now.Add(-accounts.Forgotten).UTC())
		if err != nil {
			return failed("forgetting old attempts", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT IGNORE INTO halo_staff.attempt (digest, failures, last_at) VALUES (?, 0, ?)`,
			digestBytes(counter), now.UTC())
		if err != nil {
			return failed("storing an attempt", err)
		}
		var last time.Time
		err = tx.QueryRowContext(ctx, `SELECT failures, last_at FROM halo_staff.attempt WHERE digest = ? FOR UPDATE`,
			digestBytes(counter)).Scan(&failures, &last)
		if err != nil {
			return failed("reading the attempts", err)
		}
		if wait = waiting(failures, last, now); wait > 0 {
			return nil
		}
		failures++
		_, err = tx.ExecContext(ctx, `UPDATE halo_staff.attempt SET failures = ?, last_at = ? WHERE digest = ?`,
			failures, now.UTC(), digestBytes(counter))
		return failed("storing an attempt", err)
	})
	return wait, failures, err
}

// forgetAttempts takes back what BeginAttempt counted. It belongs to the
// transaction of the success: a code that was used up for nothing, because the
// database failed a moment later, would keep its owner out until the next one.
func forgetAttempts(ctx context.Context, tx *sql.Tx, counters ...accounts.Digest) error {
	for _, counter := range counters {
		if _, err := tx.ExecContext(ctx, `DELETE FROM halo_staff.attempt WHERE digest = ?`, digestBytes(counter)); err != nil {
			return failed("forgetting attempts", err)
		}
	}
	return nil
}
