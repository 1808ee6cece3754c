package server

import (
	"net/http"
	"net/netip"
	"strings"

	"halo.dev/halo/internal/server/throttle"
)

// headerToken carries the token of a session.
const headerToken = "Halo-Token"

// crossOrigin lets pages of safelisted origins in, and nobody else; then it
// counts the request. The origin is looked up at every request, so that a
// change of the list counts from the next request on.
func (a *api) crossOrigin(allowed methods) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Add("Vary", "Origin")
		safe := a.isSafe(r)
		if safe {
			header.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			header.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
		}
		if r.Method == http.MethodOptions {
			a.preflight(w, safe, allowed)
			return
		}
		// Counted before the origin is judged: guessing origins is a flood
		// too. The headers above let the page read the answer 429.
		if !a.admit(w, r) {
			return
		}
		if !safe {
			a.refuseOrigin(w)
			return
		}
		allowed.ServeHTTP(w, r)
	})
}

// isSafe wants exactly one Origin header with a safelisted value.
func (a *api) isSafe(r *http.Request) bool {
	values := r.Header.Values("Origin")
	return len(values) == 1 && a.Config().Origins.Allows(values[0])
}

// preflight answers the browser's question whether a page may send a request.
// The answer is kept briefly: a page that is taken off the list is refused by
// the request itself.
func (a *api) preflight(w http.ResponseWriter, safe bool, allowed methods) {
	if !safe {
		a.refuseOrigin(w)
		return
	}
	header := w.Header()
	header.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	header.Set("Access-Control-Allow-Methods", allowed.allowed())
	header.Set("Access-Control-Allow-Headers", "Content-Type, "+headerToken)
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

func (a *api) refuseOrigin(w http.ResponseWriter) {
	a.Metrics.rejected("origin")
	writeProblem(w, problem{
		Status: http.StatusForbidden,
		Detail: "This page's origin is not on the list of allowed origins.",
	})
}

// admit counts a request against the limits that are in force now.
func (a *api) admit(w http.ResponseWriter, r *http.Request) bool {
	a.throttle.SetLimits(limitsOf(a.Config()))
	refusal, wait := a.throttle.Allow(clientAddress(r, a.TrustedProxies), a.Now())
	if refusal == throttle.Allowed {
		return true
	}
	a.Metrics.rejected(string(refusal) + "_limit")
	writeLater(w, problem{Status: http.StatusTooManyRequests, Detail: "There were too many requests. Please wait a moment."}, wait)
	return false
}

// clientAddress is the address that a request is counted under: the peer's,
// unless that is a trusted proxy. Then it is the last address of
// X-Forwarded-For that no trusted proxy has: what is left of it anybody could
// have written.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && contains(trusted, address); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap()
	}
	return address
}

func contains(prefixes []netip.Prefix, address netip.Addr) bool {
	for _, prefix := range prefixes {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}
