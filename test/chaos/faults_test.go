package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rdsapi "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/test/awslocal/ack"
)

// says waits for the tenant's Ready to be something else than True, for a reason that has these words.
func says(words string) func(*halo.HaloTenant) string {
	return func(tenant *halo.HaloTenant) string {
		if tenant == nil {
			return "the tenant is gone"
		}
		ready := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionReady)
		if ready == nil || ready.Status == metav1.ConditionTrue || !strings.Contains(ready.Message, words) {
			return fmt.Sprintf("%+v", ready)
		}
		return ""
	}
}

func (w *world) deleteTenant(ctx context.Context) {
	w.t.Helper()
	must(w.t, w.base.Delete(ctx, &halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Name: acme}}))
}

// steps lets so much happen as happens in a number of steps.
func (w *world) steps(ctx context.Context, number int) {
	w.t.Helper()
	for range number {
		w.step(ctx)
	}
}

// fault makes ACK or RDS fail at the tenant's cluster; an empty one heals it.
func (w *world) fault(ctx context.Context, fault string) {
	w.t.Helper()
	cluster := &rdsapi.DBCluster{}
	must(w.t, w.base.Get(ctx, client.ObjectKey{Namespace: naming.Namespace(acme), Name: naming.Database(acme)}, cluster))
	metav1.SetMetaDataAnnotation(&cluster.ObjectMeta, ack.AnnotationFault, fault)
	must(w.t, w.base.Update(ctx, cluster))
}

// TestABrokenDatabaseIsWaitedForAndNeverReplaced breaks the database of a tenant that lives, and of one that is to go.
func TestABrokenDatabaseIsWaitedForAndNeverReplaced(t *testing.T) {
	authority, secrets := platform(t)
	for fault, words := range map[string]struct{ living, going string }{
		"terminal:InvalidParameterCombination of a test": {"InvalidParameterCombination of a test", "turn deletion protection off"},
		"failed":                              {"is failed in RDS", "it is failed"},
		"inaccessible-encryption-credentials": {"has lost access to the KMS key", "it is inaccessible-encryption-credentials"},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			ctx, w := t.Context(), newWorld(t, authority, secrets)
			w.live(ctx, life()[:1])
			w.fault(ctx, fault)
			w.until(ctx, "a living one says it", says(words.living))
			w.fault(ctx, "")
			w.until(ctx, "it has healed", isReady)
			w.fault(ctx, fault)
			w.until(ctx, "a living one says it", says(words.living))
			w.deleteTenant(ctx)
			w.until(ctx, "one that goes says it", says(words.going))
			w.steps(ctx, 15)
			if len(w.account.Clusters) != 1 || len(w.account.Instances) != 2 {
				t.Fatalf("a broken database was taken apart:\n%s", w.end(ctx))
			}
			w.fault(ctx, "")
			w.until(ctx, "its end", isGone)
			if !w.finalSnapshot() || len(w.account.Clusters) != 0 {
				t.Errorf("at the end:\n%s", w.end(ctx))
			}
		})
	}
}

// TestWithoutRoomForASnapshotNothingIsLost fills the account's quota before a tenant goes.
func TestWithoutRoomForASnapshotNothingIsLost(t *testing.T) {
	authority, secrets := platform(t)
	ctx, w := t.Context(), newWorld(t, authority, secrets)
	w.live(ctx, life()[:1])
	w.account.Settings.ManualSnapshots = 0
	w.deleteTenant(ctx)
	w.until(ctx, "it says why", says("SnapshotQuotaExceeded"))
	w.steps(ctx, 30)
	if len(w.account.Clusters) != 1 || w.finalSnapshot() {
		t.Fatalf("without a copy:\n%s", w.end(ctx))
	}
	w.until(ctx, "it says why still", says("SnapshotQuotaExceeded"))
	w.account.Settings.ManualSnapshots = 1
	w.until(ctx, "its end", isGone)
	if !w.finalSnapshot() || len(w.account.Clusters) != 0 {
		t.Errorf("at the end:\n%s", w.end(ctx))
	}
}

