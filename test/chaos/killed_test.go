package chaos_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rdsapi "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/certificate"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/test/authority"
	"halo.dev/halo/test/awslocal/rds"
)

func discard() logr.Logger { return logr.Discard() }

func newAuthority(t *testing.T) *certificate.Authority {
	t.Helper()
	made, err := authority.New("chaos CA")
	must(t, err)
	parsed, err := certificate.ParseAuthority(made.Pair().Certificate, made.Pair().Key)
	must(t, err)
	return parsed
}

// chapter is a part of a tenant's life: something happens, and then an end is reached.
type chapter struct {
	name   string
	happen func(context.Context, *world)
	end    func(*halo.HaloTenant) string
}

// life is from a manifest to its deletion, with everything in between that makes the operator write.
func life() []chapter {
	return []chapter{
		{"it comes up", func(ctx context.Context, w *world) { w.addSamples(ctx) }, isReady},
		{"its credentials rotate", func(ctx context.Context, w *world) {
			w.edit(ctx, func(tenant *halo.HaloTenant) {
				metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, naming.AnnotationRotate, "now")
			})
			w.addBystander(ctx)
		}, hasUsers(2)},
		{"it sleeps", func(ctx context.Context, w *world) {
			w.checkBystander(ctx)
			w.edit(ctx, func(tenant *halo.HaloTenant) { tenant.Spec.Hibernate = true })
		}, isHibernating},
		{"it wakes", func(ctx context.Context, w *world) {
			w.edit(ctx, func(tenant *halo.HaloTenant) { tenant.Spec.Hibernate = false })
		}, hasNoFormerSecret},
		{"it goes", func(ctx context.Context, w *world) {
			must(w.t, w.base.Delete(ctx, &halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Name: acme}}))
		}, isGone},
	}
}

// hasUsers is the end of a rotation, which Ready does not tell: the database has taken its newest master password too.
func hasUsers(number int32) func(*halo.HaloTenant) string {
	return func(tenant *halo.HaloTenant) string {
		credentials := tenant.Status.Credentials
		if credentials == nil || credentials.Users != number || credentials.Previous != 0 || credentials.MasterShown >= credentials.Master {
			return fmt.Sprintf("credentials %+v", credentials)
		}
		if password := tenant.Status.Database.PasswordSwitch; password == nil || password.Number != credentials.Master || !password.Set {
			return fmt.Sprintf("master password %d: %+v", credentials.Master, password)
		}
		return isReady(tenant)
	}
}

// bystander is a pod that somebody has put beside the tenant's, with the users that it works with, and without a label.
func bystander() *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: naming.Namespace(acme), Name: "bystander"}, Spec: corev1.PodSpec{
		Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: naming.DatabaseUsers(1)}}}}}}
}

func (w *world) addBystander(ctx context.Context) {
	w.t.Helper()
	must(w.t, w.base.Create(ctx, bystander()))
}

// checkBystander fails unless what the bystander has was left alone, and sends it away.
func (w *world) checkBystander(ctx context.Context) {
	w.t.Helper()
	must(w.t, w.base.Get(ctx, client.ObjectKey{Namespace: naming.Namespace(acme), Name: naming.DatabaseUsers(1)}, &corev1.Secret{}))
	must(w.t, w.base.Delete(ctx, bystander()))
}

func hasNoFormerSecret(tenant *halo.HaloTenant) string {
	former := 0
	for _, name := range tenant.Status.Secrets {
		users, master := naming.Number(naming.PrefixDatabaseUsers, name), naming.Number(naming.PrefixDatabaseMaster, name)
		credentials := tenant.Status.Credentials
		if master != 0 && master < credentials.Master {
			former++ // one alone stays
		}
		if (users != 0 && users < credentials.Users) || former > 1 {
			return fmt.Sprintf("the status still tells of %s: %v", name, tenant.Status.Secrets)
		}
	}
	return isReady(tenant)
}

func isHibernating(tenant *halo.HaloTenant) string {
	ready := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionReady)
	if ready.Reason != halo.ReasonHibernating || meta.IsStatusConditionTrue(tenant.Status.Conditions, halo.ConditionReconciling) {
		return fmt.Sprintf("%+v", ready)
	}
	return ""
}

func (w *world) live(ctx context.Context, chapters []chapter) {
	w.t.Helper()
	for _, chapter := range chapters {
		chapter.happen(ctx, w)
		w.until(ctx, chapter.name, chapter.end)
	}
}

