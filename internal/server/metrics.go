package server

import (
	"crypto/tls"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"halo.dev/halo/internal/server/config"
	"halo.dev/halo/internal/server/connections"
	"halo.dev/halo/internal/server/reload"
)

// Metrics are what the server counts. No label holds anything that a visitor
// sent.
type Metrics struct {
	registry *prometheus.Registry

	requests    *prometheus.CounterVec
	latency     *prometheus.HistogramVec
	rejections  *prometheus.CounterVec
	assessments *prometheus.CounterVec
	panics      prometheus.Counter
	mails       *prometheus.CounterVec
	mailTime    *prometheus.HistogramVec
	undelivered *prometheus.CounterVec
	saving      prometheus.Histogram
	connections prometheus.Gauge
	turnedAway  *prometheus.CounterVec
	build       *prometheus.GaugeVec

	configInfo    *prometheus.GaugeVec
	reloads       *prometheus.CounterVec
	reloadBroken  *prometheus.GaugeVec
	certificate   prometheus.Gauge
	databaseUp    prometheus.Gauge
	outboxPending prometheus.Gauge
	outboxParked  prometheus.Gauge
	outboxAge     prometheus.Gauge
	unnoted       prometheus.Gauge
}

// NewMetrics makes the metrics with a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry:      prometheus.NewRegistry(),
		requests:      counters("halo_http_requests_total", "Requests by route, method and status.", "route", "method", "status"),
		rejections:    counters("halo_http_rejected_total", "Requests refused before their body was read, by reason.", "reason"),
		assessments:   counters("halo_assessments_total", "Submissions by outcome.", "outcome"),
		panics:        prometheus.NewCounter(prometheus.CounterOpts{Name: "halo_http_panics_total", Help: "Handlers that panicked."}),
		mails:         counters("halo_mail_attempts_total", "Attempts to send a mail, by kind and outcome.", "kind", "outcome"),
		undelivered:   counters("halo_mail_unwritten_total", "Mails that could not be written yet, by reason. They wait in the outbox.", "reason"),
		configInfo:    gauges("halo_config_info", "1 for the configuration in force, by the SHA-256 of config.yaml.", "sha256"),
		reloads:       counters("halo_reloads_total", "Changed files taken over or refused, by source.", "source", "outcome"),
		reloadBroken:  gauges("halo_reload_broken", "1 while a source's files cannot be used and older ones are in force.", "source"),
		certificate:   gauge("halo_tls_certificate_expiry_timestamp_seconds", "When the certificate in force ends."),
		databaseUp:    gauge("halo_database_up", "1 while the database answers."),
		outboxPending: gauge("halo_outbox_pending", "Mails that wait to be sent."),
		outboxParked:  gauge("halo_outbox_parked", "Mails that were given up and wait for a person."),
		outboxAge:     gauge("halo_outbox_oldest_seconds", "Age of the oldest mail that waits; 0 when none does."),
		unnoted:       gauge("halo_erasures_unnoted", "Erased persons whose numbers are not noted outside of the database yet."),
	}
	m.latency = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "halo_http_request_duration_seconds", Help: "Time to answer, by route.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}, []string{"route"})
	m.saving = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "halo_database_save_duration_seconds", Help: "Time to store an assessment, waiting for a connection included.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	})
	m.mailTime = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "halo_mail_attempt_duration_seconds", Help: "Time of an attempt to send a mail, writing it included, by kind.",
		Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15},
	}, []string{"kind"})
	m.connections = gauge("halo_connections", "Open connections of the public port.")
	m.turnedAway = counters("halo_connections_refused_total",
		"Connections that were closed to keep within the limits, by reason: peer, together, silent.", "reason")
	m.build = gauges("halo_build_info", "1 for the program that runs, by its version and its model's.", "version", "model")
	m.registry.MustRegister(m.saving, m.mailTime, m.connections, m.turnedAway, m.build)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.latency, m.rejections, m.assessments, m.panics, m.mails, m.undelivered, m.configInfo, m.reloads,
		m.reloadBroken, m.certificate, m.databaseUp, m.outboxPending, m.outboxParked, m.outboxAge, m.unnoted)
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

// Handler serves the metrics in Prometheus's formats.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *Metrics) served(route, method string, status int, elapsed time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.latency.WithLabelValues(route).Observe(elapsed.Seconds())
}

func (m *Metrics) rejected(reason string)  { m.rejections.WithLabelValues(reason).Inc() }
func (m *Metrics) assessed(outcome string) { m.assessments.WithLabelValues(outcome).Inc() }
func (m *Metrics) panicked()               { m.panics.Inc() }

// Gatherer gives the metrics to whoever sends them elsewhere.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Running tells which program this is.
func (m *Metrics) Running(version, model string) { m.build.WithLabelValues(version, model).Set(1) }

// Mail counts an attempt to send a mail, and how long it took.
func (m *Metrics) Mail(kind, outcome string, took time.Duration) {
	m.mails.WithLabelValues(kind, outcome).Inc()
	m.mailTime.WithLabelValues(kind).Observe(took.Seconds())
}

// Opened counts a connection of the public port: 1 when it is opened, -1 when
// it is closed.
func (m *Metrics) Opened(change int) { m.connections.Add(float64(change)) }

// Refused counts a connection that was closed to keep within the limits.
func (m *Metrics) Refused(reason connections.Reason) {
	m.turnedAway.WithLabelValues(string(reason)).Inc()
}

// saved tells how long storing an assessment took.
func (m *Metrics) saved(took time.Duration) { m.saving.Observe(took.Seconds()) }

// Unwritten counts a mail that could not be written yet.
func (m *Metrics) Unwritten(reason string) { m.undelivered.WithLabelValues(reason).Inc() }

// Reloaded counts a change of files that was taken over or refused.
func (m *Metrics) Reloaded(event reload.Event) {
	outcome, broken := "taken", 0.0
	if event.Err != nil {
		outcome, broken = "refused", 1
	}
	m.reloads.WithLabelValues(event.Source, outcome).Inc()
	m.reloadBroken.WithLabelValues(event.Source).Set(broken)
}

// Serving tells which configuration and certificate are in force.
func (m *Metrics) Serving(c config.Config, certificate *tls.Certificate) {
	m.configInfo.Reset()
	m.configInfo.WithLabelValues(c.Hash).Set(1)
	if certificate != nil && certificate.Leaf != nil {
		m.certificate.Set(float64(certificate.Leaf.NotAfter.Unix()))
	}
}

// database tells how the last probe went.
func (m *Metrics) database(s databaseState, now time.Time) {
	if !s.reachable {
		m.databaseUp.Set(0)
		return // the outbox is as it was, for all that is known
	}
	m.databaseUp.Set(1)
	m.outboxPending.Set(float64(s.pending))
	m.outboxParked.Set(float64(s.parked))
	m.unnoted.Set(float64(s.unnoted))
	age := 0.0
	if !s.oldest.IsZero() {
		age = max(now.Sub(s.oldest).Seconds(), 0)
	}
	m.outboxAge.Set(age)
}
