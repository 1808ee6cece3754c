package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"halo.dev/halo/test/mariadb"
)

// staffArguments are those of a command in a tenant's pod.
func (n *tenant) staffArguments(command ...string) []string {
	return append(command, "--database-host", mariadb.Host, "--database-port", strconv.Itoa(database.Port),
		"--database-ca", database.CAFile, "--credentials-dir", n.credentials)
}

func (n *tenant) command(arguments ...string) (code int, out, errs string) {
	n.t.Helper()
	var said, complained bytes.Buffer
	code = run(n.t.Context(), arguments, streams{nil, &said, &complained})
	return code, said.String(), complained.String()
}

func (n *tenant) account(arguments ...string) (code int, out, errs string) {
	n.t.Helper()
	arguments = append(arguments, "--config", filepath.Join(n.dir, "config", "config.yaml"))
	return n.command(n.staffArguments(append([]string{"account"}, arguments...)...)...)
}

// consoleAddress reads where the console listens from the log.
func (p *pod) consoleAddress() string {
	for line := range strings.Lines(p.log.String()) {
		var said struct{ Msg, Console string }
		if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "serving" {
			return "https://" + said.Console
		}
	}
	return ""
}

func TestTheFirstAdministratorJoinsByALinkThatACommandPrintsOnce(t *testing.T) {
	n := newTenant(t)
	code, out, errs := n.account("create", "--name", "Ada", "--role", "administrator")
	path, found := strings.CutPrefix(strings.TrimSpace(out), "https://console.example.com")
	if code != exitOK || !found || strings.Count(out, "\n") != 1 || !strings.Contains(errs, "works once") {
		t.Fatalf("account create: %d %q %q", code, out, errs)
	}
	p := n.start("--console-listen", "127.0.0.1:0")
	address := p.consoleAddress()
	status, body := p.ask("GET", address+path, "", "Host", "console.example.com")
	if status != http.StatusOK || !strings.Contains(body, "<strong>ada</strong>") {
		t.Errorf("the link answers %d %s", status, body)
	}
	if _, metrics := p.ask("GET", p.health+"/metrics", ""); !strings.Contains(metrics, `halo_http_requests_total{method="GET",route="/console/join/{token}",status="200"} 1`) {
		t.Error("the metrics do not count the console's request")
	}
	// A later link replaces the first.
	if code, _, errs := n.account("reset", "--name", "ada"); code != exitOK {
		t.Fatalf("account reset: %d %s", code, errs)
	}
	if status, _ := p.ask("GET", address+path, "", "Host", "console.example.com"); status != http.StatusGone {
		t.Errorf("the first link answers %d after a reset, want 410", status)
	}
	if p.stop() != exitOK {
		t.Error("it does not end well")
	}
}

func TestTheConsoleIsNotReachedByTheWidgetsNameNorPort(t *testing.T) {
	n := newTenant(t)
	p := n.start("--console-listen", "127.0.0.1:0")
	for _, host := range []string{"example.com", "127.0.0.1", "console.example.com.evil.test", ""} {
		if status, body := p.ask("GET", p.consoleAddress()+"/console/sign-in", "", "Host", host); status != http.StatusMisdirectedRequest {
			t.Errorf("the host %q answers %d %s, want 421", host, status, body)
		}
	}
	if status, _ := p.ask("GET", p.consoleAddress()+"/console/sign-in", "", "Host", "CONSOLE.example.com:443"); status != http.StatusOK {
		t.Errorf("the console's own host answers %d", status)
	}
	for _, host := range []string{"example.com", "console.example.com"} {
		if status, _ := p.ask("GET", p.public+"/console/sign-in", "", "Host", host); status != http.StatusNotFound {
			t.Errorf("the widget's port answers %d to the host %s, want 404", status, host)
		}
	}
	if without := n.start(); without.consoleAddress() != "https://" {
		t.Errorf("without the flag a console listens at %s", without.consoleAddress())
	}
}

func TestTheLogIsVerifiedByCommandAndEachEndIsInTheServersOwnLog(t *testing.T) {
	n := newTenant(t)
	if code, _, errs := n.account("create", "--name", "ada", "--role", "administrator"); code != exitOK {
		t.Fatal(errs)
	}
	code, out, errs := n.command(n.staffArguments("audit")...)
	if code != exitOK || !strings.HasPrefix(out, "1 entries are as they were written") {
		t.Errorf("audit: %d %q %q", code, out, errs)
	}
	if _, err := database.Master(t).Exec(`UPDATE halo_staff.audit SET subject = 7`); err != nil {
		t.Fatal(err)
	}
	code, out, errs = n.command(n.staffArguments("audit")...)
	if code != exitFailed || out != "" || !strings.Contains(errs, "at entry 1: the entry was changed") {
		t.Errorf("audit of a changed log: %d %q %q", code, out, errs)
	}
}

func TestAccountCommandsSayWhatIsWrong(t *testing.T) {
	n := newTenant(t)
	if code, _, errs := n.account("create", "--name", "ada", "--role", "support"); code != exitOK {
		t.Fatal(errs)
	}
	for name, c := range map[string]struct {
		arguments []string
		code      int
		says      string
	}{
		"no word":             {nil, exitMisused, "usage"},
		"no name":             {[]string{"create", "--role", "support"}, exitMisused, "--name"},
		"no such role":        {[]string{"create", "--name", "bob", "--role", "king"}, exitMisused, "--role"},
		"an advisor of none":  {[]string{"create", "--name", "bob", "--role", "advisor"}, exitMisused, "needs the id"},
		"an unknown advisor":  {[]string{"create", "--name", "bob", "--role", "advisor", "--advisor", "nobody"}, exitFailed, "no advisor"},
		"a support's advisor": {[]string{"create", "--name", "bob", "--role", "support", "--advisor", "planning"}, exitMisused, "has no advisor"},
		"a taken name":        {[]string{"create", "--name", "ada", "--role", "support"}, exitFailed, "has this name"},
		"a reset of nobody":   {[]string{"reset", "--name", "bob"}, exitFailed, "no such account"},
		"a stray word":        {[]string{"create", "--name", "bob", "--role", "support", "now"}, exitMisused, "now"},
	} {
		t.Run(name, func(t *testing.T) {
			arguments := append([]string{}, c.arguments...)
			if len(arguments) > 0 {
				arguments = append(arguments[:1:1], append([]string{"--config", filepath.Join(n.dir, "config", "config.yaml")}, arguments[1:]...)...)
				arguments = append(n.staffArguments("account", arguments[0]), arguments[1:]...)
			} else {
				arguments = []string{"account"}
			}
			code, out, errs := n.command(arguments...)
			if code != c.code || out != "" || !strings.Contains(errs, c.says) {
				t.Errorf("%d %q %q", code, out, errs)
			}
		})
	}
}
