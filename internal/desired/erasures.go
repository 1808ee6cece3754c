package desired

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"halo.dev/halo/internal/naming"
)

// KeyErasures is the key of a ledger's part in its ConfigMap.
const KeyErasures = "numbers"

// ErasuresPart is a part of a ledger among the copies, counted from 1. It has no owner: it outlives the tenant, as the
// copies do.
func ErasuresPart(origin types.UID, part int, text string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{
			Name: naming.Erasures(origin, part), Namespace: naming.BackupsNamespace,
			Labels: map[string]string{naming.LabelManagedBy: naming.ManagedBy, naming.LabelErasures: string(origin)},
		},
		Data: map[string]string{KeyErasures: text},
	}
}

// Erasures are the ledger's parts as the migration of a restored database mounts them.
func Erasures(in Input) []Item {
	var items []Item
	for i, text := range in.Erasures {
		items = append(items, Item{Reason: "who was erased since the copy was taken", Object: &corev1.ConfigMap{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: in.meta(naming.Erasures("", i+1), naming.ComponentLabels(in.Tenant.Name, naming.ComponentMigrate)),
			Data:       map[string]string{KeyErasures: text},
		}})
	}
	return items
}

// erasuresMount is one folder with a file for each part.
func (in Input) erasuresMount() mount {
	source := &corev1.ProjectedVolumeSource{DefaultMode: pointer(int32(0o444))}
	for i := range in.Erasures {
		source.Sources = append(source.Sources, corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: naming.Erasures("", i+1)},
			Items:                []corev1.KeyToPath{{Key: KeyErasures, Path: fmt.Sprintf("part-%d", i+1)}},
		}})
	}
	return mount{folder: erasuresFolder, volume: corev1.Volume{Name: "erasures", VolumeSource: corev1.VolumeSource{Projected: source}}}
}
