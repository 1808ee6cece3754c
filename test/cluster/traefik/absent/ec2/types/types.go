// Package types stands for what EC2 tells of instances.
package types

// InstanceStateName names a state.
type InstanceStateName string

// InstanceStateNameRunning is the state in which an instance serves.
const InstanceStateNameRunning InstanceStateName = "running"

// InstanceState is a state.
type InstanceState struct{ Name InstanceStateName }

// Instance is one that nobody told of.
type Instance struct {
	InstanceId, PrivateIpAddress *string
	State                        *InstanceState
}

// Reservation holds such instances.
type Reservation struct{ Instances []Instance }
