// Package connections bounds what strangers can hold open: so many connections
// in all, and so many of one address. Who comes when all are taken gets the
// place of the connection on which nothing has been asked for longest, so that
// a crowd of silent connections cannot keep visitors out.
package connections

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// Limits are numbers of open connections. Each takes about 40 kB while it is
// used.
type Limits struct {
	Together int
	// PerPeer counts an IPv4 address, or the 64 bits of an IPv6 address that one
	// household or machine has to itself.
	PerPeer int
}

// The limits where Limits has zero. A browser needs one connection; a whole
// office may share an address.
const (
	DefaultTogether = 1000
	DefaultPerPeer  = 200
)

// Reason says why a connection was closed at once.
type Reason string

// The reasons.
const (
	// ReasonPeer: its address has as many as one may have.
	ReasonPeer Reason = "peer"
	// ReasonTogether: all are taken, and all are at work.
	ReasonTogether Reason = "together"
	// ReasonSilent: it was silent when another wanted its place.
	ReasonSilent Reason = "silent"
)

// Options are what a guard goes by. All may be zero.
type Options struct {
	Limits Limits
	// Shared are the networks of proxies: the connections of many visitors come
	// from one address there, so that PerPeer does not count.
	Shared []netip.Prefix
	// Opened is told how many more are open, 1 or -1; Refused, why one was
	// closed. Both may be called by many goroutines.
	Opened  func(change int)
	Refused func(Reason)
}

// Guard counts the connections of one listener.
type Guard struct {
	options Options

	mutex  sync.Mutex
	open   int
	peers  map[netip.Prefix]int
	silent *list.List // of *Conn, the one that was silent for longest in front
}

// New makes a guard.
func New(options Options) *Guard {
	if options.Limits.Together <= 0 {
		options.Limits.Together = DefaultTogether
	}
	if options.Limits.PerPeer <= 0 {
		options.Limits.PerPeer = DefaultPerPeer
	}
	if options.Opened == nil {
		options.Opened = func(int) {}
	}
	if options.Refused == nil {
		options.Refused = func(Reason) {}
	}
	return &Guard{options: options, peers: map[netip.Prefix]int{}, silent: list.New()}
}

// Listener accepts of another listener what the limits allow.
func (g *Guard) Listener(inner net.Listener) net.Listener { return listener{inner, g} }

type listener struct {
	net.Listener
	guard *Guard
}

// Accept waits for a connection that there is room for.
func (l listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if admitted := l.guard.admit(accepted); admitted != nil {
			return admitted, nil
		}
		_ = accepted.Close() // it was told nothing, and there is nothing to tell
	}
}

// admit counts a connection, or returns nil when there is no room for it.
func (g *Guard) admit(accepted net.Conn) net.Conn {
	peer, bounded := g.peerOf(accepted)
	g.mutex.Lock()
	if bounded && g.peers[peer] >= g.options.Limits.PerPeer {
		g.mutex.Unlock()
		g.options.Refused(ReasonPeer)
		return nil
	}
	var ousted *Conn
	if g.open >= g.options.Limits.Together {
		front := g.silent.Front()
		if front == nil {
			g.mutex.Unlock()
			g.options.Refused(ReasonTogether)
			return nil
		}
		ousted = front.Value.(*Conn)
		g.silent.Remove(front)
		ousted.place = nil
	}
	g.open++
	g.peers[peer]++
	c := &Conn{Conn: accepted, guard: g, peer: peer}
	c.place = g.silent.PushBack(c)
	g.mutex.Unlock()
	g.options.Opened(1)
	if ousted != nil {
		g.options.Refused(ReasonSilent)
		_ = ousted.Close()
	}
	return c
}

// peerOf is what a connection is counted under, and whether that is bounded.
func (g *Guard) peerOf(c net.Conn) (peer netip.Prefix, bounded bool) {
	address, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{}, false // not TCP
	}
	from := address.Addr().Unmap().WithZone("")
	for _, shared := range g.options.Shared {
		if shared.Contains(from) {
			return netip.Prefix{}, false
		}
	}
	bits := 32
	if from.Is6() {
		bits = 64
	}
	peer, err = from.Prefix(bits)
	return peer, err == nil
}

// Watch makes a server tell when requests begin and end. Without it every
// connection counts as silent.
func (g *Guard) Watch(server *http.Server) { server.ConnState = g.changed }

// changed is called by net/http; a connection may be wrapped several times by
// then.
func (g *Guard) changed(connection net.Conn, state http.ConnState) {
	c := find(connection)
	if c == nil {
		return
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	switch {
	case c.closed:
	case state == http.StateActive && c.place != nil:
		g.silent.Remove(c.place)
		c.place = nil
	case state == http.StateIdle && c.place == nil:
		c.place = g.silent.PushBack(c)
	}
}

// find unwraps TLS and the PROXY protocol.
func find(connection net.Conn) *Conn {
	for connection != nil {
		switch wrapped := connection.(type) {
		case *Conn:
			return wrapped
		case interface{ NetConn() net.Conn }: // *tls.Conn
			connection = wrapped.NetConn()
		case interface{ Raw() net.Conn }: // *proxyproto.Conn
			connection = wrapped.Raw()
		default:
			return nil
		}
	}
	return nil
}

// Conn is a connection that is counted until it is closed.
type Conn struct {
	net.Conn
	guard *Guard
	peer  netip.Prefix

	// Both are the guard's, under its mutex.
	closed bool
	place  *list.Element // among the silent ones; nil while it is at work
}

// Close closes the connection and frees its place.
func (c *Conn) Close() error {
	err := c.Conn.Close()
	g := c.guard
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if c.closed {
		return err
	}
	c.closed = true
	if c.place != nil {
		g.silent.Remove(c.place)
		c.place = nil
	}
	g.open--
	if g.peers[c.peer]--; g.peers[c.peer] <= 0 {
		delete(g.peers, c.peer)
	}
	g.options.Opened(-1)
	return err
}
