// Package addresses gives each database cluster an address of its own: in a network namespace that plays the cloud, or
// on the loopback network for tests without one.
package addresses

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// Pool hands out addresses and makes them answer.
type Pool interface {
	// Pick chooses an address that is not taken.
	Pick(taken []string) (string, error)
	// Up makes the address exist. Doing it twice is no error.
	Up(ctx context.Context, address string) error
	// Down removes the address. Doing it twice is no error.
	Down(ctx context.Context, address string) error
	// Namespace is the network namespace that servers run in, or "" for the caller's own.
	Namespace() string
}

// ErrExhausted means that every address is taken.
var ErrExhausted = errors.New("every address is taken")

// pick walks count addresses from first and returns the first free one that usable accepts.
func pick(first netip.Addr, count int, taken []string, usable func(netip.Addr) bool) (string, error) {
	address := first
	for range count {
		if !slices.Contains(taken, address.String()) && usable(address) {
			return address.String(), nil
		}
		address = address.Next()
	}
	return "", fmt.Errorf("%d addresses from %s: %w", count, first, ErrExhausted)
}

type namespace struct {
	name  string
	first netip.Addr
	count int
}

// InNamespace is a pool of count addresses from first, put on the loopback interface of a network namespace: Linux
// answers for them on every interface of it, so the namespace needs only a route to them.
func InNamespace(name string, first netip.Addr, count int) Pool {
	return &namespace{name: name, first: first, count: count}
}

func (n *namespace) Namespace() string { return n.name }

func (n *namespace) Pick(taken []string) (string, error) {
	return pick(n.first, n.count, taken, func(netip.Addr) bool { return true })
}

func (n *namespace) Up(ctx context.Context, address string) error {
	// Addresses of an interface that is down are not answered for.
	if err := n.ip(ctx, "link", "set", "lo", "up"); err != nil {
		return err
	}
	return n.ip(ctx, "addr", "replace", address+"/32", "dev", "lo")
}

func (n *namespace) Down(ctx context.Context, address string) error {
	err := n.ip(ctx, "addr", "del", address+"/32", "dev", "lo")
	// The kernel's words for an address that is not there, older and newer.
	for _, absent := range []string{"Cannot assign requested address", "Address not found"} {
		if err != nil && strings.Contains(err.Error(), absent) {
			return nil
		}
	}
	return err
}

// ip runs `ip` in the namespace.
func (n *namespace) ip(ctx context.Context, arguments ...string) error {
	output, err := exec.CommandContext(ctx, "ip", append([]string{"-n", n.name}, arguments...)...).CombinedOutput()
	if err == nil {
		return nil
	}
	return fmt.Errorf("ip %s in network namespace %s: %w: %s", strings.Join(arguments, " "), n.name, err, strings.TrimSpace(string(output)))
}

type loopback struct {
	first netip.Addr
	port  int
}

// Loopback is a pool of 127.x.y.10 and up, where x and y follow from seed (a folder, say), so that tests that run side
// by side keep apart. An address on which somebody listens already is passed over.
func Loopback(seed string, port int) Pool {
	digest := fnv.New32a()
	_, _ = digest.Write([]byte(seed)) // a hash never fails to be written to
	sum := digest.Sum32()
	return &loopback{first: netip.AddrFrom4([4]byte{127, byte(1 + sum%250), byte(sum / 250 % 250), 10}), port: port}
}

func (l *loopback) Namespace() string { return "" }

func (l *loopback) Pick(taken []string) (string, error) {
	return pick(l.first, 200, taken, func(address netip.Addr) bool {
		listener, err := net.Listen("tcp", net.JoinHostPort(address.String(), strconv.Itoa(l.port)))
		if err != nil {
			return false
		}
		return listener.Close() == nil
	})
}

func (l *loopback) Up(context.Context, string) error   { return nil }
func (l *loopback) Down(context.Context, string) error { return nil }