// end is what is left when the tenant is gone. Numbers of credentials may differ: one that was cut off is not used again.
func (w *world) end(ctx context.Context) string {
	w.t.Helper()
	backups := &halo.HaloBackupList{}
	must(w.t, w.base.List(ctx, backups))
	text := ""
	for i := range backups.Items {
		backup := &backups.Items[i]
		text += fmt.Sprintf("copy %s ready %t\n", backup.Spec.Source, meta.IsStatusConditionTrue(backup.Status.Conditions, halo.ConditionReady))
	}
	for _, list := range []client.ObjectList{&rdsapi.DBClusterList{}, &rdsapi.DBInstanceList{}, &rdsapi.DBSubnetGroupList{}, &rdsapi.DBClusterParameterGroupList{}, &appsv1.DeploymentList{}} {
		must(w.t, w.base.List(ctx, list))
		text += fmt.Sprintf("%T %d\n", list, meta.LenList(list))
	}
	err := w.base.Get(ctx, client.ObjectKey{Name: naming.Namespace(acme)}, &corev1.Namespace{})
	text += fmt.Sprintf("namespace gone %t\n", apierrors.IsNotFound(err))
	for _, snapshot := range w.account.Snapshots {
		text += fmt.Sprintf("snapshot %s of %s\n", snapshot.Status, snapshot.Cluster)
	}
	return text + fmt.Sprintf("RDS: %d clusters, %d instances\n", len(w.account.Clusters), len(w.account.Instances))
}

// TestKilledAgainAndAgain lives a life in which every process of the operator may write only a few times.
func TestKilledAgainAndAgain(t *testing.T) {
	authority, secrets := platform(t)
	for _, writes := range []int{3, 5, 8} {
		t.Run(fmt.Sprintf("after every %d writes", writes), func(t *testing.T) {
			w := newWorld(t, authority, secrets)
			w.again = writes
			w.start(writes)
			w.live(t.Context(), life())
			if w.finalSnapshot(); len(w.account.Clusters) != 0 {
				t.Error("the database is still there")
			}
		})
	}
}

// TestWhatIsDeletedByHandIsTheSameDatabaseAgain removes Kubernetes' side of a database, as somebody may who can pass
// admission and finalizers by: the tenant takes the same database over, and its end still has a final copy.
func TestWhatIsDeletedByHandIsTheSameDatabaseAgain(t *testing.T) {
	authority, secrets := platform(t)
	for name, leaving := range map[string]bool{"while it lives": false, "when it is to go": true} {
		t.Run(name, func(t *testing.T) {
			ctx, w := t.Context(), newWorld(t, authority, secrets)
			chapters := life()
			w.live(ctx, chapters[:1])
			w.loseDatabaseObjects(ctx)
			if !leaving {
				w.step(ctx)
				w.until(ctx, "it is back", isReady)
				clusters := &rdsapi.DBClusterList{}
				must(t, w.base.List(ctx, clusters))
				if len(clusters.Items) != 1 {
					t.Errorf("%d DBClusters", len(clusters.Items))
				}
			}
			w.live(ctx, chapters[len(chapters)-1:])
			if !w.finalSnapshot() || len(w.account.Clusters) != 0 || len(w.account.Instances) != 0 {
				t.Errorf("at the end:\n%s", w.end(ctx))
			}
		})
	}
}

// TestADatabaseThatSomebodyElseDeletesIsKept is an order to delete the DBCluster of a living tenant.
func TestADatabaseThatSomebodyElseDeletesIsKept(t *testing.T) {
	authority, secrets := platform(t)
	ctx, w := t.Context(), newWorld(t, authority, secrets)
	w.live(ctx, life()[:1])
	for _, object := range []client.Object{&rdsapi.DBCluster{}, &rdsapi.DBClusterParameterGroup{}} {
		object.SetNamespace(naming.Namespace(acme))
		object.SetName(naming.Database(acme))
		must(t, w.base.Delete(ctx, object))
	}
	w.step(ctx)
	w.until(ctx, "it is back", func(tenant *halo.HaloTenant) string {
		cluster := &rdsapi.DBCluster{}
		if err := w.base.Get(ctx, client.ObjectKey{Namespace: naming.Namespace(acme), Name: naming.Database(acme)}, cluster); err != nil {
			return err.Error()
		}
		if cluster.DeletionTimestamp != nil {
			return "the old one is still going"
		}
		return isReady(tenant)
	})
}

