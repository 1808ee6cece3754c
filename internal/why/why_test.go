package why_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
	"halo.dev/halo/internal/why"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func state(t *testing.T, objects ...client.Object) observe.State {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, halo.AddToScheme, rds.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: naming.Namespace("acme")}})
	seen, err := observe.Read(context.Background(), fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(), scheme, "acme")
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func named(name string, component string) metav1.ObjectMeta {
	labels := naming.TenantLabels("acme")
	if component != "" {
		labels = naming.ComponentLabels("acme", component)
	}
	return metav1.ObjectMeta{Name: name, Namespace: naming.Namespace("acme"), Labels: labels}
}

func condition(name string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: name, Status: status, Reason: reason, Message: message}
}

func tenant(conditions ...metav1.Condition) *halo.HaloTenant {
	result := &halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Name: "acme", Generation: 2, UID: "0a1b2c3d-0000"}}
	result.Status.ObservedGeneration = 2
	result.Status.Conditions = conditions
	return result
}

// draw writes a tree as indented lines.
func draw(node why.Node, depth int) string {
	text := strings.Repeat("  ", depth) + []string{"ok ", "wait ", "bad "}[node.State] + node.Text + "\n"
	for _, child := range node.Children {
		text += draw(child, depth+1)
	}
	return text
}

func check(t *testing.T, facts why.Facts, want string) {
	t.Helper()
	facts.Now = now
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), draw(why.Tree(facts), 0)); diff != "" {
		t.Error(diff)
	}
}

func text(value string) *string { return &value }

func TestADatabaseSpeaksInTheWordsOfACK(t *testing.T) {
	cluster := &rds.DBCluster{ObjectMeta: named("halo-acme", ""), Status: rds.DBClusterStatus{
		Status: text("creating"), Conditions: []rds.Condition{
			{Type: rds.ConditionSynced, Status: corev1.ConditionFalse, Message: text("DBCluster is in 'creating' state")},
			{Type: rds.ConditionTerminal, Status: corev1.ConditionTrue, Message: text("InvalidParameterValue: no such\n parameter")},
		}}}
	group := &rds.DBSubnetGroup{ObjectMeta: named("halo-acme", ""), Status: rds.DBSubnetGroupStatus{
		Conditions: []rds.Condition{{Type: rds.ConditionSynced, Status: corev1.ConditionTrue}}}}
	instance := &rds.DBInstance{ObjectMeta: named("halo-acme-1", "")}
	check(t, why.Facts{
		State: state(t, cluster, group, instance),
		Tenant: tenant(condition(halo.ConditionReady, "False", halo.ReasonProgressing, "Database: it is being made"),
			condition(halo.ConditionServerReady, "False", halo.ReasonWaiting, "Waiting for the migration"),
			condition(halo.ConditionDatabaseReady, "False", halo.ReasonProgressing, "it is being made"),
			condition(halo.ConditionReconciling, "True", halo.ReasonProgressing, "")),
	}, `
wait HaloTenant acme: not Ready. Database: it is being made
  wait DatabaseReady: it is being made
    ok DBSubnetGroup halo-acme
    bad DBCluster halo-acme is creating in RDS
      wait ACK says: ACK.ResourceSynced is False: DBCluster is in 'creating' state
      bad ACK says: ACK.Terminal is True: InvalidParameterValue: no such parameter
    wait DBInstance halo-acme-1: ACK has said nothing of it yet; is the rds-controller running?
  wait ServerReady: Waiting for the migration
`)
}

