package controllers_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// secretOf is which Secret of a kind the Deployment's pods get.
func (w world) secretOf(volume string) string {
	w.t.Helper()
	deployment := &appsv1.Deployment{}
	w.get(deployment, naming.Server)
	for _, one := range deployment.Spec.Template.Spec.Volumes {
		if one.Name == volume {
			return one.Secret.SecretName
		}
	}
	return ""
}

// masterBecomes waits until the database was asked to have a master password, and plays ACK giving it.
func (w world) masterBecomes(number int) {
	w.t.Helper()
	object := &rds.DBCluster{}
	eventually(w.t, "the master password", func() string {
		w.get(object, naming.Database(w.tenant))
		if name := object.Spec.MasterUserPassword.Name; name != naming.DatabaseMaster(number) {
			return "is " + name
		}
		return ""
	})
	w.syncLater()
}

func TestCredentialsRotateOnRequest(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "rotating", nil)
	w.toReady()
	w.masterBecomes(2) // the Job saw the first
	w.condition(halo.ConditionCredentialsReady, "True", "database-users-1")
	quiet(t)
	bystander := w.addBystander(naming.DatabaseUsers(1))
	ready := w.readySince()
	w.change(func(tenant *halo.HaloTenant) {
		metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, naming.AnnotationRotate, "2026-11-28")
	})
	w.condition(halo.ConditionCredentialsReady, "False", "The migration makes database-users-2")
	if got := w.secretOf("database-users"); got != naming.DatabaseUsers(1) {
		t.Fatalf("pods were given %s before it was made", got)
	}
	if job := w.finishMigration(batchv1.JobComplete); !strings.HasPrefix(job, "migrate-") {
		t.Fatalf("the Job is %s", job)
	}
	eventually(t, "the pods' users", func() string {
		if got := w.secretOf("database-users"); got != naming.DatabaseUsers(2) {
			return "are " + got
		}
		return ""
	})
	quiet(t)
	jobs := &batchv1.JobList{}
	if err := cluster.List(context.Background(), jobs, client.InNamespace(w.namespace)); err != nil || len(jobs.Items) != 2 {
		t.Fatalf("%d Jobs (%v): users are dropped while pods may have them", len(jobs.Items), err)
	}
	w.rollOut()
	if job := w.finishMigration(batchv1.JobFailed); !strings.HasPrefix(job, "retire-") {
		t.Fatalf("the Job is %s", job)
	}
	w.condition(halo.ConditionCredentialsReady, "False", "Attempt 1 at dropping the previous users failed")
	clock.Add(int64(time.Minute)) // the next attempt is due
	defer clock.Add(-int64(time.Minute))
	w.touch("0")
	if job := w.finishMigration(batchv1.JobComplete); !strings.HasPrefix(job, "retire-") {
		t.Fatalf("the Job is %s", job)
	}
	w.condition(halo.ConditionCredentialsReady, "True", "database-users-2")
	w.masterBecomes(3)
	w.condition(halo.ConditionReady, "True", "")
	w.hasSecrets("database-users-1", "database-users-2", "database-master-3") // the bystander has the first
	quiet(t)
	if err := cluster.Delete(context.Background(), bystander, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	w.touch("the bystander is gone")
	w.hasSecrets("database-users-2", "database-master-3")
	before := quiet(t)
	w.saidOfTheRotation(map[string]string{
		halo.EventRotationBegan:    "database-users-2 are to take the place of database-users-1",
		halo.EventRotationSwitched: "Every pod has database-users-2",
		halo.EventRotationFailed:   "Attempt 1 at dropping the previous users failed",
		halo.EventRotationFinished: "database-users-2 are in force",
	})
	w.touch("1")
	if after := quiet(t); after != before {
		t.Errorf("%d writes after the rotation", after-before)
	}
	if now := w.readySince(); now != ready {
		t.Errorf("a rotation that nobody notices changed Ready: %s, and before it %s", now, ready)
	}
	w.warnedOf(halo.EventRotationFailed)
}

