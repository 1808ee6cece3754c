package erasures

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

const (
	// DefaultEvery is how soon a number is noted outside: the time in which a database can be lost together with it.
	DefaultEvery = 20 * time.Second
	// whole is how often a tenant's numbers are all compared, and not only those that it says are new.
	whole = 6 * time.Hour
	// patience bounds what one tenant may take; the others wait for nobody.
	patience = 10 * time.Second
	// onePatience bounds what a pod that ends may take, lastPatience what all of a tenant's may: a worker waits for them.
	onePatience, lastPatience = 3 * time.Second, 6 * time.Second
	// atOnce is how many tenants are asked at a time.
	atOnce = 8
)

// Source is a tenant's server, as it tells its erasures.
type Source interface {
	// Unnoted are numbers that are not noted outside yet; All are all.
	Unnoted(ctx context.Context, pod *corev1.Pod, tenant string) ([]int64, error)
	All(ctx context.Context, pod *corev1.Pod, tenant string) ([]int64, error)
	// Noted tells that numbers are noted now.
	Noted(ctx context.Context, pod *corev1.Pod, numbers []int64) error
}

// Collector asks one pod of every tenant for new numbers, at intervals. While there are none it asks nothing of the
// Kubernetes API.
type Collector struct {
	// Client reads from the manager's cache and writes; APIReader reads from the API server.
	Client    client.Client
	APIReader client.Reader
	Source    Source
	// Every is DefaultEvery when zero.
	Every time.Duration
	Now   func() time.Time

	// compared is when all numbers of a tenant were compared last.
	compared map[types.UID]time.Time
}

// NeedLeaderElection is true: one manager collects.
func (c *Collector) NeedLeaderElection() bool { return true }

// Start collects until the context ends.
func (c *Collector) Start(ctx context.Context) error {
	every := c.Every
	if every == 0 {
		every = DefaultEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := c.Round(ctx); err != nil && ctx.Err() == nil {
			ctrl.LoggerFrom(ctx).WithName("erasures").Error(err, "collecting erasures")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// job is what is asked of one tenant in a round.
type job struct {
	tenant *halo.HaloTenant
	pod    *corev1.Pod
	origin types.UID
	all    bool
	err    error
}

// Round asks every tenant once. What fails for one comes again in the next round and stops no other.
func (c *Collector) Round(ctx context.Context) error {
	jobs, err := c.jobs(ctx)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range jobs {
		one := &jobs[i]
		group.Go(func() error {
			bounded, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			one.err = c.collect(bounded, one)
			return nil
		})
	}
	_ = group.Wait()
	c.remember(ctx, jobs)
	return nil
}

// remember notes who was compared, forgets who is gone, and tells what failed.
func (c *Collector) remember(ctx context.Context, jobs []job) {
	compared := map[types.UID]time.Time{}
	for _, one := range jobs {
		switch at, known := c.compared[one.tenant.UID]; {
		case one.err == nil && one.all:
			compared[one.tenant.UID] = c.Now()
		case known:
			compared[one.tenant.UID] = at
		}
		if one.err != nil && ctx.Err() == nil {
			ctrl.LoggerFrom(ctx).WithName("erasures").Error(one.err, "collecting erasures; they are asked for again", "tenant", one.tenant.Name)
		}
	}
	c.compared = compared
}

// jobs picks a ready pod of every tenant that has one. What it lists is the cache's own and is not changed.
func (c *Collector) jobs(ctx context.Context) ([]job, error) {
	tenants := &halo.HaloTenantList{}
	if err := c.Client.List(ctx, tenants, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing tenants: %w", err)
	}
	var jobs []job
	for i := range tenants.Items {
		tenant := &tenants.Items[i]
		origin := Family(&tenant.Status)
		if origin == "" {
			continue
		}
		pod, err := c.readyPod(ctx, tenant.Name)
		if err != nil {
			return nil, err
		}
		if pod == nil {
			continue
		}
		jobs = append(jobs, job{tenant: tenant, pod: pod, origin: origin,
			all: c.Now().Sub(c.compared[tenant.UID]) >= whole})
	}
	return jobs, nil
}

// Last asks pods that end, one after the other until one answers: they have one database. all asks for every number and
// not only for those that are new. It needs no memory of rounds and may be called while one goes on: where both write,
// one fails and is called again.
func (c *Collector) Last(ctx context.Context, tenant *halo.HaloTenant, pods []*corev1.Pod, all bool) error {
	ctx, cancel := context.WithTimeout(ctx, lastPatience)
	defer cancel()
	if len(pods) == 0 {
		return fmt.Errorf("no pod of tenant %s runs", tenant.Name)
	}
	var failures []error
	for _, pod := range pods {
		err := c.lastOf(ctx, &job{tenant: tenant, pod: pod, origin: Family(&tenant.Status), all: all})
		if err == nil {
			return nil
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

func (c *Collector) lastOf(ctx context.Context, one *job) error {
	ctx, cancel := context.WithTimeout(ctx, onePatience)
	defer cancel()
	return c.collect(ctx, one)
}

func (c *Collector) readyPod(ctx context.Context, tenant string) (*corev1.Pod, error) {
	pods := &corev1.PodList{}
	err := c.Client.List(ctx, pods, client.InNamespace(naming.Namespace(tenant)),
		client.MatchingLabels(naming.ComponentLabels(tenant, naming.ComponentServer)), client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("listing the pods of tenant %s: %w", tenant, err)
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.DeletionTimestamp == nil && pod.Status.PodIP != "" && ready(pod) {
			return pod, nil
		}
	}
	return nil, nil
}

func ready(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// collect notes what a tenant says is new, and, when it is time, whatever the ledger lacks. The tenant is told only of
// what is written.
func (c *Collector) collect(ctx context.Context, one *job) error {
	numbers, err := c.Source.Unnoted(ctx, one.pod, one.tenant.Name)
	if err != nil {
		return err
	}
	told := numbers
	if one.all {
		every, err := c.Source.All(ctx, one.pod, one.tenant.Name)
		if err != nil {
			return err
		}
		lacks, err := c.cachedLacks(ctx, one.origin, every)
		if err != nil {
			return err
		}
		if lacks {
			numbers = append(numbers, every...)
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	ledger, err := Read(ctx, c.APIReader, one.origin)
	if err != nil {
		return err
	}
	if err := ledger.Add(ctx, c.Client, numbers); err != nil {
		return err
	}
	if len(told) == 0 {
		return nil
	}
	return c.Source.Noted(ctx, one.pod, told)
}

// cachedLacks compares with the cache, which costs nothing.
func (c *Collector) cachedLacks(ctx context.Context, origin types.UID, numbers []int64) (bool, error) {
	if len(numbers) == 0 {
		return false, nil
	}
	ledger, err := Read(ctx, c.Client, origin)
	if err != nil {
		return false, err
	}
	return ledger.lacks(numbers)
}
