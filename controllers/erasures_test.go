package controllers_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/erasures"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/server"
)

// servers are where the pods of tenants answer, by tenant. Those of others answer nowhere.
var servers sync.Map

// tenantPods asks pods as the manager does, at the addresses of servers.
func tenantPods() *erasures.Pods {
	pods := erasures.NewPods()
	pods.Address = func(pod *corev1.Pod) string {
		if address, ok := servers.Load(pod.Labels[naming.LabelTenant]); ok {
			return address.(string)
		}
		return "127.0.0.1:1"
	}
	return pods
}

// people is the ledger of a database, in memory.
type people struct {
	mutex        sync.Mutex
	all, unnoted []int64
	asked        int
}

func (p *people) erase(numbers ...int64) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.all, p.unnoted = append(p.all, numbers...), append(p.unnoted, numbers...)
}

func (p *people) Unnoted(context.Context, int) ([]int64, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.asked++
	return slices.Clone(p.unnoted), nil
}

func (p *people) ErasedAfter(_ context.Context, after int64, limit int) ([]int64, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var found []int64
	for _, number := range slices.Sorted(slices.Values(p.all)) {
		if number > after && len(found) < limit {
			found = append(found, number)
		}
	}
	return found, nil
}

func (p *people) Noted(_ context.Context, ids ...int64) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.unnoted = slices.DeleteFunc(p.unnoted, func(number int64) bool { return slices.Contains(ids, number) })
	return nil
}

func (p *people) timesAsked() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.asked
}

// serve lets a ready pod of the tenant answer for a database; as is whose it says to be.
func (w world) serve(p *people, as string) {
	w.t.Helper()
	w.answer(p, as, corev1.ConditionTrue)
}

func (w world) answer(p *people, as string, ready corev1.ConditionStatus) {
	w.t.Helper()
	handler := server.WithErasures(http.NotFoundHandler(), p, func() string { return as }, slog.New(slog.DiscardHandler))
	listening := httptest.NewServer(handler)
	w.t.Cleanup(listening.Close)
	servers.Store(w.tenant, strings.TrimPrefix(listening.URL, "http://"))
	pod := w.serverPod("server-asked")
	w.editStatus(pod, pod.Name, func() {
		pod.Status.PodIP, pod.Status.PodIPs = "10.1.2.3", []corev1.PodIP{{IP: "10.1.2.3"}}
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}
	})
}

// ledgerBecomes waits for the first part of a tenant's ledger.
func (w world) ledgerBecomes(want string) {
	w.t.Helper()
	backups := world{t: w.t, namespace: naming.BackupsNamespace}
	eventually(w.t, "the ledger of "+w.tenant, func() string {
		part := &corev1.ConfigMap{}
		if err := cluster.Get(context.Background(), backups.key(naming.Erasures(w.uid(), 1)), part); err != nil {
			return err.Error()
		}
		if part.Data["numbers"] != want || len(part.OwnerReferences) != 0 {
			return fmt.Sprintf("is %q, owned by %v", part.Data["numbers"], part.OwnerReferences)
		}
		return ""
	})
}