// readySince tells whether the tenant is ready, and since when.
func (w world) readySince() string {
	w.t.Helper()
	tenant := &halo.HaloTenant{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
		w.t.Fatal(err)
	}
	ready := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionReady)
	return fmt.Sprint(ready.Status, " since ", ready.LastTransitionTime)
}

// warnedOf holds the reasons of all warnings about the tenant to those that are given.
func (w world) warnedOf(want ...string) {
	w.t.Helper()
	list := &eventsv1.EventList{}
	if err := cluster.List(context.Background(), list); err != nil {
		w.t.Fatal(err)
	}
	var reasons []string
	for _, event := range list.Items {
		if event.Regarding.Name == w.tenant && event.Type == corev1.EventTypeWarning {
			reasons = append(reasons, event.Reason)
		}
	}
	if !slices.Equal(reasons, want) {
		w.t.Errorf("warnings of %q, want %q", reasons, want)
	}
}

// hasSecrets waits until these are the database's credentials that the namespace holds and the status tells of.
func (w world) hasSecrets(want ...string) {
	w.t.Helper()
	slices.Sort(want)
	eventually(w.t, "the database's credentials", func() string {
		secrets, tenant := &corev1.SecretList{}, &halo.HaloTenant{}
		if err := cluster.List(context.Background(), secrets, client.InNamespace(w.namespace)); err != nil {
			return err.Error()
		}
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
			return err.Error()
		}
		var there []string
		for _, secret := range secrets.Items {
			there = append(there, secret.Name)
		}
		for from, names := range map[string][]string{"the namespace": there, "the status": slices.Clone(tenant.Status.Secrets)} {
			names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "database-") })
			slices.Sort(names)
			if !slices.Equal(names, want) {
				return fmt.Sprintf("%s has %v", from, names)
			}
		}
		return ""
	})
}

// addBystander puts a pod into the namespace that is none of the operator's, and that no cache of it shows.
func (w world) addBystander(secret string) *corev1.Pod {
	w.t.Helper()
	yes, no := true, false
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "bystander", Namespace: w.namespace}, Spec: corev1.PodSpec{
		AutomountServiceAccountToken: &no,
		SecurityContext:              &corev1.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		Containers: []corev1.Container{{Name: "one", Image: "registry.example/one", SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}}},
		Volumes: []corev1.Volume{{Name: "one", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secret}}}},
	}}
	if err := cluster.Create(context.Background(), pod); err != nil {
		w.t.Fatal(err)
	}
	return pod
}

// saidOfTheRotation holds the events of a rotation against what each is to say, once.
func (w world) saidOfTheRotation(want map[string]string) {
	w.t.Helper()
	eventually(w.t, "the rotation's events", func() string {
		list := &eventsv1.EventList{}
		if err := cluster.List(context.Background(), list); err != nil {
			return err.Error()
		}
		said := map[string]int{}
		for _, event := range list.Items {
			if event.Regarding.Name != w.tenant || event.Action != "Rotate" {
				continue
			}
			said[event.Reason]++
			if !strings.Contains(event.Note, want[event.Reason]) || want[event.Reason] == "" || event.Series != nil || said[event.Reason] > 1 {
				w.t.Fatalf("%s %q, %d times, series %v", event.Reason, event.Note, said[event.Reason], event.Series)
			}
		}
		if len(said) != len(want) { // they are written behind the manager's back
			return fmt.Sprintf("%v", said)
		}
		return ""
	})
}

func TestASuspendedTenantSaysWhatWaits(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "waiting", nil)
	w.toReady()
	w.masterBecomes(2)
	quiet(t)
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Suspend = true })
	w.condition(halo.ConditionChangesPending, "False", "Nothing would change")
	w.change(func(tenant *halo.HaloTenant) {
		days := int32(20)
		tenant.Spec.Database = &halo.TenantDatabase{PointInTimeDays: &days}
	})
	w.condition(halo.ConditionChangesPending, "True", "spec.backupRetentionPeriod]")
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Suspend = false })
	w.condition(halo.ConditionReady, "True", "")
	tenant := &halo.HaloTenant{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
		t.Fatal(err)
	}
	for _, condition := range tenant.Status.Conditions {
		if condition.Type == halo.ConditionChangesPending {
			t.Errorf("it still says %q", condition.Message)
		}
	}
}

