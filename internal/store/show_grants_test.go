package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// shown are the grants of each user as the database itself lists them, after
// the line that says nothing but that the user exists.
var shown = map[string][]string{
	"halo_intake": {
		"INSERT ON `halo_person`.`consent`",
		"INSERT ON `halo_person`.`outbox`",
		"INSERT ON `halo_person`.`person`",
		"SELECT, INSERT ON `halo_assessment`.`assessment`",
		"SELECT, INSERT ON `halo_assessment`.`nonce`",
	},
	"halo_delivery": {
		"SELECT ON `halo_assessment`.`assessment`",
		"SELECT, INSERT, UPDATE (`noted_at`) ON `halo_person`.`erasure`",
		"SELECT, UPDATE, DELETE ON `halo_person`.`consent`",
		"SELECT, UPDATE, DELETE ON `halo_person`.`outbox`",
		"SELECT, UPDATE, DELETE ON `halo_person`.`person`",
	},
	"halo_console": {
		"SELECT ON `halo_assessment`.`assessment`",
		"SELECT ON `halo_person`.`consent`",
		"SELECT ON `halo_person`.`person`",
		"SELECT, INSERT ON `halo_staff`.`audit`",
		"SELECT, INSERT, DELETE ON `halo_staff`.`approval`",
		"SELECT, INSERT, DELETE ON `halo_staff`.`device`",
		"SELECT, INSERT, UPDATE ON `halo_staff`.`account`",
		"SELECT, INSERT, UPDATE, DELETE ON `halo_staff`.`attempt`",
		"SELECT, INSERT, UPDATE, DELETE ON `halo_staff`.`invitation`",
		"SELECT, INSERT, UPDATE, DELETE ON `halo_staff`.`recovery_code`",
		"SELECT, INSERT, UPDATE, DELETE ON `halo_staff`.`session`",
		"SELECT, UPDATE (`attempts`, `claimed_by`, `due_at`, `finished_at`, `reason`, `state`) ON `halo_person`.`outbox`",
		"SELECT, UPDATE ON `halo_staff`.`audit_head`",
	},
}

// TestTheDatabaseListsExactlyTheseGrants does not ask what a statement may do,
// but what the database says: a grant on a whole schema would show here.
func TestTheDatabaseListsExactlyTheseGrants(t *testing.T) {
	migrated(t)
	for user, want := range shown {
		got := grantsOf(t, user)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s may\n%s\nand should\n%s", user, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// grantsOf are a user's grants as the database lists them, without the one that
// everybody has.
func grantsOf(t *testing.T, user string) []string {
	t.Helper()
	rows, err := server.Master(t).QueryContext(t.Context(), fmt.Sprintf("SHOW GRANTS FOR '%s'@'%%'", user))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var grants []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		line, _, _ = strings.Cut(strings.TrimPrefix(line, "GRANT "), " TO ")
		if line != "USAGE ON *.*" {
			grants = append(grants, ordered(line))
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return grants
}

// ordered writes the columns of a grant in their order.
func ordered(line string) string {
	before, rest, found := strings.Cut(line, " (")
	columns, after, _ := strings.Cut(rest, ")")
	if !found {
		return line
	}
	names := strings.Split(columns, ", ")
	slices.Sort(names)
	return before + " (" + strings.Join(names, ", ") + ")" + after
}
