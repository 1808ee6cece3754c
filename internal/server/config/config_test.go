package config_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"halo.dev/halo/internal/server/config"
)

// whole is the example of docs/architecture.md.
const whole = `tenant: acme
hostname: halo.acme.example
allowedOrigins: [https://www.acme.example]
advisors: [{id: planning, name: Planning Desk, email: planning@acme.example}]
brand: {name: Acme Planning, color: "#0b6e4f", logo: "data:image/png;base64,iVBORw0KGgo="}
mail: {host: smtp.example, port: 587, tls: required, from: halo@acme.example}
limits: {requestsPerMinutePerClient: 61, requestsPerMinute: 1201, bodyBytes: 65537}
retention: {personDays: 365}
`

func TestParseReadsEveryField(t *testing.T) {
	got, err := config.Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if got.Tenant != "acme" || got.Hostname != "halo.acme.example" {
		t.Errorf("tenant %q, hostname %q", got.Tenant, got.Hostname)
	}
	if !got.Origins.Allows("https://www.acme.example") || got.Origins.Len() != 1 {
		t.Errorf("origins are %q", got.Origins.Strings())
	}
	desk := config.Advisor{ID: "planning", Name: "Planning Desk", Email: "planning@acme.example"}
	if diff := cmp.Diff([]config.Advisor{desk}, got.Advisors()); diff != "" {
		t.Error(diff)
	}
	if found, ok := got.Advisor("planning"); !ok || found != desk {
		t.Errorf("Advisor gives %v, %v", found, ok)
	}
	if found, ok := got.Advisor("Planning"); ok {
		t.Errorf("an unknown advisor is found: %v", found)
	}
	if want := (config.Brand{Name: "Acme Planning", Color: "#0b6e4f", Logo: "data:image/png;base64,iVBORw0KGgo="}); got.Brand != want {
		t.Errorf("brand is %v", got.Brand)
	}
	if want := (config.Mail{Host: "smtp.example", Port: 587, TLS: "required", From: "halo@acme.example"}); got.Mail != want {
		t.Errorf("mail is %v", got.Mail)
	}
	if want := (config.Limits{RequestsPerMinutePerClient: 61, RequestsPerMinute: 1201, BodyBytes: 65537}); got.Limits != want {
		t.Errorf("limits are %v", got.Limits)
	}
	if got.Retention.PersonDays != 365 {
		t.Errorf("persons are kept for %d days", got.Retention.PersonDays)
	}
	sum := sha256.Sum256([]byte(whole))
	if got.Hash != hex.EncodeToString(sum[:]) {
		t.Errorf("hash is %s", got.Hash)
	}
}

func TestLimitsHaveDefaultsOneByOne(t *testing.T) {
	got, err := config.Parse([]byte(replace(t, "limits: {requestsPerMinutePerClient: 61, requestsPerMinute: 1201, bodyBytes: 65537}",
		"limits: {requestsPerMinute: 9}")))
	if err != nil {
		t.Fatal(err)
	}
	if want := (config.Limits{RequestsPerMinutePerClient: 60, RequestsPerMinute: 9, BodyBytes: 65536}); got.Limits != want {
		t.Errorf("limits are %v, want %v", got.Limits, want)
	}
}

func TestNoOriginIsAllowedUntilOneIsListed(t *testing.T) {
	got, err := config.Parse([]byte(replace(t, "[https://www.acme.example]", "[]")))
	if err != nil {
		t.Fatal(err)
	}
	if got.Origins.Len() != 0 {
		t.Errorf("origins are %q", got.Origins.Strings())
	}
}

