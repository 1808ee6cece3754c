package controllers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// quiet waits until the manager has written nothing for a while, and returns how much it has written so far.
func quiet(t *testing.T) int64 {
	t.Helper()
	count, since := writes.Load(), time.Now()
	eventually(t, "a manager at rest", func() string {
		if now := writes.Load(); now != count {
			count, since = now, time.Now()
		}
		if time.Since(since) < 1500*time.Millisecond {
			return "still writes"
		}
		return ""
	})
	return count
}

// serverPod creates a pod as the Deployment's controller would.
func (w world) serverPod(name string) *corev1.Pod {
	w.t.Helper()
	deployment := &appsv1.Deployment{}
	w.get(deployment, naming.Server)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace, Labels: deployment.Spec.Template.Labels}, Spec: deployment.Spec.Template.Spec}
	if err := cluster.Create(context.Background(), pod); err != nil {
		w.t.Fatal(err)
	}
	return pod
}

func TestATenantAtRestCostsNoWrites(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "steady", nil)
	w.toReady()
	before := quiet(t)
	for _, edit := range []func(map[string]string){
		func(annotations map[string]string) { annotations["example.com/touched"] = "1" },
		func(annotations map[string]string) { annotations["example.com/touched"] = "2" },
	} {
		w.change(func(tenant *halo.HaloTenant) {
			if tenant.Annotations == nil {
				tenant.Annotations = map[string]string{}
			}
			edit(tenant.Annotations) // wakes the controller
		})
		if after := quiet(t); after != before {
			t.Fatalf("%d writes for a tenant that was as it should be", after-before)
		}
	}
}

func TestAnOriginIsAddedWithoutARestart(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "origins", nil)
	w.toReady()
	pod := w.serverPod("server-1")
	eventually(t, "the first refresh of the pod", func() string {
		w.get(pod, pod.Name)
		if pod.Annotations[naming.AnnotationConfigHash] == "" {
			return "it has no hash"
		}
		return ""
	})
	before, deployment := pod.Annotations[naming.AnnotationConfigHash], &appsv1.Deployment{}
	w.get(deployment, naming.Server)
	w.change(func(tenant *halo.HaloTenant) {
		tenant.Spec.AllowedOrigins = append(tenant.Spec.AllowedOrigins, "https://partner.example")
	})
	eventually(t, "the pod's refresh", func() string {
		w.get(pod, pod.Name)
		if pod.Annotations[naming.AnnotationConfigHash] == before {
			return "the hash is as before"
		}
		return ""
	})
	config := &corev1.ConfigMap{}
	w.get(config, naming.ServerConfig)
	if !strings.Contains(config.Data["config.yaml"], "https://partner.example") {
		t.Errorf("the origin is not in the configuration:\n%s", config.Data["config.yaml"])
	}
	w.condition(halo.ConditionReady, "True", "")
	after := &appsv1.Deployment{}
	w.get(after, naming.Server)
	if after.Generation != deployment.Generation || after.ResourceVersion != deployment.ResourceVersion {
		t.Error("the Deployment was written")
	}
}

