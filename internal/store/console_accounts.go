package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	accounts "halo.dev/halo/internal/account"
	"halo.dev/halo/internal/audit"
)

// Account is a member of the staff.
type Account struct {
	// ID is a random number of 63 bits.
	ID   int64
	Name string
	Role accounts.Role
	// Advisor is the id of the advisor whose clients the account sees; empty
	// for every role but advisor.
	Advisor string
	State   accounts.State
	// CreatedAt is when it was asked for; SignedInAt is zero before the first
	// time.
	CreatedAt, SignedInAt time.Time
	// Pending is what waits for an approval: "create", "reset" or nothing.
	Pending string
	// RequestedBy is who asked for what is pending.
	RequestedBy int64
}

// Credentials are what an account signs in with.
type Credentials struct {
	// Password is a hash of the package account.
	Password string
	// Secret is the second factor's; LastStep is the last one that was used.
	Secret   []byte
	LastStep int64
	// Stale says that another key than the newest has sealed the secret.
	Stale bool
}

// Invitation is a one-time link: whoever has it sets the account's password and
// second factor.
type Invitation struct {
	Digest  accounts.Digest
	Expires time.Time
}

const accountColumns = `account.id, account.name, account.role, account.advisor, account.state, account.created_at,
	account.signed_in_at, COALESCE(approval.kind, ''), COALESCE(approval.requested_by, 0)`

const accountTables = `halo_staff.account LEFT JOIN halo_staff.approval ON approval.account_id = account.id`

// accountTargets are where accountColumns go.
func accountTargets(a *Account, signedIn *sql.NullTime) []any {
	return []any{&a.ID, &a.Name, &a.Role, &a.Advisor, &a.State, &a.CreatedAt, signedIn, &a.Pending, &a.RequestedBy}
}

// Accounts lists all accounts by name.
func (c *Console) Accounts(ctx context.Context) (found []Account, err error) {
	const doing = "listing the accounts"
	rows, err := c.db.QueryContext(ctx, `SELECT `+accountColumns+` FROM `+accountTables+` ORDER BY account.name`)
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var one Account
		var signedIn sql.NullTime
		if err := rows.Scan(accountTargets(&one, &signedIn)...); err != nil {
			return nil, failed(doing, err)
		}
		one.SignedInAt = signedIn.Time
		found = append(found, one)
	}
	return found, failed(doing, rows.Err())
}

// AccountNamed finds an account and its credentials by name. The error is
// ErrNoAccount when there is none.
func (c *Console) AccountNamed(ctx context.Context, name string) (found Account, credentials Credentials, err error) {
	return c.account(ctx, `account.name = ?`, name)
}

// Account finds an account and its credentials by its number; otherwise as
// AccountNamed.
func (c *Console) Account(ctx context.Context, id int64) (found Account, credentials Credentials, err error) {
	return c.account(ctx, `account.id = ?`, id)
}

func (c *Console) account(ctx context.Context, where string, argument any) (found Account, credentials Credentials, err error) {
	var signedIn sql.NullTime
	var sealed []byte
	targets := append(accountTargets(&found, &signedIn), &credentials.Password, &sealed, &credentials.LastStep)
	//nolint:gosec // where is one of two constants
	err = c.db.QueryRowContext(ctx,
		`SELECT `+accountColumns+`, account.password, account.secret, account.last_step FROM `+accountTables+` WHERE `+where, argument).Scan(targets...)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoAccount
	}
	found.SignedInAt = signedIn.Time
	if err != nil {
		return found, credentials, failed("reading an account", err)
	}
	credentials.Secret, credentials.Stale, err = openSecret(c.ring(), found.ID, sealed)
	return found, credentials, err
}

// RequestAccount asks for an account on behalf of an administrator; another
// person has to agree. The error may be ErrNameTaken.
func (c *Console) RequestAccount(ctx context.Context, now time.Time, by int64, name string, role accounts.Role, advisor string) (int64, error) {
	id, err := randomID()
	if err != nil {
		return 0, err
	}
	entry := audit.Entry{At: now, Actor: by, Action: audit.AccountRequested, Subject: id, Detail: "role " + string(role)}
	return id, c.change(ctx, "asking for an account", entry, func(tx *sql.Tx) error {
		if err := mustBeActive(ctx, tx, by); err != nil {
			return err
		}
		if err := insertAccount(ctx, tx, now, id, name, role, advisor, accounts.Requested); err != nil {
			return err
		}
		return insertApproval(ctx, tx, now, by, id, "create")
	})
}

