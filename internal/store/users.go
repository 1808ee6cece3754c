package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// account is a user of the database as it should be.
type account struct {
	name, password string
	grants         []grant
}

// grant is one privilege on a table, on a schema (no table), on everything (no
// schema), or on a column.
type grant struct {
	privilege, schema, table, column string
}

// intakeGrants is what a visitor's request may do: it can put a person in, and
// can never read one back.
func intakeGrants() []grant {
	return []grant{
		{privilege: "SELECT", schema: "halo_assessment", table: "assessment"},
		{privilege: "INSERT", schema: "halo_assessment", table: "assessment"},
		{privilege: "SELECT", schema: "halo_assessment", table: "nonce"},
		{privilege: "INSERT", schema: "halo_assessment", table: "nonce"},
		{privilege: "INSERT", schema: "halo_person", table: "person"},
		{privilege: "INSERT", schema: "halo_person", table: "consent"},
		{privilege: "INSERT", schema: "halo_person", table: "outbox"},
	}
}

// deliveryGrants is what the worker of the outbox may do, and what looks after
// persons: seals them anew, exports, purges and erases them. It cannot change
// an assessment, nor take a number out of the ledger of erasures.
func deliveryGrants() []grant {
	grants := []grant{
		{privilege: "SELECT", schema: "halo_assessment", table: "assessment"},
		{privilege: "SELECT", schema: "halo_person", table: "erasure"},
		{privilege: "INSERT", schema: "halo_person", table: "erasure"},
		{privilege: "UPDATE", schema: "halo_person", table: "erasure", column: "noted_at"},
	}
	for _, table := range []string{"person", "consent", "outbox"} {
		for _, privilege := range []string{"SELECT", "UPDATE", "DELETE"} {
			grants = append(grants, grant{privilege: privilege, schema: "halo_person", table: table})
		}
	}
	return grants
}

// consoleGrants is what the staff console may do. It cannot change an
// assessment, nor a row of the log once written; of a mail it changes the state
// and not whose it is.
func consoleGrants() []grant {
	grants := []grant{
		{privilege: "SELECT", schema: "halo_assessment", table: "assessment"},
		{privilege: "SELECT", schema: "halo_person", table: "person"},
		{privilege: "SELECT", schema: "halo_person", table: "consent"},
		{privilege: "SELECT", schema: "halo_person", table: "outbox"},
	}
	for _, column := range []string{"attempts", "claimed_by", "due_at", "finished_at", "reason", "state"} {
		grants = append(grants, grant{privilege: "UPDATE", schema: "halo_person", table: "outbox", column: column})
	}
	for _, right := range []struct{ table, privileges string }{
		{"account", "SELECT INSERT UPDATE"}, {"approval", "SELECT INSERT DELETE"},
		{"device", "SELECT INSERT DELETE"},
		{"attempt", "SELECT INSERT UPDATE DELETE"}, {"invitation", "SELECT INSERT UPDATE DELETE"},
		{"recovery_code", "SELECT INSERT UPDATE DELETE"}, {"session", "SELECT INSERT UPDATE DELETE"},
		{"audit", "SELECT INSERT"}, {"audit_head", "SELECT UPDATE"},
	} {
		for privilege := range strings.FieldsSeq(right.privileges) {
			grants = append(grants, grant{privilege: privilege, schema: "halo_staff", table: right.table})
		}
	}
	return grants
}

// usernamePattern keeps names to what needs no care in SQL.
var usernamePattern = regexp.MustCompile(`^[A-Za-z0-9_]{1,32}$`)

// wantedUsers reads the users' credentials. An error names the file. A folder
// from before the staff console has no user for it: the console is then not to
// be had, and everything else is.
func wantedUsers(config MigrateConfig) ([]account, error) {
	wanted := []struct {
		user   string
		grants []grant
	}{{userIntake, intakeGrants()}, {userDelivery, deliveryGrants()}, {userConsole, consoleGrants()}}
	var users []account
	for _, one := range wanted {
		name, password, err := readCredentials(config.CredentialsDir, one.user)
		if one.user == userConsole && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !usernamePattern.MatchString(name) {
			return nil, fmt.Errorf("the credential %s-username is not a name of 1 to 32 letters, digits and underscores", one.user)
		}
		if strings.ContainsAny(password, "\x00\r\n") {
			return nil, fmt.Errorf("the credential %s-password has more than one line", one.user)
		}
		if name == config.MasterUsername || slices.ContainsFunc(users, func(other account) bool { return other.name == name }) {
			return nil, errors.New("the users intake, delivery and console, and the master user, must all have different names")
		}
		users = append(users, account{name: name, password: password, grants: one.grants})
	}
	return users, nil
}

