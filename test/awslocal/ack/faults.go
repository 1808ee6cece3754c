package ack

import (
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"
)

// faults are those that tests inject by call rather than by annotation.
type faults struct {
	mutex  sync.Mutex
	set    map[string]map[types.NamespacedName]Fault
	notify map[string]chan event.GenericEvent
}

func newFaults() *faults {
	f := &faults{set: map[string]map[types.NamespacedName]Fault{}, notify: map[string]chan event.GenericEvent{}}
	for _, kind := range kinds() {
		f.set[kind.name] = map[types.NamespacedName]Fault{}
		f.notify[kind.name] = make(chan event.GenericEvent, 64)
	}
	return f
}

// of is the fault of an object: an injected one, else its annotation's.
func (f *faults) of(kind string, object *unstructured.Unstructured) (Fault, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if fault, injected := f.set[kind][keyOf(object)]; injected {
		return fault, nil
	}
	fault, err := ParseFault(object.GetAnnotations()[AnnotationFault])
	if err != nil {
		return Fault{}, terminal("%v", err)
	}
	return fault, nil
}

func (f *faults) inject(kind string, name types.NamespacedName, fault Fault) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if fault.Kind == FaultNone {
		delete(f.set[kind], name)
	} else {
		f.set[kind][name] = fault
	}
	object := &unstructured.Unstructured{}
	object.SetNamespace(name.Namespace)
	object.SetName(name.Name)
	f.notify[kind] <- event.GenericEvent{Object: object}
}
