package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"time"

	"golang.org/x/term"

	"halo.dev/halo/internal/halo"
	"halo.dev/halo/internal/report"
	"halo.dev/halo/internal/server/config"
)

const reportUsage = `usage: halo-server report [flags] < answers.json > report.pdf

Writes the report that an advisor would get. Standard input is one JSON object:
the answers of one person as for "halo-server assess", or with the person's name
{"person": {"first_name": …, "last_name": …, "email": …}, "answers": {…}}.
Equal input and flags, the date among them, give equal bytes.

Exit status: 0 with a report, 1 when the input was invalid or the work failed,
2 for misuse.

`

// longestReportInput is more than any questionnaire holds.
const longestReportInput = 1 << 20

type reportFlags struct {
	tenant, color, logo, advisor, output string
	date                                 time.Time
}

func parseReportFlags(args []string, std streams) (reportFlags, error) {
	f := reportFlags{date: time.Now().UTC()}
	flags := flag.NewFlagSet("halo-server report", flag.ContinueOnError)
	flags.SetOutput(std.err)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), reportUsage)
		flags.PrintDefaults()
	}
	flags.StringVar(&f.tenant, "tenant", "HALO", "the firm's `name` as people read it")
	flags.Func("color", "the firm's `colour` as #rrggbb", func(text string) error {
		if !regexp.MustCompile(`^#[0-9a-fA-F]{6}$`).MatchString(text) {
			return errors.New(`it is not a colour such as "#0b6e4f"`)
		}
		f.color = text
		return nil
	})
	flags.Func("logo", "the `file` of the firm's logo, PNG, JPEG or WebP", func(name string) (err error) {
		f.logo, err = readLogo(name)
		return err
	})
	flags.StringVar(&f.advisor, "advisor", "", "the `name` of the advisor")
	flags.StringVar(&f.output, "output", "-", "the `file` to write, - for standard output")
	flags.Func("date", "the `day` of the report as 2006-01-02; its year is the valuation year (default today, UTC)", func(text string) (err error) {
		f.date, err = time.Parse(time.DateOnly, text)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return f, err
	}
	if flags.NArg() > 0 {
		return f, fmt.Errorf("unexpected argument %q: answers are read from standard input", flags.Arg(0))
	}
	if file, ok := std.out.(*os.File); ok && f.output == "-" && term.IsTerminal(int(file.Fd())) {
		return f, errors.New("standard output is a terminal and a report is a PDF: use --output FILE")
	}
	return f, nil
}

// readLogo reads a picture's file as what the tenant's brand.logo would be.
func readLogo(name string) (string, error) {
	file, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	uri := "data:" + http.DetectContentType(file) + ";base64," + base64.StdEncoding.EncodeToString(file)
	if len(uri) > config.LongestLogo {
		return "", fmt.Errorf("the picture is %d bytes as a data: URI, and %d are the most", len(uri), config.LongestLogo)
	}
	return uri, report.New().CheckLogo(uri)
}

// runReport writes the report on what is on standard input.
func runReport(_ context.Context, args []string, std streams) int {
	flags, err := parseReportFlags(args, std)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(std.err, "halo-server report: %v\n", err)
		return exitMisused
	}
	if err := writeReport(flags, std); err != nil {
		fmt.Fprintf(std.err, "halo-server report: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func writeReport(flags reportFlags, std streams) error {
	input, err := io.ReadAll(io.LimitReader(std.in, longestReportInput+1))
	if err != nil {
		return fmt.Errorf("reading standard input: %w", err)
	}
	if len(input) > longestReportInput {
		return fmt.Errorf("standard input holds more than %d bytes", longestReportInput)
	}
	person, profile, err := readReportInput(input, flags.date.Year())
	if err != nil {
		return err
	}
	// Written whole or not at all: half a PDF would look like one.
	var pdf bytes.Buffer
	err = report.New().Render(&pdf, report.Document{
		Profile: profile, Result: halo.Assess(profile), Client: person, Advisor: flags.advisor,
		Brand: report.Brand{Name: flags.tenant, Color: flags.color, Logo: flags.logo}, Date: flags.date,
	})
	if err != nil {
		return fmt.Errorf("making the report: %w", err)
	}
	if flags.output == "-" {
		_, err = std.out.Write(pdf.Bytes())
	} else {
		err = os.WriteFile(flags.output, pdf.Bytes(), 0o600) // it is about a person
	}
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// namedAnswers is the form of the input that names the person.
type namedAnswers struct {
	Person *struct {
		First string `json:"first_name"`
		Last  string `json:"last_name"`
		Email string `json:"email"`
	} `json:"person"`
	Answers json.RawMessage `json:"answers"`
}

// readReportInput takes both forms of the input.
func readReportInput(input []byte, year int) (report.Person, halo.Profile, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(input, &keys); err != nil || keys == nil {
		return report.Person{}, halo.Profile{}, errors.New("standard input is not one JSON object")
	}
	var person report.Person
	_, named := keys["answers"]
	if _, hasPerson := keys["person"]; named || hasPerson {
		var form namedAnswers
		decoder := json.NewDecoder(bytes.NewReader(input))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&form); err != nil || form.Person == nil || len(form.Answers) == 0 {
			return report.Person{}, halo.Profile{}, errors.New(
				`an input that names the person is {"person": {"first_name": …, "last_name": …, "email": …}, "answers": {…}} with nothing else`)
		}
		person = report.Person{First: form.Person.First, Last: form.Person.Last, Email: form.Person.Email}
		input = form.Answers
	}
	profile, problems := halo.Parse(input, year)
	if len(problems) > 0 {
		var refused []error
		for _, p := range problems {
			refused = append(refused, fmt.Errorf("%s: %s", fieldName(p.Field), p.Code))
		}
		return report.Person{}, halo.Profile{}, fmt.Errorf("the answers are refused:\n%w", errors.Join(refused...))
	}
	return person, profile, nil
}

// fieldName makes a field fit for a terminal; the answers as a whole have none.
func fieldName(field string) string {
	if field == "" {
		return "answers"
	}
	return fmt.Sprintf("%+q", field)
}
