package tenant

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/conditions"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/origins"
	"halo.dev/halo/internal/schedule"
)

// problem is why a tenant cannot go on: one sentence that names the field and the remedy.
type problem struct {
	reason, message string
	// stalled means that a person must act; otherwise the wait ends by itself.
	stalled bool
}

func (p *problem) into(report *conditions.Set) {
	if p.stalled {
		report.Stalled(p.reason, p.message)
		return
	}
	report.Waiting(p.reason, p.message)
}

func stalled(reason, format string, arguments ...any) *problem {
	return &problem{stalled: true, reason: reason, message: fmt.Sprintf(format, arguments...)}
}

// validate finds what the schema cannot see. A problem heals by a watch: of the class, of the other tenant, or of the
// spec itself. It fills in the class and the settings.
func (r *Reconciler) validate(ctx context.Context, w *work) (*problem, error) {
	class := &halo.HaloTenantClass{}
	err := r.Client.Get(ctx, client.ObjectKey{Name: w.tenant.Spec.ClassName}, class)
	switch {
	case apierrors.IsNotFound(err):
		return stalled(halo.ReasonUnknownClass, "spec.className: there is no HaloTenantClass %q; create it or name another", w.tenant.Spec.ClassName), nil
	case err != nil:
		return nil, fmt.Errorf("reading class %s: %w", w.tenant.Spec.ClassName, err)
	}
	w.class = class
	w.settings = desired.Resolve(w.tenant, class)
	if problem := checkSpec(w.tenant, class); problem != nil {
		return problem, nil
	}
	return r.checkHostname(ctx, w.tenant)
}

// checkSpec is what can be said of a tenant and its class alone.
func checkSpec(tenant *halo.HaloTenant, class *halo.HaloTenantClass) *problem {
	for index, origin := range tenant.Spec.AllowedOrigins {
		if _, err := origins.Parse(string(origin)); err != nil {
			return stalled(halo.ReasonInvalidSpec, "spec.allowedOrigins[%d]: %v", index, err)
		}
	}
	return checkSchedule(tenant, class)
}

func checkSchedule(tenant *halo.HaloTenant, class *halo.HaloTenantClass) *problem {
	settings := desired.Resolve(tenant, class)
	if _, err := schedule.Parse(settings.Schedule, settings.TimeZone); err != nil {
		field := "spec.backup.schedule"
		if tenant.Spec.Backup == nil || tenant.Spec.Backup.Schedule == "" {
			field = "spec.backup of HaloTenantClass " + class.Name
		}
		return stalled(halo.ReasonInvalidSpec, "%s: %v", field, err)
	}
	return nil
}

// checkHostname gives a hostname to the one that serves it, else to the oldest of those that want it.
func (r *Reconciler) checkHostname(ctx context.Context, tenant *halo.HaloTenant) (*problem, error) {
	others := &halo.HaloTenantList{}
	if err := r.Client.List(ctx, others, client.MatchingFields{indexHostname: tenant.Spec.Hostname}); err != nil {
		return nil, fmt.Errorf("looking for other tenants with hostname %s: %w", tenant.Spec.Hostname, err)
	}
	for i := range others.Items {
		if other := &others.Items[i]; other.UID != tenant.UID && goesFirst(other, tenant) {
			return stalled(halo.ReasonHostnameInUse, "spec.hostname: %s is in use by HaloTenant %s; choose another", tenant.Spec.Hostname, other.Name), nil
		}
	}
	return nil, nil
}

func goesFirst(a, b *halo.HaloTenant) bool {
	if serves(a) != serves(b) {
		return serves(a)
	}
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

// serves tells whether a tenant has a certificate for the hostname that it wants.
func serves(tenant *halo.HaloTenant) bool {
	return tenant.Status.Certificate != nil && tenant.Status.Certificate.Hostname == tenant.Spec.Hostname
}

// restoreSource names the snapshot that a new cluster is made from. An existing cluster needs none.
func (r *Reconciler) restoreSource(ctx context.Context, w *work) (string, *problem) {
	bootstrap := w.tenant.Spec.Bootstrap
	if bootstrap == nil || w.state.Cluster(w.tenant.Name) != nil {
		return "", nil
	}
	backup := &halo.HaloBackup{}
	err := r.Client.Get(ctx, client.ObjectKey{Name: bootstrap.BackupName}, backup)
	switch {
	case apierrors.IsNotFound(err):
		return "", stalled(halo.ReasonUnknownBackup, "spec.bootstrap.backupName: there is no HaloBackup %q; see kubectl get halobackups", bootstrap.BackupName)
	case err != nil:
		return "", &problem{reason: halo.ReasonFailed, message: short(err)}
	}
	ready := meta.FindStatusCondition(backup.Status.Conditions, halo.ConditionReady)
	if ready == nil || ready.Status != "True" {
		message := "HaloBackup " + backup.Name + " has not been taken yet"
		if ready != nil {
			message = "HaloBackup " + backup.Name + ": " + ready.Message
		}
		return "", &problem{reason: halo.ReasonWaiting, message: "Waiting for spec.bootstrap.backupName: " + message}
	}
	if backup.Status.Region != "" && backup.Status.Region != w.class.Spec.Region {
		return "", stalled(halo.ReasonInvalidSpec, "spec.bootstrap.backupName: HaloBackup %s is in region %s and class %s in %s; data stay in their region",
			backup.Name, backup.Status.Region, w.class.Name, w.class.Spec.Region)
	}
	return naming.Snapshot(backup.Name), nil
}
