package why

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
)

// databaseWords has a node for each ACK object that is not as it should be, with ACK's own words.
func databaseWords(state observe.State) []Node {
	var nodes []Node
	for _, object := range named(state.Of("DBSubnetGroup", "DBClusterParameterGroup", "DBCluster", "DBInstance")) {
		word, conditions := rdsStatus(object)
		node := Node{State: Good, Text: kindOf(object) + " " + object.GetName(), Children: ackWords(conditions)}
		switch {
		case object.GetDeletionTimestamp() != nil:
			node.State = Waiting
			node.Text += " is being deleted" + held(object.GetFinalizers())
		case word != "":
			node.Text += " is " + word + " in RDS"
			if word != "available" {
				node.State = Waiting
			}
		case len(conditions) == 0:
			node.State = Waiting
			node.Text += ": ACK has said nothing of it yet; is the rds-controller running?"
		}
		for _, child := range node.Children {
			node.State = max(node.State, child.State)
		}
		nodes = append(nodes, node)
	}
	return nodes
}

func rdsStatus(object client.Object) (word string, conditions []rds.Condition) {
	var state *string
	switch typed := object.(type) {
	case *rds.DBCluster:
		state, conditions = typed.Status.Status, typed.Status.Conditions
	case *rds.DBInstance:
		state, conditions = typed.Status.DBInstanceStatus, typed.Status.Conditions
	case *rds.DBSubnetGroup:
		conditions = typed.Status.Conditions
	case *rds.DBClusterParameterGroup:
		conditions = typed.Status.Conditions
	}
	if state != nil {
		word = *state
	}
	return word, conditions
}

// ackWords are those conditions that tell of something amiss.
func ackWords(conditions []rds.Condition) []Node {
	var nodes []Node
	for i := range conditions {
		condition := &conditions[i]
		amiss := map[string]corev1.ConditionStatus{
			rds.ConditionTerminal: corev1.ConditionTrue, rds.ConditionRecoverable: corev1.ConditionTrue,
			rds.ConditionSynced: corev1.ConditionFalse, rds.ConditionReferencesResolved: corev1.ConditionFalse,
		}
		if status, known := amiss[string(condition.Type)]; !known || condition.Status != status {
			continue
		}
		state := Waiting
		if string(condition.Type) == rds.ConditionTerminal {
			state = Bad
		}
		words := line(condition.Words())
		if words == "" {
			words = "nothing more"
		}
		nodes = append(nodes, Node{state, fmt.Sprintf("ACK says: %s is %s: %s", condition.Type, condition.Status, words), nil})
	}
	return nodes
}

// jobWords has a node for each Job that has not completed, with its pods; all of them when every one has.
func jobWords(facts Facts) []Node {
	var nodes []Node
	for _, object := range named(facts.State.Of("Job")) {
		job, ok := object.(*batchv1.Job)
		if !ok {
			continue
		}
		node := Node{State: Waiting, Text: "Job " + job.Name + " is running"}
		for _, condition := range job.Status.Conditions {
			if condition.Status != corev1.ConditionTrue {
				continue
			}
			switch condition.Type {
			case batchv1.JobComplete:
				node.State, node.Text = Good, "Job "+job.Name+" has completed"
			case batchv1.JobFailed:
				node.State, node.Text = Bad, "Job "+job.Name+" has failed: "+line(condition.Message)
			}
		}
		if node.State != Good {
			node.Children = append(eventWords("Job", job.Name, facts), podWords(facts, func(pod *corev1.Pod) bool {
				return pod.Labels[batchv1.JobNameLabel] == job.Name
			})...)
		}
		nodes = append(nodes, node)
	}
	if left := slices.DeleteFunc(slices.Clone(nodes), func(node Node) bool { return node.State == Good }); len(left) > 0 {
		return left
	}
	return nodes
}

func serverWords(facts Facts) []Node {
	deployment := facts.State.Deployment()
	if deployment == nil {
		return nil
	}
	wanted := int32(1)
	if deployment.Spec.Replicas != nil {
		wanted = *deployment.Spec.Replicas
	}
	node := Node{State: Waiting, Text: fmt.Sprintf("Deployment %s: %d of %d pods are available, %d of the newest template",
		deployment.Name, deployment.Status.AvailableReplicas, wanted, deployment.Status.UpdatedReplicas)}
	for _, condition := range deployment.Status.Conditions {
		amiss := (condition.Type == appsv1.DeploymentReplicaFailure) == (condition.Status == corev1.ConditionTrue)
		if amiss && condition.Type != appsv1.DeploymentAvailable && condition.Message != "" {
			node.Children = append(node.Children, Node{Bad, "Kubernetes says: " + condition.Reason + ": " + line(condition.Message), nil})
		}
	}
	node.Children = append(node.Children, podWords(facts, func(pod *corev1.Pod) bool {
		return pod.Labels[naming.LabelComponent] == naming.ComponentServer
	})...)
	return []Node{node}
}

func podWords(facts Facts, wanted func(*corev1.Pod) bool) []Node {
	var nodes []Node
	for _, object := range named(facts.State.Of("Pod")) {
		pod, ok := object.(*corev1.Pod)
		if !ok || !wanted(pod) {
			continue
		}
		node := Node{State: Good, Text: fmt.Sprintf("Pod %s is %s", pod.Name, pod.Status.Phase)}
		switch {
		case pod.DeletionTimestamp != nil:
			node.State, node.Text = Waiting, "Pod "+pod.Name+" is ending"
		case pod.Status.Phase == corev1.PodFailed:
			node.State = Bad
		case pod.Status.Phase != corev1.PodSucceeded && !isReady(pod):
			node.State = Waiting
			if pod.Status.Phase == corev1.PodRunning {
				node.Text += " and not ready"
			}
		}
		if node.State != Good {
			node.Children = append(schedulerWords(pod), containerWords(pod)...)
			node.Children = append(node.Children, unsaid(eventWords("Pod", pod.Name, facts), pod)...)
		}
		nodes = append(nodes, node)
	}
	return nodes
}

