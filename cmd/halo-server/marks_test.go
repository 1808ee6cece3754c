package main

import (
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/emersion/go-smtp"

	"halo.dev/halo/test/collector"
)

// The marks are what nobody but the advisor and the visitor may ever read, in
// forms that cannot come about by chance.
const (
	markFirst  = "Qzfirstmark"
	markLast   = "Qzlastmark"
	markEmail  = "qzmailmark@visitor.test"
	markWeight = "187.4531" // an answer
	markStray  = "Qzstraymark"

	// marked is a submission made of them.
	marked = `{"advisor":"planning","person":{"first_name":"` + markFirst + `","last_name":"` + markLast + `","email":"` + markEmail + `"},` +
		`"consent":true,"answers":{"sex":"female","age":62,"serious_illness":false,"smoking":"current","height_in":66,"weight_lb":` + markWeight + `}}`
)

func personalMarks() []string { return []string{markFirst, markLast, "qzmailmark", markStray} }

// step drives one path of the server. Every path that takes something personal
// has one; marks may be anywhere in what it sends.
type step struct {
	name string
	run  func(d *drive)
}

// drive is what steps work with.
type drive struct {
	*tenant
	p *pod
	// said is what the server answered outside of a visitor's own result, and
	// what commands printed: it may quote nothing.
	said []string
	// secrets are what only the program may know, such as tokens.
	secrets []string
}

func (d *drive) ask(method, path, body string, headers ...string) (int, string) {
	d.t.Helper()
	status, answer := d.p.ask(method, d.p.public+path, body, headers...)
	d.said = append(d.said, answer)
	return status, answer
}

func (d *drive) token() string {
	d.t.Helper()
	status, token := d.p.session(acme)
	if status != 200 {
		d.t.Fatalf("session: %d", status)
	}
	d.secrets = append(d.secrets, token)
	return token
}

func (d *drive) post(token, body string, want int) {
	d.t.Helper()
	status, answer := d.p.post(token, body)
	if status != want {
		d.t.Errorf("answers %d %s, want %d", status, answer, want)
	}
	d.said = append(d.said, answer)
}

// command runs a subcommand of the same program.
func (d *drive) command(input string, args ...string) {
	d.t.Helper()
	_, stdout, stderr := call(d.t, input, args...)
	d.said = append(d.said, stderr)
	if args[0] != "report" { // whose output is the report
		d.said = append(d.said, stdout)
	}
}

