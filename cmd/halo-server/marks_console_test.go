package main

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/test/staff"
)

// consoleHost is the name of the console in these tests.
const consoleHost = "console.example.com"

// member makes an account by command, follows its link and signs in.
func (d *drive) member(name string, role account.Role, advisor string) *staff.Member {
	d.t.Helper()
	arguments := []string{"create", "--name", name, "--role", string(role)}
	if advisor != "" {
		arguments = append(arguments, "--advisor", advisor)
	}
	code, link, errs := d.account(arguments...)
	if code != exitOK {
		d.t.Fatalf("account create: %d %s", code, errs)
	}
	d.said = append(d.said, errs)
	where := staff.Console{Address: d.p.consoleAddress(), Host: consoleHost, Transport: d.p.client.Transport}
	m, err := staff.Join(d.t.Context(), where, name, link)
	d.must(err)
	d.secrets = append(d.secrets, filepath.Base(strings.TrimSpace(link)), account.SecretText(m.Secret), string(m.Secret), staff.Password)
	d.secrets = append(d.secrets, m.Recovery...)
	d.must(m.SignIn(d.t.Context()))
	if len(m.Cookies()) != 2 {
		d.t.Errorf("after signing in the browser has %d cookies", len(m.Cookies()))
	}
	for _, cookie := range m.Cookies() {
		d.secrets = append(d.secrets, cookie)
	}
	return m
}

// page asks for a page that shows whom it is about, as it must to this member.
func (d *drive) page(m *staff.Member, path string, want int) string {
	d.t.Helper()
	got, err := m.Get(d.t.Context(), path)
	d.must(err)
	if got.Status != want {
		d.t.Errorf("%s answers %d, want %d", path, got.Status, want)
	}
	return got.Body
}

// blindPage asks for a page that tells nobody who a visitor is.
func (d *drive) blindPage(m *staff.Member, path string, want int) {
	d.t.Helper()
	d.said = append(d.said, d.page(m, path, want))
}

// form sends a form; the answer may quote nothing unless it is for the eyes of this member.
func (d *drive) form(m *staff.Member, path string, want int, fields ...string) string {
	d.t.Helper()
	got, err := m.Post(d.t.Context(), path, fields...)
	d.must(err)
	if got.Status != want {
		d.t.Errorf("%s answers %d, want %d: %s", path, got.Status, want, got.Body)
	}
	return got.Body
}

var linkToPerson = regexp.MustCompile(`/console/people/[0-9]+`)

// consoleSteps are the paths of the staff console: who may see a person sees one, and nothing else tells of it.
func consoleSteps() []step {
	return []step{
		{"an advisor reads a client", func(d *drive) {
			ada := d.member("ada", account.Advisor, "planning")
			list := d.page(ada, "/console/assessments", http.StatusOK)
			path := regexp.MustCompile(`/console/assessments/[0-9]+`).FindString(list)
			if !strings.Contains(list, markFirst) || path == "" {
				d.t.Fatalf("the list names nobody: it tests nothing: %s", list)
			}
			d.page(ada, path, http.StatusOK)
			d.page(ada, path+"/report.pdf", http.StatusOK)
			d.blindPage(ada, "/console/people", http.StatusForbidden)
			d.blindPage(ada, "/console/assessments/7?name="+markStray, http.StatusNotFound)
		}},
		{"a privacy officer searches, exports and erases", func(d *drive) {
			grace := d.member("grace", account.PrivacyOfficer, "")
			found := d.form(grace, "/console/people", http.StatusOK, "email", strings.ToUpper(markEmail))
			people := linkToPerson.FindAllString(found, -1)
			if len(people) < 2 || !strings.Contains(found, markLast) {
				d.t.Fatalf("the search finds nobody: it tests nothing: %s", found)
			}
			d.page(grace, people[0], http.StatusOK)
			d.page(grace, people[0]+"/export.json", http.StatusOK)
			d.page(grace, people[0]+"/report.pdf", http.StatusOK)
			d.said = append(d.said,
				d.form(grace, "/console/people", http.StatusOK, "email", "not."+markEmail),
				d.form(grace, "/console/people", http.StatusOK, "email", markStray),
				d.form(grace, people[0]+"/erase", http.StatusOK, "password", staff.Password, "code", grace.NextCode()))
			d.blindPage(grace, people[0], http.StatusNotFound)
			d.blindPage(grace, people[0]+"/export.json", http.StatusNotFound)
		}},
		{"support steers mails", func(d *drive) {
			bob := d.member("bob", account.Support, "")
			d.blindPage(bob, "/console/deliveries", http.StatusOK)
			d.blindPage(bob, "/console/deliveries?show=ended", http.StatusOK)
			ended := d.page(bob, "/console/deliveries?show=ended", http.StatusOK)
			if path := regexp.MustCompile(`/console/deliveries/[0-9]+/resend`).FindString(ended); path != "" {
				d.said = append(d.said, d.form(bob, path, http.StatusSeeOther))
			} else {
				d.t.Errorf("no mail can be sent again: %s", ended)
			}
			d.blindPage(bob, "/console/assessments", http.StatusForbidden)
		}},
		{"an administrator reads the log", func(d *drive) {
			eve := d.member("eve", account.Administrator, "")
			d.blindPage(eve, "/console/log", http.StatusOK)
			d.blindPage(eve, "/console/accounts", http.StatusOK)
			d.said = append(d.said, d.form(eve, "/console/log/verification", http.StatusOK))
		}},
		{"what the console refuses", func(d *drive) {
			stranger, err := staff.Stranger(staff.Console{Address: d.p.consoleAddress(), Host: consoleHost, Transport: d.p.client.Transport})
			d.must(err)
			d.said = append(d.said,
				d.form(stranger, "/console/sign-in", http.StatusForbidden, "name", markStray, "password", markLast, "code", "123456"),
				d.form(stranger, "/console/sign-in", http.StatusForbidden, "name", "ada", "password", markStray, "code", markStray),
				d.form(stranger, "/console/join/"+markStray, http.StatusGone, "password", markStray, "again", markStray))
			stranger.Plant("__Host-halo-session", markStray)
			d.blindPage(stranger, "/console/people?email="+markEmail, http.StatusSeeOther)
			d.blindPage(stranger, "/"+markStray, http.StatusNotFound)
			got, err := stranger.Do(d.t.Context(), http.MethodPost, "/console/people", "email="+markEmail, "Origin", "https://"+markStray+".example",
				"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")
			d.must(err)
			if got.Status != http.StatusForbidden {
				d.t.Errorf("another site's form answers %d", got.Status)
			}
			d.said = append(d.said, got.Body)
		}},
	}
}