// TestAnotherDatabaseInItsPlaceIsNotTouched is RDS's cluster deleted behind everybody's back: ACK makes an empty one.
func TestAnotherDatabaseInItsPlaceIsNotTouched(t *testing.T) {
	authority, secrets := platform(t)
	ctx, w := t.Context(), newWorld(t, authority, secrets)
	w.live(ctx, life()[:1])
	w.account.Clusters, w.account.Instances = map[string]*rds.Cluster{}, map[string]*rds.Instance{}
	w.seen = map[string]bool{} // what is made from here on is ACK's doing
	w.until(ctx, "it is seen", func(tenant *halo.HaloTenant) string {
		stalled := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionStalled)
		if stalled.Status != metav1.ConditionTrue || stalled.Reason != halo.ReasonDatabaseReplaced {
			return fmt.Sprintf("%+v", stalled)
		}
		return ""
	})
	before := w.operator.writes
	must(t, w.base.Delete(ctx, &halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Name: acme}}))
	for range 20 {
		w.step(ctx)
	}
	if len(w.account.Clusters) != 1 || w.account.Clusters[naming.Database(acme)].Status != rds.Available {
		t.Error("the other database was touched")
	}
	t.Logf("%d writes since", w.operator.writes-before)
	other := w.account.Clusters[naming.Database(acme)].ResourceID
	w.edit(ctx, func(tenant *halo.HaloTenant) {
		metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, naming.AnnotationAcceptDatabase, other)
	})
	w.until(ctx, "the end of an accepted database", isGone)
	if !w.finalSnapshot() {
		t.Error("there is no final copy")
	}
}

// TestADatabaseThatRDSLostIsNotMadeAnew loses the database on both sides.
func TestADatabaseThatRDSLostIsNotMadeAnew(t *testing.T) {
	authority, secrets := platform(t)
	ctx, w := t.Context(), newWorld(t, authority, secrets)
	w.live(ctx, life()[:1])
	w.loseDatabaseObjects(ctx)
	w.account.Clusters, w.account.Instances, w.seen = map[string]*rds.Cluster{}, map[string]*rds.Instance{}, map[string]bool{}
	w.step(ctx)
	w.until(ctx, "it is said", func(tenant *halo.HaloTenant) string {
		stalled := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionStalled)
		if stalled.Reason != halo.ReasonDatabaseLost {
			return fmt.Sprintf("%+v", stalled)
		}
		return ""
	})
	for range 20 {
		w.step(ctx)
	}
	if len(w.account.Clusters) != 0 {
		t.Error("an empty database was made in the place of the lost one")
	}
}

// TestALostNamespaceGetsNewCredentials loses the namespace with every Secret: what they held is unknown.
func TestALostNamespaceGetsNewCredentials(t *testing.T) {
	authority, secrets := platform(t)
	ctx, w := t.Context(), newWorld(t, authority, secrets)
	w.live(ctx, life()[:1])
	w.until(ctx, "its master password is its own", hasUsers(1))
	w.loseDatabaseObjects(ctx)
	w.loseNamespace(ctx)
	w.step(ctx)
	w.until(ctx, "it is back", hasUsers(2))
}

// TestKilledBetweenAnyTwoWrites lives a whole life once, counts the operator's writes, and then lives it again for each
// of them with an operator that ends right after it and is started anew.
func TestKilledBetweenAnyTwoWrites(t *testing.T) {
	authority, secrets := platform(t)
	begun := time.Now()
	whole := newWorld(t, authority, secrets)
	whole.now = whole.now.Add(time.Hour) // the schedule's tick is a day away: how long a life lasts decides about no copy
	whole.live(t.Context(), life())
	want, writes := whole.end(t.Context()), whole.operator.writes
	t.Logf("%d writes in %s:\n%s", writes, time.Since(begun), want)
	if len(whole.account.Snapshots) != 1 || whole.account.Snapshots[finalOf(whole)] == nil || len(whole.account.Clusters) != 0 {
		t.Fatalf("the end is not one final snapshot: %s", want)
	}
	for limit := 1; limit <= writes; limit += every {
		t.Run(fmt.Sprintf("after write %d", limit), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, authority, secrets)
			w.now = w.now.Add(time.Hour)
			w.start(limit)
			w.live(t.Context(), life())
			if got := w.end(t.Context()); got != want {
				t.Errorf("another end:\n%swant:\n%s", got, want)
			}
		})
	}
}

func finalOf(w *world) string {
	for name, snapshot := range w.account.Snapshots {
		if snapshot.Status == rds.Available {
			return name
		}
	}
	return ""
}