func TestWhatIsEditedOrDeletedByHandComesBack(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "drift", nil)
	w.toReady()
	policy := &networkingv1.NetworkPolicy{}
	w.get(policy, naming.PolicyDeny)
	if err := cluster.Delete(context.Background(), policy); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the deleted policy", func() string {
		if !w.exists(&networkingv1.NetworkPolicy{}, naming.PolicyDeny) {
			return "is not back"
		}
		return ""
	})
	database := &rds.DBCluster{}
	w.get(database, naming.Database(w.tenant))
	before := database.DeepCopy()
	off, days := false, int64(1)
	database.Spec.DeletionProtection, database.Spec.BackupRetentionPeriod = &off, &days
	if err := cluster.Patch(context.Background(), database, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the edited database", func() string {
		w.get(database, naming.Database(w.tenant))
		if !*database.Spec.DeletionProtection || *database.Spec.BackupRetentionPeriod != 35 {
			return "is not protected again"
		}
		return ""
	})
	namespace, open := &corev1.Namespace{}, []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`)
	namespace.Name = w.namespace
	if err := cluster.Patch(context.Background(), namespace, client.RawPatch(types.MergePatchType, open)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the edited namespace", func() string {
		w.get(namespace, w.namespace)
		if level := namespace.Labels["pod-security.kubernetes.io/enforce"]; level != "restricted" {
			return "admits pods that are " + level
		}
		return ""
	})
}

func TestWhatAWSChangesIsLeftAlone(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "written-back", nil)
	w.toReady()
	quiet(t)
	database := &rds.DBCluster{}
	w.get(database, naming.Database(w.tenant))
	before := database.DeepCopy()
	newer := "8.0.mysql_aurora.3.08.3"
	database.Spec.EngineVersion = &newer
	if err := cluster.Patch(context.Background(), database, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	w.change(func(tenant *halo.HaloTenant) {
		days := int32(20)
		tenant.Spec.Database = &halo.TenantDatabase{PointInTimeDays: &days}
	})
	eventually(t, "the window", func() string {
		w.get(database, naming.Database(w.tenant))
		if *database.Spec.BackupRetentionPeriod != 20 {
			return "is as before"
		}
		return ""
	})
	if *database.Spec.EngineVersion != newer {
		t.Errorf("engine version %s, and AWS had made it %s", *database.Spec.EngineVersion, newer)
	}
	if *database.Spec.KMSKeyID == "" || *database.Spec.DBSubnetGroupName == "" {
		t.Error("a field that is given once was dropped by a later change")
	}
}

func TestTheManagerCannotReadASecret(t *testing.T) {
	for _, verb := range []string{"get", "list", "watch", "update", "deletecollection"} {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User:               operatorUser,
			ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Resource: "secrets", Namespace: "halo-acme"},
		}}
		if err := cluster.Create(context.Background(), review); err != nil {
			t.Fatal(err)
		}
		if review.Status.Allowed {
			t.Errorf("the manager may %s secrets", verb)
		}
	}
}

func TestDatabasesAndNamespacesAreNotDeletedByHand(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "guarded", nil)
	w.get(&rds.DBCluster{}, naming.Database(w.tenant))
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}},
		&rds.DBCluster{ObjectMeta: metav1.ObjectMeta{Name: naming.Database(w.tenant), Namespace: w.namespace}},
	} {
		eventually(t, "a refusal", func() string {
			err := cluster.Delete(context.Background(), object, client.DryRunAll)
			if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "delete the HaloTenant") {
				return "the API server says: " + errorText(err)
			}
			return ""
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return "yes"
	}
	return err.Error()
}

func TestADatabaseWithoutItsLabelsIsFoundAgain(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "unlabelled", nil)
	w.toReady()
	object := &rds.DBCluster{}
	w.get(object, naming.Database(w.tenant))
	uid, before := object.UID, object.DeepCopy()
	object.Labels = nil
	if err := cluster.Patch(context.Background(), object, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the labels", func() string {
		w.get(object, naming.Database(w.tenant))
		if object.Labels[naming.LabelTenant] != w.tenant {
			return "are gone"
		}
		return ""
	})
	w.condition(halo.ConditionReady, "True", "")
	if object.UID != uid {
		t.Error("it is another database")
	}
}

func TestAStatusThatSaysSomethingElseIsWrittenAgain(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "restated", nil)
	w.toReady()
	tenant := &halo.HaloTenant{}
	eventually(t, "an edit of the status", func() string {
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
			return err.Error()
		}
		meta.SetStatusCondition(&tenant.Status.Conditions, metav1.Condition{Type: halo.ConditionReady, Status: metav1.ConditionFalse, Reason: "Edited"})
		meta.RemoveStatusCondition(&tenant.Status.Conditions, halo.ConditionServerReady)
		tenant.Status.ObservedGeneration = -1
		if err := cluster.Status().Update(context.Background(), tenant); err != nil {
			return err.Error()
		}
		return ""
	})
	w.condition(halo.ConditionReady, "True", "")
	w.condition(halo.ConditionServerReady, "True", "")
}
