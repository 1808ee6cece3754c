//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// eraseNewest erases the newest person of a tenant, by the command in a server
// pod, and gives the number once it is noted outside of the database. Others of
// the same address stay.
func eraseNewest(ctx context.Context, t *testing.T, s *story, tenant string) string {
	t.Helper()
	number := connect(ctx, t, s, tenant).query(ctx, t, "SELECT assessment_id FROM halo_person.person ORDER BY created_at DESC LIMIT 1")
	begun := time.Now()
	said := serverCommand(ctx, t, s, tenant, visitor.email, "erase", "--number", number)
	if !strings.Contains(said, "noted outside of the database") {
		t.Fatalf("erase says only: %s", said)
	}
	t.Logf("erased %s, and noted outside of the database after %s", number, time.Since(begun).Round(100*time.Millisecond))
	ledger, err := s.platform.Cluster.Kubectl(ctx, "", "get", "configmaps", "-n", "halo-backups", "-l", "halo.dev/erasures", "-o", `jsonpath={range .items[*]}{.data.numbers}{"\n"}{end}`)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(strings.Fields(ledger), number) {
		t.Errorf("%s is not beside the copies", number)
	}
	return number
}

// erasedIsNotRestored looks into a tenant that was made from a copy with
// persons of these numbers, of whom one was erased after it was taken: all
// assessments are there, and all persons but that one, who can be opened.
func erasedIsNotRestored(ctx context.Context, t *testing.T, s *story, tenant, erased string, copied []string) {
	t.Helper()
	restored := connect(ctx, t, s, tenant)
	var want []string
	for _, number := range copied {
		if kept := restored.query(ctx, t, "SELECT COUNT(*) FROM halo_assessment.assessment WHERE id = "+number); kept != "1" {
			t.Errorf("assessment %s is not in the restored tenant", number)
		}
		if number != erased {
			want = append(want, number)
		}
	}
	if len(want) == 0 || len(want) == len(copied) {
		t.Fatalf("the copy has persons %v; want %s among others", copied, erased)
	}
	if got := personsIn(ctx, t, restored); !slices.Equal(got, want) {
		t.Errorf("persons %v are in the restored tenant; want %v, without %s", got, want, erased)
	}
	var opened []struct {
		Number int64 `json:"number"`
		Person struct {
			Last string `json:"last_name"`
		} `json:"person"`
	}
	if err := json.Unmarshal([]byte(serverCommand(ctx, t, s, tenant, visitor.email, "export")), &opened); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range opened {
		got = append(got, fmt.Sprint(one.Number))
		if one.Person.Last != visitor.last {
			t.Errorf("the export of %d does not have the visitor's name", one.Number)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("the restored tenant exports %v of the visitor's address; want %v", got, want)
	}
}

// personsIn lists the numbers of persons, sorted as texts.
func personsIn(ctx context.Context, t *testing.T, d database) []string {
	t.Helper()
	numbers := strings.Fields(d.query(ctx, t, "SELECT COALESCE(GROUP_CONCAT(assessment_id SEPARATOR ' '), '') FROM halo_person.person"))
	slices.Sort(numbers)
	return numbers
}

// serverCommand runs a command on the person of an address in a server pod of a
// tenant. The address goes by standard input.
func serverCommand(ctx context.Context, t *testing.T, s *story, tenant, address, command string, arguments ...string) string {
	t.Helper()
	all := append([]string{"exec", "-i", "-n", "halo-" + tenant, "deploy/server", "--", "/halo-server", command,
		"--database-host", endpointOf(ctx, t, s, tenant)}, arguments...)
	said, err := s.platform.Cluster.Kubectl(ctx, address+"\n", all...)
	if err != nil {
		t.Fatal(err)
	}
	return said
}
