// Package why explains what a tenant waits for, as a tree: from its Ready condition down to the words of ACK, RDS, the
// scheduler and the kubelet. It is pure.
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
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/observe"
)

// State is how a node fares.
type State int

// The states.
const (
	// Good is as it should be.
	Good State = iota
	// Waiting comes by itself.
	Waiting
	// Bad does not come by itself, or has failed.
	Bad
)

// Node is one line of the tree.
type Node struct {
	State State
	// Text is one line.
	Text     string
	Children []Node
}

// Facts are what the tree is made from.
type Facts struct {
	Tenant *halo.HaloTenant
	State  observe.State
	// Backups are the tenant's copies.
	Backups []halo.HaloBackup
	// Events are those of the tenant's namespace.
	Events []corev1.Event
	Now    time.Time
}

// Lists returns an empty list of each kind of child that a tree is made from.
func Lists() []client.ObjectList {
	return []client.ObjectList{
		&corev1.PodList{}, &networkingv1.IngressList{}, &appsv1.DeploymentList{}, &batchv1.JobList{},
		&rds.DBSubnetGroupList{}, &rds.DBClusterParameterGroupList{}, &rds.DBClusterList{}, &rds.DBInstanceList{},
	}
}

// parts are the conditions of a tenant in the order in which it comes up; others follow by name.
var parts = []string{
	halo.ConditionDatabaseReady, halo.ConditionMigrationReady, halo.ConditionServerReady, halo.ConditionIngressReady, halo.ConditionBackupReady,
}

// Tree explains a tenant. What is as it should be is one line; what is not has its causes below it.
func Tree(facts Facts) Node {
	tenant := facts.Tenant
	root := Node{State: Waiting, Text: "HaloTenant " + tenant.Name + ": " + readyWords(tenant)}
	ready := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionReady)
	switch {
	case tenant.Status.ObservedGeneration != tenant.Generation:
		root.Children = append(root.Children, Node{Waiting, fmt.Sprintf("the manager has not seen the newest spec yet (generation %d, it has seen %d)",
			tenant.Generation, max(tenant.Status.ObservedGeneration, 0)), nil})
	case ready != nil && ready.Status == metav1.ConditionTrue:
		root.State = Good
	case meta.IsStatusConditionTrue(tenant.Status.Conditions, halo.ConditionStalled):
		root.State = Bad
	}
	if tenant.DeletionTimestamp != nil {
		root.Children = append(root.Children, leaving(facts)...)
		return root
	}
	if namespace := facts.State.Namespace; namespace != nil && namespace.DeletionTimestamp != nil {
		root.Children = append(root.Children, Node{Bad, "Namespace " + namespace.Name + " is being deleted", namespaceWords(namespace)})
	}
	for _, condition := range inOrder(tenant.Status.Conditions) {
		root.Children = append(root.Children, part(condition, facts))
	}
	return root
}

func readyWords(tenant *halo.HaloTenant) string {
	ready := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionReady)
	switch {
	case ready == nil:
		return "the manager has said nothing of it yet"
	case ready.Status == metav1.ConditionTrue:
		return "Ready. " + ready.Message
	case tenant.DeletionTimestamp != nil:
		return "being deleted. " + ready.Message
	}
	return "not Ready. " + ready.Message
}

func inOrder(conditions []metav1.Condition) []metav1.Condition {
	place := func(name string) int {
		if i := slices.Index(parts, name); i >= 0 {
			return i
		}
		return len(parts)
	}
	var shown []metav1.Condition
	for _, condition := range conditions {
		if !slices.Contains([]string{halo.ConditionReady, halo.ConditionReconciling, halo.ConditionStalled}, condition.Type) {
			shown = append(shown, condition)
		}
	}
	slices.SortStableFunc(shown, func(a, b metav1.Condition) int {
		if d := place(a.Type) - place(b.Type); d != 0 {
			return d
		}
		return strings.Compare(a.Type, b.Type)
	})
	return shown
}

// part is one condition, and below it, when it is not True, the objects that it speaks of.
func part(condition metav1.Condition, facts Facts) Node {
	node := Node{State: Good, Text: condition.Type + ": " + condition.Message}
	if condition.Status == metav1.ConditionTrue {
		return node
	}
	node.State = Waiting
	if slices.Contains([]string{halo.ReasonFailed, halo.ReasonBackupFailed, halo.ReasonInvalidSpec}, condition.Reason) {
		node.State = Bad
	}
	switch condition.Type {
	case halo.ConditionDatabaseReady:
		node.Children = databaseWords(facts.State)
	case halo.ConditionMigrationReady:
		node.Children = jobWords(facts)
	case halo.ConditionServerReady:
		node.Children = serverWords(facts)
	case halo.ConditionBackupReady:
		node.Children = backupWords(facts.Backups)
	}
	return node
}

// leaving tells what is left of a tenant that is being deleted.
func leaving(facts Facts) []Node {
	var nodes []Node
	for _, backup := range facts.Backups {
		if backup.Name == naming.FinalBackup(facts.Tenant.Name, facts.Tenant.UID) {
			nodes = append(nodes, backupNode(backup))
		}
	}
	nodes = append(nodes, databaseWords(facts.State)...)
	for _, object := range named(facts.State.Of("Deployment", "Job", "Ingress", "Pod")) {
		state := "is still there"
		if object.GetDeletionTimestamp() != nil {
			state = "is being deleted" + held(object.GetFinalizers())
		}
		nodes = append(nodes, Node{Waiting, kindOf(object) + " " + object.GetName() + " " + state, nil})
	}
	if namespace := facts.State.Namespace; namespace != nil {
		state := "is still there"
		if namespace.DeletionTimestamp != nil {
			state = "is being deleted"
		}
		nodes = append(nodes, Node{Waiting, "Namespace " + namespace.Name + " " + state, namespaceWords(namespace)})
	}
	return nodes
}

func held(finalizers []string) string {
	if len(finalizers) == 0 {
		return ""
	}
	return "; held by " + strings.Join(finalizers, ", ")
}

func namespaceWords(namespace *corev1.Namespace) []Node {
	var nodes []Node
	for _, condition := range namespace.Status.Conditions {
		if condition.Status == corev1.ConditionTrue && condition.Message != "" {
			nodes = append(nodes, Node{Waiting, "Kubernetes says: " + line(condition.Message), nil})
		}
	}
	return nodes
}

func backupWords(backups []halo.HaloBackup) []Node {
	var newest *halo.HaloBackup
	for i := range backups {
		if newest == nil || newest.CreationTimestamp.Before(&backups[i].CreationTimestamp) {
			newest = &backups[i]
		}
	}
	if newest == nil {
		return nil
	}
	return []Node{backupNode(*newest)}
}

func backupNode(backup halo.HaloBackup) Node {
	ready := meta.FindStatusCondition(backup.Status.Conditions, halo.ConditionReady)
	node := Node{State: Waiting, Text: "HaloBackup " + backup.Name}
	switch {
	case ready == nil:
		node.Text += ": nothing is known of it yet"
	case ready.Status == metav1.ConditionTrue:
		node.State = Good
		node.Text += ": " + ready.Message
	default:
		node.Text += ": " + ready.Message
		if meta.IsStatusConditionTrue(backup.Status.Conditions, halo.ConditionStalled) {
			node.State = Bad
		}
	}
	return node
}

// line makes one line of a text, and not too long a one.
func line(text string) string {
	words := []rune(strings.Join(strings.Fields(text), " "))
	if len(words) > 400 {
		return string(words[:400]) + "…"
	}
	return string(words)
}
