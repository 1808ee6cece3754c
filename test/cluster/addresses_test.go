package cluster

import (
	"net/netip"
	"strings"
	"testing"
)

func TestTheDemonstrationHasTheDocumentedAddresses(t *testing.T) {
	a, err := addressesOf("demo")
	if err != nil {
		t.Fatal(err)
	}
	database, _ := a.Database(0)
	for want, got := range map[string]string{
		"10.250.0.0/24": a.HostLink.String(), "10.250.0.1": a.Host.String(), "10.250.0.2": a.Node.String(),
		"10.250.1.0/24": a.Cloud.String(), "10.250.1.1": a.CloudGateway.String(), "10.250.1.2": a.MailHost.String(),
		"10.250.1.10": database.String(), "10.244.0.0/24": a.Pods.String(), "10.96.0.0/16": a.Services.String(),
		"10.96.0.1": a.APIService.String(), "10.96.0.10": a.DNSService.String(),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestNoTwoClustersShareWhatTheHostSees(t *testing.T) {
	seen := map[netip.Prefix]string{}
	for _, name := range Names() {
		a, err := addressesOf(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, prefix := range []netip.Prefix{a.HostLink, a.Cloud, a.Pods} {
			for other, owner := range seen {
				if prefix.Overlaps(other) {
					t.Errorf("%s of %s overlaps %s of %s", prefix, name, other, owner)
				}
			}
			seen[prefix] = name
		}
		c := Cluster{Name: name}
		if len(c.hostLink()) > 15 {
			t.Errorf("link name %s is longer than the kernel allows", c.hostLink())
		}
	}
}

func TestAnUnknownNameIsRefusedWithTheKnownOnes(t *testing.T) {
	_, err := New("production")
	if err == nil || !strings.Contains(err.Error(), "demo, test, selftest") {
		t.Errorf("error %v", err)
	}
}

func TestDatabaseAddressesEndWithTheRange(t *testing.T) {
	a, err := addressesOf("test")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		number int
		want   string
		ok     bool
	}{{0, "10.251.1.10", true}, {244, "10.251.1.254", true}, {245, "invalid IP", false}, {-1, "invalid IP", false}} {
		got, ok := a.Database(test.number)
		if got.String() != test.want || ok != test.ok {
			t.Errorf("database %d: %s, %t; want %s, %t", test.number, got, ok, test.want, test.ok)
		}
	}
}

func TestHostNamesCarryTheirAddress(t *testing.T) {
	got := HostName("acme.cluster-x1", netip.MustParseAddr("10.250.1.10"))
	if got != "acme.cluster-x1.10-250-1-10.halo.test" {
		t.Errorf("got %s", got)
	}
}

func TestNoRouteLeadsOut(t *testing.T) {
	c, err := New("demo")
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range c.linkCommands() {
		for _, command := range batch.commands {
			if !strings.Contains(command, "default") {
				continue
			}
			// The cloud's leads to the node, whose own is unreachable.
			if command != "route add unreachable default metric 4096" && batch.namespace != c.CloudNamespace() {
				t.Errorf("in namespace %q: %s", batch.namespace, command)
			}
		}
	}
}
