package main

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const plainAnswers = `{"sex":"female","age":62,"serious_illness":false}`

// runReportOn runs the subcommand on an input.
func runReportOn(t *testing.T, input string, args ...string) (code int, out []byte, said string) {
	t.Helper()
	var standardOut, errs bytes.Buffer
	code = run(t.Context(), append([]string{"report"}, args...), streams{strings.NewReader(input), &standardOut, &errs})
	return code, standardOut.Bytes(), errs.String()
}

func TestReportTakesAnswersAlone(t *testing.T) {
	code, pdf, said := runReportOn(t, plainAnswers, "--tenant", "Acme Planning", "--date", "2026-03-04")
	if code != exitOK || said != "" {
		t.Fatalf("exit status %d, says %q", code, said)
	}
	text := pdfText(t, pdf)
	for _, want := range []string{"Acme Planning", "2026"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}

func TestReportNamesThePersonAndTheAdvisor(t *testing.T) {
	code, pdf, said := runReportOn(t, `{"person":{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.org"},"answers":`+plainAnswers+`}`,
		"--advisor", "Planning Desk", "--color", "#0b6e4f")
	if code != exitOK {
		t.Fatalf("exit status %d, says %q", code, said)
	}
	text := pdfText(t, pdf)
	for _, want := range []string{"Ada Lovelace", "Planning Desk"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}

func TestReportPrintsTheLogoInsteadOfTheName(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 30, 10))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "logo.png")
	if err := os.WriteFile(path, picture.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, plain, _ := runReportOn(t, plainAnswers, "--date", "2026-03-04")
	code, pdf, said := runReportOn(t, plainAnswers, "--date", "2026-03-04", "--logo", path)
	if code != exitOK || said != "" {
		t.Fatalf("exit status %d, says %q", code, said)
	}
	if bytes.Contains(plain, []byte("/Subtype /Image")) || !bytes.Contains(pdf, []byte("/Subtype /Image")) {
		t.Error("the picture is not in the report that has the logo, and in no other")
	}
}

func TestReportForASeriousIllnessHasOnePage(t *testing.T) {
	code, pdf, said := runReportOn(t, `{"sex":"female","age":62,"serious_illness":true}`)
	if code != exitOK {
		t.Fatalf("exit status %d, says %q", code, said)
	}
	if text := pdfText(t, pdf); strings.Count(text, "\f") != 1 {
		t.Errorf("it has %d pages:\n%s", strings.Count(text, "\f"), text)
	}
}

func TestEqualInputGivesEqualReports(t *testing.T) {
	_, first, _ := runReportOn(t, plainAnswers, "--date", "2026-03-04")
	_, second, _ := runReportOn(t, plainAnswers, "--date", "2026-03-04")
	_, other, _ := runReportOn(t, plainAnswers, "--date", "2027-03-04")
	if !bytes.Equal(first, second) {
		t.Error("two reports on the same differ")
	}
	if bytes.Equal(first, other) {
		t.Error("the date makes no difference")
	}
}

func TestReportWritesAFileOthersCannotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.pdf")
	code, out, said := runReportOn(t, plainAnswers, "--output", path)
	if code != exitOK || len(out) != 0 {
		t.Fatalf("exit status %d, %d bytes on standard output, says %q", code, len(out), said)
	}
	pdf, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("file begins %.10q, error %v", pdf, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
}

func TestReportSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name, input string
		args        []string
		code        int
		says        string
	}{
		{"nothing", "", nil, exitFailed, "not one JSON object"},
		{"a list", "[]", nil, exitFailed, "not one JSON object"},
		{"null", "null", nil, exitFailed, "not one JSON object"},
		{"a wrong answer", `{"sex":"f","age":1}`, nil, exitFailed, "\"sex\": choice\n\"age\": range\n\"serious_illness\": required"},
		{"an unknown key that colours the terminal", `{"\u001b[31m":1}`, nil, exitFailed, `"\x1b[31m": unknown_field`},
		{"a person without answers", `{"person":{"first_name":"Ada"}}`, nil, exitFailed, `"answers": {…}`},
		{"answers without a person", `{"answers":` + plainAnswers + `}`, nil, exitFailed, `"person"`},
		{"a third key", `{"person":{},"answers":` + plainAnswers + `,"x":1}`, nil, exitFailed, "nothing else"},
		{"an unknown key of the person", `{"person":{"phone":"1"},"answers":` + plainAnswers + `}`, nil, exitFailed, "nothing else"},
		{"wrong answers of a person", `{"person":{},"answers":[]}`, nil, exitFailed, "answers: type"},
		{"a file that cannot be written", plainAnswers, []string{"--output", "/nowhere/report.pdf"}, exitFailed, "/nowhere"},
		{"an argument", plainAnswers, []string{"in.json"}, exitMisused, `"in.json"`},
		{"a date that is none", plainAnswers, []string{"--date", "4.3.2026"}, exitMisused, "date"},
		{"a colour by name", plainAnswers, []string{"--color", "green"}, exitMisused, "#0b6e4f"},
		{"a logo that is not there", plainAnswers, []string{"--logo", "/nowhere/logo.png"}, exitMisused, "/nowhere/logo.png"},
		{"a logo that is no picture", plainAnswers, []string{"--logo", os.Args[0]}, exitMisused, "are the most"},
		{"a logo of another format", plainAnswers, []string{"--logo", "report_test.go"}, exitMisused, "data:image/png"},
		{"an unknown flag", plainAnswers, []string{"--colour", "green"}, exitMisused, "colour"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out, said := runReportOn(t, test.input, test.args...)
			if code != test.code || !strings.Contains(said, test.says) {
				t.Errorf("exit status %d, says %q; want %d and %q", code, said, test.code, test.says)
			}
			if len(out) != 0 {
				t.Errorf("%d bytes on standard output", len(out))
			}
		})
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	for _, name := range []string{"report", "serve"} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{name, "-h"}, streams{nil, &out, &errs}); code != exitOK || !strings.Contains(errs.String(), "-") {
			t.Errorf("%s -h: exit status %d, %q", name, code, errs.String())
		}
	}
}
