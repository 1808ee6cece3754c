package tenant

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
)

const (
	// mostMeasured bounds the tenants that have metrics of their own; the totals count all.
	mostMeasured = 5000
	// scrapePatience is far longer than reading a cache takes.
	scrapePatience = 5 * time.Second
)

// Collector tells how each tenant fares. It reads the cache when it is asked, so that what it says of a tenant goes
// away with the tenant.
type Collector struct {
	reader  client.Reader
	elected <-chan struct{}
	total   *prometheus.Desc
	gauges  []gauge
}

// gauge is one figure of a tenant; a tenant that has none is left out.
type gauge struct {
	desc  *prometheus.Desc
	value func(*halo.HaloTenant) (float64, bool)
}

// NewCollector reads tenants from a cache. It says nothing until elected is closed: of several replicas only the leader
// counts.
func NewCollector(reader client.Reader, elected <-chan struct{}) *Collector {
	return &Collector{reader: reader, elected: elected,
		total: prometheus.NewDesc("halo_tenants", "Tenants by class and by whether they are ready.", []string{"class", "ready"}, nil),
		gauges: []gauge{
			one("halo_tenant_ready", "1 when the tenant serves.", condition(halo.ConditionReady)),
			one("halo_tenant_stalled", "1 when only a person can help the tenant.", condition(halo.ConditionStalled)),
			one("halo_tenant_at_rest", "1 when the tenant is suspended or hibernates.", func(tenant *halo.HaloTenant) (float64, bool) {
				return number(tenant.Spec.Suspend || tenant.Spec.Hibernate), true
			}),
			one("halo_tenant_copied_timestamp_seconds", "When the newest restorable copy was ready, Unix time.", func(tenant *halo.HaloTenant) (float64, bool) {
				if tenant.Status.Backup == nil {
					return 0, false
				}
				return moment(tenant.Status.Backup.LastReadyTime)
			}),
			one("halo_tenant_credentials_timestamp_seconds", "When the database's users in force were introduced, Unix time.", func(tenant *halo.HaloTenant) (float64, bool) {
				if tenant.Status.Credentials == nil {
					return 0, false
				}
				return moment(tenant.Status.Credentials.RotatedAt)
			}),
			one("halo_tenant_certificate_expiry_timestamp_seconds", "When the server's certificate ends, Unix time.", func(tenant *halo.HaloTenant) (float64, bool) {
				if tenant.Status.Certificate == nil {
					return 0, false
				}
				return moment(&tenant.Status.Certificate.NotAfter)
			}),
		}}
}

func one(name, help string, value func(*halo.HaloTenant) (float64, bool)) gauge {
	return gauge{desc: prometheus.NewDesc(name, help, []string{"tenant"}, nil), value: value}
}

func condition(conditionType string) func(*halo.HaloTenant) (float64, bool) {
	return func(tenant *halo.HaloTenant) (float64, bool) {
		return number(meta.IsStatusConditionTrue(tenant.Status.Conditions, conditionType)), true
	}
}

func number(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

func moment(at *metav1.Time) (float64, bool) {
	if at.IsZero() {
		return 0, false
	}
	return float64(at.Unix()), true
}

// Describe is part of prometheus.Collector.
func (c *Collector) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- c.total
	for _, gauge := range c.gauges {
		descriptions <- gauge.desc
	}
}

// Collect is part of prometheus.Collector.
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	select {
	case <-c.elected:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	tenants := &halo.HaloTenantList{}
	if err := c.reader.List(ctx, tenants, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.Log.Error(err, "listing tenants for the metrics")
		return
	}
	totals := map[[2]string]int{}
	for i := range tenants.Items {
		tenant := &tenants.Items[i]
		ready := "false"
		if meta.IsStatusConditionTrue(tenant.Status.Conditions, halo.ConditionReady) {
			ready = "true"
		}
		totals[[2]string{tenant.Spec.ClassName, ready}]++
		if i >= mostMeasured {
			continue
		}
		for _, gauge := range c.gauges {
			if value, known := gauge.value(tenant); known {
				metrics <- prometheus.MustNewConstMetric(gauge.desc, prometheus.GaugeValue, value, tenant.Name)
			}
		}
	}
	for labels, count := range totals {
		metrics <- prometheus.MustNewConstMetric(c.total, prometheus.GaugeValue, float64(count), labels[0], labels[1])
	}
}