func TestPodsSpeakInTheWordsOfTheSchedulerAndTheKubelet(t *testing.T) {
	replicas := int32(3)
	deployment := &appsv1.Deployment{ObjectMeta: named(naming.Server, naming.ComponentServer), Spec: appsv1.DeploymentSpec{Replicas: &replicas},
		Status: appsv1.DeploymentStatus{UpdatedReplicas: 3, Conditions: []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: "exceeded quota"},
			{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Message: "is progressing"}}}}
	unscheduled := &corev1.Pod{ObjectMeta: named("server-a", naming.ComponentServer), Status: corev1.PodStatus{Phase: corev1.PodPending,
		Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/1 nodes are available: 1 Insufficient cpu."}}}}
	unpulled := &corev1.Pod{ObjectMeta: named("server-b", naming.ComponentServer), Status: corev1.PodStatus{Phase: corev1.PodPending,
		ContainerStatuses: []corev1.ContainerStatus{{Name: "server", State: corev1.ContainerState{
			Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "Back-off pulling image"}}}}}}
	unready := &corev1.Pod{ObjectMeta: named("server-c", naming.ComponentServer), Status: corev1.PodStatus{Phase: corev1.PodRunning,
		ContainerStatuses: []corev1.ContainerStatus{{Name: "server", RestartCount: 2, LastTerminationState: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", Message: "no such file"}}}}}}
	job := &batchv1.Job{ObjectMeta: named("migrate-x", naming.ComponentMigrate), Status: batchv1.JobStatus{
		Conditions: []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Message: "BackoffLimitExceeded"}}}}
	done := &batchv1.Job{ObjectMeta: named("migrate-w", naming.ComponentMigrate), Status: batchv1.JobStatus{
		Conditions: []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}}}
	event := func(object, reason, message string, ago time.Duration) corev1.Event {
		return corev1.Event{Type: corev1.EventTypeWarning, Reason: reason, Message: message, LastTimestamp: metav1.NewTime(now.Add(-ago)),
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: object}, Source: corev1.EventSource{Component: "kubelet"}}
	}
	check(t, why.Facts{
		State: state(t, deployment, unscheduled, unpulled, unready, job, done),
		Events: []corev1.Event{event("server-c", "Unhealthy", "old", time.Hour), event("server-c", "Unhealthy", "Readiness probe failed: 503", time.Minute),
			event("another", "Unhealthy", "of another", time.Minute), event("server-b", "Failed", "Error: Back-off pulling image", time.Minute)},
		Tenant: tenant(condition(halo.ConditionReady, "False", halo.ReasonProgressing, "Server: 0 of 3"),
			condition(halo.ConditionDatabaseReady, "True", halo.ReasonReady, "DBCluster halo-acme is available"),
			condition(halo.ConditionMigrationReady, "False", halo.ReasonFailed, "Attempt 1 failed"),
			condition(halo.ConditionServerReady, "False", halo.ReasonProgressing, "0 of 3")),
	}, `
wait HaloTenant acme: not Ready. Server: 0 of 3
  ok DatabaseReady: DBCluster halo-acme is available
  bad MigrationReady: Attempt 1 failed
    bad Job migrate-x has failed: BackoffLimitExceeded
  wait ServerReady: 0 of 3
    wait Deployment server: 0 of 3 pods are available, 3 of the newest template
      bad Kubernetes says: FailedCreate: exceeded quota
      wait Pod server-a is Pending
        wait the scheduler says: Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.
      wait Pod server-b is Pending
        bad the kubelet says: container server: ImagePullBackOff: Back-off pulling image
      wait Pod server-c is Running and not ready
        bad container server ended with exit code 1 (Error), restarted 2 times: no such file
        wait the kubelet says, 60 s ago: Unhealthy: Readiness probe failed: 503
`)
}

func TestWhatIsReadyIsShort(t *testing.T) {
	check(t, why.Facts{State: state(t), Tenant: tenant(condition(halo.ConditionReady, "True", halo.ReasonReady, "Serving https://halo.acme.example"),
		condition(halo.ConditionDatabaseReady, "True", halo.ReasonReady, "DBCluster halo-acme is available"))}, `
ok HaloTenant acme: Ready. Serving https://halo.acme.example
  ok DatabaseReady: DBCluster halo-acme is available
`)
	unseen := tenant(condition(halo.ConditionReady, "True", halo.ReasonReady, "Serving https://halo.acme.example"))
	unseen.Generation = 3
	check(t, why.Facts{State: state(t), Tenant: unseen}, `
wait HaloTenant acme: Ready. Serving https://halo.acme.example
  wait the manager has not seen the newest spec yet (generation 3, it has seen 2)
`)
	stalled := tenant(condition(halo.ConditionReady, "False", halo.ReasonHostnameInUse, "spec.hostname: in use"), condition(halo.ConditionStalled, "True", halo.ReasonHostnameInUse, ""))
	check(t, why.Facts{State: state(t), Tenant: stalled}, "bad HaloTenant acme: not Ready. spec.hostname: in use\n")
}

func TestADeletionTellsWhatIsLeft(t *testing.T) {
	leaving := tenant(condition(halo.ConditionReady, "False", halo.ReasonDeleting, "RDS is deleting the database"))
	leaving.DeletionTimestamp = &metav1.Time{Time: now}
	cluster := &rds.DBCluster{ObjectMeta: named("halo-acme", ""), Status: rds.DBClusterStatus{Status: text("deleting")}}
	cluster.Finalizers, cluster.DeletionTimestamp = []string{"finalizers.rds.services.k8s.aws/DBCluster"}, &metav1.Time{Time: now}
	final := halo.HaloBackup{ObjectMeta: metav1.ObjectMeta{Name: "acme-final-0a1b2c3d"}, Status: halo.HaloBackupStatus{
		Conditions: []metav1.Condition{condition(halo.ConditionReady, "False", halo.ReasonWaiting, "RDS takes this copy")}}}
	check(t, why.Facts{State: state(t, cluster), Tenant: leaving, Backups: []halo.HaloBackup{final}}, `
wait HaloTenant acme: being deleted. RDS is deleting the database
  wait HaloBackup acme-final-0a1b2c3d: RDS takes this copy
  wait DBCluster halo-acme is being deleted; held by finalizers.rds.services.k8s.aws/DBCluster
  wait Namespace halo-acme is still there
`)
}
