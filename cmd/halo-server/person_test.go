package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halo.dev/halo/internal/erasures"
)

// person runs a command on the person whose address is typed.
func (n *tenant) person(address string, arguments ...string) (code int, out, errs string) {
	n.t.Helper()
	var said, complained bytes.Buffer
	arguments = append(arguments, "--config", filepath.Join(n.dir, "config", "config.yaml"), "--sealing-keys-dir", filepath.Join(n.dir, "sealing-keys"))
	code = run(n.t.Context(), n.staffArguments(arguments...), streams{strings.NewReader(address), &said, &complained})
	return code, said.String(), complained.String()
}

// trace is what the staff's log says of commands, the oldest first.
func (n *tenant) trace() (lines []string) {
	n.t.Helper()
	rows, err := database.Master(n.t).QueryContext(n.t.Context(), "SELECT action, subject, detail FROM halo_staff.audit WHERE actor = 0 ORDER BY number")
	n.must(err)
	defer rows.Close()
	for rows.Next() {
		var action, detail string
		var subject int64
		n.must(rows.Scan(&action, &subject, &detail))
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %d %s", action, subject, detail)))
	}
	n.must(rows.Err())
	return lines
}

// address is the visitor's of the submission that these tests send.
func address(t *testing.T) string {
	t.Helper()
	var sent struct{ Person struct{ Email string } }
	if err := json.Unmarshal([]byte(submission), &sent); err != nil || sent.Person.Email == "" {
		t.Fatal("the submission has no address")
	}
	return sent.Person.Email
}

