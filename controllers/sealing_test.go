package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/sealing"
)

// sealingSecret waits for the Secret to hold exactly the keys that follow from
// these origins: one for each file.
func (w world) sealingSecret(origins map[string]types.UID) {
	w.t.Helper()
	root, err := sealing.ParseRoot([]byte(sealingRoot))
	if err != nil {
		w.t.Fatal(err)
	}
	eventually(w.t, "the sealing keys of "+w.tenant, func() string {
		secret := &corev1.Secret{}
		if err := cluster.Get(context.Background(), w.key(naming.SealingKeys), secret); err != nil {
			return err.Error()
		}
		if len(secret.Data) != len(origins) {
			return fmt.Sprintf("%d keys", len(secret.Data))
		}
		for file, origin := range origins {
			key, err := root.Key(string(origin), file)
			if err != nil || string(secret.Data[file]) != string(key) {
				return fmt.Sprintf("%s is not derived from %s, error %v", file, origin, err)
			}
		}
		if _, err := sealing.ParseRing(secret.Data); err != nil {
			return err.Error()
		}
		return ""
	})
}

func (w world) uid() types.UID {
	w.t.Helper()
	tenant := &halo.HaloTenant{}
	if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
		w.t.Fatal(err)
	}
	return tenant.UID
}

func (w world) askForSealingKey(number string) {
	w.t.Helper()
	w.change(func(tenant *halo.HaloTenant) {
		tenant.Annotations = map[string]string{naming.AnnotationSealingKey: number}
	})
}

func TestSealingKeysRotateAndCopiesTellWhichOnesOpenThem(t *testing.T) {
	newClass(t, "development", nil)
	origin := newTenant(t, "sealed", nil)
	first := origin.uid()
	origin.sealingSecret(map[string]types.UID{"1": first, "index": first})
	origin.cluster("available")
	origin.askForSealingKey("2")
	origin.sealingSecret(map[string]types.UID{"1": first, "2": first, "index": first})
	origin.askForSealingKey("two")
	origin.condition(halo.ConditionStalled, "True", "halo.dev/sealing-key must be the number of a key")
	origin.askForSealingKey("1") // asks for nothing new, and takes nothing away
	origin.condition(halo.ConditionStalled, "False", "")
	origin.sealingSecret(map[string]types.UID{"1": first, "2": first, "index": first})

	newBackup(t, "sealed-copy", origin.tenant, halo.SourceManual, 0)
	snapshotBecomes(t, "halo-sealed-copy", "available")
	backup := backupCondition(t, "sealed-copy", halo.ConditionReady, "True")
	if recorded := backup.Status.Sealing; recorded == nil || len(recorded.Keys) != 2 || recorded.Keys[1] != (halo.SealingKey{Origin: first, Number: 2}) {
		t.Fatalf("the copy tells %+v", recorded)
	}
	restored := newTenant(t, "unsealed", func(tenant *halo.HaloTenant) { tenant.Spec.Bootstrap = &halo.Bootstrap{BackupName: "sealed-copy"} })
	restored.sealingSecret(map[string]types.UID{"1": first, "2": first, "3": restored.uid(), "index": first})
}

// TestAnotherRootNeverReplacesKeys: the Secret's keys are the only ones that
// open what is stored.
func TestAnotherRootNeverReplacesKeys(t *testing.T) {
	newClass(t, "development", nil)
	w := newTenant(t, "rerooted", nil)
	first := w.uid()
	w.sealingSecret(map[string]types.UID{"1": first, "index": first})
	database := &rds.DBCluster{}
	w.get(database, naming.Database(w.tenant)) // with tags that tell of the root, as the status does
	const former = "0123456789abcdef"
	eventually(t, "another fingerprint in the status", func() string {
		tenant := &halo.HaloTenant{}
		if err := cluster.Get(context.Background(), client.ObjectKey{Name: w.tenant}, tenant); err != nil {
			return err.Error()
		}
		tenant.Status.Sealing.Root = former
		if err := cluster.Status().Update(context.Background(), tenant); err != nil {
			return err.Error()
		}
		return ""
	})
	w.condition(halo.ConditionStalled, "True", "name different keys")
	eventually(t, "another fingerprint in the database's tags", func() string {
		w.get(database, naming.Database(w.tenant))
		for i, tag := range database.Spec.Tags {
			if strings.HasPrefix(tag.Key, naming.TagSealing) {
				_, key, _ := strings.Cut(tag.Value, "/")
				database.Spec.Tags[i].Value = former + "/" + key
			}
		}
		if err := cluster.Update(context.Background(), database); err != nil {
			return err.Error()
		}
		return ""
	})
	w.askForSealingKey("2")
	w.condition(halo.ConditionStalled, "True", "put the former one back")
	quiet(t)
	w.sealingSecret(map[string]types.UID{"1": first, "index": first})
}
