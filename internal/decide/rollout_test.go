package decide_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"halo.dev/halo/internal/decide"
)

func TestRollout(t *testing.T) {
	three, five := int32(3), int32(5)
	settled := appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 3, UpdatedReplicas: 3, AvailableReplicas: 3}
	cases := map[string]struct {
		wanted *int32
		change func(*appsv1.DeploymentStatus)
		want   string
		serves bool
	}{
		"settled":                       {&three, func(*appsv1.DeploymentStatus) {}, "", true},
		"not seen":                      {&three, func(s *appsv1.DeploymentStatus) { s.ObservedGeneration = 1 }, "the Deployment has not been seen by Kubernetes yet", true},
		"one is new":                    {&three, func(s *appsv1.DeploymentStatus) { s.UpdatedReplicas, s.Replicas = 1, 4 }, "1 of 3 pods are on the newest template", true},
		"one is still to end":           {&three, func(s *appsv1.DeploymentStatus) { s.Replicas = 4 }, "pods of the former template are still to end: 1", true},
		"one fails":                     {&three, func(s *appsv1.DeploymentStatus) { s.AvailableReplicas = 2 }, "2 of 3 pods are available", false},
		"an autoscaler asks for two":    {&five, func(*appsv1.DeploymentStatus) {}, "", true},
		"its two start":                 {&five, func(s *appsv1.DeploymentStatus) { s.Replicas, s.UpdatedReplicas = 5, 5 }, "", true},
		"scaled out, one new":           {&five, func(s *appsv1.DeploymentStatus) { s.Replicas, s.UpdatedReplicas = 6, 1 }, "1 of 3 pods are on the newest template", true},
		"scaled out, enough new":        {&five, func(s *appsv1.DeploymentStatus) { s.Replicas, s.UpdatedReplicas, s.AvailableReplicas = 6, 4, 5 }, "pods of the former template are still to end: 2", true},
		"scaled out, fewer than enough": {&five, func(s *appsv1.DeploymentStatus) { s.Replicas, s.UpdatedReplicas, s.AvailableReplicas = 5, 5, 2 }, "2 of 3 pods are available", false},
		"one by default":                {nil, func(s *appsv1.DeploymentStatus) { s.Replicas, s.UpdatedReplicas, s.AvailableReplicas = 1, 1, 1 }, "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			deployment := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: c.wanted}, Status: settled}
			deployment.Generation = 2
			c.change(&deployment.Status)
			if got := decide.Rollout(deployment, 3); got != c.want {
				t.Errorf("waits for %q, want %q", got, c.want)
			}
			if got := decide.Serves(deployment, 3); got != c.serves {
				t.Errorf("serves: %v", got)
			}
		})
	}
}