func steps() []step {
	return []step{
		{"a session", func(d *drive) {
			d.ask("GET", "/api/v1/session?advisor="+markStray+"&email="+url.QueryEscape(markEmail), "", "Origin", acme,
				"User-Agent", markStray, "Referer", acme+"/"+markStray, "Cookie", "name="+markFirst, "X-Request-Id", markStray,
				"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Tracestate", "name="+markStray, "Baggage", "name="+markLast,
				"X-Forwarded-For", markStray)
			d.ask("GET", "/api/v1/session?advisor=planning", "", "Origin", "https://"+strings.ToLower(markStray)+".example")
		}},
		{"addresses that are none", func(d *drive) {
			for _, path := range []string{"/" + markStray, "/widget/" + markStray + ".js", "/widget.js?" + markEmail, "//" + markStray, "/%2e%2e/" + markStray} {
				d.ask("GET", path, "")
			}
			d.ask("DELETE", "/api/v1/session?"+markFirst, markLast)
		}},
		{"an assessment, twice, and one after a serious illness", func(d *drive) {
			token := d.token()
			d.post(token, marked, 200)
			d.post(token, marked, 200)
			d.post(d.token(), strings.Replace(marked, `"serious_illness":false`, `"serious_illness":true`, 1), 200)
		}},
		{"what is refused", func(d *drive) {
			for change, want := range map[[2]string]int{
				{`"age":62`, `"age":"` + markStray + `"`}:                 422,
				{`"advisor":"planning"`, `"advisor":"` + markStray + `"`}: 422,
				{markEmail, "qzmailmark at home"}:                         422,
				{markFirst, strings.Repeat(markFirst, 20)}:                422,
				{markLast, markLast + `\u0000`}:                           422,
				{`"consent":true`, `"consent":true,"consent":true`}:       400,
				{`}}`, `}`}: 400,
				{`}}`, `}}` + strings.Repeat(" ", 70000)}: 413,
			} {
				d.post(d.token(), strings.Replace(marked, change[0], change[1], 1), want)
			}
			d.post(markStray, marked, 403)
			// Who sends a field that is not known is told its name, and nobody else is.
			for _, change := range [][2]string{{`"age":62`, `"age":62,"` + markStray + `":"` + markStray + `"`}, {`"consent":true`, `"` + markStray + `":1`}} {
				if status, answer := d.p.post(d.token(), strings.Replace(marked, change[0], change[1], 1)); status != 422 || strings.Count(answer, markStray) != 1 {
					d.t.Errorf("answers %d %s", status, answer)
				}
			}
			d.ask("POST", "/api/v1/assessments", marked, "Origin", acme, "Content-Type", "text/"+markStray, "Halo-Token", d.token())
			d.ask("POST", "/api/v1/assessments", marked, "Origin", "null", "Content-Type", "application/json")
		}},
		{"a relay that quotes what it refuses", func(d *drive) {
			for code, enhanced := range map[int]smtp.EnhancedCode{451: {4, 7, 1}, 550: {5, 1, 1}} {
				d.relay.refuse(func(to string) error {
					// In capitals too: a relay need not quote as it was told, and what takes out the very same text misses that.
					return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: "<" + to + "> " + strings.ToUpper(to+" "+markFirst+" "+markLast) + " is not known here"}
				})
				d.post(d.token(), marked, 200)
				d.attempted(map[int]string{451: "retried", 550: "parked"}[code])
			}
			d.relay.refuse(nil)
		}},
		{"a database that is away, and comes back", func(d *drive) {
			token := d.token()
			d.must(database.Halt())
			d.post(token, marked, 503)
			d.must(database.StartAgain(d.t.Context()))
			eventually(d.t, "the same answers are stored", func() bool { status, _ := d.p.post(token, marked); return status == 200 })
		}},
		{"a table that is gone", func(d *drive) {
			token := d.token()
			_, err := database.Master(d.t).Exec("RENAME TABLE halo_person.consent TO halo_person.consent_away")
			d.must(err)
			d.post(token, marked, 503)
			_, err = database.Master(d.t).Exec("RENAME TABLE halo_person.consent_away TO halo_person.consent")
			d.must(err)
		}},
		{"the command line", func(d *drive) {
			person := `{"person":{"first_name":"` + markFirst + `","last_name":"` + markLast + `","email":"` + markEmail + `"},"answers":`
			for _, answers := range []string{"{}}", `{"sex":"` + markStray + `"}}`, `{"sex":"female","age":62,"serious_illness":false}}`, "{", `"` + markStray + `"}`} {
				d.command(person+answers, "report")
				d.command(person+answers, "assess")
			}
		}},
	}
}

// attempted waits until the log tells of an outcome of each of a submission's mails.
func (d *drive) attempted(outcome string) {
	d.t.Helper()
	eventually(d.t, "mails are "+outcome, func() bool {
		_, metrics := d.p.ask("GET", d.p.health+"/metrics", "")
		return strings.Contains(metrics, `halo_mail_attempts_total{kind="confirmation",outcome="`+outcome+`"}`)
	})
}

// TestNothingButTheMailsNameThePerson drives every path with marks and looks
// for them wherever the program tells something: logs, traces, metrics,
// problems, the dump of a killed process, and every table.
func TestNothingButTheMailsNameThePerson(t *testing.T) {
	n, c := newTenant(t), collector.Start(t)
	p, abort := n.startProcess("--log-level", "debug", "--console-listen", "127.0.0.1:0", "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_METRIC_EXPORT_INTERVAL=100")
	eventually(t, "it is ready", func() bool { return p.ready() == 200 })
	d := &drive{tenant: n, p: p}
	for _, s := range append(steps(), consoleSteps()...) {
		t.Run(s.name, func(*testing.T) { s.run(d) })
	}
	eventually(t, "the report is mailed", func() bool { return len(n.relay.to("desk@advisor.test")) > 0 })
	for _, path := range []string{"/metrics", "/status", "/readyz", "/livez", "/" + markStray} {
		_, answer := p.ask("GET", p.health+path, "")
		d.said = append(d.said, answer)
	}
	eventually(t, "the collector has it all", func() bool {
		value, _ := c.Metric("halo_mail_attempts_total")
		return value > 0 && strings.Contains(c.Text(), "POST /api/v1/assessments") && strings.Contains(c.Text(), `"halo.outcome"`)
	})
	abort()

	places := map[string]string{
		"the log": p.log.String(), "the dump of the killed process": p.standardErrorOut.String(),
		"what the collector got": c.Text(), "an answer, a metric or a command's words": strings.Join(d.said, "\n"),
		"the assessments' schema": dump(t, "halo_assessment"), "the staff's schema": dump(t, "halo_staff"),
	}
	if !strings.Contains(places["the dump of the killed process"], "SIGABRT") || !strings.Contains(places["the dump of the killed process"], "goroutine") {
		t.Errorf("the process left no dump: %.500s", p.standardErrorOut)
	}
	if !strings.Contains(places["the assessments' schema"], markWeight) {
		t.Error("the dump of the assessments does not hold the answers: it finds nothing")
	}
	for place, text := range places {
		wantNone(t, place, text, personalMarks()...)
		if place != "the assessments' schema" {
			wantNone(t, place, text, markWeight, "intake's \"password\"", "delivery password", "halo_master_password")
			wantNone(t, place, text, d.secrets...)
		}
	}
	persons := dump(t, "halo_person") // where names are sealed
	wantNone(t, "the persons' schema", persons, append(personalMarks(), markWeight, "smoking")...)
	if !strings.Contains(persons, "planning") {
		t.Error("the dump of the persons does not hold the advisor: it finds nothing")
	}
}

