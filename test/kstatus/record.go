package kstatus

import (
	"context"
	"fmt"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	halo "halo.dev/halo/api/v1alpha1"
)

// resources are our kinds.
var resources = []string{"halotenants", "halotenantclasses", "halobackups"}

// Record is what kstatus read in every version of every object of our kinds.
type Record struct {
	stop    context.CancelFunc
	watches sync.WaitGroup
	mu      sync.Mutex
	seen    map[string][]status.Status
	wrong   []string
}

// Follow records the versions that an API server has from now on.
func Follow(ctx context.Context, config *rest.Config) (*Record, error) {
	reader, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("following our kinds: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	r := &Record{stop: stop, seen: map[string][]status.Status{}}
	for _, resource := range resources {
		watching, err := reader.Resource(halo.GroupVersion.WithResource(resource)).Watch(ctx, metav1.ListOptions{})
		if err != nil {
			r.End()
			return nil, fmt.Errorf("following %s: %w", resource, err)
		}
		r.watches.Go(func() { r.follow(ctx, resource, watching) })
	}
	return r, nil
}

// follow ends with the context; a watch that ends before has missed something, and that is noted.
func (r *Record) follow(ctx context.Context, resource string, watching watch.Interface) {
	defer watching.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-watching.ResultChan():
			object, isObject := event.Object.(*unstructured.Unstructured)
			if !ok || !isObject {
				r.note("", "", fmt.Sprintf("the watch of %s ended: %v", resource, event.Object))
				return
			}
			if event.Type == watch.Added || event.Type == watch.Modified {
				read, wrong := Check(object)
				if wrong != "" {
					wrong = fmt.Sprintf("%s %s, version %s: %s", resource, object.GetName(), object.GetResourceVersion(), wrong)
				}
				r.note(key(object.GroupVersionKind(), object.GetName()), read, wrong)
			}
		}
	}
}

func key(kind schema.GroupVersionKind, name string) string { return kind.Kind + " " + name }

func (r *Record) note(object string, read status.Status, wrong string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if wrong != "" {
		r.wrong = append(r.wrong, wrong)
	}
	if seen := r.seen[object]; object != "" && (len(seen) == 0 || seen[len(seen)-1] != read) {
		r.seen[object] = append(seen, read)
	}
}

// Seen is what an object was read as, one after the other.
func (r *Record) Seen(kind, name string) []status.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen[kind+" "+name])
}

// End stops following, and returns what was wrong.
func (r *Record) End() []string {
	r.stop()
	r.watches.Wait()
	return r.wrong
}
