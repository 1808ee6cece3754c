package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	accounts "halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
	"halo.dev/halo/internal/sealing"
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
	var sealed []byte
	err = c.db.QueryRowContext(ctx,
		`SELECT account.id, account.name, account.role, invitation.password, invitation.secret
		 FROM halo_staff.invitation JOIN halo_staff.account ON account.id = invitation.account_id
		 WHERE invitation.digest = ? AND invitation.expires_at > ? AND account.state = 'invited'`,
		digestBytes(invitation), now.UTC()).Scan(&guest.AccountID, &guest.Name, &guest.Role, &guest.Password, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrUsed
	}
	if err != nil {
		return guest, failed("reading an invitation", err)
	}
	guest.Secret, _, err = openSecret(c.ring(), guest.AccountID, sealed)
	return guest, err
}

// Prepare keeps the password (its hash) and the second factor's secret of the
// guest, until the guest has shown that the second factor works.
// The error may be ErrUsed.
func (c *Console) Prepare(ctx context.Context, now time.Time, invitation accounts.Digest, guest Guest) error {
	sealed, err := sealSecret(c.ring(), guest.AccountID, guest.Secret)
	if err != nil {
		return err
	}
	return c.change(ctx, "preparing an account", unlogged, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			`UPDATE halo_staff.invitation SET password = ?, secret = ? WHERE digest = ? AND account_id = ? AND expires_at > ?`,
			guest.Password, sealed, digestBytes(invitation), guest.AccountID, now.UTC())
		return affected("keeping what was prepared", result, err, ErrUsed)
	})
}

// Join makes the guest's account active with what was prepared, and uses up the
// invitation. step is the second factor's that was shown. The error may be
// ErrUsed.
func (c *Console) Join(ctx context.Context, now time.Time, invitation accounts.Digest, guest Guest, step int64, recovery []accounts.Digest) error {
	sealed, err := sealSecret(c.ring(), guest.AccountID, guest.Secret)
	if err != nil {
		return err
	}
	entry := audit.Entry{At: now, Actor: guest.AccountID, Action: audit.AccountActivated, Subject: guest.AccountID}
	return c.change(ctx, "activating an account", entry, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx,
			`DELETE FROM halo_staff.invitation WHERE digest = ? AND account_id = ? AND expires_at > ? AND password = ?`,
			digestBytes(invitation), guest.AccountID, now.UTC(), guest.Password)
		if err := affected("using up the invitation", result, err, ErrUsed); err != nil {
			return err
		}
		result, err = tx.ExecContext(ctx,
			`UPDATE halo_staff.account SET state = 'active', password = ?, secret = ?, last_step = ? WHERE id = ? AND state = 'invited'`,
			guest.Password, sealed, step, guest.AccountID)
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

// placeSecret is the column that a second factor's secret is sealed for; it is
// part of what is stored and never changes.
const placeSecret = "secret"

// sealSecret encrypts a second factor's secret for its account's row, and puts
// the key's id before it.
func sealSecret(ring sealing.Ring, id int64, secret []byte) ([]byte, error) {
	sealed, err := ring.SealBytes(sealing.Place{Row: id, Column: placeSecret}, secret)
	if err != nil {
		return nil, fmt.Errorf("sealing a second factor: %w", err)
	}
	return append([]byte(ring.Newest()+"\x00"), sealed...), nil
}

// openSecret undoes sealSecret. stale says that another key than the newest has
// sealed it. An account that waits for its owner has none.
func openSecret(ring sealing.Ring, id int64, stored []byte) (secret []byte, stale bool, err error) {
	if len(stored) == 0 {
		return nil, false, nil
	}
	key, sealed, _ := bytes.Cut(stored, []byte{0})
	secret, err = ring.OpenBytes(sealing.Place{Row: id, Column: placeSecret}, string(key), sealed)
	if err != nil {
		return nil, false, fmt.Errorf("opening the second factor of account %d, sealed with the key %q: %w", id, key, err)
	}
	return secret, string(key) != ring.Newest(), nil
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
