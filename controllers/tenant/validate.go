package tenant

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/conditions"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
)

// report puts a problem into the conditions.
func report(problem *decide.Problem, into *conditions.Set) {
	if problem.Stalled {
		into.Stalled(problem.Reason, problem.Message)
		return
	}
	into.Waiting(problem.Reason, problem.Message)
}

// validate finds what the schema cannot see. A problem heals by a watch: of the class, of the other tenant, or of the
// spec itself. It fills in the class and the settings.
func (r *Reconciler) validate(ctx context.Context, w *work) (*decide.Problem, error) {
	class := &halo.HaloTenantClass{}
	err := r.Client.Get(ctx, client.ObjectKey{Name: w.tenant.Spec.ClassName}, class)
	switch {
	case apierrors.IsNotFound(err):
		return decide.UnknownClass(w.tenant.Spec.ClassName), nil
	case err != nil:
		return nil, fmt.Errorf("reading class %s: %w", w.tenant.Spec.ClassName, err)
	}
	w.class = class
	w.settings = desired.Resolve(w.tenant, class)
	if problem := decide.Check(w.tenant, class); problem != nil {
		return problem, nil
	}
	if problem := decide.CheckKinds(class, r.Kinds.Watched()); problem != nil {
		return problem, nil
	}
	others := &halo.HaloTenantList{}
	if err := r.Client.List(ctx, others, client.MatchingFields{indexHostname: w.tenant.Spec.Hostname}); err != nil {
		return nil, fmt.Errorf("looking for other tenants with hostname %s: %w", w.tenant.Spec.Hostname, err)
	}
	if problem := decide.CheckHostname(w.tenant, others.Items); problem != nil {
		return problem, nil
	}
	classes := &halo.HaloTenantClassList{}
	if err := r.Client.List(ctx, classes); err != nil {
		return nil, fmt.Errorf("listing classes: %w", err)
	}
	if problem := decide.CheckConsoles(w.tenant, classes.Items); problem != nil {
		return problem, nil
	}
	return r.checkDatabase(ctx, w)
}

// checkDatabase keeps two tenants from one database.
func (r *Reconciler) checkDatabase(ctx context.Context, w *work) (*decide.Problem, error) {
	others := &halo.HaloTenantList{}
	if err := r.Client.List(ctx, others, client.MatchingFields{indexCluster: desired.ClusterIdentifier(w.tenant)}); err != nil {
		return nil, fmt.Errorf("looking for other tenants with the cluster %s: %w", desired.ClusterIdentifier(w.tenant), err)
	}
	return decide.CheckDatabase(w.tenant, w.class, others.Items), nil
}

// restoreSource names the snapshot that a new cluster is made from; empty when it needs none.
func (r *Reconciler) restoreSource(ctx context.Context, w *work) (string, *decide.Problem, error) {
	if !decide.NeedsSource(w.tenant, w.state) {
		return "", nil, nil
	}
	backup := &halo.HaloBackup{}
	err := r.Client.Get(ctx, client.ObjectKey{Name: w.tenant.Spec.Bootstrap.BackupName}, backup)
	switch {
	case apierrors.IsNotFound(err):
		backup = nil
	case err != nil:
		return "", nil, fmt.Errorf("reading HaloBackup %s: %w", w.tenant.Spec.Bootstrap.BackupName, err)
	}
	source, problem := decide.RestoreSource(w.tenant, w.class, backup)
	return source, problem, nil
}