// ensureUser makes an account what it should be. The password is set each
// time, because a restored database has the passwords of its origin. At no
// moment does the user lack a grant that it should have.
func ensureUser(ctx context.Context, connection *sql.Conn, user account, progress progress) error {
	// What is identified by a password cannot be a placeholder in MySQL.
	identified := fmt.Sprintf("'%s'@'%%' IDENTIFIED BY %s REQUIRE SSL", user.name, quoteText(user.password))
	for _, statement := range []string{"CREATE USER IF NOT EXISTS " + identified, "ALTER USER " + identified} {
		if _, err := connection.ExecContext(ctx, statement); err != nil {
			return failed("migrating: setting the password of the user "+user.name, err)
		}
	}
	progress.say("user %s: password set, TLS required", user.name)
	present, err := presentGrants(ctx, connection, user.name)
	if err != nil {
		return err
	}
	for _, wanted := range user.grants {
		if present[wanted] {
			delete(present, wanted)
			continue
		}
		if _, err := connection.ExecContext(ctx, wanted.statement("GRANT", "TO", user.name)); err != nil {
			return failed("migrating: granting to the user "+user.name, err)
		}
		progress.say("user %s: granted %s", user.name, wanted)
	}
	return revoke(ctx, connection, user.name, slices.Collect(maps.Keys(present)), progress)
}

// revoke takes grants back, those on columns first: to revoke a privilege on a
// table takes it from the table's columns as well.
func revoke(ctx context.Context, connection *sql.Conn, name string, surplus []grant, progress progress) error {
	slices.SortFunc(surplus, func(a, b grant) int {
		return cmp.Or(cmp.Compare(b.column, a.column), cmp.Compare(a.String(), b.String()))
	})
	for _, one := range surplus {
		_, err := connection.ExecContext(ctx, one.statement("REVOKE", "FROM", name))
		if err := failed("migrating: revoking from the user "+name, err); err != nil {
			return err
		}
		progress.say("user %s: revoked %s", name, one)
	}
	return nil
}

// presentGrants reads what a user may do, on every level. The right to grant
// is listed as the privilege GRANT OPTION.
func presentGrants(ctx context.Context, connection *sql.Conn, name string) (map[grant]bool, error) {
	doing := "migrating: reading the grants of the user " + name
	rows, err := connection.QueryContext(ctx,
		`SELECT privilege_type, '', '', '', is_grantable FROM information_schema.user_privileges WHERE grantee = ?
		 UNION ALL
		 SELECT privilege_type, table_schema, '', '', is_grantable FROM information_schema.schema_privileges WHERE grantee = ?
		 UNION ALL
		 SELECT privilege_type, table_schema, table_name, '', is_grantable FROM information_schema.table_privileges WHERE grantee = ?
		 UNION ALL
		 SELECT privilege_type, table_schema, table_name, column_name, is_grantable FROM information_schema.column_privileges WHERE grantee = ?`,
		grantee(name), grantee(name), grantee(name), grantee(name))
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	present := map[grant]bool{}
	for rows.Next() {
		var found grant
		var grantable string
		if err := rows.Scan(&found.privilege, &found.schema, &found.table, &found.column, &grantable); err != nil {
			return nil, failed(doing, err)
		}
		if found.privilege != "USAGE" {
			present[found] = true
		}
		if grantable == "YES" {
			present[grant{privilege: "GRANT OPTION", schema: found.schema, table: found.table}] = true
		}
	}
	return present, failed(doing, rows.Err())
}

// grantee is how information_schema writes a user.
func grantee(name string) string { return "'" + name + "'@'%'" }

// statement writes a GRANT … TO or REVOKE … FROM.
func (g grant) statement(verb, preposition, user string) string {
	return fmt.Sprintf("%s %s %s '%s'@'%%'", verb, g, preposition, user)
}

// String is the grant as SQL writes it: "SELECT ON `schema`.`table`".
func (g grant) String() string {
	text := g.privilege
	if g.column != "" {
		text += " (" + quoteName(g.column) + ")"
	}
	switch {
	case g.schema == "":
		return text + " ON *.*"
	case g.table == "":
		return text + " ON " + quoteName(g.schema) + ".*"
	default:
		return text + " ON " + quoteName(g.schema) + "." + quoteName(g.table)
	}
}

// quoteName writes an identifier.
func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// quoteText writes a text literal, as the session's mode reads it: every
// connection of this package sets a mode in which a backslash escapes.
func quoteText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + "'"
}
