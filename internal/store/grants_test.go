package store_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-sql-driver/mysql"

	"halo.dev/halo/internal/store"
	"halo.dev/halo/test/mariadb"
)

const (
	forbidden = 1142 // the command is denied to this user for this table
	// How a connection without TLS is refused: MariaDB says that access is
	// denied, MySQL 8 that TLS is required.
	accessDenied            = 1045
	secureTransportRequired = 3159
)

// commands are one statement of each kind against each table, with a column
// that the table has.
func commands(table, column string) map[string]string {
	return map[string]string{
		"SELECT": "SELECT " + column + " FROM " + table + " LIMIT 1",
		"INSERT": "INSERT INTO " + table + " (" + column + ") VALUES (1)",
		"UPDATE": "UPDATE " + table + " SET " + column + " = 1 WHERE " + column + " = 2",
		"DELETE": "DELETE FROM " + table + " WHERE " + column + " = 2",
		"DROP":   "DROP TABLE " + table,
		"ALTER":  "ALTER TABLE " + table + " ADD COLUMN more INT",
		"INDEX":  "CREATE INDEX more ON " + table + " (" + column + ")",
	}
}

// allowed says what each user may do to each table: nothing else.
var allowed = map[string]map[string][]string{
	"halo_intake": {
		"halo_assessment.assessment": {"SELECT", "INSERT"},
		"halo_assessment.nonce":      {"SELECT", "INSERT"},
		"halo_assessment.migration":  {},
		"halo_person.person":         {"INSERT"},
		"halo_person.consent":        {"INSERT"},
		"halo_person.outbox":         {"INSERT"},
		"halo_person.erasure":        {},
	},
	"halo_delivery": {
		"halo_assessment.assessment": {"SELECT"},
		"halo_assessment.nonce":      {},
		"halo_assessment.migration":  {},
		"halo_person.person":         {"SELECT", "UPDATE", "DELETE"},
		"halo_person.consent":        {"SELECT", "UPDATE", "DELETE"},
		"halo_person.outbox":         {"SELECT", "UPDATE", "DELETE"},
		"halo_person.erasure":        {"SELECT", "INSERT"}, // and when a number was noted outside
	},
	"halo_console": {
		"halo_assessment.assessment": {"SELECT"},
		"halo_assessment.nonce":      {},
		"halo_assessment.migration":  {},
		"halo_person.person":         {"SELECT"},
		"halo_person.consent":        {"SELECT"},
		"halo_person.erasure":        {},
		"halo_person.outbox":         {"SELECT"}, // the state may be changed: see below
		"halo_staff.account":         {"SELECT", "INSERT", "UPDATE"},
		"halo_staff.approval":        {"SELECT", "INSERT", "DELETE"},
		"halo_staff.attempt":         {"SELECT", "INSERT", "UPDATE", "DELETE"},
		"halo_staff.device":          {"SELECT", "INSERT", "DELETE"},
		"halo_staff.invitation":      {"SELECT", "INSERT", "UPDATE", "DELETE"},
		"halo_staff.recovery_code":   {"SELECT", "INSERT", "UPDATE", "DELETE"},
		"halo_staff.session":         {"SELECT", "INSERT", "UPDATE", "DELETE"},
		"halo_staff.audit":           {"SELECT", "INSERT"},
		"halo_staff.audit_head":      {"SELECT", "UPDATE"},
	},
}

// staffTables are nobody's but the console's.
var staffTables = []string{
	"halo_staff.account", "halo_staff.approval", "halo_staff.attempt", "halo_staff.device", "halo_staff.invitation",
	"halo_staff.recovery_code", "halo_staff.session", "halo_staff.audit", "halo_staff.audit_head",
}

var passwords = map[string]string{
	"halo_intake": intakePassword, "halo_delivery": deliveryPassword, "halo_console": mariadb.ConsolePassword,
}

var columns = map[string]string{
	"halo_assessment.assessment": "id", "halo_assessment.nonce": "assessment_id", "halo_assessment.migration": "version",
	"halo_person.person": "assessment_id", "halo_person.consent": "assessment_id", "halo_person.outbox": "assessment_id", "halo_person.erasure": "assessment_id",
	"halo_staff.account": "id", "halo_staff.approval": "account_id", "halo_staff.attempt": "failures", "halo_staff.device": "account_id",
	"halo_staff.invitation": "account_id", "halo_staff.recovery_code": "account_id", "halo_staff.session": "account_id",
	"halo_staff.audit": "number", "halo_staff.audit_head": "number",
}

func TestEachUserMayDoWhatItMustAndNothingElse(t *testing.T) {
	migrated(t)
	for user, password := range passwords {
		db := server.As(t, user, password)
		for _, table := range staffTables {
			if _, listed := allowed[user][table]; !listed {
				allowed[user][table] = nil
			}
		}
		for table, may := range allowed[user] {
			for command, statement := range commands(table, columns[table]) {
				wantGrant(t, db, user, statement, contains(may, command))
			}
		}
		wantRefusal(t, db, "CREATE SCHEMA halo_more", 1044)
		wantRefusal(t, db, "CREATE TABLE halo_person.more (id INT)", forbidden)
		wantRefusal(t, db, "CREATE USER more", 1227)
		wantRefusal(t, db, "SELECT * FROM mysql.user", forbidden)
	}
}

