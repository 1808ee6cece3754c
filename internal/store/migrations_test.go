package store

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestTheEmbeddedMigrationsAreReadable(t *testing.T) {
	steps, err := migrations()
	if err != nil || len(steps) == 0 {
		t.Fatalf("%d migrations, error %v", len(steps), err)
	}
	for _, step := range steps {
		if len(step.statements) == 0 || len(step.sha256) != 64 {
			t.Errorf("migration %d has %d statements and the sum %q", step.version, len(step.statements), step.sha256)
		}
		for _, statement := range step.statements {
			if strings.Contains(statement, ";\n") || strings.HasPrefix(statement, "--") {
				t.Errorf("migration %d was cut wrongly: %q", step.version, statement)
			}
		}
	}
}

func TestMigrationsAreNumberedFromOneWithoutGaps(t *testing.T) {
	for name, files := range map[string][]string{
		"": {"0001_first.sql", "0002_second.sql"},
		`"0003_third.sql" should have the number 0002`: {"0001_first.sql", "0003_third.sql"},
		`"0000_none.sql" should have the number 0001`:  {"0000_none.sql"},
		`"first.sql" is not named`:                     {"first.sql"},
		`"0001_First.sql" is not named`:                {"0001_First.sql"},
		`"0001_again.sql" should have the number 0002`: {"0001_a.sql", "0001_again.sql"},
	} {
		folder := fstest.MapFS{}
		for _, file := range files {
			folder["migrations/"+file] = &fstest.MapFile{Data: []byte("SELECT 1;")}
		}
		steps, err := readMigrations(folder)
		if name == "" {
			if err != nil || len(steps) != 2 || steps[1].name != "second" {
				t.Errorf("%v: %v, error %v", files, steps, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: error %v, want %s", files, err, name)
		}
	}
}

func TestStatementsEndWithTheLineThatEndsWithASemicolon(t *testing.T) {
	got := splitStatements("-- a comment;\nSELECT ';',\n  2;\n\n  -- another\nSELECT 3;  \nSELECT 4")
	want := []string{"SELECT ';',\n  2", "SELECT 3", "SELECT 4"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzSplitStatements(f *testing.F) {
	for _, seed := range []string{"", ";", "-- only\n", "SELECT 1;\nSELECT 2;", "a\n;\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var kept strings.Builder
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(strings.TrimSpace(line), "--") {
				kept.WriteString(line)
			}
		}
		got, want := bare(strings.Join(splitStatements(text), " ")), bare(kept.String())
		if got != want {
			t.Errorf("of %q is left %q, want %q", text, got, want)
		}
	})
}

// bare leaves out what splitting may leave out: spaces and semicolons.
func bare(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), ""), ";", "")
}

func TestAPasswordIsQuotedForTheSessionsMode(t *testing.T) {
	for password, want := range map[string]string{
		"plain": "'plain'", "o'clock": "'o''clock'", `back\slash`: `'back\\slash'`, `\'`: `'\\'''`,
	} {
		if got := quoteText(password); got != want {
			t.Errorf("%s is quoted as %s, want %s", password, got, want)
		}
	}
}
