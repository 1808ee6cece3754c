package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/database"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
)

// teardownPoll is how soon a step is looked at again when no event told of its end.
const teardownPoll = 15 * time.Second

// tearDown takes one step of a tenant's end. It reads from the API server itself: a cache that is behind could hide a
// database.
func (r *Reconciler) tearDown(ctx context.Context, w *work) error {
	if !controllerutil.ContainsFinalizer(w.tenant, naming.FinalizerTenant) {
		return nil
	}
	teardown, err := r.readTeardown(ctx, w)
	if err != nil {
		return err
	}
	if w.status.Database != nil {
		w.status.Database.Leaving = teardown.Leaves()
	}
	step, message := teardown.Next()
	if step == database.StepConfirm {
		w.report.Stalled(halo.ReasonConfirmDeletion, fmt.Sprintf(
			"metadata.annotations: deleting a production tenant waits for its confirmation: kubectl annotate halotenant %s %s=%s",
			w.tenant.Name, naming.AnnotationConfirmDeletion, w.tenant.Name))
		return nil
	}
	if step == database.StepWaitPerson {
		w.report.Stalled(halo.ReasonDatabaseReplaced, message)
		return nil
	}
	w.report.Waiting(halo.ReasonDeleting, message+w.namespaceWords(step))
	w.wakeAt(w.now.Add(teardownPoll))
	if err := r.take(ctx, w, step); err != nil {
		return fmt.Errorf("deleting tenant %s, step %s: %w", w.tenant.Name, step, err)
	}
	return nil
}

func (r *Reconciler) readTeardown(ctx context.Context, w *work) (database.Teardown, error) {
	var err error
	if w.state, err = observe.Read(ctx, r.APIReader, r.Client.Scheme(), w.tenant.Name, r.Kinds.Watched()...); err != nil {
		return database.Teardown{}, err
	}
	if err := w.state.ReadCluster(ctx, r.APIReader, w.tenant.Name); err != nil {
		return database.Teardown{}, err
	}
	class := &halo.HaloTenantClass{}
	err = r.APIReader.Get(ctx, client.ObjectKey{Name: w.tenant.Spec.ClassName}, class)
	classGone := apierrors.IsNotFound(err)
	if err != nil && !classGone {
		return database.Teardown{}, fmt.Errorf("reading class %s: %w", w.tenant.Spec.ClassName, err)
	}
	w.class = class
	teardown := database.Teardown{
		Policy: desired.Resolve(w.tenant, class).DeletionPolicy,
		// A class that is gone may have been one of production.
		Production:    class.Spec.Environment == halo.EnvironmentProduction || (classGone && w.state.Cluster(w.tenant.Name) != nil),
		Confirmed:     w.tenant.Annotations[naming.AnnotationConfirmDeletion] == w.tenant.Name,
		ServerObjects: len(w.state.Of("Deployment", "Job", "Ingress", "HTTPRoute", "Pod")),
		Entrances:     w.entrances(),
		ToAsk:         r.asksForTheLast(w),
		Cluster:       w.state.Cluster(w.tenant.Name),
		Instances:     len(w.state.Instances()),
		Claim:         decide.IdentityOf(w.tenant, w.state.Cluster(w.tenant.Name)).Claim(),
		Leaving:       w.tenant.Status.Database != nil && w.tenant.Status.Database.Leaving,
		Unclaimed:     len(w.unclaimed()),
		Groups:        len(w.state.Of("DBSubnetGroup", "DBClusterParameterGroup")),
		Retained:      w.retained(),
		Namespace:     w.state.Namespace,
		Now:           w.now,
	}
	if cluster := teardown.Cluster; cluster != nil {
		// The annotations are the operator's own; without them the cluster counts as protected.
		teardown.UnprotectedAt, err = time.Parse(time.RFC3339, cluster.Annotations[naming.AnnotationUnprotectedAt])
		teardown.SyncedBefore, _ = time.Parse(time.RFC3339, cluster.Annotations[naming.AnnotationSyncedBefore])
		// One that a clock has written which was ahead is written again: ACK's grace would last until then.
		teardown.Unprotected = err == nil && !teardown.UnprotectedAt.After(w.now) && cluster.Spec.DeletionProtection != nil && !*cluster.Spec.DeletionProtection
	}
	return teardown, r.readFinalBackup(ctx, w, &teardown)
}

func (r *Reconciler) readFinalBackup(ctx context.Context, w *work, teardown *database.Teardown) error {
	backup := &halo.HaloBackup{}
	err := r.APIReader.Get(ctx, client.ObjectKey{Name: naming.FinalBackup(w.tenant.Name, w.tenant.UID)}, backup)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the final copy of tenant %s: %w", w.tenant.Name, err)
	}
	teardown.FinalBackup = backup
	teardown.FinalBackupReady = meta.IsStatusConditionTrue(backup.Status.Conditions, halo.ConditionReady)
	return nil
}

