package console_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"halo.dev/halo/internal/account"
	"halo.dev/halo/internal/console"
)

// allowed says who may use each address, written out a second time: whoever
// changes a right has to change it here too.
var allowed = map[string][]account.Role{
	"POST /console/sign-out":                   account.Roles(),
	"GET /console/account":                     account.Roles(),
	"POST /console/account/password":           account.Roles(),
	"POST /console/account/recovery-codes":     account.Roles(),
	"POST /console/account/sessions":           account.Roles(),
	"GET /console/assessments":                 {account.Advisor},
	"GET /console/assessments/{id}":            {account.Advisor},
	"GET /console/assessments/{id}/report.pdf": {account.Advisor},
	"GET /console/deliveries":                  {account.Support},
	"POST /console/deliveries/{id}/resend":     {account.Support},
	"POST /console/deliveries/{id}/cancel":     {account.Support},
	"GET /console/figures":                     {account.Analyst},
	"GET /console/figures/{format}":            {account.Analyst},
	"GET /console/people":                      {account.PrivacyOfficer},
	"POST /console/people":                     {account.PrivacyOfficer},
	"GET /console/people/{id}":                 {account.PrivacyOfficer},
	"GET /console/people/{id}/export.json":     {account.PrivacyOfficer},
	"GET /console/people/{id}/report.pdf":      {account.PrivacyOfficer},
	"POST /console/people/{id}/erase":          {account.PrivacyOfficer},
	"GET /console/accounts":                    {account.Administrator, account.PrivacyOfficer},
	"POST /console/accounts":                   {account.Administrator},
	"POST /console/accounts/{id}/reset":        {account.Administrator},
	"POST /console/accounts/{id}/disable":      {account.Administrator},
	"POST /console/accounts/{id}/approve":      {account.Administrator, account.PrivacyOfficer},
	"POST /console/accounts/{id}/refuse":       {account.Administrator, account.PrivacyOfficer},
	"GET /console/log":                         {account.Administrator, account.PrivacyOfficer},
	"POST /console/log/verification":           {account.Administrator, account.PrivacyOfficer},
}

// public are open to everybody.
var public = []string{
	"GET /{$}", "GET /console", "GET /console/style.css", "GET /console/sign-in", "POST /console/sign-in",
	"GET /console/join/{token}", "POST /console/join/{token}", "POST /console/join/{token}/code",
}

func TestEveryAddressIsForItsRolesAndNobodyElse(t *testing.T) {
	b := newBench(t)
	b.visitor(1, "planning")
	members := b.staff()
	routes := console.Routes()
	if len(routes) != len(allowed)+len(public) {
		t.Errorf("there are %d routes, and %d are listed here", len(routes), len(allowed)+len(public))
	}
	visitors := map[account.Role]*browser{"": b.browser("203.0.113.9")}
	for role, m := range members {
		visitors[role] = b.signedIn(m)
	}
	for _, route := range routes {
		roles, listed := allowed[route]
		if slices.Contains(public, route) {
			continue
		}
		if !listed {
			t.Errorf("%s is not listed here", route)
		}
		method, path, _ := strings.Cut(route, " ")
		path = strings.ReplaceAll(path, "{id}", strconv.Itoa(7))
		for role, visitor := range visitors {
			got := visitor.do(method, path, "")
			switch toSignIn := got.header.Get("Location") == "/console/sign-in" && got.status == http.StatusSeeOther; {
			case role == "" && !toSignIn:
				t.Errorf("%s answers %d to nobody", route, got.status)
			case role != "" && slices.Contains(roles, role) && (got.status == http.StatusForbidden || got.status >= 500 || toSignIn) && !strings.HasSuffix(path, "sign-out"):
				t.Errorf("%s answers %d to the role %s: %s", route, got.status, role, got.body)
			case role != "" && !slices.Contains(roles, role) && got.status != http.StatusForbidden:
				t.Errorf("%s answers %d to the role %s", route, got.status, role)
			}
			if strings.HasSuffix(path, "sign-out") && role != "" {
				visitors[role] = b.signedIn(members[role])
			}
		}
	}
}
