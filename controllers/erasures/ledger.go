// Package erasures keeps the numbers of erased persons outside of the tenants' databases: it asks the servers for them
// and writes them beside the copies, where they outlive database and namespace. A tenant that is made from a copy gets
// them for its migration (ADR 0027).
package erasures

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/erasures"
	"halo.dev/halo/internal/naming"
)

// Ledger is what is noted of a family of tenants: of one and all that were restored from its copies.
type Ledger struct {
	origin types.UID
	parts  []*corev1.ConfigMap
}

// Family is what a tenant has in common with all that were restored from its copies, and with those whose copies it was
// restored from: the UID of the first of them. It is empty before the tenant has keys: it never had a person then.
func Family(status *halo.HaloTenantStatus) types.UID {
	if status.Sealing == nil || len(status.Sealing.Keys) == 0 {
		return ""
	}
	return status.Sealing.Keys[0].Origin
}

// Read reads a family's ledger. A part that is missing between others, or that cannot be read, is an error.
func Read(ctx context.Context, reader client.Reader, origin types.UID) (Ledger, error) {
	list := &corev1.ConfigMapList{}
	err := reader.List(ctx, list, client.InNamespace(naming.BackupsNamespace), client.MatchingLabels{
		naming.LabelManagedBy: naming.ManagedBy, naming.LabelErasures: string(origin),
	})
	if err != nil {
		return Ledger{}, fmt.Errorf("reading the ledger of erasures %s: %w", origin, err)
	}
	ledger := Ledger{origin: origin, parts: make([]*corev1.ConfigMap, len(list.Items))}
	names := make([]string, len(list.Items))
	for i := range names {
		names[i] = naming.Erasures(origin, i+1)
	}
	for i := range list.Items {
		part := &list.Items[i]
		at := slices.Index(names, part.Name)
		if at < 0 {
			return Ledger{}, fmt.Errorf("reading the ledger of erasures %s: ConfigMap %s in namespace %s is no part of it, or one before it is missing; "+
				"restore what is missing: without it persons may come back", origin, part.Name, naming.BackupsNamespace)
		}
		if _, err := erasures.Parse(part.Data[desired.KeyErasures]); err != nil {
			return Ledger{}, fmt.Errorf("reading ConfigMap %s in namespace %s: %w", part.Name, naming.BackupsNamespace, err)
		}
		ledger.parts[at] = part
	}
	return ledger, nil
}

// Texts are the parts as they are written.
func (l Ledger) Texts() []string {
	texts := make([]string, 0, len(l.parts))
	for _, part := range l.parts {
		texts = append(texts, part.Data[desired.KeyErasures])
	}
	return texts
}

// Add notes numbers that the ledger does not have. A part that somebody else has changed in the meantime is an error,
// and nothing of it is lost: the numbers come again.
func (l Ledger) Add(ctx context.Context, writer client.Client, numbers []int64) error {
	changed, err := erasures.Add(l.Texts(), numbers)
	if err != nil {
		return fmt.Errorf("adding to the ledger of erasures %s: %w", l.origin, err)
	}
	var failures []error
	for at, text := range changed {
		if err := l.write(ctx, writer, at, text); err != nil {
			failures = append(failures, fmt.Errorf("writing ConfigMap %s in namespace %s: %w", naming.Erasures(l.origin, at+1), naming.BackupsNamespace, err))
		}
	}
	return errors.Join(failures...)
}

func (l Ledger) write(ctx context.Context, writer client.Client, at int, text string) error {
	if at >= len(l.parts) {
		return writer.Create(ctx, desired.ErasuresPart(l.origin, at+1, text), client.FieldOwner(naming.ManagedBy))
	}
	before := l.parts[at]
	after := before.DeepCopy()
	after.Data = map[string]string{desired.KeyErasures: text}
	err := writer.Patch(ctx, after, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(naming.ManagedBy))
	if apierrors.IsConflict(err) {
		return fmt.Errorf("somebody else has changed it: %w", err)
	}
	return err
}

// lacks tells whether a ledger does not have all of some numbers.
func (l Ledger) lacks(numbers []int64) (bool, error) {
	changed, err := erasures.Add(l.Texts(), numbers)
	return len(changed) > 0, err
}
