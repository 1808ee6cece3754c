package server

import (
	"database/sql"

	"github.com/prometheus/client_golang/prometheus"
)

// pools tells the state of the database's connections whenever it is asked.
type pools struct {
	read                                 func() map[string]sql.DBStats
	connections, most, waits, waitedTime *prometheus.Desc
}

// WatchPools adds the state of the database's connections, by the user that
// they belong to. read must not block.
func (m *Metrics) WatchPools(read func() map[string]sql.DBStats) {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"user"}, labels...), nil)
	}
	m.registry.MustRegister(pools{
		read:        read,
		connections: describe("halo_database_connections", "Open connections to the database, by user and state: used, idle.", "state"),
		most:        describe("halo_database_connections_max", "The most connections of a user that may be open."),
		waits:       describe("halo_database_waits_total", "How often all connections of a user were in use and one had to be waited for."),
		waitedTime:  describe("halo_database_wait_seconds_total", "Time spent so."),
	})
}

// Describe is part of prometheus.Collector.
func (p pools) Describe(into chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{p.connections, p.most, p.waits, p.waitedTime} {
		into <- desc
	}
}

// Collect is part of prometheus.Collector.
func (p pools) Collect(into chan<- prometheus.Metric) {
	tell := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		into <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
	}
	for user, stats := range p.read() {
		tell(p.connections, prometheus.GaugeValue, float64(stats.InUse), user, "used")
		tell(p.connections, prometheus.GaugeValue, float64(stats.Idle), user, "idle")
		tell(p.most, prometheus.GaugeValue, float64(stats.MaxOpenConnections), user)
		tell(p.waits, prometheus.CounterValue, float64(stats.WaitCount), user)
		tell(p.waitedTime, prometheus.CounterValue, stats.WaitDuration.Seconds(), user)
	}
}
