package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/plan"
)

// summarize turns what was seen and done into conditions, in the order in which a tenant comes up: the first that is
// missing is what Ready waits for.
func (w *work) summarize() {
	w.status.ClassGeneration = w.class.Generation
	w.status.Namespace = naming.Namespace(w.tenant.Name)
	w.status.Origins = int32(len(w.tenant.Spec.AllowedOrigins))
	w.describeDatabase()
	w.report.Remove(halo.ConditionChangesPending)
	databaseWaits := w.reportDatabase()
	migrationWaits := w.reportMigration()
	certificateWaits := w.reportCertificate()
	serverWaits := w.reportServer()
	w.reportIngress()
	w.reportConsole()
	w.reportBackups()
	w.reportCredentials()
	if problem := w.decision.Missing(); problem != nil {
		w.report.False(halo.ConditionDatabaseReady, problem.Reason, problem.Message)
		report(problem, w.report)
		return
	}
	if w.tenant.Spec.Hibernate {
		w.reportHibernation()
		return
	}
	if w.rotatesInService() {
		migrationWaits, serverWaits = "", ""
	} else {
		serverWaits = first(serverWaits, w.changing())
	}
	switch waits := first(databaseWaits, migrationWaits, certificateWaits, serverWaits); {
	case waits != "":
		w.report.Waiting(halo.ReasonProgressing, waits)
	default:
		w.report.Ready("Serving https://" + w.tenant.Spec.Hostname)
	}
}

func (w *work) describeDatabase() {
	recorded := w.status.Database
	recorded.Endpoint = w.decision.Database.Endpoint
	if desired.External(w.tenant) != nil {
		return
	}
	recorded.ClusterIdentifier = desired.ClusterIdentifier(w.tenant)
	if cluster := w.decision.Identity.Present; cluster != nil && cluster.Status.Status != nil {
		recorded.State = *cluster.Status.Status
	}
}

// reportHibernation says whether the tenant has come to rest.
func (w *work) reportHibernation() {
	deployment := w.state.Deployment()
	if changing := w.changing(); changing != "" {
		w.report.Waiting(halo.ReasonHibernating, "Going to rest: "+changing)
		return
	}
	if deployment != nil && (deployment.Status.ObservedGeneration < deployment.Generation || deployment.Status.Replicas > 0) {
		w.report.Waiting(halo.ReasonHibernating, fmt.Sprintf("Going to rest: %d pods are still to end", deployment.Status.Replicas))
		return
	}
	const message = "Hibernating: no pod serves, no copy is due and all data stay; spec.hibernate: false wakes it"
	w.report.False(halo.ConditionReconciling, halo.ReasonHibernating, "At rest")
	w.report.False(halo.ConditionStalled, halo.ReasonHibernating, "Nothing blocks")
	w.report.False(halo.ConditionReady, halo.ReasonHibernating, message)
}

// wasReady is true when the status that was read calls the tenant ready by its present spec and class. A status of a former
// release does not tell of which generation the class was.
func (w *work) wasReady() bool {
	ready, generation := meta.FindStatusCondition(w.tenant.Status.Conditions, halo.ConditionReady), w.tenant.Status.ClassGeneration
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == w.tenant.Generation &&
		(generation == w.class.Generation || generation == 0)
}

// rotatesInService is true while credentials change behind a tenant that is ready and goes on serving: nobody has asked for
// anything that it does not have yet, and Ready stays as it is.
func (w *work) rotatesInService() bool {
	password, deployment := w.decision.PasswordSwitch, w.state.Deployment()
	rotates := w.decision.Credentials.Previous != 0 || password != nil && !password.Set
	return rotates && w.wasReady() && deployment != nil && decide.Serves(deployment, decide.LeastPods(w.tenant, w.class))
}