// entrances counts what leads people to the pods, widget and console, and is not being deleted yet.
func (w *work) entrances() (open int) {
	for _, object := range w.state.Of("Ingress", "HTTPRoute") {
		if object.GetDeletionTimestamp() == nil {
			open++
		}
	}
	return open
}

var rdsKinds = []string{"DBInstance", "DBCluster", "DBSubnetGroup", "DBClusterParameterGroup"}

func (w *work) retained() bool {
	for _, object := range w.state.Of(rdsKinds...) {
		if object.GetAnnotations()[rds.AnnotationDeletionPolicy] != rds.DeletionPolicyRetain {
			return false
		}
	}
	return true
}

// take does what a step asks for. Each can be done twice.
func (r *Reconciler) take(ctx context.Context, w *work, step database.Step) error {
	switch step {
	case database.StepCloseEntrance:
		w.wakeAt(w.now)
		return r.deleteAll(ctx, w.state.Of("Ingress", "HTTPRoute"))
	case database.StepCollectErasures:
		r.askForTheLast(ctx, w)
	case database.StepStopServer:
		if err := r.deleteAll(ctx, w.state.Of("Ingress", "HTTPRoute", "Deployment", "Job")); err != nil {
			return err
		}
		r.askWhileTheyEnd(ctx, w)
	case database.StepRetain:
		return r.edit(ctx, w.state.Of(rdsKinds...), retain)
	case database.StepRescue:
		return r.edit(ctx, w.state.Of("DBCluster"), retain)
	case database.StepClaim:
		return r.claim(ctx, w)
	case database.StepClaimInstances:
		return r.claimInstances(ctx, w)
	case database.StepRecordFinalBackup:
		return r.recordFinalBackup(ctx, w)
	case database.StepUnprotect:
		return r.edit(ctx, w.state.Of("DBCluster"), w.unprotect)
	case database.StepDeleteInstances:
		return r.deleteAll(ctx, w.state.Of("DBInstance"))
	case database.StepDeleteCluster:
		return r.deleteAll(ctx, w.state.Of("DBCluster"))
	case database.StepDeleteGroups:
		return r.deleteAll(ctx, w.state.Of("DBSubnetGroup", "DBClusterParameterGroup"))
	case database.StepDeleteNamespace:
		return r.deleteAll(ctx, []client.Object{w.state.Namespace})
	case database.StepDone:
		if err := r.recordKept(ctx, w); err != nil {
			return err
		}
		return r.letGo(ctx, w.tenant)
	}
	return nil // a wait
}

// deleteAll deletes what is not being deleted yet, each by its UID: one that took its place is not meant.
func (r *Reconciler) deleteAll(ctx context.Context, objects []client.Object) error {
	var failures []error
	for _, object := range objects {
		if object.GetDeletionTimestamp() != nil {
			continue
		}
		uid := object.GetUID()
		err := r.Client.Delete(ctx, object, client.Preconditions{UID: &uid}, client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			failures = append(failures, fmt.Errorf("deleting %T %s: %w", object, object.GetName(), err))
		}
	}
	return errors.Join(failures...)
}

func (r *Reconciler) edit(ctx context.Context, objects []client.Object, change func(client.Object)) error {
	for _, object := range objects {
		before, ok := object.DeepCopyObject().(client.Object)
		if !ok {
			return fmt.Errorf("%T has no metadata", object)
		}
		change(object)
		if err := r.Client.Patch(ctx, object, client.MergeFrom(before), client.FieldOwner(naming.ManagedBy)); err != nil {
			return fmt.Errorf("editing %T %s: %w", object, object.GetName(), err)
		}
	}
	return nil
}

func annotate(object client.Object, key, value string) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	object.SetAnnotations(annotations)
}

func retain(object client.Object) {
	annotate(object, rds.AnnotationDeletionPolicy, rds.DeletionPolicyRetain)
}

// unprotect sets what ACK obeys at the cluster's end, for the policy of now, and turns deletion protection off.
func (w *work) unprotect(object client.Object) {
	cluster, ok := object.(*rds.DBCluster)
	if !ok {
		return
	}
	wanted := desired.Cluster(desired.Input{Tenant: w.tenant, Class: w.class, MasterNumber: decide.MasterAtCreation})
	for _, key := range []string{rds.AnnotationSkipFinalSnapshot, rds.AnnotationFinalSnapshotIdentifier, rds.AnnotationDeleteAutomatedBackups} {
		delete(cluster.Annotations, key) // RDS refuses the name of a snapshot that is to be skipped
		if value, ok := wanted.Annotations[key]; ok {
			annotate(cluster, key, value)
		}
	}
	annotate(cluster, rds.AnnotationDeletionPolicy, rds.DeletionPolicyDelete)
	annotate(cluster, naming.AnnotationUnprotectedAt, w.now.UTC().Format(time.RFC3339))
	annotate(cluster, naming.AnnotationSyncedBefore, database.SyncedAt(cluster).UTC().Format(time.RFC3339))
	off := false
	cluster.Spec.DeletionProtection = &off
}

