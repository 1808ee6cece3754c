package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFromTheQuestionToTheAdvisorsMailbox(t *testing.T) {
	n := newTenant(t)
	p := n.start()
	eventually(t, "it is ready", func() bool { return p.ready() == 200 })
	status, token := p.session(acme)
	if status != 200 || token == "" {
		t.Fatalf("session: %d", status)
	}
	status, view := p.post(token, submission)
	var seen struct {
		Status            string
		LifeExpectancyAge float64 `json:"life_expectancy_age"`
	}
	if err := json.Unmarshal([]byte(view), &seen); err != nil || status != 200 || seen.Status != "ok" || seen.LifeExpectancyAge < 63 {
		t.Fatalf("the visitor gets %d %s", status, view)
	}
	if status, again := p.post(token, submission); status != 200 || again != view {
		t.Errorf("the same token again: %d %s, at first %s", status, again, view)
	}

	eventually(t, "the report and the confirmation are mailed", func() bool {
		return len(n.relay.to("desk@advisor.test")) > 0 && len(n.relay.to("marked@visitor.test")) > 0
	})
	pdf := attachment(t, n.relay.to("desk@advisor.test")[0].content)
	text := pdfText(t, pdf)
	for _, want := range []string{"Ada Marked", "Acme Planning", "Planning Desk"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if confirmation := n.relay.to("marked@visitor.test")[0].content; strings.Contains(confirmation, "PDF") || strings.Contains(confirmation, "application/pdf") {
		t.Errorf("the visitor gets an attachment: %s", confirmation)
	}

	db := database.Master(t)
	wantCount(t, db, 1, `SELECT COUNT(*) FROM halo_assessment.assessment`)
	wantCount(t, db, 1, `SELECT COUNT(*) FROM halo_person.person WHERE key_id = '1' AND CONCAT(first_name, last_name, email) = ''`)
	wantCount(t, db, 1, `SELECT COUNT(*) FROM halo_person.consent`)
	wantCount(t, db, 0, `SELECT COUNT(*) FROM halo_assessment.assessment WHERE CONCAT(input, result, browser) LIKE '%Marked%'`)
	eventually(t, "the outbox is empty", func() bool {
		_, metrics := p.ask("GET", p.health+"/metrics", "")
		return strings.Contains(metrics, "\nhalo_outbox_pending 0\n") && strings.Contains(metrics, `halo_mail_attempts_total{kind="report",outcome="sent"} 1`)
	})
	if len(n.relay.to("desk@advisor.test")) != 1 {
		t.Error("the report came twice")
	}
	if code := p.stop(); code != exitOK {
		t.Errorf("exit status %d: %s", code, p.standardErrorOut.String())
	}
	for _, word := range []string{"Marked", "marked@", "desk@advisor", token, "password"} {
		if log := p.log.String() + p.standardErrorOut.String(); strings.Contains(log, word) {
			t.Errorf("the log tells %q:\n%s", word, log)
		}
	}
}

// attachment finds the PDF in a message.
func attachment(t *testing.T, content string) []byte {
	t.Helper()
	message, err := netmail.ReadMessage(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatalf("no PDF in the message: %v", err)
		}
		if !strings.HasPrefix(part.Header.Get("Content-Type"), "application/pdf") {
			continue
		}
		pdf, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
		if err != nil {
			t.Fatal(err)
		}
		return pdf
	}
}

// pdfText reads a PDF with a program that is not ours.
func pdfText(t *testing.T, pdf []byte) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "pdftotext", "-layout", "-", "-")
	command.Stdin = bytes.NewReader(pdf)
	text, err := command.Output()
	if err != nil {
		t.Fatalf("pdftotext of %d bytes: %v", len(pdf), err)
	}
	return string(text)
}

func wantCount(t *testing.T, db *sql.DB, want int, query string) {
	t.Helper()
	var got int
	if err := db.QueryRow(query).Scan(&got); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("%s: %d, want %d", query, got, want)
	}
}

