package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// call runs a subcommand with an input.
func call(t *testing.T, input string, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	exit = run(t.Context(), args, streams{strings.NewReader(input), &out, &err})
	return exit, out.String(), err.String()
}

const minimalAnswers = `{"sex":"female","age":62,"serious_illness":false}`

func TestAssessExitsAsItSays(t *testing.T) {
	for _, c := range []struct {
		name, input string
		args        []string
		exit        int
		stdout      string // how it starts
		stderr      string // what it contains
	}{
		{"a result", minimalAnswers, nil, exitOK, `{"status":"ok"`, ""},
		{"answers over several lines", strings.ReplaceAll(minimalAnswers, ",", ",\n"), nil, exitOK, `{"status":"ok"`, ""},
		{"a serious illness", `{"sex":"male","age":62,"serious_illness":true}`, nil, exitOK, `{"status":"not_applicable"`, ""},
		{"invalid answers", `{}`, nil, exitFailed, `{"status":"error"`, ""},
		{"no input", "", nil, exitFailed, `{"status":"error"`, ""},
		{"a household", `{"a":` + minimalAnswers + `,"b":` + minimalAnswers + `}`, nil, exitOK, `{"status":"ok"`, ""},
		{"the browser's view", minimalAnswers, []string{"--view", "browser"}, exitOK, `{"status":"ok","model_version":"open-halo-1.0.0","life_expectancy_age":`, ""},
		{"lines", minimalAnswers + "\n" + minimalAnswers, []string{"--jsonl"}, exitOK, `{"status":"ok"`, "2 results in"},
		{"lines, one invalid", minimalAnswers + "\n{}\n", []string{"--jsonl"}, exitFailed, `{"status":"ok"`, "1 invalid"},
		{"no lines", "", []string{"--jsonl"}, exitOK, "", "0 results in"},
		{"an unknown view", minimalAnswers, []string{"--view", "advisor"}, exitMisused, "", `no view "advisor"`},
		{"an unknown flag", minimalAnswers, []string{"--json"}, exitMisused, "", "-json"},
		{"a file as argument", minimalAnswers, []string{"answers.json"}, exitMisused, "", "standard input"},
		{"help", "", []string{"-h"}, exitOK, "", "--jsonl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			exit, stdout, stderr := call(t, c.input, append([]string{"assess"}, c.args...)...)
			if exit != c.exit || !strings.HasPrefix(stdout, c.stdout) || (stdout == "") != (c.stdout == "") {
				t.Errorf("exit %d, want %d, standard output %.200s", exit, c.exit, stdout)
			}
			if !strings.Contains(stderr, c.stderr) || c.stderr == "" && stderr != "" {
				t.Errorf("standard error %q, want %q", stderr, c.stderr)
			}
			if stdout != "" && !strings.HasSuffix(stdout, "\n") {
				t.Error("the output does not end its line")
			}
		})
	}
}

func TestAssessTakesTheYearFromTheClock(t *testing.T) {
	before := time.Now().UTC().Year()
	_, stdout, _ := call(t, minimalAnswers, "assess")
	var result struct {
		ValuationYear int `json:"valuation_year"`
	}
	if err := json.Unmarshal([]byte(stdout), &result); err != nil {
		t.Fatal(err)
	}
	if result.ValuationYear != before && result.ValuationYear != time.Now().UTC().Year() {
		t.Errorf("valued in %d", result.ValuationYear)
	}
	_, stdout, _ = call(t, `{"sex":"female","age":62,"serious_illness":false,"valuation_year":2040}`, "assess")
	if !strings.Contains(stdout, `"valuation_year":2040`) {
		t.Errorf("the answers' own year is lost: %.300s", stdout)
	}
}

func TestAssessReportsAnOutputThatFails(t *testing.T) {
	for _, args := range [][]string{{"assess"}, {"assess", "--jsonl"}} {
		var stderr bytes.Buffer
		exit := run(t.Context(), args, streams{strings.NewReader(minimalAnswers), brokenPipe{}, &stderr})
		if exit != exitFailed || !strings.Contains(stderr.String(), "the pipe is broken") {
			t.Errorf("%v: exit %d, %s", args, exit, stderr.String())
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, fmt.Errorf("the pipe is broken") }

var _ io.Writer = brokenPipe{}
