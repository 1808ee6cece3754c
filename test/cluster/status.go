package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Status is what a look at a cluster found.
type Status struct {
	Processes int    // processes in the node's network namespace
	Node      string // the node's Ready condition: True, False, Unknown; "" when the API did not answer
}

// Running tells whether the cluster can be used.
func (s Status) Running() bool { return s.Processes > 0 && s.Node == "True" }

// String gives one line for people.
func (s Status) String() string {
	switch {
	case s.Running():
		return fmt.Sprintf("running, %d processes on the node", s.Processes)
	case s.Processes == 0:
		return "not running"
	case s.Node == "":
		return fmt.Sprintf("%d processes on the node, but the API server does not answer", s.Processes)
	default:
		return fmt.Sprintf("%d processes on the node; node Ready: %s", s.Processes, s.Node)
	}
}

// Status looks at the cluster; it never waits long.
func (c *Cluster) Status(ctx context.Context) Status {
	processes, err := inhabitants(c.NodeNamespace())
	if err != nil || len(processes) == 0 {
		return Status{}
	}
	status := Status{Processes: len(processes)}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ready, err := c.Kubectl(ctx, "", "get", "node", c.NodeName(), "--request-timeout=4s",
		"--output", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`)
	if err == nil {
		status.Node = strings.TrimSpace(ready)
	}
	return status
}

// errNodeEnded tells that the node's first process is gone.
var errNodeEnded = errors.New("the node has ended")

func (c *Cluster) nodeLives() error {
	processes, err := inhabitants(c.NodeNamespace())
	if err != nil {
		return err
	}
	if len(processes) == 0 {
		return errNodeEnded
	}
	return nil
}
