package server

import "time"

// ConsoleMetrics are what the staff console tells.
type ConsoleMetrics struct {
	// Served counts a request among those of the API.
	Served func(route, method string, status int, took time.Duration)
	// SignIn counts an attempt to sign in: "in", "wrong" or "wait".
	SignIn func(outcome string)
}

// WatchConsole adds the staff console's metrics. It may be called once.
func (m *Metrics) WatchConsole() ConsoleMetrics {
	signIns := counters("halo_console_sign_ins_total", "Attempts to sign in to the staff console, by outcome: in, wrong, wait.", "outcome")
	m.registry.MustRegister(signIns)
	return ConsoleMetrics{Served: m.served, SignIn: func(outcome string) { signIns.WithLabelValues(outcome).Inc() }}
}
