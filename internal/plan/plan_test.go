package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/plan"
)

func config(data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: "server-config", Namespace: "halo-acme", Labels: map[string]string{"a": "b"}},
		Data:       data,
	}
}

func always(object client.Object) func(client.Object) client.Object {
	return func(client.Object) client.Object { return object }
}

func changes(t *testing.T, item desired.Item, live client.Object) []plan.Change {
	t.Helper()
	found, err := plan.Changes([]desired.Item{item}, always(live))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// applied is what the cluster has after a change: the wanted object with its hash, and what others add.
func applied(t *testing.T, wanted *corev1.ConfigMap) *corev1.ConfigMap {
	t.Helper()
	found, err := plan.Changes([]desired.Item{{Object: wanted}}, func(client.Object) client.Object { return nil })
	if err != nil || len(found) != 1 || found[0].Action != plan.Create {
		t.Fatalf("%v, %v", found, err)
	}
	live := wanted.DeepCopy()
	live.TypeMeta = metav1.TypeMeta{} // as a cache gives it
	live.ResourceVersion, live.UID = "7", "u"
	live.Annotations = found[0].Object.GetAnnotations()
	return live
}

func TestWhatIsAsWantedIsNotWritten(t *testing.T) {
	wanted := config(map[string]string{"x": "1"})
	live := applied(t, wanted)
	live.Labels["somebody"] = "else"
	live.Annotations["somebody"] = "else"
	live.Data["theirs"] = "kept"
	if found := changes(t, desired.Item{Object: wanted}, live); len(found) != 0 {
		t.Errorf("%v", found)
	}
}

func TestEachKindOfDifferenceIsFoundAndNamed(t *testing.T) {
	wanted := config(map[string]string{"x": "1", "y": "2"})
	cases := map[string]struct {
		edit func(*corev1.ConfigMap)
		want []string
	}{
		"a value edited by hand":  {func(c *corev1.ConfigMap) { c.Data["x"] = "other" }, []string{"data.x"}},
		"a field removed by hand": {func(c *corev1.ConfigMap) { delete(c.Data, "y"); c.Labels = nil }, []string{"data.y", "metadata.labels"}},
		"a field no longer wanted": {func(c *corev1.ConfigMap) {
			before := config(map[string]string{"x": "1", "y": "2", "dropped": "3"})
			*c = *applied(t, before)
		}, []string{"metadata.annotations.halo.dev/applied-hash"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			live := applied(t, wanted)
			c.edit(live)
			found := changes(t, desired.Item{Object: wanted}, live)
			if len(found) != 1 || found[0].Action != plan.Update {
				t.Fatalf("%v", found)
			}
			if diff := cmp.Diff(c.want, found[0].Fields); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAListCountsAsAWhole(t *testing.T) {
	policy := func(kinds ...networkingv1.PolicyType) *networkingv1.NetworkPolicy {
		return &networkingv1.NetworkPolicy{TypeMeta: metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
			ObjectMeta: metav1.ObjectMeta{Name: "default-deny"}, Spec: networkingv1.NetworkPolicySpec{PolicyTypes: kinds}}
	}
	wanted := policy(networkingv1.PolicyTypeIngress)
	found := changes(t, desired.Item{Object: wanted}, policy(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress))
	if len(found) != 1 || !cmp.Equal(found[0].Fields, []string{"metadata.annotations", "spec.policyTypes"}) {
		t.Errorf("%v", found)
	}
}

func TestWhatIsThereOnceIsLeftAlone(t *testing.T) {
	live := config(map[string]string{"anything": "else"})
	if found := changes(t, desired.Item{Object: config(nil), Once: true}, live); len(found) != 0 {
		t.Errorf("%v", found)
	}
	deleting := live.DeepCopy()
	deleting.DeletionTimestamp = &metav1.Time{}
	if found := changes(t, desired.Item{Object: config(nil)}, deleting); len(found) != 0 {
		t.Errorf("an object on its way out is written: %v", found)
	}
}

func TestWhatIsGivenOnceIsWrittenAtCreationOnly(t *testing.T) {
	owned, full := config(map[string]string{"owned": "1"}), config(map[string]string{"owned": "1", "given": "once"})
	item := desired.Item{Object: owned, AtCreation: full}
	found := changes(t, item, nil)
	if len(found) != 1 || found[0].AtCreation == nil {
		t.Fatalf("%v", found)
	}
	hash := found[0].AtCreation.GetAnnotations()[naming.AnnotationAppliedHash]
	if hash == "" || hash != found[0].Object.GetAnnotations()[naming.AnnotationAppliedHash] {
		t.Errorf("the hash is %q: the next comparison would find a difference", hash)
	}
	live := full.DeepCopy()
	live.Annotations = found[0].AtCreation.GetAnnotations()
	live.Data["given"] = "changed by AWS"
	if found := changes(t, item, live); len(found) != 0 {
		t.Errorf("%v", found)
	}
}

func TestAPlanDoesNotEditWhatItCompares(t *testing.T) {
	wanted := config(map[string]string{"x": "1"})
	before := wanted.DeepCopy()
	live := applied(t, wanted)
	live.Data["x"] = "2"
	seen := live.DeepCopy()
	changes(t, desired.Item{Object: wanted}, live)
	if diff := cmp.Diff(before, wanted) + cmp.Diff(seen, live); diff != "" {
		t.Error(diff)
	}
	untyped := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "example.com/v1", "kind": "Route", "status": map[string]any{"seen": "yes"},
		"metadata": map[string]any{"name": "server", "resourceVersion": "7"}}}
	untouched := untyped.DeepCopy()
	changes(t, desired.Item{Object: untyped}, untyped)
	if diff := cmp.Diff(untouched, untyped); diff != "" {
		t.Error(diff)
	}
}

func TestWhatShouldNotBeThereIsDeletedOnceAndByItsUID(t *testing.T) {
	item := desired.Item{Object: config(nil), Absent: true, Reason: "no longer wanted"}
	if found := changes(t, item, nil); len(found) != 0 {
		t.Errorf("%v", found)
	}
	live := config(nil)
	live.UID = "u"
	found := changes(t, item, live)
	if len(found) != 1 || found[0].Action != plan.Delete || found[0].Object.GetUID() != "u" || found[0].String() != "delete ConfigMap server-config" {
		t.Errorf("%v", found)
	}
	live.DeletionTimestamp = &metav1.Time{}
	if found := changes(t, item, live); len(found) != 0 {
		t.Errorf("deleted twice: %v", found)
	}
}

func TestAChangeSaysWhomItTurnsAway(t *testing.T) {
	entrance := func(kind, name, host string) *unstructured.Unstructured {
		object := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"rules": []any{map[string]any{"host": host}}}}}
		if kind == "HTTPRoute" {
			object.Object["spec"] = map[string]any{"hostnames": []any{host}}
		}
		object.SetAPIVersion("example.com/v1")
		object.SetKind(kind)
		object.SetName(name)
		return object
	}
	for _, kind := range []string{"Ingress", "HTTPRoute"} {
		for name, words := range map[string][2]string{
			naming.Server:  {"pages that load the widget from the hostname of before are no longer served", "visitors are no longer served by this entrance"},
			naming.Console: {"the staff no longer reach their console by the hostname of before", "the staff no longer reach their console by this entrance"},
		} {
			moved := changes(t, desired.Item{Object: entrance(kind, name, "new.example")}, entrance(kind, name, "old.example"))
			gone := changes(t, desired.Item{Object: entrance(kind, name, ""), Absent: true}, entrance(kind, name, "old.example"))
			for i, change := range append(moved, gone...) {
				if diff := cmp.Diff([]plan.Effect{{Kind: plan.Dangerous, Text: words[i]}}, change.Effects()); diff != "" {
					t.Errorf("%s %s: %s", kind, name, diff)
				}
			}
			if same := entrance(kind, name, "old.example"); len(moved) != 1 || len(gone) != 1 || len(changes(t, desired.Item{Object: same}, same)) != 1 {
				t.Errorf("%s %s: %v, %v", kind, name, moved, gone)
			}
			annotated := entrance(kind, name, "old.example")
			annotated.SetAnnotations(map[string]string{"example.com/a": "b"})
			if found := changes(t, desired.Item{Object: annotated}, entrance(kind, name, "old.example")); len(found) != 1 || found[0].Effects() != nil {
				t.Errorf("%s %s: an annotation turns somebody away: %v", kind, name, found)
			}
		}
	}
}