// byHand are edits that somebody may make, and that must not stay.
func byHand() map[client.Object]func(client.Object) {
	name := func(object client.Object, name string) client.Object {
		object.SetName(name)
		object.SetNamespace(naming.Namespace(acme))
		return object
	}
	three := intstr.FromInt32(3)
	return map[client.Object]func(client.Object){
		name(&corev1.ServiceAccount{}, naming.Server): func(o client.Object) {
			yes := true
			o.(*corev1.ServiceAccount).AutomountServiceAccountToken = &yes
		},
		name(&corev1.ConfigMap{}, naming.ServerConfig):           func(o client.Object) { o.(*corev1.ConfigMap).Data["config.yaml"] = "tenant: other" },
		name(&corev1.Service{}, naming.Server):                   func(o client.Object) { o.(*corev1.Service).Spec.Ports[0].Port = 1 },
		name(&networkingv1.NetworkPolicy{}, naming.PolicyServer): func(o client.Object) { o.(*networkingv1.NetworkPolicy).Spec.Egress = nil },
		name(&networkingv1.NetworkPolicy{}, naming.PolicyDeny): func(o client.Object) {
			o.(*networkingv1.NetworkPolicy).Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		},
		name(&networkingv1.Ingress{}, naming.Server):         func(o client.Object) { o.(*networkingv1.Ingress).Spec.Rules[0].Host = "other.example" },
		name(&policyv1.PodDisruptionBudget{}, naming.Server): func(o client.Object) { o.(*policyv1.PodDisruptionBudget).Spec.MaxUnavailable = &three },
		name(&appsv1.Deployment{}, naming.Server):            func(o client.Object) { o.(*appsv1.Deployment).Spec.Template.Spec.Containers[0].Image = "other" },
		name(&corev1.ResourceQuota{}, naming.Allowance): func(o client.Object) {
			o.(*corev1.ResourceQuota).Spec.Hard = corev1.ResourceList{}
			o.(*corev1.ResourceQuota).Labels = nil
		},
		name(&corev1.LimitRange{}, naming.Allowance):         func(o client.Object) { o.(*corev1.LimitRange).Spec.Limits = nil },
		name(&rdsapi.DBSubnetGroup{}, naming.Database(acme)): func(o client.Object) { o.(*rdsapi.DBSubnetGroup).Spec.SubnetIDs = []string{"subnet-other"} },
		name(&rdsapi.DBInstance{}, naming.Instance(acme, 1)): func(o client.Object) { o.(*rdsapi.DBInstance).Labels = nil },
		name(&rdsapi.DBInstance{}, naming.Instance(acme, 2)): func(o client.Object) { o.(*rdsapi.DBInstance).Spec.DBInstanceClass = "db.other" },
		name(&rdsapi.DBClusterParameterGroup{}, "halo-acme"): func(o client.Object) {
			o.(*rdsapi.DBClusterParameterGroup).Spec.ParameterOverrides["require_secure_transport"] = "OFF"
		},
		name(&rdsapi.DBCluster{}, naming.Database(acme)): func(o client.Object) {
			no := false
			o.(*rdsapi.DBCluster).Spec.DeletionProtection = &no
			delete(o.GetAnnotations(), rdsapi.AnnotationFinalSnapshotIdentifier)
		},
	}
}

// TestWhatIsEditedOrDeletedByHandIsAsItWas takes every kind of child.
func TestWhatIsEditedOrDeletedByHandIsAsItWas(t *testing.T) {
	authority, secrets := platform(t)
	ctx, w := t.Context(), newWorld(t, authority, secrets)
	w.live(ctx, life()[:1])
	w.steps(ctx, 5)
	for object, edit := range byHand() {
		what := fmt.Sprintf("%T %s", object, object.GetName())
		before := w.content(ctx, object)
		live := w.load(ctx, object)
		edit(live)
		must(t, w.base.Update(ctx, live))
		if w.content(ctx, object) == before {
			t.Fatalf("%s was not edited", what)
		}
		w.steps(ctx, 3)
		w.until(ctx, what+" after its edit", isReady)
		if after := w.content(ctx, object); after != before {
			t.Errorf("%s was\n%s\nand is after an edit\n%s", what, before, after)
		}
		must(t, w.base.Delete(ctx, w.load(ctx, object)))
		w.steps(ctx, 5)
		w.until(ctx, what+" after its deletion", isReady)
		if after := w.content(ctx, object); after != before && !strings.HasPrefix(object.GetName(), "halo-") { // ACK's are adopted: with other annotations
			t.Errorf("%s was\n%s\nand is after a deletion\n%s", what, before, after)
		}
		if len(w.account.Clusters) != 1 || len(w.account.Instances) != 2 {
			t.Fatalf("%s: RDS has %d clusters and %d instances", what, len(w.account.Clusters), len(w.account.Instances))
		}
	}
	w.live(ctx, life()[4:])
	if !w.finalSnapshot() || len(w.account.Clusters) != 0 {
		t.Errorf("at the end:\n%s", w.end(ctx))
	}
}

func (w *world) load(ctx context.Context, object client.Object) client.Object {
	w.t.Helper()
	live := object.DeepCopyObject().(client.Object)
	must(w.t, w.base.Get(ctx, client.ObjectKeyFromObject(object), live))
	return live
}

// content is all of an object that the operator has a say in.
func (w *world) content(ctx context.Context, object client.Object) string {
	w.t.Helper()
	live := w.load(ctx, object)
	live.SetResourceVersion("")
	live.SetUID("")
	live.SetCreationTimestamp(metav1.Time{})
	text, err := json.Marshal(live)
	must(w.t, err)
	content := map[string]any{}
	must(w.t, json.Unmarshal(text, &content))
	delete(content, "status")
	text, err = json.Marshal(content)
	must(w.t, err)
	return string(text)
}

