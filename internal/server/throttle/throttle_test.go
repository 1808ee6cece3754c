package throttle_test

import (
	"net/netip"
	"testing"
	"time"

	"halo.dev/halo/internal/server/throttle"
)

var (
	start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	alice = netip.MustParseAddr("192.0.2.1")
	bob   = netip.MustParseAddr("192.0.2.2")
)

// spend lets n requests of an address in.
func spend(t *testing.T, th *throttle.Throttle, address netip.Addr, n int) {
	t.Helper()
	for i := range n {
		if refusal, wait := th.Allow(address, start); refusal != throttle.Allowed || wait != 0 {
			t.Fatalf("request %d of %d: %q, wait %v", i+1, n, refusal, wait)
		}
	}
}

func TestAClientHasItsMinuteAndThenWaits(t *testing.T) {
	th := throttle.New(throttle.Limits{PerClient: 6, Together: 100}, 0)
	spend(t, th, alice, 6)
	refusal, wait := th.Allow(alice, start)
	if refusal != throttle.Client || wait != 10*time.Second {
		t.Errorf("the seventh: %q, wait %v; want client, 10s", refusal, wait)
	}
	if refusal, _ := th.Allow(bob, start); refusal != throttle.Allowed {
		t.Errorf("another client: %q", refusal)
	}
	if refusal, _ := th.Allow(alice, start.Add(wait-time.Millisecond)); refusal != throttle.Client {
		t.Errorf("just before the wait is over: %q", refusal)
	}
	if refusal, _ := th.Allow(alice, start.Add(wait)); refusal != throttle.Allowed {
		t.Errorf("after the wait: %q", refusal)
	}
}

func TestAllClientsTogetherHaveALimit(t *testing.T) {
	th := throttle.New(throttle.Limits{PerClient: 100, Together: 3}, 0)
	spend(t, th, alice, 2)
	spend(t, th, bob, 1)
	refusal, wait := th.Allow(netip.MustParseAddr("192.0.2.3"), start)
	if refusal != throttle.Together || wait != 20*time.Second {
		t.Errorf("the fourth: %q, wait %v; want tenant, 20s", refusal, wait)
	}
}

func TestAFloodingClientDoesNotUseUpTheOthersShare(t *testing.T) {
	th := throttle.New(throttle.Limits{PerClient: 2, Together: 4}, 0)
	spend(t, th, alice, 2)
	for range 1000 {
		if refusal, _ := th.Allow(alice, start); refusal != throttle.Client {
			t.Fatalf("the flood meets %q", refusal)
		}
	}
	spend(t, th, bob, 2)
}

func TestOneIPv6NetworkIsOneClient(t *testing.T) {
	th := throttle.New(throttle.Limits{PerClient: 1, Together: 100}, 0)
	spend(t, th, netip.MustParseAddr("2001:db8::1"), 1)
	if refusal, _ := th.Allow(netip.MustParseAddr("2001:db8::ffff"), start); refusal != throttle.Client {
		t.Errorf("a neighbour in the same /64: %q", refusal)
	}
	if refusal, _ := th.Allow(netip.MustParseAddr("2001:db8:0:1::1"), start); refusal != throttle.Allowed {
		t.Errorf("the next /64: %q", refusal)
	}
	spend(t, th, alice, 1)
	if refusal, _ := th.Allow(netip.MustParseAddr("::ffff:192.0.2.1"), start); refusal != throttle.Client {
		t.Errorf("the same IPv4 address in IPv6 clothes: %q", refusal)
	}
}

func TestWithoutAnAddressAllAreOneClient(t *testing.T) {
	th := throttle.New(throttle.Limits{PerClient: 1, Together: 100}, 0)
	spend(t, th, netip.Addr{}, 1)
	if refusal, _ := th.Allow(netip.Addr{}, start); refusal != throttle.Client {
		t.Errorf("the second: %q", refusal)
	}
}

func TestMemoryIsBoundedAndTheSilentGoFirst(t *testing.T) {
	th := throttle.New(throttle.Limits{PerClient: 1, Together: 1_000_000}, 10)
	spend(t, th, alice, 1)
	address := netip.MustParseAddr("198.51.100.0")
	for range 9 {
		address = address.Next()
		spend(t, th, address, 1)
	}
	if refusal, _ := th.Allow(alice, start); refusal != throttle.Client {
		t.Fatalf("alice was forgotten: %q", refusal)
	}
	for range 9 {
		address = address.Next()
		spend(t, th, address, 1)
	}
	if refusal, _ := th.Allow(alice, start); refusal != throttle.Client {
		t.Errorf("alice spoke last but nine and was forgotten: %q", refusal)
	}
	for range 1000 {
		address = address.Next()
		spend(t, th, address, 1)
	}
	if th.Len() != 10 {
		t.Errorf("%d clients are remembered", th.Len())
	}
}

func TestNewLimitsCountForKnownClients(t *testing.T) {
	th := throttle.New(throttle.Limits{PerClient: 1, Together: 1}, 0)
	spend(t, th, alice, 1)
	if refusal, _ := th.Allow(alice, start); refusal != throttle.Client {
		t.Fatal("not at its limit")
	}
	th.SetLimits(throttle.Limits{PerClient: 600, Together: 600})
	if refusal, _ := th.Allow(alice, start.Add(time.Second)); refusal != throttle.Allowed {
		t.Errorf("with ten a second, after one: %q", refusal)
	}
	th.SetLimits(throttle.Limits{PerClient: 1, Together: 600})
	if refusal, wait := th.Allow(netip.MustParseAddr("192.0.2.9"), start.Add(time.Second)); refusal != throttle.Allowed {
		t.Errorf("a new client: %q, %v", refusal, wait)
	}
}