// wantNone looks for marks as they are and in the encodings that programs use.
func wantNone(t *testing.T, place, text string, marks ...string) {
	t.Helper()
	lower := strings.ToLower(text)
	for _, mark := range marks {
		for name, form := range map[string]string{
			"as it is": mark, "in hexadecimal": hex.EncodeToString([]byte(mark)), "escaped": url.QueryEscape(mark),
			"in base64": unaligned(mark, 0), "in base64 at 1": unaligned(mark, 1), "in base64 at 2": unaligned(mark, 2),
		} {
			if i := strings.Index(lower, strings.ToLower(form)); i >= 0 {
				t.Errorf("%s tells %q (%s): …%s…", place, mark, name, text[max(0, i-200):min(len(text), i+200)])
			}
		}
	}
}

// unaligned is what base64 makes of a text at an offset in a longer one, less
// the letters that its neighbours decide too.
func unaligned(text string, offset int) string {
	encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + text))
	return encoded[(offset*8+5)/6 : len(encoded)-1]
}

// dump is every row of a schema's tables.
func dump(t *testing.T, schema string) string {
	t.Helper()
	db := database.Master(t)
	tables, err := db.Query(`SELECT table_name FROM information_schema.tables WHERE table_schema = ?`, schema)
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	var text strings.Builder
	for tables.Next() {
		var table string
		if err := tables.Scan(&table); err != nil {
			t.Fatal(err)
		}
		rows, err := db.Query(fmt.Sprintf("SELECT * FROM `%s`.`%s`", schema, table))
		if err != nil {
			t.Fatal(err)
		}
		dumpRows(t, &text, rows)
	}
	if err := tables.Err(); err != nil {
		t.Fatal(err)
	}
	if text.Len() == 0 {
		t.Logf("%s holds nothing", schema)
	}
	return text.String()
}

func dumpRows(t *testing.T, into *strings.Builder, rows *sql.Rows) {
	t.Helper()
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, targets := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		for _, value := range values {
			into.Write(value)
			into.WriteByte('\n')
		}
	}
}

// startProcess is start with a process of its own, which can be killed. What
// holds a = is a variable of its environment, the rest are arguments.
func (n *tenant) startProcess(more ...string) (p *pod, abort func()) {
	n.t.Helper()
	p = n.client()
	environment := append(os.Environ(), asProgram+"=yes", "GOTRACEBACK=all")
	var arguments []string
	for _, one := range more {
		if strings.Contains(one, "=") {
			environment = append(environment, one)
			continue
		}
		arguments = append(arguments, one)
	}
	command := exec.Command(os.Args[0], n.arguments(arguments...)...) //nolint:gosec // this very program
	command.Env, command.Stdout, command.Stderr = environment, p.log, p.standardErrorOut
	n.must(command.Start())
	end := func(signal os.Signal) func() {
		return sync.OnceFunc(func() {
			_ = command.Process.Signal(signal)
			_ = command.Wait()
		})
	}
	abort = end(syscall.SIGABRT)
	n.t.Cleanup(end(os.Kill))
	eventually(n.t, "the ports are open", func() bool { return p.findPorts() })
	return p, abort
}
