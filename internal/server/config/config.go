// Package config is the part of halo-server's configuration that running pods
// take over without a restart: the file config.yaml. It is pure: text in, a
// validated value or one error for everything that is wrong out.
package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"halo.dev/halo/internal/origins"
	"sigs.k8s.io/yaml"
)

// FileName is the file's name in its folder.
const FileName = "config.yaml"

// ErrInvalid is wrapped by every error of Parse.
var ErrInvalid = errors.New("the configuration cannot be used")

// Config is a validated configuration. It does not change once parsed.
type Config struct {
	// Tenant is the tenant's name.
	Tenant string
	// Hostname is the name under which the widget API is reached.
	Hostname string
	// Origins may embed the widget.
	Origins origins.Set
	// Brand is how the tenant presents itself.
	Brand Brand
	// Mail says how reports leave.
	Mail Mail
	// Limits keep floods out.
	Limits Limits
	// Console says where the staff console is reached; empty where it is not.
	Console Console
	// Retention says how long persons are kept.
	Retention Retention
	// Hash is the SHA-256 of the file in lower-case hexadecimal: what a pod
	// serves can be compared with what the operator wrote.
	Hash string

	advisors []Advisor
}

// Advisor gets the reports of the visitors on their page.
type Advisor struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// Brand is the tenant's name, its colour ("#rrggbb") and, if it has one, its
// logo: a picture as a data: URI, which nobody has looked into.
type Brand struct {
	Name  string `json:"name"`
	Color string `json:"color"`
	Logo  string `json:"logo,omitempty"`
}

// LongestLogo is the length of the longest logo in bytes of its URI.
const LongestLogo = 32 << 10

// Mail names the relay. TLS is "required" or "opportunistic".
type Mail struct {
	Host string `json:"host"`
	Port int    `json:"port"`
	TLS  string `json:"tls"`
	From string `json:"from"`
}

// Console is the staff console's host name. Requests for another name are
// refused there.
type Console struct {
	Hostname string `json:"hostname"`
}

// Retention is after how many days persons are purged; 0 is never.
type Retention struct {
	PersonDays int `json:"personDays"`
}

// The bounds of Retention.PersonDays: a slip of the pen must not purge what
// came yesterday.
const (
	LeastPersonDays = 30
	MostPersonDays  = 3650
)

// What Mail.TLS may be.
const (
	TLSRequired      = "required"
	TLSOpportunistic = "opportunistic"
)

// Limits bound what is taken: requests a minute of one client address and of
// all together, and the bytes of one request's body.
type Limits struct {
	RequestsPerMinutePerClient int   `json:"requestsPerMinutePerClient"`
	RequestsPerMinute          int   `json:"requestsPerMinute"`
	BodyBytes                  int64 `json:"bodyBytes"`
}

// The limits where the file names none.
const (
	DefaultRequestsPerMinutePerClient = 60
	DefaultRequestsPerMinute          = 1200
	DefaultBodyBytes                  = 64 << 10
)

// file is the YAML as it is written.
type file struct {
	Tenant         string    `json:"tenant"`
	Hostname       string    `json:"hostname"`
	AllowedOrigins []string  `json:"allowedOrigins"`
	Advisors       []Advisor `json:"advisors"`
	Brand          Brand     `json:"brand"`
	Mail           Mail      `json:"mail"`
	Limits         Limits    `json:"limits"`
	Console        Console   `json:"console"`
	Retention      Retention `json:"retention"`
}

// Parse reads config.yaml. A field that is not known, or written twice, is an
// error: a misspelt limit must not silently be no limit. The error wraps
// ErrInvalid and lists every problem with its field and the remedy.
func Parse(text []byte) (Config, error) {
	var f file
	f.Limits = Limits{DefaultRequestsPerMinutePerClient, DefaultRequestsPerMinute, DefaultBodyBytes}
	if err := decode(text, &f); err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	set, problems := check(f)
	if len(problems) > 0 {
		return Config{}, fmt.Errorf("%w: %w", ErrInvalid, errors.Join(problems...))
	}
	sum := sha256.Sum256(text)
	return Config{
		Tenant: f.Tenant, Hostname: f.Hostname, Origins: set, Brand: f.Brand, Mail: f.Mail, Limits: f.Limits, Console: f.Console,
		Retention: f.Retention,
		Hash:      hex.EncodeToString(sum[:]), advisors: f.Advisors,
	}, nil
}

// decode is strict twice over: the YAML reader refuses keys that are written
// twice, the JSON reader refuses those that are not known.
func decode(text []byte, into *file) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("the file is empty")
	}
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return fmt.Errorf("reading YAML: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(asJSON))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("reading the fields: %w", err)
	}
	return nil
}

// Advisor finds an advisor by id.
func (c Config) Advisor(id string) (Advisor, bool) {
	for _, advisor := range c.advisors {
		if advisor.ID == id {
			return advisor, true
		}
	}
	return Advisor{}, false
}

// Advisors lists the advisors in the order of the file.
func (c Config) Advisors() []Advisor { return append([]Advisor(nil), c.advisors...) }

