package cluster

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// names are the clusters that may exist side by side. The position of a name
// decides the cluster's addresses, so that two never share one.
var names = []string{"demo", "test", "selftest"}

// Addresses are all addresses of one cluster. The documentation gives those of
// the cluster "demo".
type Addresses struct {
	HostLink netip.Prefix // between host and node: 10.250.0.0/24
	Host     netip.Addr   // the host's end of that link: 10.250.0.1
	Node     netip.Addr   // the node's end, where the API server listens on 6443: 10.250.0.2

	Cloud        netip.Prefix // where databases and mail live: 10.250.1.0/24
	CloudGateway netip.Addr   // the node's address in it: 10.250.1.1
	MailHost     netip.Addr   // 10.250.1.2

	Pods       netip.Prefix // 10.244.0.0/24
	Services   netip.Prefix // 10.96.0.0/16; known inside the node only, so the same in every cluster
	APIService netip.Addr   // 10.96.0.1
	DNSService netip.Addr   // 10.96.0.10
}

// firstDatabase is the lowest last byte of a database's address.
const firstDatabase = 10

// Database gives the address of the database cluster with this number, counted
// from zero; ok is false when the cloud has no address left.
func (a Addresses) Database(number int) (address netip.Addr, ok bool) {
	last := firstDatabase + number
	if number < 0 || last > 254 {
		return netip.Addr{}, false
	}
	bytes := a.Cloud.Addr().As4()
	bytes[3] = byte(last)
	return netip.AddrFrom4(bytes), true
}

// addressesOf derives a cluster's addresses from its name.
func addressesOf(name string) (Addresses, error) {
	number := slices.Index(names, name)
	if number < 0 {
		return Addresses{}, fmt.Errorf("cluster %q: no such name; use one of %s", name, strings.Join(names, ", "))
	}
	address := func(b, c, d int) netip.Addr {
		return netip.AddrFrom4([4]byte{10, byte(b), byte(c), byte(d)})
	}
	links, pods := 250+number, 244+number
	return Addresses{
		HostLink:     netip.PrefixFrom(address(links, 0, 0), 24),
		Host:         address(links, 0, 1),
		Node:         address(links, 0, 2),
		Cloud:        netip.PrefixFrom(address(links, 1, 0), 24),
		CloudGateway: address(links, 1, 1),
		MailHost:     address(links, 1, 2),
		Pods:         netip.PrefixFrom(address(pods, 0, 0), 24),
		Services:     netip.PrefixFrom(address(96, 0, 0), 16),
		APIService:   address(96, 0, 1),
		DNSService:   address(96, 0, 10),
	}, nil
}

// HostName gives a name that the cluster's DNS answers with the address:
// label.10-250-1-10.halo.test for label and 10.250.1.10. The label may hold dots.
func HostName(label string, address netip.Addr) string {
	return label + "." + strings.ReplaceAll(address.String(), ".", "-") + ".halo.test"
}

// OctetPattern matches a number from 0 to 255 and no other text.
func (c *Cluster) OctetPattern() string {
	return "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
}

// Names gives the names that a cluster may have.
func Names() []string { return slices.Clone(names) }