func TestAPersonIsExportedAndErasedByCommand(t *testing.T) {
	n := newTenant(t)
	p := n.start()
	eventually(t, "ready", func() bool { return p.ready() == http.StatusOK })
	for range 2 {
		_, token := p.session(acme)
		if status, body := p.post(token, submission); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	typed := strings.ToUpper(address(t)) + "\n"
	code, out, errs := n.person(typed, "export")
	var all []struct {
		Number  int64
		Person  map[string]string
		Answers map[string]any
		Result  map[string]any
	}
	if err := json.Unmarshal([]byte(out), &all); code != exitOK || err != nil || len(all) != 2 || all[0].Person["email"] != address(t) || all[0].Answers["age"] == nil || all[1].Result["status"] != "ok" {
		t.Fatalf("export: %d %v %q %q", code, err, out, errs)
	}
	first := fmt.Sprint(all[0].Number)
	if code, _, errs := n.person(typed, "export", "--format", "pdf"); code != exitFailed || !strings.Contains(errs, "choose one by --number") || !strings.Contains(errs, first) {
		t.Errorf("a PDF of two: %d %q", code, errs)
	}
	if code, out, errs := n.person(typed, "export", "--format", "pdf", "--number", first); code != exitOK || !strings.HasPrefix(out, "%PDF-") {
		t.Errorf("a PDF: %d %q", code, errs)
	}
	if code, out, errs := n.person("nobody@visitor.test\n", "erase"); code != exitFailed || out != "" || !strings.Contains(errs, "nobody of this address") {
		t.Errorf("erasing nobody: %d %q %q", code, out, errs)
	}
	// Nobody notes it, and the command says so.
	if code, out, errs := n.person(typed, "erase", "--wait", "50ms", "--number", first); code != exitFailed || !strings.Contains(out, "erased 1, of the numbers "+first) || !strings.Contains(errs, "not noted outside") {
		t.Errorf("erasing one: %d %q %q", code, out, errs)
	}
	status, told := p.ask("GET", p.health+erasures.Path, "")
	if status != http.StatusOK || told != `{"tenant":"acme","numbers":"`+first+`\n"}` {
		t.Errorf("the operator is told %d %s", status, told)
	}
	if status, body := p.ask("POST", p.health+erasures.NotedPath, first+"\n"); status != http.StatusNoContent {
		t.Errorf("noting answers %d %s", status, body)
	}
	if code, out, errs := n.person(typed, "erase", "--wait", "0"); code != exitOK || !strings.Contains(out, "erased 1") {
		t.Errorf("erasing the other: %d %q %q", code, out, errs)
	}
	second := fmt.Sprint(all[1].Number)
	want := []string{"person searched 2 found", "person exported " + first + " json", "person exported " + second + " json", "person searched 2 found",
		"person searched 2 found", "person exported " + first + " pdf", "person searched 0 found", "person searched 2 found", "person erased " + first,
		"person searched 1 found", "person erased " + second}
	if got := n.trace(); !slices.Equal(got, want) {
		t.Errorf("the log has %q, want %q", got, want)
	}
}

func TestAnalyticsTellsFiguresAndNothingOfAnybody(t *testing.T) {
	n := newTenant(t)
	p := n.start()
	eventually(t, "ready", func() bool { return p.ready() == http.StatusOK })
	for range 7 {
		_, token := p.session(acme)
		if status, body := p.post(token, submission); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	if code, out, errs := n.command(n.staffArguments("analytics")...); code != exitOK || strings.Count(out, "\n") != 1 || !strings.Contains(errs, "0 cells; 7 people are in none") {
		t.Errorf("with cells of ten: %d %q %q", code, out, errs)
	}
	code, out, errs := n.command(n.staffArguments("analytics", "--format", "jsonl", "--least", "5")...)
	if code != exitOK || strings.Count(out, "\n") != 1 || !strings.Contains(out, `"people":5,`) || !strings.Contains(errs, "1 cells; 0 people") {
		t.Errorf("with cells of five: %d %q %q", code, out, errs)
	}
	if code, out, _ := n.command(n.staffArguments("analytics", "--format", "parquet", "--least", "5")...); code != exitOK || !strings.HasPrefix(out, "PAR1") {
		t.Errorf("Parquet: %d %q", code, out)
	}
	for says, arguments := range map[string][]string{"none of csv": {"--format", "xml"}, "at least 5": {"--least", "1"}, "nothing but flags": {"x"}} {
		if code, out, errs := n.command(append(n.staffArguments("analytics"), arguments...)...); code != exitMisused || out != "" || !strings.Contains(errs, says) {
			t.Errorf("%q: %d %q %q", arguments, code, out, errs)
		}
	}
	if got, want := n.trace(), []string{"figures downloaded 0 csv", "figures downloaded 1 jsonl", "figures downloaded 1 parquet"}; !slices.Equal(got, want) {
		t.Errorf("the log has %q, want %q", got, want)
	}
}

func TestCommandsOnAPersonTakeNoAddressAsAnArgument(t *testing.T) {
	n := newTenant(t)
	for name, test := range map[string]struct {
		typed     string
		arguments []string
		code      int
		says      string
	}{
		"an address as an argument":  {"", []string{"erase", "marked@visitor.test"}, exitMisused, "read from standard input"},
		"an unknown format":          {"", []string{"export", "--format", "xml"}, exitMisused, "neither json nor pdf"},
		"what is no address":         {"Marked\n", []string{"export"}, exitFailed, "not an e-mail address"},
		"no address":                 {"", []string{"erase"}, exitFailed, "not an e-mail address"},
		"a number that is no number": {"", []string{"erase", "--number", "x"}, exitMisused, "invalid value"},
		"help":                       {"", []string{"export", "-h"}, exitOK, "-format"},
	} {
		code, out, errs := n.person(test.typed, test.arguments...)
		if name == "an address as an argument" { // before the flags that person adds
			code, out, errs = n.command("erase", "--database-host", "localhost", "marked@visitor.test")
		}
		if code != test.code || out != "" || !strings.Contains(errs, test.says) || strings.Contains(strings.ToLower(errs), "marked") {
			t.Errorf("%s: %d %q %q", name, code, out, errs)
		}
	}
}

// A list that is cut off says nothing of numbers that it does not have.
func TestAFullListOfErasuresIsNoPromise(t *testing.T) {
	full := make([]int64, erasures.AtOnce)
	for i := range full {
		full[i] = int64(i + 1)
	}
	for name, test := range map[string]struct {
		unnoted []int64
		want    bool
	}{
		"nothing is left":        {nil, true},
		"others are left":        {[]int64{1, 2}, true},
		"it is left":             {[]int64{1, 5000}, false},
		"the list may go on":     {full, false},
		"the list ends with one": {full[1:], true},
	} {
		if got := allNoted(test.unnoted, []int64{5000}); got != test.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