func TestParseRefusesAndNamesTheField(t *testing.T) {
	for _, test := range []struct{ name, old, new, says string }{
		{"an empty file", whole, "", "empty"},
		{"text that is no YAML", whole, "tenant: [", "reading YAML"},
		{"a list", whole, "[1]", "reading the fields"},
		{"an unknown field", "tenant: acme", "tenant: acme\nallowOrigin: x", `unknown field "allowOrigin"`},
		{"an unknown field inside", "bodyBytes: 65537", "bodyByte: 1", `unknown field "bodyByte"`},
		{"a field written twice", "tenant: acme", "tenant: acme\ntenant: acme", "tenant"},
		{"a number for a text", "tenant: acme", "tenant: 5", "tenant"},
		{"no tenant", "tenant: acme", "tenant: ''", "tenant: "},
		{"a tenant in capitals", "tenant: acme", "tenant: Acme", "tenant: "},
		{"no hostname", "hostname: halo.acme.example", "hostname: ''", "hostname: "},
		{"a hostname with a port", "halo.acme.example", "halo.acme.example:443", "hostname: "},
		{"a hostname with a scheme", "hostname: halo.", "hostname: https://halo.", "hostname: "},
		{"an origin with a path", "[https://www.acme.example]", "[https://www.acme.example/]", "allowedOrigins: [0]"},
		{"a second origin that is bad", "[https://www.acme.example]", "[https://www.acme.example, '*']", "allowedOrigins: [1]"},
		{"no advisor", "[{id: planning, name: Planning Desk, email: planning@acme.example}]", "[]", "advisors: "},
		{"an advisor without an id", "id: planning", "id: ''", "advisors[0].id"},
		{"an advisor without a name", "name: Planning Desk", "name: ' '", "advisors[0].name"},
		{"an advisor with a line break", "name: Planning Desk", `name: "a\nb"`, "advisors[0].name"},
		{"an advisor without an address", "email: planning@acme.example", "email: planning", "advisors[0].email"},
		{"an advisor with a display name", "email: planning@acme.example", "email: Desk <planning@acme.example>", "advisors[0].email"},
		{"two advisors of one id", "advisors: [", "advisors: [{id: planning, name: A, email: a@b.example}, ", "advisors[1].id"},
		{"no brand", "name: Acme Planning", "name: ''", "brand.name"},
		{"a brand of 101 characters", "name: Acme Planning", "name: " + strings.Repeat("é", 101), "brand.name"},
		{"a colour by name", `"#0b6e4f"`, "green", "brand.color"},
		{"a colour that smuggles style", `"#0b6e4f"`, `"#0b6e4f;x"`, "brand.color"},
		{"a logo at an address", "data:image/png;base64,iVBORw0KGgo=", "https://www.acme.example/logo.png", "brand.logo"},
		{"a logo that is a drawing", "image/png", "image/svg+xml", "brand.logo"},
		{"a logo that smuggles a style", "Ggo=", "Ggo=);x", "brand.logo"},
		{"a logo of 32 KiB and one byte", "iVBORw0KGgo=", strings.Repeat("A", 32<<10-21), "brand.logo"},
		{"no relay", "host: smtp.example", "host: ''", "mail.host"},
		{"a relay's port of 0", "port: 587", "port: 0", "mail.port"},
		{"no TLS", "tls: required", "tls: none", "mail.tls"},
		{"no sender", "from: halo@acme.example", "from: ''", "mail.from"},
		{"no requests for a client", "PerClient: 61", "PerClient: 0", "limits.requestsPerMinutePerClient"},
		{"no requests at all", "requestsPerMinute: 1201", "requestsPerMinute: -1", "limits.requestsPerMinute"},
		{"a body too small for a questionnaire", "bodyBytes: 65537", "bodyBytes: 100", "limits.bodyBytes"},
		{"persons for a day", "personDays: 365", "personDays: 1", "retention.personDays"},
		{"persons for a negative time", "personDays: 365", "personDays: -30", "retention.personDays"},
		{"persons for a century", "personDays: 365", "personDays: 36500", "retention.personDays"},
		{"a body of a gigabyte", "bodyBytes: 65537", "bodyBytes: 1073741824", "limits.bodyBytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Parse([]byte(replace(t, test.old, test.new)))
			if err == nil {
				t.Fatal("accepted")
			}
			if !errors.Is(err, config.ErrInvalid) {
				t.Errorf("error does not wrap ErrInvalid: %v", err)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q does not say %q", err, test.says)
			}
		})
	}
}

func TestParseListsEveryProblemAtOnce(t *testing.T) {
	text := replace(t, "tenant: acme", "tenant: ''")
	text = strings.ReplaceAll(text, "port: 587", "port: 0")
	_, err := config.Parse([]byte(text))
	if err == nil || !strings.Contains(err.Error(), "tenant: ") || !strings.Contains(err.Error(), "mail.port: ") {
		t.Errorf("error is %v", err)
	}
}

// FuzzParse: no panic, and what is accepted keeps the promises that the
// handlers build on.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(""))
	f.Add([]byte("limits: {}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := config.Parse(text)
		if err != nil {
			if !errors.Is(err, config.ErrInvalid) {
				t.Fatalf("error does not wrap ErrInvalid: %v", err)
			}
			return
		}
		if got.Origins.Allows("") || got.Origins.Allows("null") || got.Limits.BodyBytes < 1 || got.Limits.RequestsPerMinute < 1 ||
			got.Limits.RequestsPerMinutePerClient < 1 || len(got.Advisors()) == 0 || got.Brand.Name == "" || len(got.Hash) != 64 {
			t.Fatalf("accepted %q as %+v", text, got)
		}
	})
}

// replace changes one part of the whole example; the part must be there.
func replace(t *testing.T, old, replacement string) string {
	t.Helper()
	if !strings.Contains(whole, old) {
		t.Fatalf("the example does not hold %q", old)
	}
	return strings.Replace(whole, old, replacement, 1)
}
