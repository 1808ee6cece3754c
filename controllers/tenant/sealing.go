package tenant

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/decide"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/sealing"
)

const (
	sealingRootFile = naming.SealingRootFile
	// mostSealingKeys bounds a tenant's own keys: a mistyped number must not make a Secret that is too large.
	mostSealingKeys = 200
)

// writeSealingKeys makes the Secret of the keys that seal personal data. They are derived and not random, because the
// operator cannot read a Secret, and a restored tenant must open what its origin has sealed. Keys are only ever added.
func (r *Reconciler) writeSealingKeys(ctx context.Context, w *work) (*decide.Problem, error) {
	root, problem, err := r.sealingRoot(w)
	if problem != nil || err != nil {
		return problem, err
	}
	fingerprint, err := root.Fingerprint()
	if err != nil {
		return nil, err
	}
	recorded, waits, problem, err := r.sealingKeysSoFar(ctx, w)
	if waits || problem != nil || err != nil {
		return problem, err
	}
	if recorded != nil && recorded.Root != fingerprint {
		w.wakeAt(w.now.Add(platformSecretPoll))
		return decide.Stalled(halo.ReasonSealingRoot, "the manager's platform secret %s is not the one that this tenant's personal data is sealed with "+
			"(fingerprint %s, it was %s): put the former one back", sealingRootFile, fingerprint, recorded.Root), nil
	}
	newest, problem := wantedSealingKey(w.tenant)
	if problem != nil {
		return problem, nil
	}
	keys, problem := sealingKeys(recorded, w.tenant.UID, newest)
	if problem != nil {
		return problem, nil
	}
	return nil, r.recordThenWrite(ctx, w, root, &halo.SealingStatus{Root: fingerprint, Keys: keys})
}

// recordThenWrite puts keys into the status first, and into the Secret when the status is known to be stored: pods seal
// with a new key as soon as they have it, and from then on a copy must not be without the record of it.
func (r *Reconciler) recordThenWrite(ctx context.Context, w *work, root sealing.Root, wanted *halo.SealingStatus) error {
	stored := w.tenant.Status.Sealing
	w.status.Sealing = wanted
	if stored == nil || stored.Root != wanted.Root || !slices.Equal(stored.Keys, wanted.Keys) {
		w.wakeAt(w.now)
		return nil
	}
	wanted.Written = stored.Written
	inNamespace := slices.Contains(w.status.Secrets, naming.SealingKeys)
	if inNamespace && int(stored.Written) == len(wanted.Keys) {
		return nil
	}
	if err := r.writeSealingSecret(ctx, w, root, wanted.Keys); err != nil {
		return err
	}
	wanted.Written = int32(len(wanted.Keys))
	if !inNamespace {
		w.status.Secrets = append(w.status.Secrets, naming.SealingKeys)
	}
	return nil
}

// sealingRoot reads the platform's root key.
func (r *Reconciler) sealingRoot(w *work) (sealing.Root, *decide.Problem, error) {
	const remedy = "store 32 random bytes in base64 there once, and keep a copy: without it no personal data can be read"
	text, err := r.platformSecret(sealingRootFile)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return sealing.Root{}, nil, err
		}
		w.wakeAt(w.now.Add(platformSecretPoll))
		return sealing.Root{}, decide.Stalled(halo.ReasonCredentialMissing, "the manager's platform secrets have no %s; %s", sealingRootFile, remedy), nil
	}
	root, err := sealing.ParseRoot([]byte(text))
	if err != nil {
		w.wakeAt(w.now.Add(platformSecretPoll))
		return sealing.Root{}, decide.Stalled(halo.ReasonSealingRoot, "the manager's platform secret %s: %v; %s", sealingRootFile, err, remedy), nil
	}
	return root, nil, nil
}

// sealingKeysSoFar are the keys that the tenant or its database tells of, or the copy that the tenant is made from; nil for
// a new tenant. waits is true while a database that is taken over has not told yet.
func (r *Reconciler) sealingKeysSoFar(ctx context.Context, w *work) (record *halo.SealingStatus, waits bool, problem *decide.Problem, err error) {
	record, waits, problem = w.decision.SealingSoFar()
	if record != nil || waits || problem != nil || w.tenant.Spec.Bootstrap == nil {
		return record, waits, problem, nil
	}
	name := w.tenant.Spec.Bootstrap.BackupName
	backup := &halo.HaloBackup{}
	err = r.Client.Get(ctx, client.ObjectKey{Name: name}, backup)
	if apierrors.IsNotFound(err) {
		return nil, false, decide.Stalled(halo.ReasonUnknownBackup, "spec.bootstrap.backupName: there is no HaloBackup %q any more, and only it tells "+
			"which keys open the personal data of the copy", name), nil
	}
	if err != nil {
		return nil, false, nil, fmt.Errorf("reading HaloBackup %s: %w", name, err)
	}
	return backup.Status.Sealing, false, nil, nil
}

// wantedSealingKey is the number that a person has asked for by annotation; 0 for none.
func wantedSealingKey(tenant *halo.HaloTenant) (int32, *decide.Problem) {
	text := tenant.Annotations[naming.AnnotationSealingKey]
	if text == "" {
		return 0, nil
	}
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil || number < 1 {
		return 0, decide.Stalled(halo.ReasonInvalidSpec, "metadata.annotations: %s must be the number of a key, such as 2", naming.AnnotationSealingKey)
	}
	return int32(number), nil
}

// sealingKeys continues the keys so far with the tenant's own, without a gap, up to the wanted number: should the status
// be lost, the annotation alone brings every one of them back.
func sealingKeys(recorded *halo.SealingStatus, uid types.UID, wanted int32) ([]halo.SealingKey, *decide.Problem) {
	var keys []halo.SealingKey
	if recorded != nil {
		keys = slices.Clone(recorded.Keys)
	}
	last := int32(0)
	if len(keys) > 0 {
		last = keys[len(keys)-1].Number
	}
	if len(keys) == 0 || keys[len(keys)-1].Origin != uid {
		wanted = max(wanted, last+1)
	}
	if wanted-last > mostSealingKeys {
		return nil, decide.Stalled(halo.ReasonInvalidSpec, "metadata.annotations: %s is %d and the newest key is %d; ask for %d",
			naming.AnnotationSealingKey, wanted, last, last+1)
	}
	for number := last + 1; number <= wanted; number++ {
		keys = append(keys, halo.SealingKey{Origin: uid, Number: number})
	}
	return keys, nil
}

func (r *Reconciler) writeSealingSecret(ctx context.Context, w *work, root sealing.Root, keys []halo.SealingKey) error {
	data := map[string][]byte{}
	for _, key := range keys {
		id := strconv.Itoa(int(key.Number))
		derived, err := root.Key(string(key.Origin), id)
		if err != nil {
			return err
		}
		data[id] = derived
	}
	index, err := root.Key(string(keys[0].Origin), sealing.IndexFile)
	if err != nil {
		return err
	}
	data[sealing.IndexFile] = index
	return r.writeSecret(ctx, desired.Secret(w.decision.Input, naming.SealingKeys, corev1.SecretTypeOpaque, data), false)
}
