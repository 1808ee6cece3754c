package addresses_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"halo.dev/halo/test/awslocal/addresses"
)

func TestTheFirstFreeAddressIsPicked(t *testing.T) {
	pool := addresses.InNamespace("cloud", netip.MustParseAddr("10.250.1.10"), 3)
	for _, test := range []struct {
		taken []string
		want  string
	}{
		{nil, "10.250.1.10"},
		{[]string{"10.250.1.10"}, "10.250.1.11"},
		{[]string{"10.250.1.11", "10.250.1.12"}, "10.250.1.10"},
	} {
		if have, err := pool.Pick(test.taken); err != nil || have != test.want {
			t.Errorf("with %v taken: %s %v, want %s", test.taken, have, err, test.want)
		}
	}
	if _, err := pool.Pick([]string{"10.250.1.10", "10.250.1.11", "10.250.1.12"}); !errors.Is(err, addresses.ErrExhausted) {
		t.Errorf("with all taken: %v", err)
	}
}

func TestLoopbackPassesOverAddressesThatSomebodyListensOn(t *testing.T) {
	pool := addresses.Loopback("a seed", 13306)
	first, err := pool.Pick(nil)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(first, "13306"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	second, err := pool.Pick(nil)
	if err != nil || second == first || netip.MustParseAddr(first).Next().String() != second {
		t.Errorf("after %s came %s, %v", first, second, err)
	}
	if other, _ := addresses.Loopback("another seed", 13306).Pick(nil); other == second || other == first {
		t.Error("two seeds share an address")
	}
}

// A namespace joined to the host by one cable: an address of the pool answers on it exactly while it is up.
func TestAnAddressInANamespaceAnswersWhileItIsUp(t *testing.T) {
	const name = "halo-addresses-test"
	ip(t, "netns", "add", name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
	ip(t, "link", "add", "halo-at0", "type", "veth", "peer", "name", "eth0", "netns", name)
	ip(t, "addr", "add", "10.253.77.1/24", "dev", "halo-at0")
	ip(t, "link", "set", "halo-at0", "up")
	ip(t, "-n", name, "addr", "add", "10.253.77.2/24", "dev", "eth0")
	ip(t, "-n", name, "link", "set", "eth0", "up")

	pool := addresses.InNamespace(name, netip.MustParseAddr("10.253.77.10"), 1)
	for range 2 {
		if err := pool.Up(t.Context(), "10.253.77.10"); err != nil {
			t.Fatal(err)
		}
	}
	if err := dial(t.Context()); !strings.Contains(err.Error(), "refused") {
		t.Errorf("up, and nobody listens: %v, want the address to refuse", err)
	}
	for range 2 {
		if err := pool.Down(t.Context(), "10.253.77.10"); err != nil {
			t.Fatal(err)
		}
	}
	ip(t, "neigh", "flush", "dev", "halo-at0")
	if err := dial(t.Context()); strings.Contains(err.Error(), "refused") {
		t.Errorf("down: %v, want no answer", err)
	}
	if err := addresses.InNamespace("halo-no-such", netip.MustParseAddr("10.0.0.1"), 1).Up(t.Context(), "10.0.0.1"); err == nil || !strings.Contains(err.Error(), "halo-no-such") {
		t.Errorf("a namespace that is not there: %v", err)
	}
}

// dial always fails: nobody listens. How it fails tells whether the address is there.
func dial(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", "10.253.77.10:3306")
	if err == nil {
		_ = connection.Close()
		return errors.New("somebody listens")
	}
	return err
}

func ip(t *testing.T, arguments ...string) {
	t.Helper()
	if output, err := exec.Command("ip", arguments...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(arguments, " "), err, output)
	}
}
