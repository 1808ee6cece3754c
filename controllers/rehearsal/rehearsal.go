// Package rehearsal lets the manager's own steps run on a copy of what a cluster holds, in memory, with AWS and
// Kubernetes played. It tells what the manager would do, in which order, and what each step waits for, before anything
// is done; and without a cluster it tells what a tenant is made of. See ADR 0140.
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/tenant"
	"halo.dev/halo/internal/apply"
	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/plan"
)

// Step is what the manager does without a pause.
type Step struct {
	// After tells what has to have happened, one sentence each; the first step waits for nothing.
	After []string
	// Changes are in their order.
	Changes []plan.Change
}

// Result is a rehearsal of one tenant.
type Result struct {
	// Steps holds no step without a change, but for those that something is awaited between.
	Steps []Step
	// First and Last are what the tenant would say of itself after the first step, and in the end.
	First, Last []metav1.Condition
	// Tenant is the tenant as it was left; nil when it is gone.
	Tenant *halo.HaloTenant
	// Objects are all objects that were written, as they were left, in the order in which they were made.
	Objects []client.Object
}

// Changes are those of all steps.
func (r Result) Changes() []plan.Change {
	var changes []plan.Change
	for _, step := range r.Steps {
		changes = append(changes, step.Changes...)
	}
	return changes
}

const (
	// mostSteps bounds a rehearsal: a tenant takes six or so from nothing to Ready.
	mostSteps = 20
	// mostTurns bounds the reconciles of one step: each but the last writes something.
	mostTurns = 10
	// pause is how long AWS and Kubernetes are taken to need for a step.
	pause = time.Minute
)

// ErrRestless means that the manager would go on writing for ever, which is a fault of the manager.
var ErrRestless = errors.New("the manager would not come to rest")

// Run rehearses one tenant from a moment on. objects are a copy of what there is: the tenant itself, its class, all
// other tenants, the HaloBackups, and what is in the tenant's namespace. They are not changed. lacking are those of the
// desired.OptionalKinds that the cluster does not have.
func Run(ctx context.Context, scheme *runtime.Scheme, objects []client.Object, name string, now time.Time, lacking ...schema.GroupVersionKind) (Result, error) {
	held, err := newStore(scheme, objects)
	if err != nil {
		return Result{}, err
	}
	for _, index := range tenant.Indexes() {
		if err := held.IndexField(ctx, index.Object, index.Field, index.Value); err != nil {
			return Result{}, err
		}
	}
	stage := &stage{store: held, name: name, now: now}
	stage.kinds = slices.DeleteFunc(desired.OptionalKinds(), func(kind schema.GroupVersionKind) bool { return slices.Contains(lacking, kind) })
	var result Result
	var after []string
	for range mostSteps {
		changes, err := stage.settle(ctx)
		if err != nil {
			return Result{}, fmt.Errorf("rehearsing tenant %s: %w", name, err)
		}
		result.Steps = append(result.Steps, Step{After: after, Changes: changes})
		if result.Last, err = stage.conditions(ctx); err != nil {
			return Result{}, err
		}
		if len(result.Steps) == 1 {
			result.First = result.Last
		}
		stage.now = stage.now.Add(pause)
		if after = held.play(stage.now); len(after) == 0 {
			result.Objects = held.left()
			result.Tenant, err = stage.tenant(ctx)
			return result, err
		}
	}
	return Result{}, fmt.Errorf("rehearsing tenant %s: %w: it took more than %d steps", name, ErrRestless, mostSteps)
}

// stage is a rehearsal under way.
type stage struct {
	store   *store
	name    string
	now     time.Time
	changes []plan.Change
	kinds   []schema.GroupVersionKind
}

// settle lets the manager work until it writes nothing more.
func (s *stage) settle(ctx context.Context) ([]plan.Change, error) {
	s.changes = nil
	view := cached{store: s.store, record: func(change plan.Change) { s.changes = append(s.changes, change) }}
	manager := tenant.NewRehearsal(view, s.store, view.execute, func() time.Time { return s.now }, s.kinds)
	request := ctrl.Request{NamespacedName: client.ObjectKey{Name: s.name}}
	for range mostTurns {
		seen := len(s.changes)
		status, err := s.conditions(ctx)
		if err != nil {
			return nil, err
		}
		if _, err := manager.Reconcile(ctx, request); err != nil && !errors.Is(err, apply.ErrExists) {
			return nil, err
		}
		after, err := s.conditions(ctx)
		if err != nil {
			return nil, err
		}
		if len(s.changes) == seen && sameWords(status, after) {
			return s.changes, nil
		}
	}
	return nil, ErrRestless
}

// tenant returns nil for one whose deletion has come to an end.
func (s *stage) tenant(ctx context.Context) (*halo.HaloTenant, error) {
	object := &halo.HaloTenant{}
	err := s.store.Get(ctx, client.ObjectKey{Name: s.name}, object)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return object, err
}

func (s *stage) conditions(ctx context.Context) ([]metav1.Condition, error) {
	object, err := s.tenant(ctx)
	if object == nil || err != nil {
		return nil, err
	}
	return object.Status.Conditions, nil
}

func sameWords(a, b []metav1.Condition) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Type != b[i].Type || a[i].Status != b[i].Status || a[i].Message != b[i].Message {
			return false
		}
	}
	return true
}

// left returns what was made, in its order.
func (s *store) left() []client.Object {
	var objects []client.Object
	for _, at := range s.made {
		if object := s.objects[at]; object != nil {
			objects = append(objects, object)
		}
	}
	return objects
}