// reportCredentials tells how far a rotation is. It does not bear on Ready: the tenant serves all the time.
func (w *work) reportCredentials() {
	credentials := w.decision.Credentials
	users := naming.DatabaseUsers(int(credentials.Users))
	switch {
	case credentials.Previous == 0 && w.decision.Migration.Status.Done:
		w.report.True(halo.ConditionCredentialsReady, halo.ReasonReady, "Pods have "+users+", since "+credentials.RotatedAt.UTC().Format(time.RFC3339))
	case credentials.Previous == 0:
		w.report.False(halo.ConditionCredentialsReady, halo.ReasonWaiting, "Waiting for the migration to make "+users)
	case w.decision.Migration.Failed:
		w.report.False(halo.ConditionCredentialsReady, halo.ReasonFailed, fmt.Sprintf("Attempt %d at making %s failed%s; pods go on with %s; trying again at %s",
			w.decision.Migration.Status.Attempt, users, podWords(w.state.Pods(naming.ComponentMigrate)), naming.DatabaseUsers(int(credentials.Previous)),
			w.decision.Migration.Status.RetryAfter.UTC().Format("15:04:05 MST")))
	case !w.decision.Migration.Status.Done:
		w.report.False(halo.ConditionCredentialsReady, halo.ReasonRotating, "The migration makes "+users)
	case w.decision.Retirement.Failed:
		w.report.False(halo.ConditionCredentialsReady, halo.ReasonFailed, fmt.Sprintf("Attempt %d at dropping the previous users failed%s; trying again at %s",
			w.decision.Retirement.Status.Attempt, podWords(w.state.Pods(naming.ComponentMigrate)), w.decision.Retirement.Status.RetryAfter.UTC().Format("15:04:05 MST")))
	case w.decision.Retirement.Status.Target != "":
		w.report.False(halo.ConditionCredentialsReady, halo.ReasonRotating, "Every pod has "+users+"; the previous users are being dropped")
	default:
		w.report.False(halo.ConditionCredentialsReady, halo.ReasonRotating, "Pods are given "+users)
	}
}

// changing says what this reconcile has written, when its effect has to be seen before the tenant counts as ready.
func (w *work) changing() string {
	for _, change := range w.changes {
		if kind := change.Object.GetKind(); kind == "Deployment" || kind == "DBCluster" || kind == "DBInstance" || kind == "Job" {
			return "Applied a change: " + change.String()
		}
	}
	return ""
}

func (w *work) reportDatabase() string {
	switch {
	case w.decision.Database.Failed:
		w.report.False(halo.ConditionDatabaseReady, halo.ReasonFailed, w.decision.Database.Message)
	case !w.decision.Database.Ready:
		w.report.False(halo.ConditionDatabaseReady, halo.ReasonProgressing, w.decision.Database.Message)
	default:
		w.report.True(halo.ConditionDatabaseReady, halo.ReasonReady, w.decision.Database.Message)
		return ""
	}
	return "Database: " + w.decision.Database.Message
}

func (w *work) reportMigration() string {
	if w.decision.Migration.Status.Target != "" {
		w.status.Migration = &w.decision.Migration.Status
	}
	message := "Waiting for the database"
	reason := halo.ReasonWaiting
	switch {
	case w.decision.Migration.Status.Done:
		w.report.True(halo.ConditionMigrationReady, halo.ReasonReady, "Schemas and users are up to date")
		return ""
	case w.decision.Migration.Failed:
		w.wakeAt(w.decision.Migration.Status.RetryAfter.Time)
		reason = halo.ReasonFailed
		message = fmt.Sprintf("Attempt %d failed%s; trying again at %s", w.decision.Migration.Status.Attempt,
			podWords(w.state.Pods(naming.ComponentMigrate)), w.decision.Migration.Status.RetryAfter.UTC().Format("15:04:05 MST"))
	case w.decision.Migration.Job != nil:
		reason = halo.ReasonProgressing
		message = "Job " + w.decision.Migration.Job.Name + " is running" + podWords(w.state.Pods(naming.ComponentMigrate))
	case w.decision.Database.Serving && !w.decision.PasswordSet:
		message = "Waiting for ACK to give the database its newest master password"
	case w.decision.Database.Serving:
		reason, message = halo.ReasonProgressing, "Starting the Job"
	}
	w.report.False(halo.ConditionMigrationReady, reason, message)
	return "Migration: " + message
}

func (w *work) reportServer() string {
	deployment := w.state.Deployment()
	if deployment == nil {
		w.report.False(halo.ConditionServerReady, halo.ReasonWaiting, "Waiting for the migration")
		return "Server: waiting for its Deployment"
	}
	least := decide.LeastPods(w.tenant, w.class)
	if !decide.Seen(deployment) && w.wasReady() && decide.Serves(deployment, least) {
		return "" // by an autoscaler: whoever writes a template says so in the same round, and what was said before holds
	}
	if message := decide.Rollout(deployment, least); message != "" {
		message += podWords(w.state.Pods(naming.ComponentServer))
		w.report.False(halo.ConditionServerReady, halo.ReasonProgressing, message)
		return "Server: " + message
	}
	w.report.True(halo.ConditionServerReady, halo.ReasonReady, fmt.Sprintf("%d of %d pods serve", deployment.Status.AvailableReplicas, *deployment.Spec.Replicas))
	return ""
}

