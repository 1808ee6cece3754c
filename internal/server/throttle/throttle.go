// Package throttle keeps floods out: so many requests a minute of one client
// address, so many of all clients together. It remembers a bounded number of
// addresses, whatever is thrown at it.
package throttle

import (
	"container/list"
	"math"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Most is the number of clients that are remembered; the one that was silent
// for longest is forgotten first. Each takes about 300 bytes.
const Most = 20_000

// Limits are requests a minute. A full minute's worth may come at once.
type Limits struct{ PerClient, Together int }

// Refusal says which limit was met.
type Refusal string

// What Allow says.
const (
	Allowed  Refusal = ""
	Client   Refusal = "client"
	Together Refusal = "tenant"
)

// Throttle counts requests. Its methods may be called by many goroutines.
type Throttle struct {
	mutex    sync.Mutex
	limits   Limits
	together *rate.Limiter
	clients  map[netip.Prefix]*list.Element
	recent   *list.List // of *client, the most recent in front
	most     int
}

type client struct {
	key     netip.Prefix
	limiter *rate.Limiter
}

// New makes a throttle that remembers at most so many clients; Most when zero.
func New(limits Limits, most int) *Throttle {
	if most <= 0 {
		most = Most
	}
	return &Throttle{
		limits: limits, together: limiter(limits.Together),
		clients: map[netip.Prefix]*list.Element{}, recent: list.New(), most: most,
	}
}

// SetLimits takes over new limits; what clients have used of the old ones
// stays used.
func (t *Throttle) SetLimits(limits Limits) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if limits == t.limits {
		return
	}
	t.limits = limits
	adjust(t.together, limits.Together)
	for e := t.recent.Front(); e != nil; e = e.Next() {
		adjust(e.Value.(*client).limiter, limits.PerClient)
	}
}

// Allow counts one request of an address. When it is refused it says by which
// limit and after how long a request would be let in.
func (t *Throttle) Allow(address netip.Addr, now time.Time) (Refusal, time.Duration) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if wait := take(t.client(address), now); wait > 0 {
		// A client over its own limit uses up nothing of the others'.
		return Client, wait
	}
	if wait := take(t.together, now); wait > 0 {
		return Together, wait
	}
	return Allowed, 0
}

// Len is the number of clients that are remembered.
func (t *Throttle) Len() int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.recent.Len()
}

func (t *Throttle) client(address netip.Addr) *rate.Limiter {
	key := network(address)
	if e, ok := t.clients[key]; ok {
		t.recent.MoveToFront(e)
		return e.Value.(*client).limiter
	}
	if t.recent.Len() >= t.most {
		oldest := t.recent.Back()
		delete(t.clients, t.recent.Remove(oldest).(*client).key)
	}
	c := &client{key: key, limiter: limiter(t.limits.PerClient)}
	t.clients[key] = t.recent.PushFront(c)
	return c.limiter
}

// network is what counts as one client: an IPv4 address, or the 64 bits of an
// IPv6 address that one household or machine has to itself.
func network(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := 32
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: all such requests are one client
	}
	return prefix
}

func limiter(perMinute int) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute)
}

func adjust(l *rate.Limiter, perMinute int) {
	l.SetLimit(rate.Limit(float64(perMinute) / 60))
	l.SetBurst(perMinute)
}

// take uses one request of a limiter, or says how long until there is one.
func take(l *rate.Limiter, now time.Time) time.Duration {
	if l.AllowN(now, 1) {
		return 0
	}
	missing := 1 - l.TokensAt(now)
	return time.Duration(math.Ceil(missing / float64(l.Limit()) * float64(time.Second)))
}
