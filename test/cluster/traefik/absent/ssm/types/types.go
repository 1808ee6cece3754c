// Package types stands for what AWS tells of machines that it manages.
package types

// InstanceInformationStringFilter chooses machines.
type InstanceInformationStringFilter struct {
	Key    *string
	Values []string
}

// InstanceInformation is a machine that nobody told of.
type InstanceInformation struct{ InstanceId, IPAddress *string }