// unsaid leaves out events that repeat what the pod's status tells.
func unsaid(nodes []Node, pod *corev1.Pod) []Node {
	return slices.DeleteFunc(nodes, func(node Node) bool {
		for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			if waiting := container.State.Waiting; waiting != nil && waiting.Message != "" && strings.Contains(node.Text, line(waiting.Message)) {
				return true
			}
		}
		for _, condition := range pod.Status.Conditions {
			if condition.Message != "" && condition.Type == corev1.PodScheduled && strings.Contains(node.Text, line(condition.Message)) {
				return true
			}
		}
		return false
	})
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func schedulerWords(pod *corev1.Pod) []Node {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return []Node{{Waiting, "the scheduler says: " + condition.Reason + ": " + line(condition.Message), nil}}
		}
	}
	return nil
}

// containerWords are what the kubelet tells of the containers.
func containerWords(pod *corev1.Pod) []Node {
	var nodes []Node
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		waiting, ended := container.State.Waiting, container.State.Terminated
		if ended == nil {
			ended = container.LastTerminationState.Terminated
		}
		if waiting != nil && waiting.Reason != "" {
			state := Waiting
			if waiting.Reason != "ContainerCreating" && waiting.Reason != "PodInitializing" {
				state = Bad
			}
			nodes = append(nodes, Node{state, strings.TrimSuffix("the kubelet says: container "+container.Name+": "+waiting.Reason+": "+line(waiting.Message), ": "), nil})
		}
		if ended != nil && ended.ExitCode != 0 {
			text := fmt.Sprintf("container %s ended with exit code %d (%s), %s", container.Name, ended.ExitCode, ended.Reason, times(container.RestartCount, "restarted"))
			if ended.Message != "" {
				text += ": " + line(ended.Message)
			}
			nodes = append(nodes, Node{Bad, text, nil})
		}
	}
	return nodes
}

func times(count int32, what string) string {
	switch count {
	case 0:
		return "not " + what
	case 1:
		return what + " once"
	}
	return fmt.Sprintf("%s %d times", what, count)
}

// mostEvents keeps a tree readable.
const mostEvents = 3

// eventWords are the newest warnings about an object, each reason once.
func eventWords(kind, name string, facts Facts) []Node {
	var warnings []corev1.Event
	for _, event := range facts.Events {
		if event.Type == corev1.EventTypeWarning && event.InvolvedObject.Kind == kind && event.InvolvedObject.Name == name {
			warnings = append(warnings, event)
		}
	}
	slices.SortStableFunc(warnings, func(a, b corev1.Event) int { return when(b).Compare(when(a)) })
	var nodes []Node
	var seen []string
	for _, event := range warnings {
		if slices.Contains(seen, event.Reason) || len(nodes) == mostEvents {
			continue
		}
		seen = append(seen, event.Reason)
		text := fmt.Sprintf("the %s says, %s ago: %s: %s", source(event), age(facts.Now.Sub(when(event))), event.Reason, line(event.Message))
		nodes = append(nodes, Node{Waiting, text, nil})
	}
	return nodes
}

func source(event corev1.Event) string {
	for _, name := range []string{event.Source.Component, event.ReportingController} {
		if name != "" {
			return strings.TrimPrefix(name, "default-")
		}
	}
	return "cluster"
}

func when(event corev1.Event) time.Time {
	switch {
	case event.Series != nil:
		return event.Series.LastObservedTime.Time
	case !event.LastTimestamp.IsZero():
		return event.LastTimestamp.Time
	case !event.EventTime.IsZero():
		return event.EventTime.Time
	}
	return event.CreationTimestamp.Time
}

func age(passed time.Duration) string {
	switch {
	case passed < 2*time.Minute:
		return fmt.Sprintf("%d s", int(max(passed, 0).Seconds()))
	case passed < 2*time.Hour:
		return fmt.Sprintf("%d min", int(passed.Minutes()))
	}
	return fmt.Sprintf("%d h", int(passed.Hours()))
}

// order is that in which kinds depend on each other.
var order = []string{"DBSubnetGroup", "DBClusterParameterGroup", "DBCluster", "DBInstance", "Job", "Deployment", "Ingress", "Pod"}

// named sorts objects by kind and name.
func named(objects []client.Object) []client.Object {
	slices.SortFunc(objects, func(a, b client.Object) int {
		if d := slices.Index(order, kindOf(a)) - slices.Index(order, kindOf(b)); d != 0 {
			return d
		}
		return strings.Compare(a.GetName(), b.GetName())
	})
	return objects
}

func kindOf(object client.Object) string {
	switch object.(type) {
	case *rds.DBSubnetGroup:
		return "DBSubnetGroup"
	case *rds.DBClusterParameterGroup:
		return "DBClusterParameterGroup"
	case *rds.DBCluster:
		return "DBCluster"
	case *rds.DBInstance:
		return "DBInstance"
	case *batchv1.Job:
		return "Job"
	case *appsv1.Deployment:
		return "Deployment"
	case *networkingv1.Ingress:
		return "Ingress"
	case *corev1.Pod:
		return "Pod"
	}
	return object.GetObjectKind().GroupVersionKind().Kind
}