func TestARestoredTenantIsGivenWhoWasErasedSinceTheCopy(t *testing.T) {
	newClass(t, "development", nil)
	origin := newTenant(t, "erasing", nil)
	origin.toReady()
	newBackup(t, "erasing-copy", origin.tenant, halo.SourceManual, 0)
	snapshotBecomes(t, "halo-erasing-copy", "available")
	backupCondition(t, "erasing-copy", halo.ConditionReady, "True")

	held := &people{}
	origin.serve(held, origin.tenant)
	held.erase(9223372036854775807, 5)
	origin.ledgerBecomes("5\n9223372036854775807\n")
	held.erase(7)
	origin.ledgerBecomes("5\n9223372036854775807\n7\n")
	eventually(t, "the server", func() string {
		if left, err := held.Unnoted(context.Background(), 9); err != nil || len(left) > 0 {
			return fmt.Sprintf("was not told that %v are noted, error %v", left, err)
		}
		return ""
	})
	before, count := held.timesAsked(), quiet(t)
	eventually(t, "the collector", func() string {
		if held.timesAsked() < before+3 {
			return "does not ask any more"
		}
		return ""
	})
	if now := writes.Load(); now != count {
		t.Errorf("%d writes while nobody was erased", now-count)
	}

	w := newTenant(t, "restored-since", func(tenant *halo.HaloTenant) { tenant.Spec.Bootstrap = &halo.Bootstrap{BackupName: "erasing-copy"} })
	w.cluster("creating")
	w.cluster("available")
	w.instance(1, "available")
	w.instance(2, "available")
	w.syncLater()
	w.condition(halo.ConditionMigrationReady, "False", "is running")
	part := &corev1.ConfigMap{}
	w.get(part, "erasures-1")
	if part.Data["numbers"] != "5\n9223372036854775807\n7\n" {
		t.Errorf("the migration is given %q", part.Data["numbers"])
	}
	if !w.migrates("--erasures-dir=/etc/halo/erasures") {
		t.Error("the migration is not told of the ledger")
	}
	if w.exists(&appsv1.Deployment{}, naming.Server) {
		t.Fatal("it serves before the ledger was applied")
	}
	w.finishMigration(batchv1.JobComplete)
	w.get(&appsv1.Deployment{}, naming.Server)
	w.rollOut()
	w.condition(halo.ConditionReady, "True", "Serving https://")
	tenant := &halo.HaloTenant{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
		t.Fatal(err)
	}
	if tenant.Status.Erasures == nil || tenant.Status.Erasures.AppliedTo != "erasing-copy in cluster-RESTORED-SINCE" {
		t.Errorf("remembered %+v", tenant.Status.Erasures)
	}
	// Whom the restored one erases must not come back with the origin's copies either.
	later := &people{}
	w.serve(later, w.tenant)
	later.erase(11)
	origin.ledgerBecomes("5\n9223372036854775807\n7\n11\n")
}

// migrates tells whether a migration of the tenant has an argument.
func (w world) migrates(argument string) bool {
	w.t.Helper()
	jobs := &batchv1.JobList{}
	if err := cluster.List(context.Background(), jobs, client.InNamespace(w.namespace)); err != nil {
		w.t.Fatal(err)
	}
	return slices.ContainsFunc(jobs.Items, func(job batchv1.Job) bool {
		return slices.Contains(job.Spec.Template.Spec.Containers[0].Args, argument)
	})
}

func TestThePodOfAnotherTenantIsNotBelieved(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "mistaken", nil)
	w.toReady()
	held := &people{}
	held.erase(3)
	w.serve(held, "somebody-else")
	eventually(t, "the collector", func() string {
		if held.timesAsked() < 3 {
			return "has not asked"
		}
		return ""
	})
	if (world{t: t, namespace: naming.BackupsNamespace}).exists(&corev1.ConfigMap{}, naming.Erasures(w.uid(), 1)) {
		t.Error("a ledger was written")
	}
	if left, _ := held.Unnoted(context.Background(), 9); len(left) != 1 {
		t.Error("another tenant was told that its number is noted")
	}
}

func TestALedgerWithAGapIsNotUsed(t *testing.T) {
	ctx, origin := context.Background(), "0a1b2c3d-0000-4000-8000-00000000dead"
	labels := map[string]string{naming.LabelManagedBy: naming.ManagedBy, naming.LabelErasures: origin}
	for name, data := range map[string]string{"erasures-" + origin + "-1": "1\n", "erasures-" + origin + "-3": "3\n"} {
		part := &corev1.ConfigMap{Data: map[string]string{"numbers": data}}
		part.Name, part.Namespace, part.Labels = name, naming.BackupsNamespace, labels
		if err := cluster.Create(ctx, part); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := erasures.Read(ctx, cluster, "0a1b2c3d-0000-4000-8000-00000000dead"); err == nil || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("read with error %v", err)
	}
	if ledger, err := erasures.Read(ctx, cluster, "0a1b2c3d-0000-4000-8000-00000000beef"); err != nil || len(ledger.Texts()) != 0 {
		t.Errorf("one that is not there: %v, %v", ledger.Texts(), err)
	}
}