// claim makes the DBCluster of a database that RDS still has, and its namespace when that is gone too.
func (r *Reconciler) claim(ctx context.Context, w *work) error {
	in := desired.Input{Tenant: w.tenant, Class: w.class, Known: true}
	for _, object := range []client.Object{desired.Namespace(in), desired.ClusterToEnd(in)} {
		if object.GetNamespace() == "" && w.state.Namespace != nil {
			continue
		}
		if err := r.Client.Create(ctx, object, client.FieldOwner(naming.CreateOwner)); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating %T %s: %w", object, object.GetName(), err)
		}
	}
	return nil
}

func (r *Reconciler) claimInstances(ctx context.Context, w *work) error {
	for _, identifier := range w.unclaimed() {
		instance := desired.InstanceToEnd(desired.Input{Tenant: w.tenant, Class: w.class, Known: true}, identifier)
		if err := r.Client.Create(ctx, instance, client.FieldOwner(naming.CreateOwner)); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating DBInstance %s: %w", instance.Name, err)
		}
	}
	return nil
}

// unclaimed are the identifiers of instances that RDS has of the cluster and that no DBInstance stands for.
func (w *work) unclaimed() []string {
	cluster := w.state.Cluster(w.tenant.Name)
	if cluster == nil {
		return nil
	}
	claimed := map[string]bool{}
	for _, instance := range w.state.Instances() {
		claimed[instance.Spec.DBInstanceIdentifier] = true
	}
	var identifiers []string
	for _, member := range cluster.Status.DBClusterMembers {
		if id := member.DBInstanceIdentifier; id != nil && !claimed[*id] {
			identifiers = append(identifiers, *id)
		}
	}
	return identifiers
}

// namespaceWords adds Kubernetes' own words for why a namespace does not go.
func (w *work) namespaceWords(step database.Step) string {
	if step != database.StepDeleteNamespace || w.state.Namespace == nil {
		return ""
	}
	return wordsOf(w.state.Namespace)
}

func wordsOf(namespace *corev1.Namespace) string {
	for _, condition := range namespace.Status.Conditions {
		if condition.Status == corev1.ConditionTrue && condition.Message != "" {
			return ": " + clip(condition.Message)
		}
	}
	return ""
}

func (r *Reconciler) recordFinalBackup(ctx context.Context, w *work) error {
	note, err := specNote(w.tenant)
	if err != nil {
		return err
	}
	backup := &halo.HaloBackup{
		ObjectMeta: metav1.ObjectMeta{Name: naming.FinalBackup(w.tenant.Name, w.tenant.UID), Labels: naming.TenantLabels(w.tenant.Name), Annotations: note},
		Spec:       halo.HaloBackupSpec{TenantName: w.tenant.Name, Source: halo.SourceFinal},
	}
	err = r.Client.Create(ctx, backup, client.FieldOwner(naming.ManagedBy))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating HaloBackup %s: %w", backup.Name, err)
	}
	return nil
}

// recordKept writes down what a database that goes on without its tenant is sealed with: the tenant that takes it over
// one day needs it, and nothing else in Kubernetes tells.
func (r *Reconciler) recordKept(ctx context.Context, w *work) error {
	record := desired.KeptDatabase(w.tenant, w.class)
	if record == nil {
		return nil
	}
	err := r.Client.Create(ctx, record, client.FieldOwner(naming.CreateOwner))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating ConfigMap %s in namespace %s: %w", record.Name, record.Namespace, err)
	}
	r.Recorder.Eventf(w.tenant, nil, corev1.EventTypeNormal, halo.ReasonDeleting, "Delete", "The database %s stays; ConfigMap %s in namespace %s tells what opens it",
		record.Data["database"], record.Name, record.Namespace)
	return nil
}

func (r *Reconciler) letGo(ctx context.Context, tenant *halo.HaloTenant) error {
	before := tenant.DeepCopy()
	controllerutil.RemoveFinalizer(tenant, naming.FinalizerTenant)
	if err := r.Client.Patch(ctx, tenant, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(naming.ManagedBy)); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.Recorder.Eventf(tenant, nil, corev1.EventTypeNormal, halo.ReasonDeleting, "Delete", "Deleted")
	return nil
}