var (
	namePattern  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	colorPattern = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	logoPattern  = regexp.MustCompile(`^data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}$`)
)

// check collects every problem of the fields, in the order of the file.
func check(f file) (origins.Set, []error) {
	var problems []error
	problem := func(field, format string, arguments ...any) {
		problems = append(problems, fmt.Errorf("%s: "+format, append([]any{field}, arguments...)...))
	}
	if !namePattern.MatchString(f.Tenant) {
		problem("tenant", "%q is not a name of lower-case letters, digits and hyphens", f.Tenant)
	}
	if !isHostname(f.Hostname) {
		problem("hostname", "%q is not a host name such as halo.acme.example", f.Hostname)
	}
	set, err := origins.ParseSet(f.AllowedOrigins)
	if err != nil {
		problem("allowedOrigins", "%w", err)
	}
	checkAdvisors(f.Advisors, problem)
	if err := line(f.Brand.Name, 100); err != nil {
		problem("brand.name", "%w", err)
	}
	if !colorPattern.MatchString(f.Brand.Color) {
		problem("brand.color", "%q is not a colour such as \"#0b6e4f\"", f.Brand.Color)
	}
	if logo := f.Brand.Logo; len(logo) > LongestLogo || logo != "" && !logoPattern.MatchString(logo) {
		problem("brand.logo", "it is not a PNG, JPEG or WebP picture as data:image/…;base64,… of at most %d bytes", LongestLogo)
	}
	checkMail(f.Mail, problem)
	checkLimits(f.Limits, problem)
	checkConsole(f, problem)
	if days := f.Retention.PersonDays; days != 0 && (days < LeastPersonDays || days > MostPersonDays) {
		problem("retention.personDays", "%d is neither 0, which keeps persons, nor between %d and %d", days, LeastPersonDays, MostPersonDays)
	}
	return set, problems
}

// report is called once for each problem.
type report func(field, format string, arguments ...any)

func checkAdvisors(advisors []Advisor, problem report) {
	if len(advisors) == 0 {
		problem("advisors", "there is none, so nobody would get a report; name at least one")
	}
	seen := map[string]bool{}
	for i, advisor := range advisors {
		field := fmt.Sprintf("advisors[%d]", i)
		switch {
		case !namePattern.MatchString(advisor.ID):
			problem(field+".id", "%q is not an id of lower-case letters, digits and hyphens", advisor.ID)
		case seen[advisor.ID]:
			problem(field+".id", "%q is used twice", advisor.ID)
		}
		seen[advisor.ID] = true
		if err := line(advisor.Name, 100); err != nil {
			problem(field+".name", "%w", err)
		}
		if !isAddress(advisor.Email) {
			problem(field+".email", "it is not a mail address such as desk@acme.example")
		}
	}
}

func checkMail(m Mail, problem report) {
	if !isHostname(m.Host) {
		problem("mail.host", "%q is not a host name or an address", m.Host)
	}
	if m.Port < 1 || m.Port > 65535 {
		problem("mail.port", "%d is not between 1 and 65535", m.Port)
	}
	if m.TLS != TLSRequired && m.TLS != TLSOpportunistic {
		problem("mail.tls", "%q is neither %q nor %q", m.TLS, TLSRequired, TLSOpportunistic)
	}
	if !isAddress(m.From) {
		problem("mail.from", "it is not a mail address such as halo@acme.example")
	}
}

func checkLimits(l Limits, problem report) {
	for _, limit := range []struct {
		field       string
		value       int64
		least, most int64
	}{
		{"limits.requestsPerMinutePerClient", int64(l.RequestsPerMinutePerClient), 1, 1e6},
		{"limits.requestsPerMinute", int64(l.RequestsPerMinute), 1, 1e7},
		{"limits.bodyBytes", l.BodyBytes, 4 << 10, 1 << 20},
	} {
		if limit.value < limit.least || limit.value > limit.most {
			problem(limit.field, "%d is not between %d and %d", limit.value, limit.least, limit.most)
		}
	}
}

func checkConsole(f file, problem report) {
	switch name := f.Console.Hostname; {
	case name == "":
	case !isHostname(name):
		problem("console.hostname", "%q is not a host name such as console.acme.example", name)
	case name == f.Hostname:
		problem("console.hostname", "it is the widget's too; the console needs a name of its own")
	}
}

// isHostname accepts a DNS name or an IP address in small letters: what an
// origin may hold between scheme and port.
func isHostname(text string) bool {
	if strings.ContainsAny(text, ":/") && !strings.HasPrefix(text, "[") {
		return false
	}
	_, err := origins.Parse("https://" + text + ":1")
	return err == nil
}

// isAddress accepts a bare mail address.
func isAddress(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Name == "" && address.Address == text && len(text) <= 254
}

// line accepts a text of one line for people to read.
func line(text string, most int) error {
	switch n := utf8.RuneCountInString(text); {
	case strings.TrimSpace(text) == "":
		return errors.New("it is missing")
	case n > most:
		return fmt.Errorf("it has %d characters and may have %d", n, most)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("it holds control characters")
	}
	return nil
}
