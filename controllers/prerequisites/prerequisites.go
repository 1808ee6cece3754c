// Package prerequisites knows which of the kinds that tenants are made of a cluster has. A kind that is installed while
// the manager runs is found and watched without a restart.
package prerequisites

import (
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kinds remembers what was found. Its methods may be called at once from several goroutines.
type Kinds struct {
	mapper meta.RESTMapper

	mutex   sync.Mutex
	present map[schema.GroupVersionKind]bool
	watched []schema.GroupVersionKind
	watch   func(schema.GroupVersionKind) error
}

// New returns Kinds that asks a mapper. OnFound must be called before Watch has an effect.
func New(mapper meta.RESTMapper) *Kinds {
	return &Kinds{mapper: mapper, present: map[schema.GroupVersionKind]bool{}}
}

// Present returns Kinds that has these, without a cluster to ask.
func Present(kinds []schema.GroupVersionKind) *Kinds {
	return &Kinds{watched: slices.Clone(kinds)}
}

// OnFound sets what is done, once, about each kind that Watch finds.
func (k *Kinds) OnFound(watch func(schema.GroupVersionKind) error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.watch = watch
}

// Missing returns those of the kinds that the cluster does not have. One that was found once is not asked for again.
func (k *Kinds) Missing(kinds []schema.GroupVersionKind) ([]schema.GroupVersionKind, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	var missing []schema.GroupVersionKind
	for _, kind := range kinds {
		found, err := k.find(kind)
		if err != nil {
			return nil, err
		}
		if !found {
			missing = append(missing, kind)
		}
	}
	return missing, nil
}

func (k *Kinds) find(kind schema.GroupVersionKind) (bool, error) {
	if k.present[kind] {
		return true, nil
	}
	_, err := k.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for %s: %w", kind, err)
	}
	k.present[kind] = true
	return true, nil
}

// Watch sees to it that those of the kinds that the cluster has are watched, and returns those that it lacks.
func (k *Kinds) Watch(kinds []schema.GroupVersionKind) ([]schema.GroupVersionKind, error) {
	missing, err := k.Missing(kinds)
	if err != nil {
		return nil, err
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	for _, kind := range kinds {
		if slices.Contains(missing, kind) || slices.Contains(k.watched, kind) || k.watch == nil {
			continue
		}
		if err := k.watch(kind); err != nil {
			return nil, fmt.Errorf("watching %s: %w", kind, err)
		}
		k.watched = append(k.watched, kind)
	}
	return missing, nil
}

// Watched returns the kinds that are watched: the caches have them. nil watches none.
func (k *Kinds) Watched() []schema.GroupVersionKind {
	if k == nil {
		return nil
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return slices.Clone(k.watched)
}
