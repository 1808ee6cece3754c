package desired_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
)

func TestTheMigrationOfARestoredDatabaseMountsEveryPartOfTheLedger(t *testing.T) {
	in := input(t)
	empty := desired.MigrationTarget(in)
	if job := desired.Migration(in); slices.Contains(job.Spec.Template.Spec.Containers[0].Args, "--erasures-dir=/etc/halo/erasures") {
		t.Error("without a ledger its folder is asked for")
	}
	in.Tenant.Spec.Bootstrap = &halo.Bootstrap{BackupName: "acme-1"}
	in.Erasures = []string{"1\n", "2\n"}
	job := desired.Migration(in)
	pod := job.Spec.Template.Spec
	if !slices.Contains(pod.Containers[0].Args, "--erasures-dir=/etc/halo/erasures") {
		t.Errorf("arguments %v", pod.Containers[0].Args)
	}
	items := desired.Erasures(in)
	at := slices.IndexFunc(pod.Volumes, func(volume corev1.Volume) bool { return volume.Name == "erasures" })
	if at < 0 || len(items) != 2 {
		t.Fatalf("volumes %v, %d parts", pod.Volumes, len(items))
	}
	for i, source := range pod.Volumes[at].Projected.Sources {
		part, ok := items[i].Object.(*corev1.ConfigMap)
		if !ok || source.ConfigMap.Name != part.Name || part.Data[source.ConfigMap.Items[0].Key] != in.Erasures[i] || part.Namespace != job.Namespace {
			t.Errorf("part %d: %+v", i, source.ConfigMap)
		}
		if source.ConfigMap.Optional != nil {
			t.Error("the migration would begin without a part")
		}
	}
	if restored := desired.MigrationTarget(in); restored == empty {
		t.Error("a restored database counts as migrated when an empty one does")
	}
	in.Tenant.Annotations = map[string]string{naming.AnnotationAcceptDatabase: "cluster-OTHER"}
	if desired.RestoredFrom(in.Tenant) != "cluster-OTHER" {
		t.Errorf("made from %q", desired.RestoredFrom(in.Tenant))
	}
}

func TestOnlyTheManagerOfItsNamespaceMayAskForErasures(t *testing.T) {
	in := input(t)
	if got := desired.ManagerNamespace(desired.ServerPolicy(in)); got != "halo-operator" {
		t.Errorf("let in from %q", got)
	}
	in.ManagerNamespace = ""
	policy := desired.ServerPolicy(in)
	if got := desired.ManagerNamespace(policy); got != "" {
		t.Errorf("let in from %q", got)
	}
	if slices.ContainsFunc(policy.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool { return len(rule.From) == 0 }) {
		t.Error("everybody is let in")
	}
}
