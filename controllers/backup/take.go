package backup

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

// take leads a copy from a wish to a snapshot that can be restored, then sees to pruning.
func (r *Reconciler) take(ctx context.Context, w *work) error {
	if err := r.ensureFinalizer(ctx, w.backup); err != nil {
		return err
	}
	w.status.SnapshotIdentifier = naming.Snapshot(w.backup.Name)
	if w.tenant != nil {
		w.status.ClusterIdentifier = desired.ClusterIdentifier(w.tenant)
	}
	w.recordSealing()
	if w.snapshot != nil {
		w.reportSnapshot()
		return r.prune(ctx, w)
	}
	if w.status.ReadyTime != nil {
		w.report.Stalled(halo.ReasonFailed, "DBClusterSnapshot "+w.status.SnapshotIdentifier+" in namespace "+naming.BackupsNamespace+
			" was deleted by hand; RDS keeps the copy, but it can no longer be watched: delete this HaloBackup, or adopt the snapshot again")
		return nil
	}
	if w.tenant == nil {
		w.report.Stalled(halo.ReasonUnknownTenant, fmt.Sprintf("spec.tenantName: there is no HaloTenant %q", w.backup.Spec.TenantName))
		return nil
	}
	if desired.External(w.tenant) != nil {
		w.report.Stalled(halo.ReasonInvalidSpec, fmt.Sprintf("spec.tenantName: the database of HaloTenant %q is run and copied by somebody else", w.tenant.Name))
		return nil
	}
	return r.create(ctx, w)
}

// recordSealing notes which keys open the copy's personal data: those that the tenant has until the copy is taken. The
// record outlives the tenant, and a record of more keys is never replaced by one of fewer.
func (w *work) recordSealing() {
	if w.tenant == nil || w.tenant.Status.Sealing == nil || w.status.ReadyTime != nil {
		return
	}
	present := w.tenant.Status.Sealing
	if recorded := w.status.Sealing; recorded != nil && len(recorded.Keys) > 0 &&
		(len(present.Keys) < len(recorded.Keys) || present.Keys[0] != recorded.Keys[0]) {
		return
	}
	w.status.Sealing = present.DeepCopy()
}

func (r *Reconciler) create(ctx context.Context, w *work) error {
	cluster := &rds.DBCluster{}
	key := client.ObjectKey{Namespace: naming.Namespace(w.tenant.Name), Name: naming.Database(w.tenant.Name)}
	// The API server itself is asked: for a final copy it matters that the cluster is really gone.
	err := r.APIReader.Get(ctx, key, cluster)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("reading DBCluster %s: %w", key.Name, err)
	}
	clusterGone := apierrors.IsNotFound(err)
	if w.backup.Spec.Source == halo.SourceFinal {
		if !clusterGone {
			w.report.Waiting(halo.ReasonWaiting, "RDS takes this copy when it deletes DBCluster "+key.Name)
			return nil
		}
	} else if clusterGone || cluster.Status.Status == nil || *cluster.Status.Status != "available" {
		w.report.Waiting(halo.ReasonWaiting, "Waiting for DBCluster "+key.Name+" to be available"+state(cluster))
		return nil
	}
	if !clusterGone && decide.IdentityOf(w.tenant, cluster).Claim() == database.ClaimReplaced {
		w.report.Waiting(halo.ReasonDatabaseReplaced, "DBCluster "+key.Name+" is another database than the tenant's data are in; no copy is taken of it")
		return nil
	}
	class := &halo.HaloTenantClass{}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: w.tenant.Spec.ClassName}, class); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading class %s: %w", w.tenant.Spec.ClassName, err)
	}
	snapshot := desired.Snapshot(w.backup, class, w.status.ClusterIdentifier)
	w.status.Region, w.status.Environment = class.Spec.Region, class.Spec.Environment
	if err := r.Client.Create(ctx, snapshot, client.FieldOwner(naming.ManagedBy)); err != nil {
		return fmt.Errorf("creating DBClusterSnapshot %s: %w", snapshot.Name, err)
	}
	w.report.Waiting(halo.ReasonProgressing, "DBClusterSnapshot "+snapshot.Name+" has been asked for")
	return nil
}

func state(cluster *rds.DBCluster) string {
	if cluster.Status.Status == nil {
		return ""
	}
	return ", it is " + *cluster.Status.Status
}

// reportSnapshot copies what RDS says.
func (w *work) reportSnapshot() {
	seen := w.snapshot.Status
	if metadata := seen.ACKResourceMetadata; metadata != nil && metadata.ARN != nil {
		w.status.ARN = *metadata.ARN
	}
	if region := w.snapshot.Annotations[rds.AnnotationRegion]; region != "" {
		w.status.Region = region
	}
	if environment := w.snapshot.Annotations[naming.AnnotationEnvironment]; environment != "" {
		w.status.Environment = halo.Environment(environment)
	}
	if seen.AllocatedStorage != nil {
		w.status.SizeGiB = *seen.AllocatedStorage
	}
	if seen.EngineVersion != nil {
		w.status.EngineVersion = *seen.EngineVersion
	}
	word := ""
	if seen.Status != nil {
		word = *seen.Status
	}
	terminal := rds.FindCondition(seen.Conditions, rds.ConditionTerminal)
	switch {
	case word == "available":
		if w.status.ReadyTime == nil {
			w.status.ReadyTime = &metav1.Time{Time: w.now.UTC().Truncate(1e9)}
		}
		w.report.Ready("Can be restored")
	case rds.IsTrue(seen.Conditions, rds.ConditionTerminal):
		w.report.Stalled(halo.ReasonBackupFailed, "ACK says: "+terminal.Words())
	case word == "failed":
		w.report.Stalled(halo.ReasonBackupFailed, "RDS could not take the snapshot")
	case word == "":
		w.report.Waiting(halo.ReasonProgressing, "Waiting for ACK"+awaited(seen.Conditions))
	default:
		w.report.Waiting(halo.ReasonProgressing, "The snapshot is "+word+awaited(seen.Conditions))
	}
}

func awaited(conditions []rds.Condition) string {
	for _, conditionType := range []string{rds.ConditionRecoverable, rds.ConditionSynced} {
		if words := rds.FindCondition(conditions, conditionType).Words(); words != "" {
			return ": " + words
		}
	}
	return ""
}
