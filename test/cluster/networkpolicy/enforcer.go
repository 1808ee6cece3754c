package networkpolicy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os/exec"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
)

// announcement is a call of the plugin and where to answer it.
type announcement struct {
	call
	applied chan error // told once the rules are in the kernel
}

// Enforcer keeps the kernel's rules in step with the API server.
type Enforcer struct {
	pods       corelisters.PodLister
	namespaces corelisters.NamespaceLister
	policies   networkinglisters.NetworkPolicyLister
	factory    informers.SharedInformerFactory

	podRange      netip.Prefix
	changed       chan struct{}
	announcements chan announcement
	announced     map[types.UID]netip.Addr // owned by the goroutine of Run
}

// NewEnforcer prepares an enforcer for pods whose addresses are in the range.
func NewEnforcer(client kubernetes.Interface, podRange netip.Prefix) (*Enforcer, error) {
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces := factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	e := &Enforcer{
		pods: pods.Lister(), namespaces: namespaces.Lister(), policies: policies.Lister(), factory: factory,
		podRange: podRange, changed: make(chan struct{}, 1), announcements: make(chan announcement),
		announced: map[types.UID]netip.Addr{},
	}
	notice := func(any) {
		select {
		case e.changed <- struct{}{}:
		default: // a change is already waiting, and will be seen together with this one
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc: notice, UpdateFunc: func(_, now any) { notice(now) }, DeleteFunc: notice,
	}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return nil, fmt.Errorf("watching for changes: %w", err)
		}
	}
	return e, nil
}

// Run enforces until the context ends, and listens for the plugin on the socket.
// The rules stay in the kernel when it returns.
func (e *Enforcer) Run(ctx context.Context, socket string) error {
	e.factory.Start(ctx.Done())
	for kind, synced := range e.factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("reading %s: %w", kind, context.Cause(ctx))
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := e.listen(ctx, socket); err != nil {
			cancel(err)
		}
	}()
	e.enforce(ctx)
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// enforce applies the rules after every change.
func (e *Enforcer) enforce(ctx context.Context) {
	applied := ""
	for {
		var waiting chan error
		select {
		case <-ctx.Done():
			return
		case <-e.changed:
		case said := <-e.announcements:
			waiting = said.applied
			e.note(said.call)
		}
		state, err := e.state()
		script := ""
		if err == nil {
			script = Render(state)
			if script != applied {
				err = load(ctx, script)
			}
		}
		if err == nil {
			applied = script
		} else {
			slog.Error("the rules were not applied; the former stay", "error", err)
			e.retry(ctx)
		}
		if waiting != nil {
			waiting <- err
		}
	}
}

// note remembers what the plugin said. A pod whose sandbox is made anew gets its
// second address before it gives back the first.
func (e *Enforcer) note(said call) {
	switch {
	case !said.Released:
		e.announced[said.UID] = said.Address
	case e.announced[said.UID] == said.Address:
		delete(e.announced, said.UID)
	}
}

// retry asks for another attempt a second from now.
func (e *Enforcer) retry(ctx context.Context) {
	go func() {
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
			select {
			case e.changed <- struct{}{}:
			default:
			}
		}
	}()
}

// state reads what the informers know, and forgets announcements of pods that
// are gone.
func (e *Enforcer) state() (State, error) {
	pods, err := e.pods.List(labels.Everything())
	if err != nil {
		return State{}, fmt.Errorf("listing pods: %w", err)
	}
	namespaces, err := e.namespaces.List(labels.Everything())
	if err != nil {
		return State{}, fmt.Errorf("listing namespaces: %w", err)
	}
	policies, err := e.policies.List(labels.Everything())
	if err != nil {
		return State{}, fmt.Errorf("listing policies: %w", err)
	}
	state := State{
		Pods: pods, Policies: policies, Range: e.podRange,
		Namespaces: make(map[string]labels.Set, len(namespaces)), Announced: map[types.UID]netip.Addr{},
	}
	for _, namespace := range namespaces {
		state.Namespaces[namespace.Name] = namespace.Labels
	}
	for _, pod := range pods {
		if address, ok := e.announced[pod.UID]; ok {
			state.Announced[pod.UID] = address
		}
	}
	e.announced = state.Announced
	return state, nil
}

// load replaces the table in the kernel; it does so whole or not at all.
func load(ctx context.Context, script string) error {
	command := exec.CommandContext(ctx, "nft", "-f", "-")
	command.Stdin = strings.NewReader(script)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("loading rules: %w: %s", err, output)
	}
	return nil
}