// CreateAccount makes an account that waits for its owner, on behalf of whoever
// may run commands on the platform. The error may be ErrNameTaken.
func (c *Console) CreateAccount(ctx context.Context, now time.Time, name string, role accounts.Role, advisor string, invitation Invitation) error {
	id, err := randomID()
	if err != nil {
		return err
	}
	entry := audit.Entry{At: now, Actor: audit.CommandLine, Action: audit.AccountCreated, Subject: id, Detail: "role " + string(role)}
	return c.change(ctx, "creating an account", entry, func(tx *sql.Tx) error {
		if err := insertAccount(ctx, tx, now, id, name, role, advisor, accounts.Invited); err != nil {
			return err
		}
		return invite(ctx, tx, id, invitation)
	})
}

func insertAccount(ctx context.Context, tx *sql.Tx, now time.Time, id int64, name string, role accounts.Role, advisor string, state accounts.State) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO halo_staff.account (id, name, role, advisor, state, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		id, name, string(role), advisor, string(state), now.UTC())
	if err = failed("storing the account", err); hasNumber(err, numberDuplicate) {
		return ErrNameTaken
	}
	return err
}

func insertApproval(ctx context.Context, tx *sql.Tx, now time.Time, by, id int64, kind string) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO halo_staff.approval (account_id, kind, requested_by, requested_at) VALUES (?, ?, ?, ?)`, id, kind, by, now.UTC())
	if err = failed("storing the request", err); hasNumber(err, numberDuplicate) {
		return ErrPending
	}
	return err
}

// RequestReset asks for a new password and second factor for an account;
// nothing changes until another person agrees. The error may be ErrNoAccount,
// ErrOneself or ErrPending.
func (c *Console) RequestReset(ctx context.Context, now time.Time, by, id int64) error {
	entry := audit.Entry{At: now, Actor: by, Action: audit.ResetRequested, Subject: id}
	return c.change(ctx, "asking for a reset", entry, func(tx *sql.Tx) error {
		if by == id {
			return ErrOneself
		}
		if err := mustBeActive(ctx, tx, by); err != nil {
			return err
		}
		subject, err := lockAccount(ctx, tx, id)
		if err != nil {
			return err
		}
		if subject.State == accounts.Requested {
			return ErrPending
		}
		return insertApproval(ctx, tx, now, by, id, "reset")
	})
}

// Approve agrees to what another person asked for: the account's old password,
// second factor and sessions end, and it waits for whoever has the invitation.
// The error may be ErrNoAccount, ErrOneself or ErrLastAdministrator.
func (c *Console) Approve(ctx context.Context, now time.Time, by, id int64, invitation Invitation) error {
	entry := audit.Entry{At: now, Actor: by, Action: audit.RequestApproved, Subject: id}
	return c.change(ctx, "approving a request", entry, func(tx *sql.Tx) error {
		if err := mustBeActive(ctx, tx, by); err != nil {
			return err
		}
		requestedBy, err := lockRequest(ctx, tx, id)
		if err != nil {
			return err
		}
		if requestedBy == by || id == by {
			return ErrOneself
		}
		if err := mustBeActive(ctx, tx, requestedBy); err != nil {
			return err
		}
		return reset(ctx, tx, id, invitation)
	})
}

// lockRequest says who asked for what is pending about an account.
func lockRequest(ctx context.Context, tx *sql.Tx, id int64) (requestedBy int64, err error) {
	err = tx.QueryRowContext(ctx,
		`SELECT requested_by FROM halo_staff.approval WHERE account_id = ? FOR UPDATE`, id).Scan(&requestedBy)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrNoAccount
	}
	return requestedBy, failed("reading the request", err)
}

// reset makes an account wait for the owner of an invitation.
func reset(ctx context.Context, tx *sql.Tx, id int64, invitation Invitation) error {
	if err := retire(ctx, tx, id, accounts.Invited); err != nil {
		return err
	}
	return invite(ctx, tx, id, invitation)
}

// ResetAccount is a reset by command, which needs nobody's agreement and may
// be of the last administrator. The error may be ErrNoAccount.
func (c *Console) ResetAccount(ctx context.Context, now time.Time, name string, invitation Invitation) error {
	found, _, err := c.AccountNamed(ctx, name)
	if err != nil {
		return err
	}
	entry := audit.Entry{At: now, Actor: audit.CommandLine, Action: audit.AccountReset, Subject: found.ID}
	return c.change(ctx, "resetting an account", entry, func(tx *sql.Tx) error {
		if _, err := lockAccount(ctx, tx, found.ID); err != nil {
			return err
		}
		if err := forget(ctx, tx, found.ID, accounts.Invited); err != nil {
			return err
		}
		return invite(ctx, tx, found.ID, invitation)
	})
}

// Refuse ends a request without doing what was asked; who asked may take it
// back so. A refused account is there, and disabled. The error may be
// ErrNoAccount.
func (c *Console) Refuse(ctx context.Context, now time.Time, by, id int64) error {
	entry := audit.Entry{At: now, Actor: by, Action: audit.RequestRefused, Subject: id}
	return c.change(ctx, "refusing a request", entry, func(tx *sql.Tx) error {
		if err := mustBeActive(ctx, tx, by); err != nil {
			return err
		}
		if _, err := lockRequest(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE halo_staff.account SET state = 'disabled' WHERE id = ? AND state = 'requested'`, id)
		if err != nil {
			return failed("disabling the account", err)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM halo_staff.approval WHERE account_id = ?`, id)
		return failed("removing the request", err)
	})
}

// Disable ends an account's sessions and lets it sign in no more. The error may
// be ErrNoAccount, ErrOneself or ErrLastAdministrator.
func (c *Console) Disable(ctx context.Context, now time.Time, by, id int64) error {
	entry := audit.Entry{At: now, Actor: by, Action: audit.AccountDisabled, Subject: id}
	return c.change(ctx, "disabling an account", entry, func(tx *sql.Tx) error {
		if by == id {
			return ErrOneself
		}
		if err := mustBeActive(ctx, tx, by); err != nil {
			return err
		}
		return retire(ctx, tx, id, accounts.Disabled)
	})
}

// retire takes an account out of use, unless it is the last administrator's.
func retire(ctx context.Context, tx *sql.Tx, id int64, state accounts.State) error {
	subject, err := lockAccount(ctx, tx, id)
	if err != nil {
		return err
	}
	if subject.Role == accounts.Administrator && subject.State == accounts.Active {
		if err := anotherAdministrator(ctx, tx, id); err != nil {
			return err
		}
	}
	return forget(ctx, tx, id, state)
}

// anotherAdministrator locks the others, so that two administrators cannot
// disable each other at the same time.
func anotherAdministrator(ctx context.Context, tx *sql.Tx, id int64) error {
	var others int
	err := tx.QueryRowContext(ctx,
		`SELECT COUNT(*) FROM halo_staff.account WHERE role = 'administrator' AND state = 'active' AND id <> ? FOR UPDATE`, id).Scan(&others)
	if err == nil && others == 0 {
		err = ErrLastAdministrator
	}
	return failed("counting the administrators", err)
}

// forget removes everything with which an account can be signed in to.
func forget(ctx context.Context, tx *sql.Tx, id int64, state accounts.State) error {
	_, err := tx.ExecContext(ctx,
		`UPDATE halo_staff.account SET state = ?, password = '', secret = '', last_step = 0 WHERE id = ?`, string(state), id)
	if err != nil {
		return failed("changing the account's state", err)
	}
	for _, table := range []string{"session", "device", "recovery_code", "invitation", "approval"} {
		//nolint:gosec // table is one of these constants
		if _, err := tx.ExecContext(ctx, `DELETE FROM halo_staff.`+table+` WHERE account_id = ?`, id); err != nil {
			return failed("removing the account's rows of the table "+table, err)
		}
	}
	return nil
}

func lockAccount(ctx context.Context, tx *sql.Tx, id int64) (found Account, err error) {
	err = tx.QueryRowContext(ctx, `SELECT role, state FROM halo_staff.account WHERE id = ? FOR UPDATE`, id).Scan(&found.Role, &found.State)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoAccount
	}
	return found, failed("reading the account", err)
}

// mustBeActive makes sure that somebody who acts was not disabled meanwhile.
func mustBeActive(ctx context.Context, tx *sql.Tx, id int64) error {
	found, err := lockAccount(ctx, tx, id)
	if err == nil && found.State != accounts.Active {
		return ErrNoAccount
	}
	return err
}

func invite(ctx context.Context, tx *sql.Tx, id int64, invitation Invitation) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO halo_staff.invitation (account_id, digest, expires_at) VALUES (?, ?, ?)`,
		id, digestBytes(invitation.Digest), invitation.Expires.UTC())
	return failed("storing the invitation", err)
}