// podWords adds the kubelet's or the scheduler's own words for the first pod that has any.
func podWords(pods []*corev1.Pod) string {
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(b.Name, a.Name) })
	for _, pod := range pods {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse && condition.Message != "" {
				return fmt.Sprintf(": pod %s: %s", pod.Name, clip(condition.Message))
			}
		}
		for _, container := range pod.Status.ContainerStatuses {
			switch state := container.State; {
			case state.Waiting != nil && state.Waiting.Reason != "ContainerCreating":
				return fmt.Sprintf(": pod %s: %s", pod.Name, clip(state.Waiting.Reason+" "+state.Waiting.Message))
			case state.Terminated != nil && state.Terminated.ExitCode != 0:
				return fmt.Sprintf(": pod %s: exit code %d %s", pod.Name, state.Terminated.ExitCode, clip(state.Terminated.Message))
			}
		}
	}
	return ""
}

// reportSuspended leaves the parts' conditions as they were: nothing was looked at with the intent to act. It says what
// waits for the end of the suspension.
func (w *work) reportSuspended() error {
	w.report.False(halo.ConditionReconciling, halo.ReasonSuspended, "spec.suspend is true")
	w.report.False(halo.ConditionStalled, halo.ReasonSuspended, "spec.suspend is true")
	w.report.False(halo.ConditionReady, halo.ReasonSuspended, "Suspended: what runs goes on, and no change is made until spec.suspend is false")
	pending, err := w.pending()
	if err != nil {
		return err
	}
	if len(pending) == 0 {
		w.report.False(halo.ConditionChangesPending, halo.ReasonNothingPending, "Nothing would change")
		return nil
	}
	shown := pending[:min(len(pending), 5)]
	message := strings.Join(shown, "; ")
	if more := len(pending) - len(shown); more > 0 {
		message += fmt.Sprintf("; and %d more", more)
	}
	w.report.True(halo.ConditionChangesPending, halo.ReasonWaiting, "Waiting for the end of spec.suspend: "+message)
	return nil
}

// pending lists what a reconcile would do.
func (w *work) pending() ([]string, error) {
	if problem := w.decision.Refused(); problem != nil {
		return nil, nil
	}
	items, _, err := w.decision.Items()
	if err != nil {
		return nil, err
	}
	changes, err := plan.Changes(append([]desired.Item{w.decision.Namespace()}, items...), w.state.Live)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, change := range changes {
		lines = append(lines, change.String())
	}
	for _, instance := range w.decision.Surplus {
		lines = append(lines, "delete DBInstance "+instance.Name)
	}
	for _, name := range w.decision.Retired {
		lines = append(lines, "delete Secret "+name)
	}
	return lines, nil
}

// writeStatus writes the report once, and only when it says something new, and makes events of what it is the first to say.
// That of a round that went well may be left to the next one.
func (r *Reconciler) writeStatus(ctx context.Context, w *work, wentWell bool) error {
	w.status.Conditions = w.report.List()
	w.status.ObservedGeneration = w.report.Observed(w.status.ObservedGeneration)
	if equality.Semantic.DeepEqual(&w.tenant.Status, w.status) {
		return nil
	}
	if wentWell && w.mayWait() {
		w.wakeAt(w.now.Add(laterAtMost))
		return nil
	}
	written := w.tenant.DeepCopy()
	written.Status = *w.status
	err := r.Client.Status().Update(ctx, written, client.FieldOwner(naming.ManagedBy))
	if apierrors.IsNotFound(err) {
		return nil // the last finalizer has gone
	}
	if err != nil {
		return fmt.Errorf("writing the status of tenant %s: %w", w.tenant.Name, err)
	}
	r.announce(w.tenant, w.status)
	return nil
}

// refreshPods tells the kubelets of running pods that their configuration changed: it notices an edited pod at once,
// and an edited ConfigMap up to two minutes later. The template is not touched, so that nothing restarts.
func (r *Reconciler) refreshPods(ctx context.Context, w *work, config *corev1.ConfigMap) error {
	hash := desired.ConfigHash(config)
	for _, pod := range w.state.Pods(naming.ComponentServer) {
		if pod.Annotations[naming.AnnotationConfigHash] == hash || pod.DeletionTimestamp != nil {
			continue
		}
		edited := pod.DeepCopy()
		metav1.SetMetaDataAnnotation(&edited.ObjectMeta, naming.AnnotationConfigHash, hash)
		err := r.Client.Patch(ctx, edited, client.MergeFrom(pod), client.FieldOwner(naming.ManagedBy))
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("refreshing pod %s: %w", pod.Name, err)
		}
	}
	return nil
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// short is an error for a status that many may read.
func short(err error) string { return clip(err.Error()) }

func clip(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > 300 {
		text = string([]rune(text)[:300]) + "…"
	}
	return text
}
