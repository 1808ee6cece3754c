package rehearsal

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Status writes statuses.
func (s *store) Status() client.SubResourceWriter { return statusWriter{s} }

// SubResource knows the status only.
func (s *store) SubResource(string) client.SubResourceClient { return statusWriter{s} }

type statusWriter struct{ store *store }

// Update replaces the status of an object and nothing else.
func (w statusWriter) Update(_ context.Context, object client.Object, _ ...client.SubResourceUpdateOption) error {
	at, err := w.store.keyOf(object)
	if err != nil {
		return err
	}
	before := w.store.objects[at]
	if before == nil {
		return w.store.notFound(at)
	}
	present, err := runtime.DefaultUnstructuredConverter.ToUnstructured(before)
	if err != nil {
		return fmt.Errorf("reading %s %s: %w", at.kind.Kind, at.Name, err)
	}
	wanted, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return fmt.Errorf("reading %s %s: %w", at.kind.Kind, at.Name, err)
	}
	present["status"] = wanted["status"]
	after, err := w.store.fromContent(at.kind, present)
	if err != nil {
		return err
	}
	w.store.objects[at] = after
	return nil
}

// Get, Create, Patch and Apply of a status are not what the manager does.
func (statusWriter) Get(context.Context, client.Object, client.Object, ...client.SubResourceGetOption) error {
	return errUnsupported
}

func (statusWriter) Create(context.Context, client.Object, client.Object, ...client.SubResourceCreateOption) error {
	return errUnsupported
}

func (statusWriter) Patch(context.Context, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
	return errUnsupported
}

func (statusWriter) Apply(context.Context, runtime.ApplyConfiguration, ...client.SubResourceApplyOption) error {
	return errUnsupported
}