func TestAnInvalidSubmissionLeavesNoTrace(t *testing.T) {
	n := newTenant(t)
	p := n.start()
	_, token := p.session(acme)
	status, body := p.post(token, strings.Replace(submission, `"age":62`, `"age":17,"shoe":43`, 1))
	if status != 422 || !strings.Contains(body, `"errors":[{"field":"shoe","code":"unknown_field"},{"field":"age","code":"range"}]`) {
		t.Errorf("%d %s", status, body)
	}
	for _, table := range []string{"halo_assessment.assessment", "halo_assessment.nonce", "halo_person.person", "halo_person.outbox", "halo_person.consent"} {
		wantCount(t, database.Master(t), 0, "SELECT COUNT(*) FROM "+table)
	}
	if status, _ := p.post(token, submission); status != 200 {
		t.Errorf("the corrected answers: %d", status)
	}
}

func TestAnOriginIsAddedWithoutARestart(t *testing.T) {
	n := newTenant(t)
	p := n.start()
	const added = "https://blog.acme.example"
	if status, _ := p.session(added); status != 403 {
		t.Fatalf("before: %d", status)
	}
	n.configure(acme, added)
	eventually(t, "the new origin is let in", func() bool { status, _ := p.session(added); return status == 200 })
	n.configure(acme, "https://not/an/origin")
	eventually(t, "the broken file is told", func() bool {
		_, metrics := p.ask("GET", p.health+"/metrics", "")
		return strings.Contains(metrics, `halo_reload_broken{source="config"} 1`)
	})
	if status, _ := p.session(added); status != 200 {
		t.Errorf("with a broken file: %d", status)
	}
	n.configure(acme)
	eventually(t, "the origin is out again", func() bool { status, _ := p.session(added); return status == 403 })
	if !strings.Contains(p.log.String(), "allowedOrigins: [1]") {
		t.Error("the log does not name what is wrong with the broken file")
	}
}

func TestALogoThatReportsWillNotShowIsTold(t *testing.T) {
	n := newTenant(t)
	n.logo = "data:image/png;base64,AAAA"
	n.configure(acme)
	p := n.start()
	const told = `"field":"brand.logo"`
	eventually(t, "it is told after the start", func() bool { return strings.Count(p.log.String(), told) == 1 })
	n.logo = "data:image/png;base64,BBBB"
	n.configure(acme)
	eventually(t, "the next one is told as well", func() bool { return strings.Count(p.log.String(), told) == 2 })
}

