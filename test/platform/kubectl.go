package platform

import (
	"context"
	"fmt"
	"time"
)

// Apply applies manifests as a platform engineer would.
func (p *Platform) Apply(ctx context.Context, manifest string) error {
	_, err := p.Cluster.Kubectl(ctx, manifest, "apply", "--server-side", "-f", "-")
	return err
}

// pollInterval is how often a condition is looked at.
const pollInterval = 250 * time.Millisecond

// WaitUntil looks at a condition until it holds or the context ends. The
// condition says what it still waits for; each new answer is told to say, and
// the last is part of the error.
func WaitUntil(ctx context.Context, say func(waitingFor string), holds func(context.Context) (done bool, waitingFor string)) error {
	told := ""
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		done, waitingFor := holds(ctx)
		if done {
			return nil
		}
		if waitingFor != told && waitingFor != "" {
			told = waitingFor
			say(waitingFor)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while waiting for: %s", context.Cause(ctx), told)
		case <-ticker.C:
		}
	}
}

// WaitForReady waits until the Ready condition of a HaloTenant or HaloBackup
// ("halotenant/acme") is True for its present generation, and tells the
// condition's message as it changes.
func (p *Platform) WaitForReady(ctx context.Context, object string, say func(string)) error {
	return WaitUntil(ctx, say, func(ctx context.Context) (bool, string) {
		output, err := p.Cluster.Kubectl(ctx, "", "get", object, "-o", ReadyTemplate)
		if err != nil {
			return false, err.Error()
		}
		ready, message := IsReady(output)
		return ready, object + ": " + message
	})
}