// TestANamespaceThatDoesNotGoIsSaidAndWaitedFor holds the namespace of a tenant by somebody's finalizer: once while the
// tenant goes, and once while it lives and somebody has deleted the namespace.
func TestANamespaceThatDoesNotGoIsSaidAndWaitedFor(t *testing.T) {
	authority, secrets := platform(t)
	for name, living := range map[string]bool{"while the tenant goes": false, "while it lives": true} {
		t.Run(name, func(t *testing.T) {
			ctx, w := t.Context(), newWorld(t, authority, secrets)
			w.live(ctx, life()[:1])
			key := client.ObjectKey{Name: naming.Namespace(acme)}
			namespace := &corev1.Namespace{}
			must(t, w.base.Get(ctx, key, namespace))
			namespace.Finalizers = []string{"example.com/stuck"}
			must(t, w.base.Update(ctx, namespace))
			namespace.Status.Conditions = []corev1.NamespaceCondition{{Type: corev1.NamespaceFinalizersRemaining, Status: corev1.ConditionTrue, Message: "example.com/stuck in 1 resource instances"}}
			must(t, w.base.Status().Update(ctx, namespace))
			if living {
				must(t, w.base.Delete(ctx, namespace))
				w.loseDatabaseObjects(ctx) // as Kubernetes and ACK do
				w.refuse = naming.Namespace(acme)
			} else {
				w.deleteTenant(ctx)
			}
			w.until(ctx, "it is said", says("example.com/stuck in 1 resource instances"))
			w.steps(ctx, 30)
			w.until(ctx, "it is said still", says("example.com/stuck in 1 resource instances"))
			must(t, w.base.Get(ctx, key, namespace))
			namespace.Finalizers = nil
			must(t, w.base.Update(ctx, namespace))
			if !living {
				w.until(ctx, "its end", isGone)
				return
			}
			w.loseNamespace(ctx)
			w.refuse = ""
			w.step(ctx)
			w.until(ctx, "it is back", hasUsers(2))
			if len(w.account.Clusters) != 1 {
				t.Errorf("RDS has %d clusters", len(w.account.Clusters))
			}
		})
	}
}

// TestAClockThatJumpsCostsAtMostOneOfEach moves the operator's clock, and back again.
func TestAClockThatJumpsCostsAtMostOneOfEach(t *testing.T) {
	authority, secrets := platform(t)
	const day = 24 * time.Hour
	for name, jumps := range map[string][]time.Duration{
		"backward": {-40 * day}, "forward and back": {200 * day, -200 * day},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, w := t.Context(), newWorld(t, authority, secrets)
			w.live(ctx, life()[:1])
			w.steps(ctx, 5)
			for _, jump := range jumps {
				w.now = w.now.Add(jump)
				w.steps(ctx, 25)
				w.until(ctx, "after the jump", isReady)
			}
			w.checkAfterJump(ctx, len(jumps))
			w.rests(ctx)
			w.deleteTenant(ctx)
			w.steps(ctx, 4) // deletion protection is being turned off
			w.now = w.now.Add(-40 * day)
			w.until(ctx, "its end", isGone)
			if !w.finalSnapshot() || len(w.account.Clusters) != 0 {
				t.Errorf("at the end:\n%s", w.end(ctx))
			}
		})
	}
}

// rests fails when the operator goes on writing.
func (w *world) rests(ctx context.Context) {
	w.t.Helper()
	for range 10 {
		writes := w.operator.writes
		if w.steps(ctx, 10); w.operator.writes == writes {
			return
		}
	}
	w.t.Error("the operator does not come to rest")
}

func (w *world) checkAfterJump(ctx context.Context, jumps int) {
	w.t.Helper()
	tenant, backups := &halo.HaloTenant{}, &halo.HaloBackupList{}
	must(w.t, w.base.Get(ctx, client.ObjectKey{Name: acme}, tenant))
	must(w.t, w.base.List(ctx, backups))
	if len(backups.Items) > 1+jumps {
		w.t.Errorf("%d copies of %d jumps", len(backups.Items), jumps)
	}
	if users := tenant.Status.Credentials.Users; int(users) > 1+jumps {
		w.t.Errorf("%d sets of users after %d jumps", users, jumps)
	}
	if rotated := tenant.Status.Credentials.RotatedAt; rotated.After(w.now) {
		w.t.Errorf("the next rotation counts from %s, and it is %s", rotated, w.now)
	}
	certificate := tenant.Status.Certificate
	life := 3 * certificate.NotAfter.Sub(certificate.RenewAfter.Time)
	if issued := certificate.NotAfter.Add(-life); w.now.Before(issued.Add(-time.Hour)) || !w.now.Before(certificate.NotAfter.Time) {
		w.t.Errorf("the certificate is from %s to %s, and it is %s", issued, certificate.NotAfter, w.now)
	}
}