func TestATenantSleepsAndWakes(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "asleep", nil)
	w.toReady()
	w.masterBecomes(2)
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Hibernate = true })
	eventually(t, "no pods", func() string {
		deployment := &appsv1.Deployment{}
		w.get(deployment, naming.Server)
		if *deployment.Spec.Replicas != 0 {
			return fmt.Sprintf("%d are wanted", *deployment.Spec.Replicas)
		}
		return ""
	})
	w.rollOut()
	database := &rds.DBCluster{}
	w.get(database, naming.Database(w.tenant))
	if scaling := database.Spec.ServerlessV2ScalingConfiguration; scaling == nil || *scaling.MinCapacity != 0 {
		t.Errorf("capacity %+v", scaling)
	}
	w.condition(halo.ConditionReady, "False", "Hibernating")
	w.condition(halo.ConditionReconciling, "False", "At rest")
	w.change(func(tenant *halo.HaloTenant) { tenant.Spec.Hibernate = false })
	eventually(t, "pods", func() string {
		deployment := &appsv1.Deployment{}
		w.get(deployment, naming.Server)
		if *deployment.Spec.Replicas == 0 {
			return "none are wanted"
		}
		return ""
	})
	w.rollOut()
	w.condition(halo.ConditionReady, "True", "")
}

func TestADatabaseOfSomebodyElseIsUsedAndNeverManaged(t *testing.T) {
	newClass(t, "development", nil)
	newClass(t, "open", func(class *halo.HaloTenantClass) {
		class.Spec.Database.AllowExisting = []halo.ExistingKind{halo.ExistingExternal}
	})
	existing := &halo.TenantDatabase{Existing: &halo.ExistingDatabase{External: &halo.ExternalDatabase{
		Host: "mysql.firm.example", Port: 3307, MasterUsername: "root", MasterSecretName: "given"}}}
	refused := newTenant(t, "closed-class", func(tenant *halo.HaloTenant) { tenant.Spec.Database = existing })
	refused.condition(halo.ConditionStalled, "True", "HaloTenantClass development does not allow it")
	w := newTenant(t, "external", func(tenant *halo.HaloTenant) {
		tenant.Spec.ClassName, tenant.Spec.Database = "open", existing
	})
	jobs := &batchv1.JobList{}
	eventually(t, "the migration", func() string {
		if err := cluster.List(context.Background(), jobs, client.InNamespace(w.namespace)); err != nil || len(jobs.Items) != 1 {
			return fmt.Sprintf("%d Jobs, %v", len(jobs.Items), err)
		}
		return ""
	})
	pod := jobs.Items[0].Spec.Template.Spec
	arguments := strings.Join(pod.Containers[0].Args, " ")
	for _, want := range []string{"--database-host=mysql.firm.example", "--database-port=3307", "--master-username=root"} {
		if !strings.Contains(arguments, want) {
			t.Errorf("the Job has no %s: %s", want, arguments)
		}
	}
	w.finishMigration(batchv1.JobComplete)
	w.get(&appsv1.Deployment{}, naming.Server)
	w.rollOut()
	w.condition(halo.ConditionReady, "True", "")
	if w.exists(&rds.DBCluster{}, naming.Database(w.tenant)) || w.exists(&rds.DBSubnetGroup{}, naming.Database(w.tenant)) {
		t.Error("a database was made as well")
	}
	tenant := &halo.HaloTenant{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
		t.Fatal(err)
	}
	tenant.Spec.Database.Existing.External.Host = "other.firm.example"
	if err := cluster.Update(context.Background(), tenant); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "spec.database.existing cannot be changed") {
		t.Errorf("another database: %v", err)
	}
}

