package erasures

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/erasures"
)

// mostBytes bounds an answer: twice what erasures.AtOnce numbers take.
const mostBytes = 64 << 10

// Pods asks pods by HTTP on their health port, directly: a policy in the tenant's namespace lets the manager in there.
type Pods struct {
	// Client makes the connections; its Transport should give up soon.
	Client *http.Client
	// Address is where a pod listens; nil is its address and the health port.
	Address func(pod *corev1.Pod) string
}

// NewPods has a client that follows no redirection, uses no proxy and keeps no connection to a pod that may be gone.
func NewPods() *Pods {
	return &Pods{Client: &http.Client{
		Timeout:       5 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: 3 * time.Second}).DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Unnoted asks for the numbers that are new.
func (p *Pods) Unnoted(ctx context.Context, pod *corev1.Pod, tenant string) ([]int64, error) {
	return p.ask(ctx, pod, tenant, "")
}

// All asks for every number, one answer after the other.
func (p *Pods) All(ctx context.Context, pod *corev1.Pod, tenant string) (all []int64, err error) {
	for after := int64(0); ; {
		some, err := p.ask(ctx, pod, tenant, "?after="+strconv.FormatInt(after, 10))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < erasures.AtOnce {
			return all, nil
		}
		if last := some[len(some)-1]; last > after {
			after = last
			continue
		}
		return nil, fmt.Errorf("pod %s tells its erasures in no order", pod.Name)
	}
}

// ask believes only a pod that says whose it is: an address may be another pod's by now.
func (p *Pods) ask(ctx context.Context, pod *corev1.Pod, tenant, query string) ([]int64, error) {
	text, err := p.call(ctx, http.MethodGet, pod, erasures.Path+query, "")
	if err != nil {
		return nil, err
	}
	var answer erasures.Answer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("reading the erasures of pod %s: the answer is no JSON of the ledger's", pod.Name)
	}
	if answer.Tenant != tenant {
		return nil, fmt.Errorf("reading the erasures of pod %s: what answers at its address is of another tenant", pod.Name)
	}
	numbers, err := erasures.Parse(answer.Numbers)
	if err != nil {
		return nil, fmt.Errorf("reading the erasures of pod %s: %w", pod.Name, err)
	}
	return numbers, nil
}

// Noted tells that numbers are noted.
func (p *Pods) Noted(ctx context.Context, pod *corev1.Pod, numbers []int64) error {
	_, err := p.call(ctx, http.MethodPost, pod, erasures.NotedPath, erasures.Format(numbers))
	return err
}

func (p *Pods) call(ctx context.Context, method string, pod *corev1.Pod, path, body string) ([]byte, error) {
	address := net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(desired.HealthPort))
	if p.Address != nil {
		address = p.Address(pod)
	}
	doing := fmt.Sprintf("asking pod %s for its erasures (%s %s)", pod.Name, method, path)
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	answer, err := p.Client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostBytes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s: the answer is %s", doing, answer.Status)
	}
	return text, nil
}
