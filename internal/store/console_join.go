package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	accounts "halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
)

// Guest is who has an invitation's link.
type Guest struct {
	AccountID int64
	Name      string
	Role      accounts.Role
	// Password and Secret are what was prepared; they count once Join was
	// called. Both are empty before.
	Password string
	Secret   []byte
}

// Invited finds the account that an invitation is for. The error is ErrUsed
// when the invitation does not count, or no longer.
func (c *Console) Invited(ctx context.Context, now time.Time, invitation accounts.Digest) (guest Guest, err error) {
	err = c.db.QueryRowContext(ctx,
		`SELECT account.id, account.name, account.role, invitation.password, invitation.secret
		 FROM halo_staff.invitation JOIN halo_staff.account ON account.id = invitation.account_id
		 WHERE invitation.digest = ? AND invitation.expires_at > ? AND account.state = 'invited'`,
		digestBytes(invitation), now.UTC()).Scan(&guest.AccountID, &guest.Name, &guest.Role, &guest.Password, &guest.Secret)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrUsed
	}
	return guest, failed("reading an invitation", err)
}

// Prepare keeps the password (its hash) and the second factor's secret that the
// guest has chosen, until the guest has shown that the second factor works.
// The error may be ErrUsed.
func (c *Console) Prepare(ctx context.Context, now time.Time, invitation accounts.Digest, password string, secret []byte) error {
	result, err := c.db.ExecContext(ctx,
		`UPDATE halo_staff.invitation SET password = ?, secret = ? WHERE digest = ? AND expires_at > ?`,
		password, secret, digestBytes(invitation), now.UTC())
	return affected("preparing an account", result, err, ErrUsed)
}

// Join makes the guest's account active with what was prepared, and uses up the
// invitation. step is the second factor's that was shown. The error may be
// ErrUsed.
func (c *Console) Join(ctx context.Context, now time.Time, invitation accounts.Digest, guest Guest, step int64, recovery []accounts.Digest) error {
	entry := audit.Entry{At: now, Actor: guest.AccountID, Action: audit.AccountActivated, Subject: guest.AccountID}
	return c.change(ctx, "activating an account", entry, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			`DELETE FROM halo_staff.invitation WHERE digest = ? AND account_id = ? AND expires_at > ? AND password = ? AND secret = ?`,
			digestBytes(invitation), guest.AccountID, now.UTC(), guest.Password, guest.Secret)
		if err := affected("using up the invitation", result, err, ErrUsed); err != nil {
			return err
		}
		result, err = tx.ExecContext(ctx,
			`UPDATE halo_staff.account SET state = 'active', password = ?, secret = ?, last_step = ? WHERE id = ? AND state = 'invited'`,
			guest.Password, guest.Secret, step, guest.AccountID)
		if err := affected("activating the account", result, err, ErrUsed); err != nil {
			return err
		}
		return replaceRecovery(ctx, tx, guest.AccountID, recovery)
	})
}

func replaceRecovery(ctx context.Context, tx *sql.Tx, id int64, recovery []accounts.Digest) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM halo_staff.recovery_code WHERE account_id = ?`, id); err != nil {
		return failed("removing recovery codes", err)
	}
	for _, digest := range recovery {
		_, err := tx.ExecContext(ctx, `INSERT INTO halo_staff.recovery_code (account_id, digest) VALUES (?, ?)`, id, digestBytes(digest))
		if err != nil {
			return failed("storing a recovery code", err)
		}
	}
	return nil
}

// affected turns a statement that found no row into an error.
func affected(doing string, result sql.Result, err, none error) error {
	if err != nil {
		return failed(doing, err)
	}
	found, err := result.RowsAffected()
	if err == nil && found == 0 {
		err = none
	}
	return failed(doing, err)
}
