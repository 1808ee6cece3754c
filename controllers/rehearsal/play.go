package rehearsal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	"halo.dev/halo/internal/desired"
)

// UnknownHost is the last part of a database's address that RDS has not given yet.
const UnknownHost = ".to-be-assigned.rds.amazonaws.com"

// play lets everything that waits for ACK, RDS or Kubernetes have what it waits for, and tells each as what has to
// happen.
func (s *store) play(now time.Time) []string {
	var told []string
	for _, at := range s.keys() {
		if said := Play(s.objects[at], s.written[at], now); said != "" {
			told = append(told, said)
		}
	}
	clear(s.written)
	return told
}

// Play does to an object's status what ACK, RDS or Kubernetes do when all goes well, and says what that is; nothing for
// an object that is as it should be, or that nobody else works on. written is true when its spec has just changed.
func Play(object client.Object, written bool, now time.Time) string {
	switch typed := object.(type) {
	case *rds.DBCluster:
		return playCluster(typed, written, now)
	case *rds.DBInstance:
		return playInstance(typed, written, now)
	case *batchv1.Job:
		return playJob(typed, now)
	case *appsv1.Deployment:
		return playDeployment(typed)
	case *unstructured.Unstructured:
		if typed.GroupVersionKind() == desired.KindCertificate {
			return playCertificate(typed, written, now)
		}
	}
	return ""
}

const available = "available"

func playCluster(cluster *rds.DBCluster, written bool, now time.Time) string {
	if cluster.DeletionTimestamp != nil {
		return ""
	}
	status := &cluster.Status
	word := ""
	if status.Status != nil {
		word = *status.Status
	}
	if word == available && !written && !outdated(status.Conditions, cluster.Generation) && rds.IsTrue(status.Conditions, rds.ConditionSynced) {
		return ""
	}
	if status.Endpoint == nil {
		host := cluster.Name + UnknownHost
		status.Endpoint = &host
	}
	if metadata := status.ACKResourceMetadata; metadata == nil || metadata.ARN == nil {
		region := cluster.Annotations[rds.AnnotationRegion]
		arn := "arn:aws:rds:" + region + ":000000000000:cluster:" + cluster.Name
		status.ACKResourceMetadata = &rds.ResourceMetadata{ARN: &arn, OwnerAccountID: "000000000000", Region: region}
	}
	if status.DBClusterResourceID == nil {
		status.DBClusterResourceID = pointer("cluster-" + cluster.Namespace)
	}
	status.Status, status.Conditions = pointer(available), synced(now, cluster.Generation)
	switch word {
	case "":
		return fmt.Sprintf("RDS has made DBCluster %s", cluster.Name)
	case available:
		return fmt.Sprintf("RDS has changed DBCluster %s", cluster.Name)
	}
	return fmt.Sprintf("DBCluster %s is available (now: %s)", cluster.Name, word)
}

func playInstance(instance *rds.DBInstance, written bool, now time.Time) string {
	if instance.DeletionTimestamp != nil {
		return ""
	}
	word := ""
	if instance.Status.DBInstanceStatus != nil {
		word = *instance.Status.DBInstanceStatus
	}
	if word == available && !written && !outdated(instance.Status.Conditions, instance.Generation) {
		return ""
	}
	instance.Status.DBInstanceStatus, instance.Status.Conditions = pointer(available), synced(now, instance.Generation)
	switch word {
	case "":
		return fmt.Sprintf("RDS runs DBInstance %s", instance.Name)
	case available:
		return fmt.Sprintf("RDS has changed DBInstance %s", instance.Name)
	}
	return fmt.Sprintf("DBInstance %s is available (now: %s)", instance.Name, word)
}

func playJob(job *batchv1.Job, now time.Time) string {
	for _, condition := range job.Status.Conditions {
		if condition.Status == corev1.ConditionTrue && (condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed) {
			return ""
		}
	}
	at := metav1.NewTime(now)
	job.Status.Succeeded, job.Status.StartTime, job.Status.CompletionTime = 1, &at, &at
	for _, conditionType := range []batchv1.JobConditionType{batchv1.JobSuccessCriteriaMet, batchv1.JobComplete} {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
			Type: conditionType, Status: corev1.ConditionTrue, LastTransitionTime: at, LastProbeTime: at,
		})
	}
	return fmt.Sprintf("Job %s has completed", job.Name)
}

func playDeployment(deployment *appsv1.Deployment) string {
	replicas := int32(1)
	if deployment.Spec.Replicas != nil {
		replicas = *deployment.Spec.Replicas
	}
	wanted := appsv1.DeploymentStatus{ObservedGeneration: deployment.Generation, Replicas: replicas,
		UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas}
	have := deployment.Status
	if have.ObservedGeneration == wanted.ObservedGeneration && have.Replicas == replicas && have.UpdatedReplicas == replicas && have.AvailableReplicas >= replicas {
		return ""
	}
	deployment.Status = wanted
	return fmt.Sprintf("Deployment %s has rolled out", deployment.Name)
}

// playCertificate issues what a Certificate of cert-manager asks for.
func playCertificate(certificate *unstructured.Unstructured, written bool, now time.Time) string {
	before, _, _ := unstructured.NestedSlice(certificate.Object, "status", "conditions")
	for _, item := range before {
		condition, _ := item.(map[string]any)
		if condition["type"] == "Ready" && condition["status"] == "True" && !written {
			return ""
		}
	}
	stamp := func(after time.Duration) string { return now.Add(after).UTC().Format(time.RFC3339) }
	certificate.Object["status"] = map[string]any{
		"notAfter": stamp(90 * 24 * time.Hour), "renewalTime": stamp(60 * 24 * time.Hour),
		"conditions": []any{map[string]any{"type": "Ready", "status": "True", "reason": "Ready",
			"message": "Certificate is up to date and has not expired", "lastTransitionTime": stamp(0)}},
	}
	return fmt.Sprintf("cert-manager has issued Certificate %s", certificate.GetName())
}

// playedWords begin what is played of ACK; the generation that it has seen follows.
const playedWords = "In step with generation "

func synced(now time.Time, generation int64) []rds.Condition {
	at, words := metav1.NewTime(now), playedWords+strconv.FormatInt(generation, 10)
	return []rds.Condition{{Type: rds.ConditionSynced, Status: corev1.ConditionTrue, LastTransitionTime: &at, Message: &words}}
}

// outdated tells whether what was played is of another generation. What ACK itself has said is taken as it is.
func outdated(conditions []rds.Condition, generation int64) bool {
	words := rds.FindCondition(conditions, rds.ConditionSynced).Words()
	seen, played := strings.CutPrefix(words, playedWords)
	return played && seen != strconv.FormatInt(generation, 10)
}

func pointer[T any](value T) *T { return &value }
