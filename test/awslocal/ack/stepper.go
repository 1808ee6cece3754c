package ack

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Stepper plays ACK one turn at a time, for tests that decide when it acts.
type Stepper struct {
	client      client.Client
	reconcilers []*reconciler
}

// NewStepper plays every kind through a client. Timings and Log of the options are not used.
func NewStepper(client client.Client, options Options) *Stepper {
	s := &Stepper{client: client}
	faults := newFaults()
	for _, kind := range kinds() {
		s.reconcilers = append(s.reconcilers, &reconciler{
			kind: kind, client: client, account: options.Account, policy: options.DeletionPolicy, faults: faults, now: options.Now,
		})
	}
	return s
}

// Step looks at every object once.
func (s *Stepper) Step(ctx context.Context) error {
	for _, r := range s.reconcilers {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(groupVersion.WithKind(r.kind.name + "List"))
		if err := s.client.List(ctx, list); err != nil {
			return fmt.Errorf("list %s: %w", r.kind.name, err)
		}
		for i := range list.Items {
			if _, err := r.Reconcile(ctx, reconcile.Request{NamespacedName: keyOf(&list.Items[i])}); err != nil {
				return fmt.Errorf("play %s %s: %w", r.kind.name, keyOf(&list.Items[i]), err)
			}
		}
	}
	return nil
}