func TestTwoTenantsNeverShareADatabase(t *testing.T) {
	newClass(t, "development", nil)
	newClass(t, "adopting", func(class *halo.HaloTenantClass) {
		class.Spec.Database.AllowExisting = []halo.ExistingKind{halo.ExistingAdopt}
	})
	owner := newTenant(t, "owner", nil)
	owner.get(&rds.DBCluster{}, naming.Database(owner.tenant))
	thief := newTenant(t, "thief", func(tenant *halo.HaloTenant) {
		tenant.Spec.ClassName = "adopting"
		tenant.Spec.Database = &halo.TenantDatabase{Existing: &halo.ExistingDatabase{Adopt: &halo.AdoptedCluster{ClusterIdentifier: "halo-owner"}}}
	})
	thief.condition(halo.ConditionStalled, "True", "halo-owner is the database of HaloTenant owner")
	if thief.exists(&rds.DBCluster{}, naming.Database(thief.tenant)) {
		t.Error("it was taken all the same")
	}
}

func TestAnAdoptedDatabaseMustHaveTheClassesKey(t *testing.T) {
	newClass(t, "adopting", func(class *halo.HaloTenantClass) {
		class.Spec.Database.AllowExisting = []halo.ExistingKind{halo.ExistingAdopt}
	})
	w := newTenant(t, "adopted", func(tenant *halo.HaloTenant) {
		tenant.Spec.ClassName = "adopting"
		tenant.Spec.Database = &halo.TenantDatabase{Existing: &halo.ExistingDatabase{Adopt: &halo.AdoptedCluster{
			ClusterIdentifier: "firm-legacy", InstanceIdentifiers: []string{"firm-legacy-writer"}}}}
	})
	database := &rds.DBCluster{}
	w.get(database, naming.Database(w.tenant))
	if database.Spec.DBClusterIdentifier != "firm-legacy" || database.Annotations[rds.AnnotationAdoptionPolicy] != "adopt" {
		t.Fatalf("%s, policy %q: a new database would be made", database.Spec.DBClusterIdentifier, database.Annotations[rds.AnnotationAdoptionPolicy])
	}
	before, other := database.DeepCopy(), "arn:aws:kms:us-east-1:123456789012:key/another"
	database.Spec.KMSKeyID = &other // as ACK writes back what RDS has
	if err := cluster.Patch(context.Background(), database, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	w.cluster("available")
	w.condition(halo.ConditionStalled, "True", "is encrypted with "+other)
}

func TestWhatACKWouldReadAsAnotherDatabaseIsRefused(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "identity", nil)
	database := &rds.DBCluster{}
	w.get(database, naming.Database(w.tenant))
	no := false
	for name, edit := range map[string]func(*rds.DBCluster){
		"spec.dbClusterIdentifier cannot": func(c *rds.DBCluster) { c.Spec.DBClusterIdentifier = "halo-second" },
		"spec.engine cannot":              func(c *rds.DBCluster) { c.Spec.Engine = "aurora-postgresql" },
		"spec.storageEncrypted cannot":    func(c *rds.DBCluster) { c.Spec.StorageEncrypted = &no },
	} {
		eventually(t, name, func() string {
			w.get(database, naming.Database(w.tenant))
			edited := database.DeepCopy()
			edit(edited)
			err := cluster.Patch(context.Background(), edited, client.MergeFrom(database), client.DryRunAll)
			if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), name) {
				return "the API server says: " + errorText(err)
			}
			return ""
		})
	}
	second := &rds.DBCluster{ObjectMeta: metav1.ObjectMeta{Name: "second", Namespace: w.namespace},
		Spec: rds.DBClusterSpec{DBClusterIdentifier: "second", Engine: "aurora-mysql"}}
	eventually(t, "a second database", func() string {
		err := cluster.Create(context.Background(), second.DeepCopy(), client.DryRunAll)
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "a tenant has one database") {
			return "the API server says: " + errorText(err)
		}
		return ""
	})
}