func TestTheConsoleChangesTheStateOfAMailAndNotWhoseItIs(t *testing.T) {
	migrated(t)
	db := server.As(t, "halo_console", mariadb.ConsolePassword)
	for column, value := range map[string]string{"state": "'canceled'", "reason": "''", "due_at": "UTC_TIMESTAMP(6)"} {
		if _, err := db.Exec("UPDATE halo_person.outbox SET " + column + " = " + value + " WHERE id = 1"); err != nil {
			t.Errorf("%s: %v", column, err)
		}
	}
	for _, column := range []string{"assessment_id", "kind", "id"} {
		wantRefusal(t, db, "UPDATE halo_person.outbox SET "+column+" = 1 WHERE id = 1", 1143)
	}
}

func TestAFolderWithoutTheConsolesCredentialsIsGoodEnough(t *testing.T) {
	server.Reset(t)
	config := migrateConfig(t)
	for _, name := range []string{"console-username", "console-password"} {
		if err := os.Remove(filepath.Join(config.CredentialsDir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	save(t, openWith(t, config.CredentialsDir), submission(1))
}

// wantGrant runs a statement in a transaction that is taken back.
func wantGrant(t *testing.T, db *sql.DB, user, statement string, may bool) {
	t.Helper()
	transaction, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = transaction.Rollback() }()
	_, err = transaction.Exec(statement)
	// 1143 is the same refusal where another column may be written.
	if refused := numberOf(err) == forbidden || numberOf(err) == 1143; refused == may {
		t.Errorf("%s: %s: refused %t, error %v", user, statement, refused, err)
	}
}

func wantRefusal(t *testing.T, db *sql.DB, statement string, number uint16) {
	t.Helper()
	if _, err := db.Exec(statement); numberOf(err) != number {
		t.Errorf("%s: error %v, want %d", statement, err, number)
	}
}

func numberOf(err error) uint16 {
	var answer *mysql.MySQLError
	if errors.As(err, &answer) {
		return answer.Number
	}
	return 0
}

func contains(list []string, item string) bool {
	for _, one := range list {
		if one == item {
			return true
		}
	}
	return false
}

func TestMigrateTakesBackWhatAUserShouldNotHave(t *testing.T) {
	config := migrated(t)
	master := server.Master(t)
	for _, statement := range []string{
		"GRANT SELECT ON halo_person.person TO halo_intake@'%'",
		"GRANT SELECT (email) ON halo_person.person TO halo_intake@'%'",
		"GRANT DELETE ON halo_assessment.* TO halo_delivery@'%'",
		"GRANT UPDATE, DELETE ON halo_staff.audit TO halo_console@'%'",
		"GRANT PROCESS ON *.* TO halo_delivery@'%'",
		"GRANT INSERT ON halo_person.person TO halo_intake@'%' WITH GRANT OPTION",
		"REVOKE INSERT ON halo_person.outbox FROM halo_intake@'%'",
	} {
		if _, err := master.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	before := grants(t, master)
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	after := grants(t, master)
	server.Reset(t)
	if err := store.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	fresh := grants(t, master)
	if after != fresh || before == fresh {
		t.Errorf("before:\n%s\nafter:\n%s\nfresh:\n%s", before, after, fresh)
	}
}

// grants lists what both users may do, in a fixed order.
func grants(t *testing.T, master *sql.DB) (list string) {
	t.Helper()
	err := master.QueryRow(`SELECT GROUP_CONCAT(line ORDER BY line SEPARATOR '; ') FROM (
		SELECT CONCAT_WS(' ', grantee, privilege_type, is_grantable) AS line FROM information_schema.user_privileges
		UNION SELECT CONCAT_WS(' ', grantee, privilege_type, table_schema, is_grantable) FROM information_schema.schema_privileges
		UNION SELECT CONCAT_WS(' ', grantee, privilege_type, table_schema, table_name, is_grantable) FROM information_schema.table_privileges
		UNION SELECT CONCAT_WS(' ', grantee, privilege_type, table_schema, table_name, column_name) FROM information_schema.column_privileges
		) AS every WHERE line LIKE '''halo_intake%' OR line LIKE '''halo_delivery%' OR line LIKE '''halo_console%'`).Scan(&list)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPlainConnectionsAreRefused(t *testing.T) {
	migrated(t)
	// Of an account without a rule of its own the server's setting takes care.
	if err := server.Plain(t, mariadb.MasterUsername, mariadb.MasterPassword).Ping(); numberOf(err) != accessDenied && numberOf(err) != secureTransportRequired {
		t.Errorf("the master over a plain connection: %v", err)
	}
	for user, password := range passwords {
		if err := server.Plain(t, user, password).Ping(); numberOf(err) != accessDenied && numberOf(err) != secureTransportRequired {
			t.Errorf("%s over a plain connection: %v", user, err)
		}
		if err := server.As(t, user, password).Ping(); err != nil {
			t.Errorf("%s over TLS: %v", user, err)
		}
		// The rule must not hang on the server's setting alone.
		var rule string
		err := server.Master(t).QueryRow("SELECT ssl_type FROM mysql.user WHERE user = ?", user).Scan(&rule)
		if err != nil || rule != "ANY" {
			t.Errorf("%s: the account's own TLS rule is %q, error %v", user, rule, err)
		}
	}
}
