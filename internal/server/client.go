package server

import (
	"net/http"
	"net/netip"
)

// ClientAddress is the address on whose behalf a request is made: the peer's,
// or what the peer says when it is a trusted proxy (ADR 0033).
func ClientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	return clientAddress(r, trusted)
}
