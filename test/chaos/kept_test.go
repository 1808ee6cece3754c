package chaos_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// TestAKeptDatabaseIsOpenedByTheTenantThatTakesItOver deletes a tenant and keeps its database, makes another tenant of
// the same name and gives it that database: its pods must have the keys that the data are sealed with.
func TestAKeptDatabaseIsOpenedByTheTenantThatTakesItOver(t *testing.T) {
	authority, secrets := platform(t)
	for name, untagged := range map[string]bool{"RDS tells the keys": false, "a person tells the keys": true} {
		t.Run(name, func(t *testing.T) {
			ctx, w := t.Context(), newWorld(t, authority, secrets)
			w.live(ctx, life()[:1])
			before := w.sealingKeys()
			w.keep(ctx)
			if untagged {
				for tag := range w.account.Clusters[naming.Database(acme)].Tags {
					if strings.HasPrefix(tag, naming.TagSealing) {
						delete(w.account.Clusters[naming.Database(acme)].Tags, tag)
					}
				}
			}

			w.addSamples(ctx)
			w.until(ctx, "RDS says that it has one", isStalled(halo.ReasonDatabaseTaken))
			w.edit(ctx, func(tenant *halo.HaloTenant) {
				metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, naming.AnnotationAcceptDatabase, naming.Database(acme))
			})
			if untagged {
				w.until(ctx, "nobody knows the keys", isStalled(halo.ReasonSealingUnknown))
				for range 5 {
					w.step(ctx) // and it does not make any
				}
				w.until(ctx, "nobody knows the keys", isStalled(halo.ReasonSealingUnknown))
				word := w.keptWord()
				w.edit(ctx, func(tenant *halo.HaloTenant) {
					metav1.SetMetaDataAnnotation(&tenant.ObjectMeta, naming.AnnotationSealedWith, word)
				})
			}
			w.until(ctx, "it is back", isReady)
			for range 3 {
				w.step(ctx)
			}
			after := w.sealingKeys()
			if len(before) != 2 || string(after["1"]) != string(before["1"]) || string(after["index"]) != string(before["index"]) || len(after) != 3 || string(after["2"]) == string(before["1"]) {
				t.Errorf("keys %v became %v: what is stored could not be opened", keys(before), keys(after))
			}
			if tags := w.account.Clusters[naming.Database(acme)].Tags; tags[naming.TagSealing+"1"] == "" || tags[naming.TagSealing+"2"] == "" {
				t.Errorf("RDS's tags do not tell the keys: %v", tags)
			}
		})
	}
}

// TestADatabaseThatIsNotTheTenantsOutlivesIt makes a tenant of the name of a kept database and deletes it without ever
// having been told that the database is its own: it must not end it, nor its instances.
func TestADatabaseThatIsNotTheTenantsOutlivesIt(t *testing.T) {
	authority, secrets := platform(t)
	for _, again := range []int{0, 3} {
		ctx, w := t.Context(), newWorld(t, authority, secrets)
		w.live(ctx, life()[:1])
		w.keep(ctx)
		w.again = again
		w.start(again)
		w.addSamples(ctx)
		w.until(ctx, "RDS says that it has one", isStalled(halo.ReasonDatabaseTaken))
		for range 5 {
			w.step(ctx)
		}
		w.live(ctx, life()[4:])
		if len(w.account.Clusters) != 1 || len(w.account.Instances) != 2 || len(w.account.Snapshots) != 0 {
			t.Errorf("the kept database was touched:\n%s", w.end(ctx))
		}
	}
}

// keep ends a tenant whose database stays.
func (w *world) keep(ctx context.Context) {
	w.t.Helper()
	w.edit(ctx, func(tenant *halo.HaloTenant) { tenant.Spec.DeletionPolicy = halo.DeletionRetain })
	w.step(ctx)
	w.live(ctx, life()[4:])
	if len(w.account.Clusters) != 1 {
		w.t.Fatal("the database was not kept")
	}
	w.loseNamespace(ctx) // nothing here empties a namespace that goes
	must(w.t, w.base.DeleteAllOf(ctx, &halo.HaloTenantClass{}))
}

func (w *world) sealingKeys() map[string][]byte {
	w.t.Helper()
	secret := &corev1.Secret{}
	must(w.t, w.base.Get(w.t.Context(), client.ObjectKey{Namespace: naming.Namespace(acme), Name: naming.SealingKeys}, secret))
	return secret.Data
}

func keys(data map[string][]byte) []string {
	var names []string
	for name := range data {
		names = append(names, name)
	}
	return names
}

// keptWord is what the record of the kept database says of its keys.
func (w *world) keptWord() string {
	w.t.Helper()
	list := &corev1.ConfigMapList{}
	must(w.t, w.base.List(w.t.Context(), list, client.InNamespace(naming.BackupsNamespace)))
	if len(list.Items) != 1 || list.Items[0].Data["database"] != naming.Database(acme) {
		w.t.Fatalf("records %+v", list.Items)
	}
	return list.Items[0].Data["sealed-with"]
}

func isStalled(reason string) func(*halo.HaloTenant) string {
	return func(tenant *halo.HaloTenant) string {
		if tenant == nil {
			return "the tenant is gone"
		}
		stalled := meta.FindStatusCondition(tenant.Status.Conditions, halo.ConditionStalled)
		if stalled == nil || stalled.Status != metav1.ConditionTrue || stalled.Reason != reason {
			return fmt.Sprintf("%+v", stalled)
		}
		return ""
	}
}
