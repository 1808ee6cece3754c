// Package served asks pods which configuration they serve, until they serve the one that is wanted. Pods of a tenant
// that all do cost nothing: neither a request to them nor one to the API server (ADR 0038).
package served

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/decide"
)

const (
	look      = time.Second      // between two looks at what is due
	firstWait = time.Second      // after an answer that is not the wanted one; doubled from then on
	longest   = 30 * time.Second // between two questions to a pod that answers
	silent    = 5 * time.Minute  // between two questions to a pod that does not
	patience  = 2 * time.Second  // with one pod
	atOnce    = 16               // pods that are asked at the same time
)

// Pod is one that may be asked.
type Pod struct {
	UID types.UID
	// Address is its IP address.
	Address string
}

// Ask asks the pod at an address for the SHA-256 of the configuration that it serves.
type Ask func(ctx context.Context, address string) (sha256 string, err error)

// Asker remembers what is wanted of whom and who has said what. Its methods may be called by many goroutines.
type Asker struct {
	ask     Ask
	now     func() time.Time
	changed chan event.TypedGenericEvent[*halo.HaloTenant]

	mutex   sync.Mutex
	tenants map[string]*tenant
}

type tenant struct {
	wanted string
	pods   map[types.UID]*pod
}

type pod struct {
	address string
	answer  decide.Told
	wait    time.Duration
	next    time.Time
}

// New makes an Asker; now is the clock.
func New(ask Ask, now func() time.Time) *Asker {
	return &Asker{ask: ask, now: now, changed: make(chan event.TypedGenericEvent[*halo.HaloTenant]), tenants: map[string]*tenant{}}
}

// Changed hands out each tenant of which a pod has said something new. It must be read, or Start does not go on.
func (a *Asker) Changed() <-chan event.TypedGenericEvent[*halo.HaloTenant] { return a.changed }

// Want says which configuration a tenant's pods should serve, and returns what they have said so far. Those that have not
// said that they do are asked from now on; others than these are forgotten. Without pods the tenant is forgotten. A nil
// Asker asks nobody.
func (a *Asker) Want(name, sha256 string, pods []Pod) map[types.UID]decide.Told {
	if a == nil {
		return nil
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if len(pods) == 0 {
		delete(a.tenants, name)
		return nil
	}
	before := a.tenants[name]
	if before == nil {
		before = &tenant{}
	}
	after := &tenant{wanted: sha256, pods: make(map[types.UID]*pod, len(pods))}
	answers := make(map[types.UID]decide.Told, len(pods))
	for _, p := range pods {
		known := before.pods[p.UID]
		if known == nil || known.address != p.Address {
			known = &pod{address: p.Address, wait: firstWait}
		}
		if before.wanted != sha256 {
			known.wait, known.next = firstWait, time.Time{}
		}
		after.pods[p.UID], answers[p.UID] = known, known.answer
	}
	a.tenants[name] = after
	return answers
}

// NeedLeaderElection says that only the manager that works asks.
func (a *Asker) NeedLeaderElection() bool { return true }

// Start asks until the context ends; it returns nil then.
func (a *Asker) Start(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			a.round(ctx)
		}
	}
}

// question is one that is due.
type question struct {
	tenant string
	uid    types.UID
	pod    *pod
}

// round asks everybody who is due, some at a time, and tells of the tenants of which something new was heard.
func (a *Asker) round(ctx context.Context) {
	due := a.due()
	if len(due) == 0 {
		return
	}
	var (
		group sync.WaitGroup
		mutex sync.Mutex
		news  = map[string]bool{}
		slots = make(chan struct{}, atOnce)
	)
	for _, q := range due {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if a.put(ctx, q) {
				mutex.Lock()
				news[q.tenant] = true
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	for name := range news {
		select {
		case <-ctx.Done():
			return
		case a.changed <- event.TypedGenericEvent[*halo.HaloTenant]{Object: &halo.HaloTenant{ObjectMeta: metav1.ObjectMeta{Name: name}}}:
		}
	}
}

// due takes out those that have to be asked now.
func (a *Asker) due() []question {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	var due []question
	now := a.now()
	for name, t := range a.tenants {
		for uid, p := range t.pods {
			if settled := p.answer.SHA256 == t.wanted && p.answer.Problem == ""; settled || now.Before(p.next) {
				continue
			}
			due = append(due, question{name, uid, p})
		}
	}
	return due
}

// put asks one pod and tells whether it says something new.
func (a *Asker) put(ctx context.Context, q question) bool {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sha256, err := a.ask(bounded, q.pod.address)
	a.mutex.Lock()
	defer a.mutex.Unlock()
	before := q.pod.answer
	most := longest
	if err == nil {
		q.pod.answer = decide.Told{SHA256: sha256}
	} else {
		q.pod.answer.Problem, most = err.Error(), silent
	}
	q.pod.next = a.now().Add(q.pod.wait)
	q.pod.wait = min(2*q.pod.wait, most)
	return q.pod.answer != before
}