func TestADatabaseOutageIsACleanRefusalAndPasses(t *testing.T) {
	n := newTenant(t)
	p := n.start()
	eventually(t, "it is ready", func() bool { return p.ready() == 200 })
	_, token := p.session(acme)
	if err := database.Halt(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	status, body := p.post(token, submission)
	took := time.Since(begin)
	metricsTell := func(line string) bool {
		_, metrics := p.ask("GET", p.health+"/metrics", "")
		return strings.Contains(metrics, "\n"+line+"\n")
	}
	eventually(t, "the metrics tell", func() bool { return metricsTell("halo_database_up 0") })
	readyInOutage := p.ready()
	if err := database.StartAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status != 503 || !strings.Contains(body, "Nothing was stored") || took > 6*time.Second {
		t.Errorf("in the outage: %d %s after %v", status, body, took)
	}
	if readyInOutage != 200 {
		t.Errorf("readiness in the outage: %d", readyInOutage)
	}
	eventually(t, "the same token is good when it is over", func() bool { status, _ := p.post(token, submission); return status == 200 })
	wantCount(t, database.Master(t), 1, `SELECT COUNT(*) FROM halo_assessment.assessment`)
	eventually(t, "the report is mailed", func() bool { return len(n.relay.to("desk@advisor.test")) == 1 })
}

func TestAVersionThatCannotReachItsDatabaseIsNeverReady(t *testing.T) {
	n := newTenant(t)
	n.must(os.WriteFile(filepath.Join(n.credentials, "intake-password"), []byte("wrong"), 0o600))
	p := n.start("--log-level", "debug")
	if status, body := p.ask("GET", p.health+"/readyz", ""); status != 503 || !strings.Contains(body, "not reached yet") {
		t.Errorf("%d %s", status, body)
	}
	n.must(os.WriteFile(filepath.Join(n.credentials, "intake-password"), []byte("intake's \"password\""), 0o600))
	eventually(t, "it is ready once the password is right", func() bool { return p.ready() == 200 })
}

func TestTheEndIsInOrder(t *testing.T) {
	n := newTenant(t)
	p := n.start("--drain-delay", "2s")
	eventually(t, "it is ready", func() bool { return p.ready() == 200 })
	p.terminate()
	eventually(t, "it tells the cluster", func() bool { return p.ready() == 503 })
	// Whoever has not heard of it yet is still served.
	if status, token := p.session(acme); status != 200 {
		t.Errorf("while draining: %d", status)
	} else if status, _ := p.post(token, submission); status != 200 {
		t.Errorf("while draining: %d", status)
	}
	if code := p.stop(); code != exitOK {
		t.Errorf("exit status %d: %s", code, p.standardErrorOut.String())
	}
	if response, err := p.client.Get(p.public + "/widget.js"); err == nil {
		response.Body.Close()
		t.Error("the port is still open")
	}
	wantCount(t, database.Master(t), 1, `SELECT COUNT(*) FROM halo_person.outbox WHERE kind = 'report'`)
}

func TestTheWidgetIsServed(t *testing.T) {
	n := newTenant(t)
	p := n.start()
	status, script := p.ask("GET", p.public+"/widget.js", "")
	if status != http.StatusOK || !strings.Contains(script, "halo-assessment") {
		t.Errorf("%d %.80s", status, script)
	}
}

func TestServeSaysWhatIsMissing(t *testing.T) {
	n := newTenant(t)
	good := n.arguments()
	without := func(flag string) []string {
		for i, argument := range good {
			if argument == flag {
				return append(append([]string{}, good[:i]...), good[i+2:]...)
			}
		}
		t.Fatalf("no flag %s", flag)
		return nil
	}
	with := func(more ...string) []string { return append(append([]string{}, good...), more...) }
	n.file("empty", "x", "x")
	for _, test := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"no database", without("--database-host"), exitMisused, "--database-host"},
		{"no authority", without("--database-ca"), exitMisused, "--database-ca"},
		{"an unknown flag", with("--colour", "red"), exitMisused, "colour"},
		{"an argument", with("now"), exitMisused, `"now"`},
		{"a proxy that is no network", with("--trusted-proxies", "10.0.0.1"), exitMisused, "10.0.0.0/8"},
		{"no configuration", with("--config", filepath.Join(n.dir, "missing", "config.yaml")), exitFailed, "config"},
		{"no certificate", with("--tls-dir", filepath.Join(n.dir, "empty")), exitFailed, "tls.crt is missing"},
		{"no token key", with("--token-keys-dir", filepath.Join(n.dir, "empty")), exitFailed, `token key "x"`},
		{"no folder of sealing keys", with("--sealing-keys-dir", filepath.Join(n.dir, "missing")), exitFailed, "loading sealing-keys"},
		{"no index key", with("--sealing-keys-dir", filepath.Join(n.dir, "token-keys")), exitFailed, `the file "index", is missing`},
		{"an address that is none", with("--listen", "256.0.0.1:1"), exitFailed, "listening"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if code := run(ctx, test.args, streams{nil, &out, &errs}); code != test.code || !strings.Contains(errs.String(), test.says) {
				t.Errorf("exit status %d, says %q; want %d and %q", code, errs.String(), test.code, test.says)
			}
		})
	}
}
